"""What the figures share: theme, means with each seed beside them, and a look for each verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from birl.diagnosis import Verdict
from birl.report.plots.style import INK, MUTED, OKABE_ITO, new_figure, style, tidy
from experiments.experiment import Row

__all__ = ["INK", "MUTED", "OKABE_ITO", "colour_of", "mark_of", "panels", "series", "verdict_bars", "verdict_legend"]

COLOURS = dict(
    zip(
        (verdict.value for verdict in Verdict),
        ("green", "orange", "blue", "purple", "cyan", "grey", "yellow", "black"),
        strict=True,
    )
)
MARKS = dict(zip(COLOURS, "osD^vPX.", strict=True))  # nothing is said by colour alone
HATCHES = dict(zip(COLOURS, ("", "//", "..", "xx", "\\\\", "--", "||", "oo"), strict=True))


@contextmanager
def panels(rows: int, columns: int, width: float, height: float, **how: Any) -> Iterator[tuple[Any, Any]]:
    """A figure with its panels, [rows, columns], in the library's theme; frames are gone when it is done."""
    with style():
        drawn = new_figure(width, height)
        axes = drawn.subplots(rows, columns, squeeze=False, **how)
        yield drawn, axes
        for one in axes.ravel():
            tidy(one)


def series(axes: Any, x: Sequence[Any], values: Sequence[Sequence[float]], **look: Any) -> None:
    """Means over seeds at each x where there is a value, and each seed's own as a faint dot; `look` is the plot's."""
    found = [(at, some) for at, some in zip(x, values, strict=True) if len(some)]
    settings = {"markersize": 6, "marker": "o", **look}
    axes.plot([at for at, _ in found], [np.mean(some) for _, some in found], **settings)
    every = [(at, value) for at, some in found for value in some if len(some) > 1]
    axes.scatter([at for at, _ in every], [value for _, value in every], s=9, color=settings["color"], alpha=0.45, lw=0)


def colour_of(verdict: str) -> str:
    """The colour of a verdict, as on specification curves."""
    return OKABE_ITO[COLOURS[verdict]]


def mark_of(verdict: str) -> str:
    """Its mark."""
    return MARKS[verdict]


def verdict_legend(axes: Any, verdicts: Sequence[str], **where: Any) -> None:
    """A legend of the verdicts that occur, in their own order."""
    for verdict in (name for name in COLOURS if name in verdicts):
        axes.scatter([], [], color=colour_of(verdict), marker=mark_of(verdict), label=verdict)
    axes.legend(**{"fontsize": 8, **where})


def verdict_bars(axes: Any, labels: Sequence[str], groups: Sequence[Sequence[Row]]) -> None:
    """Mean probability of each verdict over a group's rows, stacked; the legend names those that occur."""
    occurring = [v for v in COLOURS if any(row["probabilities"].get(v, 0) > 0 for rows in groups for row in rows)]
    bottom = np.zeros(len(groups))
    for verdict in occurring:
        height = np.array([np.mean([row["probabilities"].get(verdict, 0.0) for row in rows]) for rows in groups])
        look = {"color": colour_of(verdict), "hatch": HATCHES[verdict], "edgecolor": "white", "linewidth": 0.5}
        axes.bar(range(len(groups)), height, bottom=bottom, width=0.75, label=verdict, **look)
        bottom += height
    axes.set_xticks(range(len(groups)), labels)
    axes.set_ylim(0, 1)
    axes.set_ylabel("probability of verdicts")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
