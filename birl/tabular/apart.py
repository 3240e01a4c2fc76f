"""One action a state, evaluated on some levels only, where levels do not lead to one another.

Some levels are as good as a nearby plan left them, and a few take several times as many improvements of their policy as
the others do; only what is not settled is evaluated again.

Axes: S states, A actions, R states of some whole levels.
"""

from __future__ import annotations

import numpy as np

from birl.tabular.model import TabularModel
from birl.tabular.solve import NEGLIGIBLE
from birl.types import FloatArray, IntArray

__all__ = ["evaluate"]


def evaluate(
    model: TabularModel, reward: FloatArray, action: IntArray, rows: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Values of one action a state, [R], and what each action is worth then, [R, A], in the states of whole levels.

    Args:
        model: one that falls apart.
        reward: [S*A].
        action: [S].
        rows: the states, in order, [R].
    """
    earned = reward.reshape(model.n_states, -1)[rows]
    taken = earned[np.arange(rows.size), action[rows]]
    if model.successors is not None:
        total, expected = _followed(model, model.successors, taken, action, rows)
    else:
        assert model.blocks is not None
        total = model.blocks.values(action, rows, taken)
        later = np.zeros(model.n_states)
        later[rows] = total
        expected = (model.transitions @ later).reshape(model.n_states, -1)[rows]
    return total, np.where(model.valid_actions[rows], earned + model.discount * expected, -np.inf)


def _followed(
    model: TabularModel, successors: IntArray, taken: FloatArray, action: IntArray, rows: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The same where every action is certain: a doubling of the time looked ahead at a time, as a chain does."""
    number = np.empty(model.n_states, np.int64)
    number[rows] = np.arange(rows.size)
    onward = number[successors[rows, action[rows]]]
    total, weight = taken, model.discount
    while weight > NEGLIGIBLE and (later := weight * total[onward]).any():
        total, onward, weight = total + later, onward[onward], weight * weight
    return total, total[number[successors[rows]]]
