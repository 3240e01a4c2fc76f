"""A specification curve as sections."""

from __future__ import annotations

from collections.abc import Sequence

from birl.report.blocks import QUIET, Line, Section, Table
from birl.report.words import NONE, clean, interval
from birl.specification import SpecificationCurve, Specified

__all__ = ["specification"]


def specification(curve: SpecificationCurve) -> Sequence[Section]:
    """How many combinations say what, and each one's answer."""
    counts = ", ".join(f"{verdict.value} {count}" for verdict, count in curve.verdicts.items())
    silent = sum(bool(row.reason) for row in curve.rows)
    without = f"; no answer from {silent}" if silent else ""
    lead = Line(text=f"{counts or 'none'} of {len(curve.rows)} specifications{without}.", label="Verdicts")
    note = Line(
        text="Each scores the same policy under another model of rationality, prior and discount, which behaviour "
        f"leaves open; the task's own discount is {curve.discount:g}. With 95 % intervals over levels.",
        tone=QUIET,
    )
    part = f"part of {clean(curve.candidate)}" if curve.candidate else "part"
    columns = ("method", "prior", "discount", "verdict", part, "distance", "held out")
    rows = tuple(_row(row) for row in curve.rows)
    failed = tuple(Line(text=clean(row.reason), label=_name(row), bullet=True) for row in curve.rows if row.reason)
    title = clean(f"{curve.policy} on {curve.task}: how much hangs on choices")
    return (Section(title=title, parts=(lead, note, Table(columns=columns, rows=rows, keys=3), *failed)),)


def _row(row: Specified) -> tuple[str, ...]:
    probability = max(row.probabilities.values(), default=None)
    return (
        row.choice.method,
        NONE if row.choice.prior is None else f"x {row.choice.prior:g}",
        f"{row.choice.discount:.4g}",
        NONE if probability is None else f"{row.verdict.value} {probability:.2f}",
        NONE if row.share is None else interval(row.share),
        NONE if row.distance is None else interval(row.distance),
        NONE if row.held_out is None else f"{row.held_out:.3f}",
    )


def _name(row: Specified) -> str:
    prior = "" if row.choice.prior is None else f", prior x {row.choice.prior:g}"
    return f"{row.choice.method}{prior}, discount {row.choice.discount:.4g}"
