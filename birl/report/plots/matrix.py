"""Distances between rewards as heat maps, one for each distribution: what agrees in training and parts under shift."""

from __future__ import annotations

import math

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from birl.matrix import DistanceMatrix
from birl.report.plots.style import BASE, MUTED, new_figure, style
from birl.report.words import clean
from birl.scorecard import Scorecard
from birl.types import BirlError

__all__ = ["draw", "draw_matrix"]

ACROSS = 3  # heat maps in a row
CELL = 0.42  # inches


def draw(card: Scorecard) -> Figure:
    """The matrix of a card.

    Raises:
        BirlError: when the card has none.
    """
    if card.matrix is None:
        raise BirlError(f"{card.policy.source}: this card has no distance matrix: score the policy again")
    return draw_matrix(card.matrix, title=f"{clean(card.policy.source)}: how far apart rewards are")


def draw_matrix(matrix: DistanceMatrix, *, title: str, across: int = ACROSS) -> Figure:
    """One heat map a distribution, all on one scale, at most so many in a row."""
    across = min(across, len(matrix.value))
    down = math.ceil(len(matrix.value) / across)
    side = CELL * len(matrix.names)
    with style():
        drawn = new_figure(across * (side + 0.35) + 1.7, down * (side + 0.45) + 1.5)
        grid = drawn.subplots(down, across, squeeze=False)
        for i, (axes, where) in enumerate(zip(grid.ravel(), matrix.value, strict=False)):
            _heat(axes, matrix, where, rows=i % across == 0, columns=i + across >= len(matrix.value))
        for axes in grid.ravel()[len(matrix.value) :]:
            axes.set_visible(False)
        title += "   (0 the same preferences, 1 opposite; grey: prefers nothing there)"
        drawn.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        return drawn


def _heat(axes: Axes, matrix: DistanceMatrix, where: str, *, rows: bool, columns: bool) -> None:
    values = np.array([[np.nan if v is None else v for v in row] for row in matrix.value[where]], np.float64)
    told = np.char.mod("%.2f", np.nan_to_num(values))
    names = [clean(name) for name in matrix.names]
    axes.set_facecolor(BASE)  # shows where there is no distance
    sns.heatmap(
        values,
        annot=np.char.replace(told, "0.", "."),
        fmt="",
        vmin=0.0,
        vmax=1.0,
        cmap="Blues",
        cbar=False,
        square=True,
        linewidths=0.6,
        xticklabels=names if columns else False,
        yticklabels=names if rows else False,
        annot_kws={"fontsize": 7},
        ax=axes,
    )
    axes.set_title(clean(where), fontsize=9, fontweight="normal", color=MUTED)
    axes.tick_params(length=0, labelsize=8)
    axes.tick_params(axis="x", rotation=60)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
        label.set_rotation_mode("anchor")
