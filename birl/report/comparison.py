"""A distance matrix as sections: one table for each distribution."""

from __future__ import annotations

from collections.abc import Sequence

from birl.matrix import DistanceMatrix
from birl.report.blocks import QUIET, Line, Section, Table
from birl.report.words import NONE, clean, interval

__all__ = ["comparison"]


def comparison(matrix: DistanceMatrix, *, task: str) -> Sequence[Section]:
    """Every pair once; 0 the same preferences, 1 opposite ones."""
    lead = Line(
        text=f"{matrix.metric} on {matrix.coverage} coverage: 0 the same preferences, 1 opposite ones, with 95 % "
        f"intervals over levels and draws; {NONE} where a reward prefers nothing.",
        tone=QUIET,
    )
    first, *others = matrix.value
    title = clean(f"Rewards on {task}: {first}")
    return (
        Section(title=title, parts=(lead, _table(matrix, first))),
        *(Section(title=clean(where), parts=(_table(matrix, where),)) for where in others),
    )


def _table(matrix: DistanceMatrix, where: str) -> Table:
    names = matrix.names
    rows = []
    for i, name in enumerate(names[1:], start=1):
        cells = (_cell(matrix, where, name, other) if j < i else "" for j, other in enumerate(names[:-1]))
        rows.append((clean(name), *cells))
    return Table(columns=("", *map(clean, names[:-1])), rows=tuple(rows))


def _cell(matrix: DistanceMatrix, where: str, a: str, b: str) -> str:
    value = matrix.value[where][matrix.names.index(a)][matrix.names.index(b)]
    if value is None:
        return NONE
    found = matrix.interval(where, a, b)
    return f"{value:.2f}" if found is None else interval(found)
