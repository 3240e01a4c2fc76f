"""The sections of a card's page, in reading order: one function each, which gives nothing where the card has nothing.

To add one, write the function and put it into `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from birl.diagnosis import RULES, Diagnosis, Thresholds
from birl.report import provenance as source
from birl.report import recovered, story
from birl.report.blocks import QUIET, STRONG, Line, Table
from birl.report.comparison import comparison
from birl.report.controls import controls as causes
from birl.report.ground import Ground
from birl.report.html import pictures
from birl.report.html.evidence import evidence as evidence_parts
from birl.report.html.parts import Bars, Folded, Panel, Part, panel
from birl.report.words import clean, share
from birl.scorecard import Scorecard

if TYPE_CHECKING:
    from birl.specification import SpecificationCurve

__all__ = ["SECTIONS", "Subject"]


ELSEWHERE = ("Probabilities", "Flags")  # lines of a verdict that stand in its bars, or beside the answer


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a page is about.

    Attributes:
        card: everything that was found.
        grounds: its levels by distribution.
        worlds: whether the worlds it was scored on were at hand.
        curve: the same policy under other specifications; None where that was not tried.
    """

    card: Scorecard
    grounds: Mapping[str, Sequence[Ground]]
    worlds: bool
    curve: SpecificationCurve | None = None


def verdict(subject: Subject) -> Iterable[Panel]:
    """The answer, how sure it is, and the rule behind it."""
    found = subject.card.diagnosis
    if found is None:
        yield panel("Verdict", story.verdict(subject.card).parts)
        return
    odds = {answer.value: p for answer, p in sorted(found.probabilities.items(), key=lambda item: -item[1]) if p > 0}
    bars = Bars(label="Share of joint draws in which each verdict's rule fires first", shares=odds)
    _, *lines = story.verdict(subject.card).parts
    why = [line for line in lines if not (isinstance(line, Line) and line.label in ELSEWHERE)]
    yield panel("Verdict", (bars, *why, _rules(found)))


def _rules(found: Diagnosis) -> Folded:
    rows = tuple(
        (f"{i}", ("fired: " if rule.id == found.rule else "") + rule.id, rule.verdict.value, rule.reason)
        for i, rule in enumerate(RULES, start=1)
    )
    lead = Line(
        text=f"The first rule that fires on a draw gives that draw's verdict; a verdict is called from "
        f"{share(Thresholds().call)} of the draws on, unless other thresholds were asked for.",
        tone=QUIET,
    )
    table = Table(columns=("#", "rule", "verdict", "says"), rows=rows, keys=2, prose=True)
    return Folded(summary="The rules, in the order they are tried", parts=(lead, table))


def does(subject: Subject) -> Iterable[Panel]:
    """Returns and outcomes."""
    if subject.card.readings:
        section = story.does(subject.card)
        yield panel(section.title, section.parts)


def evidence(subject: Subject) -> Iterable[Panel]:
    """Every number the verdict rests on."""
    if subject.card.evidence is not None:
        yield panel("Evidence", evidence_parts(subject.card))


def gap(subject: Subject) -> Iterable[Panel]:
    """What the recovered objective costs and what lack of skill costs."""
    for section in story.gap(subject.card):
        yield panel(section.title, (*section.parts, *pictures.gap(subject.card)))


def controls(subject: Subject) -> Iterable[Panel]:
    """What tells causes apart, where it was tried."""
    for section in causes(subject.card):
        yield panel(section.title, section.parts)


def pursues(subject: Subject) -> Iterable[Panel]:
    """Recovered weights beside base and candidates."""
    if subject.card.estimates:
        section = recovered.recovered(subject.card)
        yield panel(section.title, (*pictures.weights(subject.card), *section.parts))


def apart(subject: Subject) -> Iterable[Panel]:
    """The distance matrix."""
    card = subject.card
    if card.matrix is None:
        return
    lead, *_ = comparison(card.matrix, task=card.task)
    tables: list[Line | Table] = []
    for where, section in zip(card.matrix.value, comparison(card.matrix, task=card.task), strict=True):
        tables += [Line(text=clean(where), tone=QUIET), *(p for p in section.parts if isinstance(p, Table))]
    told = [part for part in lead.parts if isinstance(part, Line)]
    folded = Folded(summary="The same with intervals", parts=tuple(tables))
    yield panel("How far apart rewards are", (*told, *pictures.matrix(card), folded))


def goes(subject: Subject) -> Iterable[Panel]:
    """Some levels of every distribution, the reward on their floor."""
    card, shown = subject.card, subject.grounds
    if not shown:
        return
    lead = "One episode a level: a ring where it starts, an arrow where it ends, darker towards the end."
    if any(one.reward is not None for group in shown.values() for one in group):
        lead += f" The colour of a cell is the reward of {clean(card.preferred)}, on one scale for all levels."
    elif not subject.worlds:
        lead += " Rewards are not drawn on the floor: that takes the task's levels, which a card does not hold."
    parts: list[Part] = [Line(text=lead, tone=QUIET)]
    for name, group in shown.items():
        parts += [Line(text=_named(card, name), tone=STRONG), pictures.ground(name, group)]
    yield panel("Where it goes", parts)


def _named(card: Scorecard, name: str) -> str:
    reading = card.readings.get(name)
    return clean(f"{name} ({reading.shift} shift)" if reading and reading.shift != "train" else name)


def varied(subject: Subject) -> Iterable[Panel]:
    """How much hangs on choices that behaviour does not decide."""
    if subject.curve is not None:
        from birl.report.specification import specification  # brings all of scoring

        told = [part for section in specification(subject.curve) for part in section.parts]
        yield panel("How much hangs on choices", (*pictures.curve(subject.curve), *told))


def checks(subject: Subject) -> Iterable[Panel]:
    """What failed, with its remedy."""
    section = source.checks(subject.card)
    yield panel(section.title, section.parts)


def provenance(subject: Subject) -> Iterable[Panel]:
    """Policy, settings, versions, command."""
    section = source.provenance(subject.card)
    yield panel(section.title, section.parts)


SECTIONS: Sequence[Callable[[Subject], Iterable[Panel]]] = (
    verdict,
    does,
    gap,
    controls,
    evidence,
    pursues,
    apart,
    goes,
    varied,
    checks,
    provenance,
)
"""Every section, in reading order."""
