"""Levels with the path the agent took: a shape per kind, a colour per colour, the outcome underneath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from birl.report.plots.shapes import marker
from birl.report.plots.style import INK, MUTED, colour, new_figure, style
from birl.report.words import clean
from birl.scorecard import Scene, Scorecard
from birl.types import BirlError

__all__ = ["draw"]

MOST = 4  # scenes of one distribution
CELL = 1.75  # inches a board is wide
FLOOR, WALL, LINE = "#f7f5f0", "#4a4f57", "#e3dfd6"
PATH = LinearSegmentedColormap.from_list("path", ["#b9b9b9", INK])  # from its first step to its last
ASIDE = 0.09  # cells by which each further visit to a cell is drawn aside
REACHED = 0.68  # share of the last step that is drawn, where it ends at a thing
NOT_THINGS = ("#", ".", "@", " ")


def draw(card: Scorecard) -> Figure:
    """A row of boards for every distribution.

    Raises:
        BirlError: when the card has no scenes.
    """
    if not card.scenes:
        raise BirlError(f"{card.policy.source}: this card has no scenes to draw: its task declares no scenery")
    by_distribution: dict[str, list[Scene]] = {}
    for scene in card.scenes:
        by_distribution.setdefault(scene.distribution, []).append(scene)
    columns = min(MOST, max(map(len, by_distribution.values())))
    with style():
        drawn = new_figure(0.3 + CELL * columns, 1.2 + (CELL + 0.5) * len(by_distribution))
        drawn.get_layout_engine().set(h_pad=0.07, hspace=0.02)  # type: ignore[union-attr]
        grid = drawn.subplots(len(by_distribution), columns, squeeze=False)
        for row, (name, found) in zip(grid, by_distribution.items(), strict=True):
            for axes, scene in zip(row, [*found[:MOST], *[None] * (columns - len(found[:MOST]))], strict=True):
                _scene(axes, scene) if scene else axes.set_axis_off()
            row[0].set_title(clean(name), fontsize=9.5, pad=4)
        drawn.suptitle(f"Where {clean(card.policy.source)} goes", x=0.01, ha="left", fontsize=11, fontweight="bold")
        drawn.legend(
            handles=_legend(card.scenes), loc="outside lower left", ncols=max(2, columns), fontsize=8, handletextpad=0.4
        )
        return drawn


def _scene(axes: Axes, scene: Scene) -> None:
    height, width = len(scene.rows), max(map(len, scene.rows))
    axes.add_patch(Rectangle((0, 0), width, height, facecolor=FLOOR, edgecolor=WALL, linewidth=1.2, zorder=0))
    size = (0.72 * CELL * 72 / max(height, width)) ** 2  # points squared: a share of one cell
    for r, cells in enumerate(scene.rows):
        for c, token in enumerate(cells):
            if token == "#":
                axes.add_patch(Rectangle((c, r), 1, 1, color=WALL, linewidth=0, zorder=1))
            elif token not in NOT_THINGS:
                kind, shade = _thing(scene.legend, token)
                axes.scatter(c + 0.5, r + 0.5, s=size, marker=marker(kind), color=shade, zorder=2, linewidth=0)
    _grid(axes, height, width)
    _path(axes, scene, size)
    side = max(height, width) + 0.3
    axes.set_xlim(-0.15, side - 0.15)
    axes.set_ylim(side - 0.15, -0.15)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    steps = max(0, len(scene.path) - 1)
    axes.set_xlabel(f"{clean(scene.outcome)}, {steps} step{'s' * (steps != 1)}", fontsize=7.5, labelpad=3)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _grid(axes: Axes, height: int, width: int) -> None:
    lines = [[(x, 0), (x, height)] for x in range(1, width)] + [[(0, y), (width, y)] for y in range(1, height)]
    axes.add_collection(LineCollection(lines, colors=LINE, linewidths=0.5, capstyle="butt", zorder=0.5))


def _thing(legend: Mapping[str, tuple[str, str]], token: str) -> tuple[str, str]:
    """Kind (the last word of what it is) and drawable colour."""
    what, shade = legend.get(token, (token, MUTED))
    return what.split()[-1] if what.split() else token, colour(shade)


def _points(scene: Scene) -> np.ndarray:
    """Where the line goes, x and y: revisits drawn aside, the end at the edge of what it touched."""
    visits: dict[tuple[int, int], int] = {}
    points = []
    for before, (row, column) in zip([None, *scene.path], scene.path, strict=False):
        if before == (row, column):
            continue  # it stood still
        visit = visits[row, column] = visits.get((row, column), -1) + 1
        aside, angle = min(ASIDE * visit, 3 * ASIDE), 2.4 * visit
        points.append((column + 0.5 + aside * np.cos(angle), row + 0.5 + aside * np.sin(angle)))
    found = np.array(points)
    row, column = scene.path[-1]
    if len(found) > 1 and scene.rows[row][column] not in NOT_THINGS:
        found[-1] = found[-2] + REACHED * (found[-1] - found[-2])
    return found


def _path(axes: Axes, scene: Scene, size: float) -> None:
    """The steps, fading in; a ring where it began and an arrow head where it ended."""
    if not scene.path:
        return
    moved = _points(scene)
    axes.scatter(*moved[0], s=0.16 * size, color="white", edgecolor=INK, linewidth=1.3, zorder=5)
    if len(moved) < 2:
        return
    steps = np.stack([moved[:-1], moved[1:]], axis=1)
    shades = PATH(np.linspace(0.15, 1.0, len(steps)))
    axes.add_collection(LineCollection(list(steps), colors=shades, linewidths=1.8, capstyle="round", zorder=4))
    before, last = moved[-2], moved[-1]
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 0, "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", last, before, arrowprops=arrow, zorder=6)


def _legend(scenes: Sequence[Scene]) -> list[Line2D]:
    """Every thing on some board once, then how to read a path."""
    used = {
        (token, *scene.legend[token])
        for scene in scenes
        for row in scene.rows
        for token in row
        if token in scene.legend
    }
    things = {what: _thing({token: (what, shade)}, token) for token, what, shade in used if token not in NOT_THINGS}
    look: dict[str, Any] = {"linestyle": "", "markeredgewidth": 0, "markersize": 8}
    handles = [
        Line2D([], [], marker=marker(kind), color=shade, label=clean(what), **look)
        for what, (kind, shade) in sorted(things.items())
    ]
    ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": INK, "markersize": 5}
    return [*handles, Line2D([], [], linestyle="", marker="o", label="start", **ring)]
