"""The evidence as a section: a figure, every number with its interval, what could not be said and why."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping

from birl.diagnosis import Evidence
from birl.report.blocks import QUIET, Line, Table
from birl.report.html import pictures
from birl.report.html.alternatives import intervals_of
from birl.report.html.parts import Folded, Part, gather
from birl.report.words import NONE, clean, interval
from birl.scorecard import Scorecard
from birl.types import Interval

__all__ = ["evidence", "meanings"]


def meanings() -> Mapping[str, str]:
    """What each quantity is, in the words of `Evidence` itself."""
    said = (inspect.getdoc(Evidence) or "").partition("Attributes:")[2]
    found = re.findall(r"^    (\w+): (.+?)(?=^    \w+: |\Z)", said, flags=re.MULTILINE | re.DOTALL)
    return {name: re.sub(r" \(`birl[\w.]*`\)|`", "", " ".join(what.split())) for name, what in found}


def evidence(card: Scorecard) -> Iterable[Part]:
    """Nothing where the card has no evidence."""
    found = card.evidence
    if found is None:
        return
    yield Line(text="Every number the verdict rests on, with its 95 % interval.", tone=QUIET)
    yield from pictures.evidence(card)
    yield from _numbers(found)
    yield from (Line(label="Methods disagree", text=clean(said), bullet=True) for said in found.disagreement)
    yield from _undefined(found)
    shown = intervals_of(found)
    meant = (Line(label=n.replace("_", " "), text=what, bullet=True) for n, what in meanings().items() if n in shown)
    if shown:
        yield Folded(summary="What these numbers mean", parts=tuple(gather(meant)))  # type: ignore[arg-type]


def _numbers(found: Evidence) -> Iterable[Part]:
    """A table by distribution and one by candidate."""
    quantities = intervals_of(found)
    where = {name: part for name, part in quantities.items() if set(part) <= set(found.shifts)}
    what = {name: part for name, part in quantities.items() if name not in where}
    for lead, column, rows in (
        ("By distribution.", list(found.shifts), where),
        ("By candidate.", list(dict.fromkeys(name for part in what.values() for name in part)), what),
    ):
        if rows:
            yield Line(text=lead, tone=QUIET)
            yield _table(rows, column)
    if found.conflict_levels:
        counts = ", ".join(f"{clean(name)} {count:,}" for name, count in found.conflict_levels.items())
        yield Line(label="Levels of the shifts on which base and candidate part", text=counts)


def _table(rows: Mapping[str, Mapping[str, Interval]], columns: list[str]) -> Table:
    return Table(
        columns=("quantity", *map(clean, columns)),
        rows=tuple(
            (name.replace("_", " "), *(interval(part[c]) if c in part else NONE for c in columns))
            for name, part in rows.items()
        ),
    )


def _undefined(found: Evidence) -> Iterable[Part]:
    """Quantities with one reason share a line."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in found.undefined.items():
        by_reason.setdefault(reason, []).append(name)
    if by_reason:
        lines = (
            Line(label=clean(", ".join(names).replace("_", " ")), text=clean(reason), bullet=True)
            for reason, names in by_reason.items()
        )
        yield Folded(summary=f"What could not be said ({len(found.undefined)})", parts=tuple(gather(lines)))  # type: ignore[arg-type]
