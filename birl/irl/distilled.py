"""A small network fitted to numbers: what keeps a reward that has no plain form of its own.

Axes: P points, D inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.irl.network import RewardNetwork
from birl.types import FloatArray

__all__ = ["Distilled", "distil"]

HELD = 0.2  # share of points that only judge
RATE, PASSES, BATCH = 5e-3, 60, 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Distilled:
    """A network and how much of the numbers is in it.

    Attributes:
        network: the fit.
        explained: share of the variance, on points held out, that it explains; at most 1.
    """

    network: RewardNetwork
    explained: float


def distil(
    points: FloatArray,
    values: FloatArray,
    *,
    inputs: tuple[str, ...],
    n_actions: int | None,
    hidden: tuple[int, ...],
    rng: np.random.Generator,
) -> Distilled:
    """Least squares with Adam, inputs and values standardised. Draws from torch's own generator: seed it.

    Args:
        points: [P, D].
        values: [P].
        inputs: what the D columns are, as `RewardNetwork` names them.
        n_actions: actions are numbers below this; None where they are vectors.
        hidden: widths of the layers.
        rng: draws batches, and the points held out.
    """
    import torch  # heavy

    order = rng.permutation(len(points))
    held, used = np.split(order, [max(1, int(HELD * len(points)))])
    shift, spread = points[used].mean(axis=0), points[used].std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    mean, size = float(values[used].mean()), float(values[used].std()) or 1.0
    x = torch.as_tensor((points - shift) / scale, dtype=torch.float32)
    y = torch.as_tensor((values - mean) / size, dtype=torch.float32)
    net = _mlp(points.shape[1], hidden)
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    batches = max(1, len(used) // BATCH)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, PASSES * batches)
    for _ in range(PASSES):
        for batch in np.array_split(rng.permutation(used), batches):
            optimiser.zero_grad()
            ((net(x[batch])[:, 0] - y[batch]) ** 2).mean().backward()
            optimiser.step()
            slower.step()
    with torch.no_grad():
        missed = (net(x[held])[:, 0] - y[held]).double().numpy()
    total = float(((values[held] - values[held].mean()) ** 2).mean()) / size**2
    network = RewardNetwork(
        inputs=inputs, layers=_layers(net, mean, size), n_actions=n_actions, shift=shift, scale=scale
    )
    return Distilled(network=network, explained=1.0 - float((missed**2).mean()) / total if total > 0 else 1.0)


def _mlp(size: int, hidden: tuple[int, ...]) -> Any:
    from torch import nn

    widths = (size, *hidden)
    layers = [m for a, b in zip(widths, hidden, strict=False) for m in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 1))


def _layers(net: Any, mean: float, size: float) -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Plain arrays, the last of them in the units of the values."""
    plain = [(m.weight, m.bias) for m in net if hasattr(m, "weight")]
    found = [tuple(t.detach().numpy().astype(np.float64) for t in pair) for pair in plain]
    weight, bias = found[-1]
    return (*[(w, b) for w, b in found[:-1]], (weight * size, bias * size + mean))
