"""Many cards on one page, to sort and to filter; without scripts, a plain table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from birl.files import write_whole
from birl.report.html.page import tone
from birl.report.html.typeset import digest, typeset
from birl.report.words import NONE, clean, number, share

__all__ = ["IndexRow", "write_index"]

NOTHING = "none"


@dataclass(frozen=True, kw_only=True)
class IndexRow:
    """One card of a benchmark.

    Attributes:
        agent: whose it is.
        task: where it was scored.
        verdict: its answer; empty where there is none.
        probability: of that answer, in [0, 1]; None where there is none.
        link: the card's page, relative to the index; None where it has none.
        note: the kind of proxy, or why there is no card.
        more: further columns by name, the same ones in every row.
    """

    agent: str
    task: str
    verdict: str
    probability: float | None = None
    link: str | None = None
    note: str = ""
    more: Mapping[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of the table.

    Attributes:
        text: what it says.
        key: what it is sorted by, where that is not its text.
        tone: a colour that repeats what it says.
        link: where it leads.
    """

    text: str
    key: float | None = None
    tone: str = ""
    link: str = ""


def write_index(rows: Iterable[IndexRow], path: str | Path, *, title: str = "Benchmark") -> None:
    """Write one self-contained page that lists cards; the same rows give the same bytes.

    Args:
        rows: in the order they are first shown in.
        path: where to; written whole or not at all.
        title: its heading.

    Raises:
        BirlError: when the file cannot be written.
    """
    shown = list(rows)
    more = list(dict.fromkeys(name for row in shown for name in row.more))
    script = files("birl.report.html").joinpath("templates", "index.js").read_text(encoding="utf-8")
    page = typeset(
        "index.html",
        title=clean(title),
        columns=["agent", "task", "verdict", "probability", "note", *map(clean, more)],
        numeric=[i for i, name in enumerate(more, start=5) if _is_numeric(row.more.get(name) for row in shown)] + [3],
        rows=[_cells(row, more) for row in shown],
        counts=_counts(row.verdict or NOTHING for row in shown),
        tasks=_counts(row.task for row in shown),
        script=script,
        digest=digest(script),
    )
    write_whole(Path(path), page)


def _counts(names: Iterable[str]) -> Mapping[str, int]:
    """How often each name occurs, frequent ones first."""
    found = Counter(clean(name) for name in names)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _is_numeric(values: Iterable[Any]) -> bool:
    there = [value for value in values if value is not None]
    return bool(there) and all(isinstance(value, int | float) for value in there)


def _cells(row: IndexRow, more: Sequence[str]) -> Sequence[Cell]:
    verdict = clean(row.verdict) or NOTHING
    return (
        Cell(text=clean(row.agent), link=quote(row.link, safe="/", errors="replace") if row.link else ""),
        Cell(text=clean(row.task)),
        Cell(text=verdict, tone=tone(row.verdict)),
        Cell(text=NONE if row.probability is None else share(row.probability), key=row.probability),
        Cell(text=clean(row.note)),
        *(_more(row.more.get(name)) for name in more),
    )


def _more(value: str | int | float | None) -> Cell:
    if value is None:
        return Cell(text=NONE)
    if isinstance(value, str):
        return Cell(text=clean(value))
    return Cell(text=f"{value:,}" if isinstance(value, int) else number(value), key=float(value))
