"""A network of what is seen, fitted to ranked windows, with the price of being alive beside it.

Axes: N windows, R rows, D inputs, P pairs, T steps of a window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.irl.network import RewardNetwork
from birl.irl.segments import Windows
from birl.irl.training import Standard, train_network
from birl.trajectories import Transitions
from birl.types import FloatArray, IntArray

__all__ = ["WindowFit", "fit_windows"]

HIDDEN = (32, 32)
RATE = 3e-3
BATCH = 64  # pairs in a step


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowFit:
    """What was fitted.

    Attributes:
        network: reward of what is seen where a step leads; 0 on average over the windows.
        survival: what a whole window of being alive is worth beside it; 0 where that is not priced.
    """

    network: RewardNetwork
    survival: float

    def reward(self, windows: Windows) -> FloatArray:
        """What each window earned, without the price of being alive, [N]."""
        row, owner = windows.rows()
        earned = np.zeros(windows.steps.size)
        np.add.at(earned, owner, _of_rows(self.network, windows.seen)[row])
        return earned


def fit_windows(
    windows: Windows, ranked: IntArray, *, steps: int, survival: bool, rng: np.random.Generator
) -> WindowFit:
    """Minimise the Bradley-Terry loss of ranked pairs.

    A network can hold a constant, so with `survival` the mean over lived steps is taken out and becomes that price.

    Args:
        windows: N of them.
        ranked: pairs, the preferred one first, [P, 2].
        steps: of training.
        survival: whether being alive has a price of its own.
        rng: picks pairs and seeds the network.
    """
    standard = Standard(windows.seen)
    rows = standard(windows.seen)

    def loss(network: Callable[[FloatArray], Any]) -> Any:
        import torch  # brought by the trainer

        some = ranked[rng.integers(len(ranked), size=BATCH)]
        row, owner = windows.take(some.T.ravel()).rows()
        total = torch.zeros(2 * BATCH).index_add(0, torch.from_numpy(owner), network(rows[row]))
        return torch.nn.functional.softplus(total[BATCH:] - total[:BATCH]).mean()

    layers = train_network(rows.shape[1], loss, hidden=HIDDEN, steps=steps, rate=RATE, rng=rng)
    network = RewardNetwork(inputs=("next_observation",), layers=layers, shift=standard.shift, scale=standard.scale)
    if not survival:
        return WindowFit(network=network, survival=0.0)
    mean = float(_of_rows(network, windows.seen)[windows.rows()[0]].mean())
    weight, bias = layers[-1]
    span = float((windows.steps / windows.alive).mean())
    return WindowFit(network=replace(network, layers=(*layers[:-1], (weight, bias - mean))), survival=mean * span)


def _of_rows(network: RewardNetwork, seen: FloatArray) -> FloatArray:
    """The reward of coming to each row, [R]."""
    nothing, over = np.zeros((len(seen), 0)), np.zeros(len(seen), bool)
    return network(Transitions(observations=nothing, actions=nothing, next_observations=seen, terminal=over))
