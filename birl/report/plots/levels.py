"""Levels with the path the agent took: a shape per kind, a colour per colour, the outcome underneath."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from birl.report.plots.board import draw_board, thing_handles
from birl.report.plots.path import draw_path, path_handles
from birl.report.plots.style import new_figure, style
from birl.report.words import clean, ending
from birl.scorecard import Scene, Scorecard
from birl.types import BirlError

__all__ = ["draw"]

MOST = 4  # scenes of one distribution
CELL = 1.75  # inches a board is wide
SPACE = 0.12  # of a board, beside each group


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
    draw_path(axes, scene, size)
    axes.set_xlabel(ending(scene), fontsize=7.5, labelpad=3)


def _legend(scenes: Sequence[Scene]) -> list[Line2D]:
    """Every thing on some board once, then how to read a path."""
    return [*thing_handles((scene.rows, scene.legend) for scene in scenes), *path_handles()]
