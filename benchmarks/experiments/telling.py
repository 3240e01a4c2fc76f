"""Rows to numbers, and numbers to words: means over seeds with their intervals, and counts of verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import stats

from birl.types import Interval
from experiments.experiment import Row

__all__ = ["averaged", "counted", "listed", "number", "numbers", "of_case", "over", "spoken", "told", "verdicts"]


def of_case(rows: Sequence[Row], *cases: str) -> Sequence[Row]:
    """The rows of some cases."""
    return [row for row in rows if row["case"] in cases]


def number(row: Row, quantity: str, key: str) -> float | None:
    """A number of a row's evidence; None where it is undefined."""
    found = row["evidence"][quantity].get(key)
    return None if found is None else found[0]


def numbers(rows: Iterable[Row], quantity: str, key: str) -> list[float]:
    """The same of several rows, where it is defined."""
    return [value for row in rows if (value := number(row, quantity, key)) is not None]


def over(values: Sequence[float]) -> Interval | None:
    """The mean with its 95 % interval (Student's t); without width for one value, None for none."""
    if not len(values):
        return None
    mean = float(np.mean(values))
    half = float(stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)) if len(values) > 1 else 0.0
    return Interval(value=mean, low=mean - half, high=mean + half)


def averaged(rows: Sequence[Row], quantity: str, key: str, by: str) -> list[float]:
    """A number averaged over the rows of each `case` or of each `seed`, so that an interval is over the other."""
    groups = [numbers([row for row in rows if row[by] == one], quantity, key) for one in {row[by]: 0 for row in rows}]
    return [float(np.mean(some)) for some in groups if some]


def told(values: Sequence[float]) -> str:
    """The mean over seeds in words, with its interval where there are several."""
    found = over(values)
    if found is None:
        return "undefined"
    return spoken(found) if len(values) > 1 else f"{found.value:.2f}"


def spoken(interval: Interval) -> str:
    """A number with its interval, two decimals."""
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def verdicts(rows: Iterable[Row]) -> Counter[str]:
    """How often each verdict is called, most first; a mixed proxy says so."""
    return Counter(
        "mixed proxy" if row["verdict"] == "proxy" and "mixed" in row["flags"] else row["verdict"] for row in rows
    )


def counted(rows: Sequence[Row]) -> str:
    """Verdicts in words: `mixed proxy in 2 of 3, undetermined in 1`."""
    found = [f"{name} in {count}" for name, count in verdicts(rows).most_common()]
    return ", ".join([f"{found[0]} of {len(rows)}", *found[1:]]) if found else "nothing"


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
