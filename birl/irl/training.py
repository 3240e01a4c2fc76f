"""Small reward networks, trained with torch on one thread from one seed and handed back as plain arrays.

Axes: N rows, D inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from birl.types import FloatArray

__all__ = ["Layers", "Standard", "train_network"]

Layers = tuple[tuple[FloatArray, FloatArray], ...]
"""Weight [out, in] and bias [out] of each layer, with ReLU between them."""


class Standard:
    """Inputs brought to mean 0 and variance 1; what never changes stays 0.

    Attributes:
        shift: mean of the inputs it was made of, [D].
        scale: their standard deviation, [D]; 1 where that is 0.
    """

    def __init__(self, values: FloatArray) -> None:
        self.shift = values.mean(axis=0)
        spread = values.std(axis=0)
        self.scale = np.where(spread > 1e-9 * (1.0 + np.abs(self.shift)), spread, 1.0)

    def __call__(self, values: FloatArray) -> FloatArray:
        """Standardised inputs, [N, D]."""
        return (values - self.shift) / self.scale


def train_network(
    width: int,
    loss: Callable[[Callable[[FloatArray], Any]], Any],
    *,
    hidden: Sequence[int],
    steps: int,
    rate: float,
    rng: np.random.Generator,
) -> Layers:
    """Minimise a loss with Adam (Kingma & Ba 2015), weights decaying as in AdamW.

    Args:
        width: inputs D.
        loss: gets the network as a function [N, D] -> tensor [N], and returns a scalar tensor; may draw rows itself.
        hidden: widths of the hidden layers.
        steps: of Adam.
        rate: its step size.
        rng: seeds torch, whose own generator is put back.
    """
    import torch  # heavy, and only methods without named features need it

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))
            network = torch.nn.Sequential(*_modules(width, hidden))
            optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
            for _ in range(steps):
                optimiser.zero_grad()
                loss(lambda rows: network(torch.from_numpy(np.asarray(rows, np.float32)))[:, 0]).backward()
                optimiser.step()
    finally:
        torch.set_num_threads(threads)
    linear = [one for one in network if isinstance(one, torch.nn.Linear)]
    return tuple((one.weight.detach().double().numpy(), one.bias.detach().double().numpy()) for one in linear)


def _modules(width: int, hidden: Sequence[int]) -> list[Any]:
    import torch  # as above

    found, before = [], width
    for size in hidden:
        found += [torch.nn.Linear(before, size), torch.nn.ReLU()]
        before = size
    return [*found, torch.nn.Linear(before, 1)]
