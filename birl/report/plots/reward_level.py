"""A recovered reward over one level: a colour for every cell, walls and things where they are.

Axes: S states, A actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from birl.distance.rewards import as_reward
from birl.irl import RewardEstimate
from birl.report.plots.board import WALL, draw_board, thing_handles
from birl.report.plots.style import INK, new_figure, style
from birl.report.words import clean, number
from birl.tabular import TabularModel, reward_vector
from birl.task import Board, Distribution, Scenery
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["draw"]

INCHES = 2.6  # a board is wide
OVER: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "max": lambda values: np.nanmax(values, axis=1),
    "mean": lambda values: np.nanmean(values, axis=1),
}
"""What stands for a state: the best of its valid actions, or their mean."""


def draw(found: Mapping[str, RewardEstimate], where: Distribution, *, level: int, over: str) -> Figure:
    """A board for each estimate, each on its own scale.

    Args:
        found: by name.
        where: has a model and scenery.
        level: which one.
        over: `max` or `mean` over a state's actions; states in one cell are averaged.

    Raises:
        BirlError: for a distribution without model or scenery, an unknown level, or a reward that does not fit.
    """
    model, scenery = _drawable(where, level)
    if over not in OVER:
        raise unknown_name("value of a state over its actions", over, OVER)
    board = scenery.board(level)
    maps = {name: _cells(estimate, model, scenery, board, level, over) for name, estimate in found.items()}
    with style():
        drawn = new_figure(0.9 + (INCHES + 0.25) * len(maps), INCHES + 1.25)
        axes = drawn.subplots(1, len(maps), squeeze=False)[0]
        for one, (name, cells) in zip(axes, maps.items(), strict=True):
            _board(one, board, cells)
            one.set_title(clean(name), fontsize=9.5, pad=4)
            one.set_xlabel(f"1 is {number(float(np.nanmax(np.abs(cells))))}", fontsize=8, labelpad=3)
        bar = drawn.colorbar(_shades(), ax=list(axes), shrink=0.75, aspect=18, pad=0.02)
        bar.set_label("reward, share of the largest", fontsize=8.5)
        bar.outline.set_visible(False)  # type: ignore[operator]
        what = "best action" if over == "max" else "mean over actions"
        title = f"Reward by cell, {what} ({clean(where.name)}, level {level})"
        drawn.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        handles = thing_handles([(board.rows, board.legend)])
        if handles:
            drawn.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=8, handletextpad=0.4)
        return drawn


def _drawable(where: Distribution, level: int) -> tuple[TabularModel, Scenery]:
    if where.model is None or where.scenery is None:
        lacking = "exact model" if where.model is None else "scenery"
        raise BirlError(
            f"distribution {where.name!r} has no {lacking}, so its levels cannot be drawn: choose `features`"
        )
    if not 0 <= level < where.model.n_levels:
        raise BirlError(f"distribution {where.name!r} has no level {level}: give one below {where.model.n_levels}")
    return where.model, where.scenery


def _cells(
    estimate: RewardEstimate, model: TabularModel, scenery: Scenery, board: Board, level: int, over: str
) -> FloatArray:
    """The reward by row and column; NaN where no state lies."""
    values = _rewards(estimate, model).reshape(model.n_states, model.n_actions)
    live = (model.level == level) & ~model.terminal & (scenery.position[:, 0] >= 0)
    by_state = OVER[over](np.where(model.valid_actions[live], values[live], np.nan))
    shape = (len(board.rows), max(map(len, board.rows)))
    total, count = np.zeros(shape), np.zeros(shape)
    at = tuple(scenery.position[live].T)
    np.add.at(total, at, by_state)
    np.add.at(count, at, 1.0)
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def _rewards(estimate: RewardEstimate, model: TabularModel) -> FloatArray:
    """By state and action, [S*A]; avoided events at the value nearest 0 that their bound allows."""
    if estimate.weights:
        return reward_vector(model, dict(zip(estimate.weights, estimate.simplest.tolist(), strict=True)))
    size = float(np.abs(estimate.on(model)).max(initial=0.0))  # which `as_reward` takes away
    return size * as_reward(model, estimate, estimate.method).pairs


def _shades() -> ScalarMappable:
    return ScalarMappable(Normalize(-1.0, 1.0), sns.color_palette("vlag", as_cmap=True))


def _board(axes: Axes, board: Board, cells: FloatArray) -> None:
    draw_board(axes, board.rows, board.legend, inches=INCHES, edge=INK)
    largest = float(np.nanmax(np.abs(cells)))
    height, width = cells.shape
    shown = np.ma.masked_invalid(cells / (largest or 1.0))
    ends: dict[str, Any] = {"cmap": _shades().cmap, "vmin": -1.0, "vmax": 1.0, "interpolation": "nearest"}
    axes.imshow(shown, extent=(0, width, height, 0), zorder=0.4, **ends)
    axes.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor=WALL, linewidth=1.2, zorder=3))
    side = max(height, width) + 0.3  # imshow sets limits of its own
    axes.set_xlim(-0.15, side - 0.15)
    axes.set_ylim(side - 0.15, -0.15)
