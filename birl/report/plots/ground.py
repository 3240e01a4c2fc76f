"""Levels of one distribution: the floor in the colours of the recovered reward, the agent's path over it."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from birl.report.ground import Ground
from birl.report.plots.board import draw_board, thing_handles
from birl.report.plots.path import draw_path, path_handles
from birl.report.plots.reward_level import scale, shade
from birl.report.plots.style import INK, new_figure, style
from birl.report.words import ending

__all__ = ["draw"]

CELL = 2.6  # inches a board is wide
BAR = 0.75  # inches for the scale of colours
LOWEST = 0.4  # of its width, that a board's room is high
FRAME = 0.85  # inches above and below the boards
MOST = 4  # boards
LINE = 38  # characters under a board


def draw(shown: Sequence[Ground]) -> Figure:
    """A board for each episode, side by side; where rewards are known, all on one scale."""
    shown = shown[:MOST]
    coloured = any(one.reward is not None for one in shown)
    with style():
        drawn = new_figure(CELL * len(shown) + BAR * coloured + 0.2, _height(shown))
        boards = drawn.subplots(1, len(shown), squeeze=False)[0]
        for axes, one in zip(boards, shown, strict=True):
            _board(axes, one)
        if coloured:
            bar = drawn.colorbar(scale(), ax=list(boards), shrink=0.8, aspect=18, pad=0.02)
            bar.set_label("reward (1: largest)", fontsize=8)
            bar.ax.tick_params(labelsize=7.5)
            bar.outline.set_visible(False)  # type: ignore[operator]
        things = thing_handles((one.scene.rows, one.scene.legend) for one in shown)
        look = {"fontsize": 8, "handletextpad": 0.6, "columnspacing": 1.2}
        drawn.legend(handles=[*things, *path_handles()], loc="outside lower left", ncols=2 * len(shown) + 1, **look)
        return drawn


def _height(shown: Sequence[Ground]) -> float:
    """Inches for the tallest board and what stands around it."""
    tallest = max(len(one.scene.rows) / max(map(len, one.scene.rows)) for one in shown)
    lines = max(fill(ending(one.scene), LINE).count("\n") for one in shown)
    return CELL * min(1.0, max(LOWEST, tallest)) + FRAME + 0.13 * lines


def _board(axes: Axes, one: Ground) -> None:
    edge = None if one.reward is None else INK
    size = draw_board(axes, one.scene.rows, one.scene.legend, inches=CELL, edge=edge)
    if one.reward is not None:
        shade(axes, one.reward, unit=1.0)
    draw_path(axes, one.scene, size)
    axes.set_title(f"level {one.scene.level}", fontsize=8.5, fontweight="normal", pad=3)
    if len(one.scene.rows) < max(map(len, one.scene.rows)):
        axes.set_ylim(len(one.scene.rows) + 0.15, -0.15)  # no empty half below a wide board
    axes.set_xlabel(fill(ending(one.scene), LINE), fontsize=8, labelpad=3)
