"""One action a state where nothing is left to chance, evaluated on some levels only.

A few levels take several times as many improvements of their policy as the others do; these are then left alone.

Axes: S states, A actions, R states of some whole levels.
"""

from __future__ import annotations

import numpy as np

from birl.tabular.model import TabularModel
from birl.tabular.solve import NEGLIGIBLE
from birl.types import FloatArray, IntArray

__all__ = ["evaluate", "falls_apart"]


def falls_apart(model: TabularModel) -> bool:
    """Whether every action is certain, none leads from one of several levels to another, and sums over time end."""
    successors = model.successors
    if successors is None or model.n_levels == 1 or model.discount == 1.0:
        return False
    return bool((model.level[successors] == model.level[:, None]).all())


def evaluate(
    model: TabularModel, reward: FloatArray, action: IntArray, rows: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Values of one action a state, [R], and what each action is worth then, [R, A], in the states of whole levels.

    Args:
        model: one that falls apart.
        reward: [S*A].
        action: [S].
        rows: the states, [R].
    """
    assert model.successors is not None
    own = np.arange(rows.size)
    number = np.empty(model.n_states, np.int64)
    number[rows] = own
    earned, successors = reward.reshape(model.n_states, -1)[rows], number[model.successors[rows]]
    onward = successors[own, action[rows]]
    total, weight = earned[own, action[rows]], model.discount
    while weight > NEGLIGIBLE and (later := weight * total[onward]).any():  # as a chain does for all levels
        total, onward, weight = total + later, onward[onward], weight * weight
    return total, np.where(model.valid_actions[rows], earned + model.discount * total[successors], -np.inf)
