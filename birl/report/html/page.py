"""A card as one self-contained page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from birl.diagnosis import MEANING, Verdict
from birl.files import write_whole
from birl.report.ground import grounds
from birl.report.html.sections import SECTIONS, Subject
from birl.report.html.typeset import typeset
from birl.report.words import NO_MEANING, clean, interval
from birl.scorecard import Scorecard
from birl.task import Task
from birl.types import BirlError, Interval

if TYPE_CHECKING:
    from birl.specification import SpecificationCurve

__all__ = ["tone", "write_html"]

NO_VERDICT = "not diagnosed"


def write_html(
    card: Scorecard, path: str | Path, *, task: Task | None = None, curve: SpecificationCurve | None = None
) -> None:
    """Write a card as one page that needs no network, no script and no other file; the same card gives the same bytes.

    Args:
        card: what to show.
        path: where to; written whole or not at all.
        task: the worlds it was scored on, for pictures of the recovered reward on their levels; the page says that
            they are missing where it is left out.
        curve: the same policy under other specifications, shown where it is given.

    Raises:
        BirlError: for a task whose levels are not those of the card, a curve of another policy or task, or a file that
            cannot be written.
    """
    if curve is not None and (curve.policy, curve.task) != (card.policy.source, card.task):
        raise BirlError(
            f"the curve is of {curve.policy} on {curve.task}, the card of {card.policy.source} on {card.task}: give "
            "both of one policy and task"
        )
    subject = Subject(card=card, grounds=grounds(card, task), worlds=task is not None, curve=curve)
    panels = [panel for section in SECTIONS for panel in section(subject)]
    found = card.diagnosis
    page = typeset(
        "card.html",
        title=clean(f"{card.policy.source} on {card.task}"),
        policy=clean(card.policy.source),
        task=clean(card.task),
        verdict=found.verdict.value if found else NO_VERDICT,
        kind=clean(found.kind or "") if found else "",
        meaning=MEANING[found.verdict] if found else NO_MEANING,
        flags=sorted(map(clean, card.flags)),
        tone=tone(found.verdict.value if found else ""),
        glance=list(_glance(card)),
        panels=panels,
    )
    write_whole(Path(path), page)


def tone(verdict: str) -> str:
    """Good, bad or unsure: a colour that only repeats what the word says."""
    if verdict == Verdict.ROBUST.value:
        return "good"
    return "bad" if verdict in {v.value for v in Verdict} - {Verdict.UNDETERMINED.value} else "unsure"


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A number worth a glance.

    Attributes:
        label: what it is.
        value: in large.
        note: its interval.
    """

    label: str
    value: str
    note: str


def _glance(card: Scorecard) -> Iterable[Tile]:
    """Base return in training and where it is lowest, and where a wrong goal costs most."""
    returns = {name: one.base_return for name, one in card.readings.items() if one.base_return is not None}
    train, *shifts = card.readings or ("",)
    if train in returns:
        yield _tile(f"base return on {train}", returns[train])
    fallen = {name: returns[name] for name in shifts if name in returns}
    if fallen:
        name = min(fallen, key=lambda n: fallen[n].value)
        yield _tile(f"lowest under shift, on {name}", fallen[name])
    regrets = {name: gap.goal_regret for name, gap in card.gap.items() if gap.goal_regret is not None}
    if regrets:
        name = max(regrets, key=lambda n: regrets[n].value)
        yield _tile(f"largest goal regret, on {name}", regrets[name])


def _tile(label: str, found: Interval) -> Tile:
    value, _, ends = interval(found).partition(" ")
    return Tile(label=clean(label), value=value, note=ends)
