"""What the figures share: theme, means with each seed beside them, and a look for each verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from birl.report.plots.specification import COLOURS
from birl.report.plots.style import MUTED, OKABE_ITO, new_figure, style, tidy
from experiments.experiment import Row

__all__ = ["MUTED", "OKABE_ITO", "panels", "series", "verdict_bars"]

HATCHES = dict(zip(COLOURS, ("", "//", "..", "xx", "\\\\", "--", "||", "oo"), strict=True))
"""Verdict -> hatch: nothing is said by colour alone."""


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


def verdict_bars(axes: Any, labels: Sequence[str], groups: Sequence[Sequence[Row]]) -> None:
    """Mean probability of each verdict over a group's rows, stacked; the legend names those that occur."""
    bottom = np.zeros(len(groups))
    for verdict, colour in COLOURS.items():
        height = np.array([np.mean([r["probabilities"].get(verdict.value, 0.0) for r in rows]) for rows in groups])
        if not height.any():
            continue
        look = {"color": OKABE_ITO[colour], "hatch": HATCHES[verdict], "edgecolor": "white", "linewidth": 0.5}
        axes.bar(range(len(groups)), height, bottom=bottom, width=0.75, label=verdict.value, **look)
        bottom += height
    axes.set_xticks(range(len(groups)), labels)
    axes.set_ylim(0, 1)
    axes.set_ylabel("probability of verdicts")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
