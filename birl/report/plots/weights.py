"""Recovered weights by method, beside the base objective and the candidates.

Every method has its own scale, so each is drawn with its largest known weight as large as the base objective's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from birl.irl import RewardEstimate
from birl.irl.base import BOUNDED, IDENTIFIED
from birl.report.plots.style import BASE, INK, MUTED, new_figure, style, tidy
from birl.report.recovered import methods, shown_features
from birl.report.words import clean, number
from birl.scorecard import Scorecard
from birl.types import BirlError

__all__ = ["compare", "draw"]

MARKERS = "oDsv^Pp"
BESIDE: Mapping[str, Any] = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
READING = """weight, the largest of each method set to {unit}
bars: 95 % intervals; arrows: only bounded from above"""
SPREAD = 0.56  # of a row, over which the methods are spread
REACH = 1.6  # the axis ends this many times beyond the largest base weight at most


def draw(card: Scorecard) -> Figure:
    """The figure.

    Raises:
        BirlError: when the card has no recovered weights.
    """
    if not card.estimates:
        raise BirlError(f"{card.policy.source}: this card has no recovered weights to draw")
    objectives = {"base": card.base, **card.candidates}
    return compare(shown_features(card), methods(card), objectives, title=f"What {card.policy.source} pursues")


def compare(
    features: Sequence[str],
    found: Mapping[str, RewardEstimate],
    objectives: Mapping[str, Mapping[str, float] | None],
    *,
    title: str,
) -> Figure:
    """Recovered weights, a marker each, beside what the named objectives pay for each feature.

    Args:
        features: the rows.
        found: estimates with weights, by name.
        objectives: by name; `base` sets the scale, and is drawn behind the weights. None for a function.
        title: of the figure.
    """
    known = {name: weights for name, weights in objectives.items() if weights is not None}
    with style():
        drawn = new_figure(8.2, 1.7 + 0.36 * len(features))
        right = drawn.add_subplot() if not known else _beside(drawn, features, known)
        _recovered(right, features, found, known.get("base"))
        right.set_yticks(range(len(features)), [clean(f) for f in features])
        right.set_ylim(len(features) - 0.5, -0.5)
        drawn.suptitle(clean(title), x=0.01, ha="left", fontsize=11, fontweight="bold")
        return drawn


def _beside(drawn: Figure, features: Sequence[str], known: Mapping[str, Mapping[str, float]]) -> Axes:
    """Axes for the weights, to the right of what the objectives pay."""
    left, right = drawn.subplots(1, 2, sharey=True, width_ratios=(max(0.9, 0.62 * len(known)), 5.2))
    _objectives(left, features, known)
    right.tick_params(axis="y", labelleft=False)
    return right


def _objectives(axes: Axes, features: Sequence[str], known: Mapping[str, Mapping[str, float]]) -> None:
    """What the base objective and each candidate pay, as a small table of dots."""
    for column, (name, weights) in enumerate(known.items()):
        largest = max((abs(w) for w in weights.values()), default=0.0) or 1.0
        for row, feature in enumerate(features):
            paid = weights.get(feature, 0.0)
            if not paid:
                continue
            edge = INK if name == "base" else MUTED
            fill = edge if paid > 0 else "white"
            axes.scatter(column, row, s=90 * abs(paid) / largest + 8, color=fill, edgecolor=edge)
            if abs(paid) != largest:
                axes.annotate(number(paid), (column, row), fontsize=7, **BESIDE)
    axes.set_xlim(-0.5, max(len(known), 1) - 0.5)
    axes.set_xticks(range(len(known)), [clean(n) for n in known], rotation=35, ha="right", rotation_mode="anchor")
    axes.set_title("what pays")
    _rows(axes, len(features))
    axes.tick_params(length=0)
    tidy(axes, hide=("left", "bottom"))


def _recovered(
    axes: Axes, features: Sequence[str], found: Mapping[str, RewardEstimate], base: Mapping[str, float] | None
) -> None:
    unit = max((abs(w) for w in (base or {}).values()), default=0.0) or 1.0
    if base:
        heights = [base.get(feature, 0.0) for feature in features]
        axes.barh(range(len(features)), heights, height=0.8, color=BASE, label="base objective")
    palette = sns.color_palette("colorblind", len(found))
    offsets = np.linspace(-SPREAD / 2, SPREAD / 2, len(found)) if len(found) > 1 else [0.0]
    _limits(axes, features, found, unit)
    for i, (name, estimate) in enumerate(found.items()):
        look = {"color": palette[i], "marker": MARKERS[i % len(MARKERS)]}
        _method(axes, features, estimate, scale=unit / _largest(estimate), offset=float(offsets[i]), look=look)
        axes.plot([], [], linestyle="", markersize=5, label=clean(name), **look)
    for row, feature in enumerate(features):
        if not any(estimate.status.get(feature) in (IDENTIFIED, BOUNDED) for estimate in found.values()):
            axes.annotate("not identified", (0, row), fontsize=7.5, color=MUTED, **BESIDE)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_xlabel(READING.format(unit="that of the base" if base else "1"), fontsize=8.5)
    axes.set_title("what was recovered")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3, handletextpad=0.5)
    _rows(axes, len(features))
    axes.tick_params(axis="y", length=0)
    tidy(axes, hide=("left",))


def _rows(axes: Axes, count: int) -> None:
    """Every other row shaded, so that the eye stays on its line across both panels."""
    for row in range(0, count, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f6f7f8", zorder=0, linewidth=0)


def _largest(estimate: RewardEstimate) -> float:
    """The largest weight that is more than a bound; 1 where all are 0."""
    known = [abs(w) for name, w in estimate.weights.items() if estimate.status.get(name) == IDENTIFIED]
    return max(known, default=0.0) or 1.0


def _limits(axes: Axes, features: Sequence[str], found: Mapping[str, RewardEstimate], unit: float) -> None:
    """Room for every weight and for ends of intervals up to `REACH`; wider intervals run off the page."""
    values = [0.0, unit]
    for estimate in found.values():
        scale = unit / _largest(estimate)
        for feature in features:
            if estimate.status.get(feature) in (IDENTIFIED, BOUNDED):
                values.append(scale * estimate.weights[feature])
    low, high = min(values), max(values)
    axes.set_xlim(max(1.15 * low, -REACH * unit) - 0.25 * unit, min(max(high, unit) * 1.3, REACH * unit))


def _method(
    axes: Axes,
    features: Sequence[str],
    estimate: RewardEstimate,
    *,
    scale: float,
    offset: float,
    look: Mapping[str, Any],
) -> None:
    """One method's weights: points with intervals, and for bounds an arrow to the left of the bound."""
    intervals = estimate.intervals
    for row, feature in enumerate(features):
        status, found = estimate.status.get(feature), intervals.get(feature)
        value = scale * estimate.weights.get(feature, 0.0)
        low, high = (scale * found.low, scale * found.high) if found else (value, value)
        if status == IDENTIFIED:
            ends = [[value - low], [high - value]]
            axes.errorbar(value, row + offset, xerr=ends, linewidth=0, elinewidth=1.6, markersize=5, zorder=3, **look)  # type: ignore[arg-type]
        elif status == BOUNDED:
            reach = 0.05 * float(np.diff(axes.get_xlim())[0])
            arrow = {"arrowstyle": "-|>", "color": look["color"], "linewidth": 1.3, "mutation_scale": 8}
            axes.annotate("", (high - reach, row + offset), (high, row + offset), arrowprops=arrow, zorder=3)
            axes.plot([high, high], [row + offset - 0.07, row + offset + 0.07], color=look["color"], linewidth=1.6)  # type: ignore[arg-type]
