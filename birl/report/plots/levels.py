"""Levels with the path the agent took: a shape per kind, a colour per colour, the outcome underneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from birl.report.plots.board import NOT_THINGS, draw_board, thing_handles
from birl.report.plots.style import INK, new_figure, style
from birl.report.words import clean
from birl.scorecard import Scene, Scorecard
from birl.types import BirlError

__all__ = ["draw"]

MOST = 4  # scenes of one distribution
CELL = 1.75  # inches a board is wide
PATH = LinearSegmentedColormap.from_list("path", ["#b9b9b9", INK])  # from its first step to its last
SPACE = 0.12  # of a board, beside each group
REACHED = 0.68  # share of the last step that is drawn, where it ends at a thing


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A line from cell to cell.

    Attributes:
        origin: x and y, the last time it was walked.
        end: likewise.
        times: how often, in either direction.
        last: when last.
    """

    origin: tuple[float, float]
    end: tuple[float, float]
    times: int
    last: int


def draw(card: Scorecard) -> Figure:
    """A group of boards for every distribution.

    Raises:
        BirlError: when the card has no scenes.
    """
    if not card.scenes:
        raise BirlError(f"{card.policy.source}: this card has no scenes to draw: its task declares no scenery")
    groups: dict[str, list[Scene]] = {}
    for scene in card.scenes:
        groups.setdefault(scene.distribution, []).append(scene)
    each = min(MOST, max(map(len, groups.values())))
    abreast = 2 if len(groups) > 3 else 1
    rows = -(-len(groups) // abreast)
    with style():
        drawn = new_figure(0.3 + CELL * (each + SPACE) * abreast, 1.2 + (CELL + 0.5) * rows)
        drawn.get_layout_engine().set(h_pad=0.07, hspace=0.02)  # type: ignore[union-attr]
        grid = drawn.add_gridspec(rows, (each + 1) * abreast, width_ratios=[*[1.0] * each, SPACE] * abreast)
        for i, (name, found) in enumerate(groups.items()):
            row, column = divmod(i, abreast)
            for j, scene in enumerate(found[:each]):
                axes = drawn.add_subplot(grid[row, column * (each + 1) + j])
                _scene(axes, scene)
                if j == 0:
                    axes.set_title(clean(name), fontsize=9.5, pad=4)
        drawn.suptitle(f"Where {clean(card.policy.source)} goes", x=0.01, ha="left", fontsize=11, fontweight="bold")
        legend = _legend(card.scenes)
        columns = max(2, each * abreast)
        drawn.legend(handles=legend, loc="outside lower left", ncols=columns, fontsize=8, handletextpad=0.4)
        return drawn


def _scene(axes: Axes, scene: Scene) -> None:
    size = draw_board(axes, scene.rows, scene.legend, inches=CELL)
    _path(axes, scene, size)
    steps = max(0, len(scene.path) - 1)
    axes.set_xlabel(f"{clean(scene.outcome)}, {steps} step{'s' * (steps != 1)}", fontsize=7.5, labelpad=3)


def _steps(scene: Scene) -> Sequence[_Step]:
    """Every pair of neighbouring cells it walked between, in the order of the last time."""
    walked: dict[frozenset[tuple[int, int]], _Step] = {}
    for i, (one, other) in enumerate(pairwise(scene.path)):
        if one == other:
            continue  # it stood still
        before = walked.pop(frozenset((one, other)), None)
        times = before.times + 1 if before else 1
        walked[frozenset((one, other))] = _Step(origin=_middle(one), end=_middle(other), times=times, last=i)
    return list(walked.values())


def _middle(cell: tuple[int, int]) -> tuple[float, float]:
    """Its x and y."""
    return cell[1] + 0.5, cell[0] + 0.5


def _path(axes: Axes, scene: Scene, size: float) -> None:
    """The steps, darker towards the end, thicker where repeated; a ring at the start, an arrow head at the end."""
    if not scene.path:
        return
    axes.scatter(*_middle(scene.path[0]), s=0.16 * size, color="white", edgecolor=INK, linewidth=1.3, zorder=5)
    steps = _steps(scene)
    if not steps:
        return
    last, (row, column) = steps[-1], scene.path[-1]
    end = last.end
    if scene.rows[row][column] not in NOT_THINGS:  # up to its edge, so that what was touched stays in sight
        (x0, y0), (x1, y1) = last.origin, last.end
        end = (x0 + REACHED * (x1 - x0), y0 + REACHED * (y1 - y0))
    lines = [(step.origin, end if step is last else step.end) for step in steps]
    shades = PATH([0.15 + 0.85 * step.last / max(last.last, 1) for step in steps])
    widths = [min(1.8 + 0.9 * log2(step.times), 5.5) for step in steps]
    axes.add_collection(LineCollection(lines, colors=shades, linewidths=widths, capstyle="round", zorder=4))
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 0, "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, last.origin, arrowprops=arrow, zorder=6)


def _legend(scenes: Sequence[Scene]) -> list[Line2D]:
    """Every thing on some board once, then how to read a path."""
    handles = thing_handles((scene.rows, scene.legend) for scene in scenes)
    ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": INK, "markersize": 5}
    start = Line2D([], [], linestyle="", marker="o", label="start", **ring)
    again = Line2D([], [], linewidth=4.5, solid_capstyle="round", color=INK, label="walked many times")
    return [*handles, start, again]
