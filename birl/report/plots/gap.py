"""The reward-result gap by distribution: what a wrong goal costs beside what lack of skill costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from birl.report.plots.style import INK, MUTED, new_figure, style, tidy
from birl.report.words import clean
from birl.scorecard import Scorecard
from birl.types import BirlError, Interval

__all__ = ["draw"]

PARTS = {"goal_regret": "wrong goal", "capability_regret": "lack of skill"}
BAR = 0.36  # of the room one distribution has
LEAST = 0.25  # the axis reaches this far at least: what is next to nothing shall look like it


def draw(card: Scorecard) -> Figure:
    """Goal and capability regret side by side.

    Raises:
        BirlError: when the card has no gap.
    """
    if not card.gap:
        raise BirlError(f"{card.policy.source}: this card has no gap to draw: score the policy with a diagnosis")
    with style():
        drawn = new_figure(max(4.5, 1.6 + 1.25 * len(card.gap)), 3.6)
        axes = drawn.add_subplot()
        names = list(card.gap)
        for i, (part, colour) in enumerate(zip(PARTS, _colours(), strict=True)):
            found = [getattr(card.gap[name], part) for name in names]
            _bars(axes, found, offset=(i - 0.5) * BAR, label=PARTS[part], colour=colour)
        axes.set_ylim(top=max(LEAST, axes.get_ylim()[1]))
        axes.axhline(0, color=MUTED, linewidth=1)
        axes.set_xticks(range(len(names)), [_label(card, name) for name in names])
        axes.set_ylabel("share of the attainable gain lost")
        axes.yaxis.grid(True)
        axes.set_title(f"{clean(card.policy.source)}: what it loses, and why", pad=26)
        axes.legend(ncols=2, loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.2, handlelength=1.2)
        axes.tick_params(axis="x", length=0)
        tidy(axes, hide=("bottom",))
        return drawn


def _colours() -> Sequence[tuple[float, float, float]]:
    palette = sns.color_palette("colorblind")
    return palette[3], palette[0]


def _label(card: Scorecard, name: str) -> str:
    reading = card.readings.get(name)
    shift = f"\n({reading.shift} shift)" if reading and reading.shift != "train" else ""
    return clean(name) + shift


def _bars(axes: Axes, found: Sequence[Interval | None], *, offset: float, label: str, colour: object) -> None:
    """One bar a distribution; where there is no number it says so."""
    x = np.arange(len(found)) + offset
    known = [(at, one) for at, one in zip(x, found, strict=True) if one is not None]
    at, values = [a for a, _ in known], np.array([one.value for _, one in known])
    ends = np.array([[one.value - one.low, one.high - one.value] for _, one in known]).reshape(-1, 2).T
    axes.bar(
        at,
        values,
        width=BAR * 0.94,
        label=label,
        color=colour,  # type: ignore[arg-type]
        yerr=np.maximum(ends, 0.0),
        error_kw={"ecolor": INK, "elinewidth": 1.2, "capsize": 2.5},
    )
    for a, one in zip(x, found, strict=True):
        if one is None:
            axes.annotate(
                "n/a", (a, 0), xytext=(0, 3), textcoords="offset points", ha="center", color=MUTED, fontsize=8
            )
