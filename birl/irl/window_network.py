"""A network of what is seen, fitted to ranked windows.

Axes: N windows, R rows, D inputs, P pairs, T steps of a window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from birl.irl.network import RewardNetwork
from birl.irl.segments import Windows
from birl.irl.training import Standard, train_network
from birl.trajectories import Transitions
from birl.types import FloatArray, IntArray

__all__ = ["earned", "fit_windows"]

HIDDEN = (32, 32)
RATE = 3e-3
BATCH = 64  # pairs in a step


def fit_windows(windows: Windows, ranked: IntArray, *, steps: int, rng: np.random.Generator) -> RewardNetwork:
    """Minimise the Bradley-Terry loss of ranked pairs; the reward of what is seen where a step leads, 0 on average.

    Pairs that live equally long do not say what a constant is worth, so the mean over lived steps is taken out.

    Args:
        windows: N of them.
        ranked: pairs, the preferred one first, [P, 2].
        steps: of training.
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
    mean = float(_of_rows(network, windows.seen)[windows.rows()[0]].mean())
    weight, bias = layers[-1]
    return replace(network, layers=(*layers[:-1], (weight, bias - mean)))


def earned(network: RewardNetwork, windows: Windows) -> FloatArray:
    """What each window earned, [N]."""
    row, owner = windows.rows()
    total = np.zeros(windows.steps.size)
    np.add.at(total, owner, _of_rows(network, windows.seen)[row])
    return total


def _of_rows(network: RewardNetwork, seen: FloatArray) -> FloatArray:
    """The reward of coming to each row, [R]."""
    nothing, over = np.zeros((len(seen), 0)), np.zeros(len(seen), bool)
    return network(Transitions(observations=nothing, actions=nothing, next_observations=seen, terminal=over))
