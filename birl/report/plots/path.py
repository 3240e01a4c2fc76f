"""The path an agent took over a board: darker towards its end, thicker where it was walked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D

from birl.report.plots.board import NOT_THINGS
from birl.report.plots.style import INK
from birl.scorecard import Scene

__all__ = ["draw_path", "path_handles"]

PATH = LinearSegmentedColormap.from_list("path", ["#b9b9b9", INK])  # from its first step to its last
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


def draw_path(axes: Axes, scene: Scene, size: float) -> None:
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


def path_handles() -> list[Line2D]:
    """How to read a path, for a legend."""
    ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": INK, "markersize": 5}
    start = Line2D([], [], linestyle="", marker="o", label="start", **ring)
    again = Line2D([], [], linewidth=4.5, solid_capstyle="round", color=INK, label="walked many times")
    return [start, again]


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
