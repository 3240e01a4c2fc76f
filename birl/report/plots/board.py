"""A level as a board: walls, a grid, and a shape and a colour for every thing on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from birl.report.plots.shapes import marker
from birl.report.plots.style import MUTED, colour
from birl.report.words import clean

__all__ = ["FLOOR", "NOT_THINGS", "WALL", "draw_board", "thing_handles"]

FLOOR, WALL, LINE = "#f7f5f0", "#4a4f57", "#e3dfd6"
NOT_THINGS = ("#", ".", "@", " ")

Rows = Sequence[Sequence[str]]
Legend = Mapping[str, tuple[str, str]]


def draw_board(axes: Axes, rows: Rows, legend: Legend, *, inches: float, edge: str | None = None) -> float:
    """Draw a level.

    Args:
        axes: where; given the board's limits, and no ticks.
        rows: cells by row.
        legend: token -> (what it is, its colour).
        inches: the board's width on paper.
        edge: colour of an outline around things, to set them off from a coloured floor.

    Returns:
        The size of a thing, in points squared.
    """
    height, width = len(rows), max(map(len, rows))
    axes.add_patch(Rectangle((0, 0), width, height, facecolor=FLOOR, edgecolor=WALL, linewidth=1.2, zorder=0))
    size = (0.72 * inches * 72 / max(height, width)) ** 2  # a share of one cell
    outline: dict[str, Any] = {"linewidth": 0} if edge is None else {"linewidth": 0.8, "edgecolor": edge}
    for r, cells in enumerate(rows):
        for c, token in enumerate(cells):
            if token == "#":
                axes.add_patch(Rectangle((c, r), 1, 1, color=WALL, linewidth=0, zorder=1))
            elif token not in NOT_THINGS:
                kind, shade = _thing(legend, token)
                axes.scatter(c + 0.5, r + 0.5, s=size, marker=marker(kind), facecolor=shade, zorder=2, **outline)
    lines = [[(x, 0), (x, height)] for x in range(1, width)] + [[(0, y), (width, y)] for y in range(1, height)]
    axes.add_collection(LineCollection(lines, colors=LINE, linewidths=0.5, capstyle="butt", zorder=0.5))
    side = max(height, width) + 0.3
    axes.set_xlim(-0.15, side - 0.15)
    axes.set_ylim(side - 0.15, -0.15)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return size


def thing_handles(boards: Iterable[tuple[Rows, Legend]]) -> list[Line2D]:
    """Every thing on some board once, for a legend."""
    used = {(token, *legend[token]) for rows, legend in boards for row in rows for token in row if token in legend}
    things = {what: _thing({token: (what, shade)}, token) for token, what, shade in used if token not in NOT_THINGS}
    look: dict[str, Any] = {"linestyle": "", "markeredgewidth": 0, "markersize": 8}
    return [
        Line2D([], [], marker=marker(kind), color=shade, label=clean(what), **look)
        for what, (kind, shade) in sorted(things.items())
    ]


def _thing(legend: Legend, token: str) -> tuple[str, str]:
    """Kind (the last word of what it is) and drawable colour."""
    what, shade = legend.get(token, (token, MUTED))
    return what.split()[-1] if what.split() else token, colour(shade)
