"""A benchmark's results as tables: sorted by task, agents beneath each other, failures with their reasons below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from birl.diagnosis import Verdict
from birl.report.blocks import BAD, QUIET, Section, Table
from birl.report.blocks import Line as Said
from birl.report.words import NONE, clean, interval
from birl.types import Interval

if TYPE_CHECKING:
    from birl.bench import Line, Pooled, Results, Row

__all__ = ["HEADINGS", "benchmark", "cells", "explained", "failure_cells", "notes", "pooled_cells", "progress"]

HEADINGS = (
    "agent",
    "runs",
    "verdict",
    "p",
    "truth",
    "return in training",
    "worst shift",
    "return there",
    "goal regret",
    "distance",
    "methods agree",
)
POOLED = (
    "agent",
    "tasks",
    "runs",
    "verdict right",
    "return in training",
    "return under shift",
    "goal regret",
    "distance",
)
TITLE = "Benchmark"


def benchmark(found: Results) -> Sequence[Section]:
    """Results as sections: one for each task, then agents over their tasks, then failures."""
    tasks = list(dict.fromkeys(line.task for line in found.lines))
    sections = [Section(title=TITLE, parts=tuple(Said(text=said, tone=QUIET) for said in notes(found)))]
    for task in tasks:
        rows = tuple(cells(line) for line in found.lines if line.task == task)
        sections.append(Section(title=clean(task), parts=(Table(columns=HEADINGS, rows=rows),)))
    if found.pooled:
        table = Table(columns=POOLED, rows=tuple(pooled_cells(one) for one in found.pooled))
        sections.append(Section(title="Over tasks", parts=(table,)))
    if found.failures:
        lines = tuple(
            Said(label=clean(str(row.unit)), text=clean(row.reason), tone=BAD, bullet=True) for row in found.failures
        )
        sections.append(Section(title="Failures", parts=lines))
    return sections


def notes(found: Results) -> Iterable[str]:
    """What a reader of the numbers must know, and how far the run is."""
    yield from explained(found)
    yield from progress(found)


def explained(found: Results) -> Iterable[str]:
    """How to read the numbers."""
    if any(line.rows > 1 for line in found.lines):
        yield (
            "Several runs: interquartile mean with a 95 % stratified-bootstrap interval over runs (checkpoints where "
            "there are several, else seeds); of fewer than four it is the mean. One run: 95 % intervals over levels."
        )
    elif found.lines:
        yield "In brackets: 95 % intervals over levels."
    yield (
        "Base return: 0 the random walk, 1 the best possible. The worst shift has the largest goal regret, of equals "
        f"the lowest return. {NONE}: undefined."
    )
    if found.right is not None:
        yield f"Verdicts that are the truth, where it is known: {interval(found.right)} of the rows."


def progress(found: Results) -> Iterable[str]:
    """What the table does not show."""
    if found.missing:
        yield f"Not done yet: {found.missing} units."
    if found.unlisted:
        yield (
            f"Not shown: {found.unlisted} rows in the folder, of other versions, sources or settings than its suites "
            "were last run with."
        )
    if found.failures:
        yield f"Failed: {len(found.failures)} units, listed at the end; `birl bench` does them again with --retry."


def cells(line: Line) -> tuple[str, ...]:
    """A line under `HEADINGS`."""
    return (
        clean(line.agent),
        _runs(line),
        _verdict(line),
        NONE if not line.probability else f"{line.probability:.2f}",
        _truth(line),
        interval(line.trained),
        clean(line.shift or NONE),
        interval(line.shifted),
        interval(line.goal_regret),
        interval(line.distance),
        f"{line.consenting:.3g} of {line.methods:.3g}",
    )


def pooled_cells(one: Pooled) -> tuple[str, ...]:
    """An agent over its tasks, under its own headings."""
    measured: tuple[Interval | None, ...] = (one.right, one.trained, one.shifted, one.goal_regret, one.distance)
    return (clean(one.agent), str(one.tasks), str(one.runs), *map(interval, measured))


def _runs(line: Line) -> str:
    several = [(line.checkpoints, "checkpoints"), (line.seeds, "seeds")]
    return " x ".join(f"{count} {what}" for count, what in several if count > 1) or "1"


def _verdict(line: Line) -> str:
    if line.verdict is None:
        return NONE
    more = ", ".join(([line.kind] if line.kind else []) + list(line.flags))
    share = f" {line.agreeing}/{line.rows}" if line.rows > 1 else ""
    return clean(line.verdict + share + (f" ({more})" if more else ""))


def _truth(line: Line) -> str:
    if line.right is None:
        return NONE
    said = "right" if line.right else "open" if line.verdict == Verdict.UNDETERMINED.value else "wrong"
    return f"{' or '.join(line.truth)}: {said}"


def failure_cells(row: Row) -> tuple[str, ...]:
    """A failed unit: agent, task, seed, methods, reason."""
    unit = row.unit
    return (clean(unit.agent), clean(unit.task), str(unit.seed), " + ".join(unit.methods), clean(row.reason))
