"""A recovered reward over one level: a colour for every cell, walls and things where they are.

Axes: S states, A actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from birl.irl import RewardEstimate
from birl.report.plots.board import WALL, draw_board, thing_handles
from birl.report.plots.style import INK, new_figure, style
from birl.report.reward_cells import level_board, reward_cells
from birl.report.words import clean, number
from birl.task import Distribution
from birl.types import FloatArray

__all__ = ["draw", "scale", "shade"]

INCHES = 2.6  # a board is wide


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
    maps = {name: reward_cells(estimate, where, level, over=over) for name, estimate in found.items()}
    board = level_board(where, level)
    with style():
        drawn = new_figure(0.9 + (INCHES + 0.25) * len(maps), INCHES + 1.25)
        axes = drawn.subplots(1, len(maps), squeeze=False)[0]
        for one, (name, cells) in zip(axes, maps.items(), strict=True):
            draw_board(one, board.rows, board.legend, inches=INCHES, edge=INK)
            shade(one, cells, unit=float(np.nanmax(np.abs(cells))))
            one.set_title(clean(name), fontsize=9.5, pad=4)
            one.set_xlabel(f"1 is {number(float(np.nanmax(np.abs(cells))))}", fontsize=8, labelpad=3)
        bar = drawn.colorbar(scale(), ax=list(axes), shrink=0.75, aspect=18, pad=0.02)
        bar.set_label("reward, share of the largest", fontsize=8.5)
        bar.outline.set_visible(False)  # type: ignore[operator]
        what = "best action" if over == "max" else "mean over actions"
        title = f"Reward by cell, {what} ({clean(where.name)}, level {level})"
        drawn.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        handles = thing_handles([(board.rows, board.legend)])
        if handles:
            drawn.legend(handles=handles, loc="outside lower left", ncols=4, fontsize=8, handletextpad=0.4)
        return drawn


def scale() -> ScalarMappable:
    """The colours from the most avoided, -1, to the most wanted, 1."""
    return ScalarMappable(Normalize(-1.0, 1.0), sns.color_palette("vlag", as_cmap=True))


def shade(axes: Axes, cells: FloatArray, *, unit: float) -> None:
    """Colour the floor of a board by rewards of which `unit` is the largest anywhere."""
    height, width = cells.shape
    shown = np.ma.masked_invalid(cells / (unit or 1.0))
    ends: dict[str, Any] = {"cmap": scale().cmap, "vmin": -1.0, "vmax": 1.0, "interpolation": "nearest"}
    limits = axes.get_xlim(), axes.get_ylim()  # which imshow sets anew
    axes.imshow(shown, extent=(0, width, height, 0), zorder=0.4, **ends)
    axes.set(xlim=limits[0], ylim=limits[1])
    axes.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor=WALL, linewidth=1.2, zorder=3))
