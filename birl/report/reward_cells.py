"""A recovered reward over the cells of a level, as numbers.

Axes: S states, A actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from birl.distance.rewards import as_reward
from birl.irl import RewardEstimate
from birl.tabular import TabularModel, reward_vector
from birl.task import Board, Distribution, Scenery
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["level_board", "reward_cells"]

OVER: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "max": lambda values: np.nanmax(values, axis=1),
    "mean": lambda values: np.nanmean(values, axis=1),
}
"""What stands for a state: the best of its valid actions, or their mean."""


def reward_cells(estimate: RewardEstimate, where: Distribution, level: int, *, over: str = "max") -> FloatArray:
    """The reward by row and column of a level; NaN where no state lies.

    Args:
        estimate: a reward that fits the distribution's model.
        where: has a model and scenery.
        level: which one.
        over: `max` or `mean` over a state's valid actions; states in one cell are averaged.

    Raises:
        BirlError: for a distribution without model or scenery, an unknown level, or a reward that does not fit.
    """
    model, scenery = _drawable(where, level)
    if over not in OVER:
        raise unknown_name("value of a state over its actions", over, OVER)
    rows = scenery.board(level).rows
    values = _rewards(estimate, model).reshape(model.n_states, model.n_actions)
    live = (model.level == level) & ~model.terminal & (scenery.position[:, 0] >= 0)
    by_state = OVER[over](np.where(model.valid_actions[live], values[live], np.nan))
    shape = (len(rows), max(map(len, rows)))
    total, count = np.zeros(shape), np.zeros(shape)
    at = tuple(scenery.position[live].T)
    np.add.at(total, at, by_state)
    np.add.at(count, at, 1.0)
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def level_board(where: Distribution, level: int) -> Board:
    """What a level looks like.

    Raises:
        BirlError: for a distribution without model or scenery, or an unknown level.
    """
    return _drawable(where, level)[1].board(level)


def _drawable(where: Distribution, level: int) -> tuple[TabularModel, Scenery]:
    if where.model is None or where.scenery is None:
        lacking = "exact model" if where.model is None else "scenery"
        raise BirlError(
            f"distribution {where.name!r} has no {lacking}, so its levels cannot be drawn: choose `features`"
        )
    if not 0 <= level < where.model.n_levels:
        raise BirlError(f"distribution {where.name!r} has no level {level}: give one below {where.model.n_levels}")
    return where.model, where.scenery


def _rewards(estimate: RewardEstimate, model: TabularModel) -> FloatArray:
    """By state and action, [S*A]; avoided events at the value nearest 0 that their bound allows."""
    if estimate.weights:
        return reward_vector(model, dict(zip(estimate.weights, estimate.simplest.tolist(), strict=True)))
    size = float(np.abs(estimate.on(model)).max(initial=0.0))  # which `as_reward` takes away
    return size * as_reward(model, estimate, estimate.method).pairs
