"""The evidence of a verdict: every number with its interval, a panel a quantity, with the margins of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from birl.diagnosis import Evidence, Thresholds
from birl.report.plots.style import MUTED, OKABE_ITO, new_figure, style, tidy
from birl.report.words import clean
from birl.scorecard import Scorecard
from birl.types import BirlError, Interval

__all__ = ["draw"]

ACROSS = 4  # panels in a row
WIDTH = 8.6  # inches
ROW = 0.27  # inches a distribution or a candidate takes
HEAD = 0.75  # inches above and below its rows that a panel takes
FROM, TO = -0.5, 1.5  # what runs beyond is cut: these quantities lie between 0 and 1 but for noise


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One quantity.

    Attributes:
        quantity: of `Evidence`.
        margin: the threshold a rule compares it with, of `Thresholds`.
        beside: a quantity it is held against, drawn hollow.
    """

    quantity: str
    margin: str | None = None
    beside: str | None = None


BY_DISTRIBUTION = (
    _Panel(quantity="base_return", margin="trained"),
    _Panel(quantity="directedness", beside="device"),
    _Panel(quantity="outcome_directedness", margin="directed_outcomes"),
    _Panel(quantity="consistency", margin="consistency"),
    _Panel(quantity="choice_distance", margin="distance"),
    _Panel(quantity="goal_regret", margin="goal"),
    _Panel(quantity="capability_regret"),
    _Panel(quantity="own_regret"),
)
BY_CANDIDATE = (
    _Panel(quantity="candidate_share", margin="share"),
    _Panel(quantity="candidate_gain", margin="along"),
    _Panel(quantity="residual"),
    _Panel(quantity="candidate_odds"),
)
UNBOUNDED = ("candidate_odds", "candidate_gain")


def draw(card: Scorecard) -> Figure:
    """Panels by distribution, and below them panels by candidate.

    Raises:
        BirlError: when the card has no evidence.
    """
    found = card.evidence
    groups = [(panels, rows) for panels, rows in _groups(found) if panels] if found else []
    if found is None or not groups:
        raise BirlError(f"{card.policy.source}: this card has no evidence to draw: score the policy with a diagnosis")
    heights = [-(-len(panels) // ACROSS) * (HEAD + ROW * len(rows)) for panels, rows in groups]
    with style():
        drawn = new_figure(WIDTH, sum(heights))
        parts = drawn.subfigures(len(groups), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part, (panels, rows) in zip(parts, groups, strict=True):
            _grid(part, found, panels, rows)
        return drawn


def _groups(found: Evidence) -> Sequence[tuple[list[_Panel], list[str]]]:
    """Panels with something in them, and what their rows are."""
    kept = [[p for p in panels if getattr(found, p.quantity)] for panels in (BY_DISTRIBUTION, BY_CANDIDATE)]
    candidates = list(dict.fromkeys(name for p in kept[1] for name in getattr(found, p.quantity)))
    return [(kept[0], list(found.shifts)), (kept[1], candidates)]


def _grid(part: SubFigure, found: Evidence, panels: Sequence[_Panel], rows: Sequence[str]) -> None:
    down = -(-len(panels) // ACROSS)
    grid = part.subplots(down, ACROSS, squeeze=False).ravel()
    for i, (axes, panel) in enumerate(zip(grid, panels, strict=False)):
        _quantity(axes, found, panel, rows, named=i % ACROSS == 0)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)


def _quantity(axes: Axes, found: Evidence, panel: _Panel, rows: Sequence[str], *, named: bool) -> None:
    values: Mapping[str, Interval] = getattr(found, panel.quantity)
    if panel.margin:
        axes.axvline(getattr(Thresholds(), panel.margin), color=MUTED, linewidth=1.1, linestyle=(0, (4, 2)))
    if panel.beside:
        _points(axes, getattr(found, panel.beside), rows, offset=0.22, hollow=True)
    _points(axes, values, rows, offset=-0.12 if panel.beside else 0.0)
    for row, name in enumerate(rows):
        if name not in values:
            axes.annotate("n/a", (0.0, row), color=MUTED, fontsize=7.5, ha="center", va="center")
    axes.axvline(0, color="#c9ccd1", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(rows)), [clean(name) for name in rows] if named else [])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_title(panel.quantity.replace("_", " "), fontsize=8.5, pad=3)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.tick_params(axis="x", labelsize=7.5)
    if panel.quantity not in UNBOUNDED:
        _limits(axes, [values[name] for name in rows if name in values])
    axes.xaxis.set_major_locator(MaxNLocator(3) if panel.quantity in UNBOUNDED else MultipleLocator(0.5))
    axes.xaxis.set_major_formatter("{x:g}")
    tidy(axes, hide=("left",))


def _points(
    axes: Axes, values: Mapping[str, Interval], rows: Sequence[str], *, offset: float, hollow: bool = False
) -> None:
    """What a quantity is held against is hollow."""
    colour = MUTED if hollow else OKABE_ITO["blue"]
    look: dict[str, Any] = {"markersize": 4.2, "color": colour, "markerfacecolor": "white" if hollow else colour}
    for row, name in enumerate(rows):
        if name in values:
            one = values[name]
            axes.plot([one.low, one.high], [row + offset] * 2, color=colour, linewidth=1.5, solid_capstyle="butt")
            axes.plot([one.value], [row + offset], marker="o", **look)


def _limits(axes: Axes, shown: Sequence[Interval]) -> None:
    """From 0 to 1 at least, and as far as intervals go within reason."""
    low = min([0.0, *(one.low for one in shown)])
    high = max([1.0, *(one.high for one in shown)])
    axes.set_xlim(max(FROM, low) - 0.06, min(TO, high) + 0.06)
