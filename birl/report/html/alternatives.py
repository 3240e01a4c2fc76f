"""What each figure shows, in words and numbers, for whoever does not see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from birl.diagnosis import Evidence
from birl.matrix import DistanceMatrix
from birl.report.ground import Ground
from birl.report.recovered import methods
from birl.report.words import clean, ending, interval, number, weight
from birl.scorecard import Scorecard
from birl.types import Interval

if TYPE_CHECKING:
    from birl.specification import SpecificationCurve

__all__ = ["curve", "evidence", "gap", "ground", "intervals_of", "matrix", "weights"]

NAMED = 3  # weights of each method that are said


def intervals_of(found: Evidence) -> Mapping[str, Mapping[str, Interval]]:
    """Every quantity of some evidence that has an interval somewhere, in its own order."""
    parts = {name: part for name, part in vars(found).items() if isinstance(part, Mapping) and part}
    return {name: part for name, part in parts.items() if all(isinstance(one, Interval) for one in part.values())}


def evidence(found: Evidence) -> str:
    """Where every quantity is lowest and highest."""
    said = [f"{name.replace('_', ' ')} {_range(part)}" for name, part in intervals_of(found).items()]
    return _sentence("Evidence, with intervals: ", said)


def _range(part: Mapping[str, Interval]) -> str:
    low, high = (pick(part, key=lambda name: part[name].value) for pick in (min, max))
    ends = [f"{interval(part[name])} ({clean(name)})" for name in dict.fromkeys((low, high))]
    return " to ".join(ends)


def gap(card: Scorecard) -> str:
    """Both regrets on every distribution."""
    said = [
        f"{clean(name)}: goal {interval(one.goal_regret)}, skill {interval(one.capability_regret)}"
        for name, one in card.gap.items()
    ]
    return _sentence("Share of the attainable gain lost to a wrong goal and to lack of skill. ", said)


def weights(card: Scorecard) -> str:
    """The largest weights of every method, and what the base objective pays."""
    base = {name: paid for name, paid in (card.base or {}).items() if paid}
    said = [f"base: {', '.join(f'{clean(f)} {number(w)}' for f, w in base.items())}"] if base else []
    for name, estimate in methods(card).items():
        ranked = sorted(estimate.weights, key=lambda f: -abs(estimate.weights[f]))[:NAMED]
        said.append(f"{clean(name)}: {', '.join(f'{clean(f)} {weight(estimate, f)}' for f in ranked)}")
    return _sentence("Recovered weights by method, the largest: ", said)


def matrix(found: DistanceMatrix) -> str:
    """How far every reward is from the first, by distribution."""
    first, *others = found.names
    said = []
    for where in found.value:
        apart = ", ".join(f"{clean(name)} {_distance(found, where, first, name)}" for name in others)
        said.append(f"on {clean(where)}: {apart}")
    return _sentence(f"Distance from {clean(first)}, 0 the same and 1 opposite preferences: ", said)


def _distance(found: DistanceMatrix, where: str, a: str, b: str) -> str:
    value = found.value[where][found.names.index(a)][found.names.index(b)]
    return "undefined" if value is None else f"{value:.2f}"


def curve(found: SpecificationCurve) -> str:
    """How many specifications call what, and how far they part."""
    said = [f"{verdict.value} {count}" for verdict, count in found.verdicts.items()]
    silent = sum(bool(row.reason) for row in found.rows)
    said += [f"no answer from {silent}"] if silent else []
    for name in ("share", "distance"):
        values = [one.value for row in found.rows if (one := getattr(row, name)) is not None]
        said += [f"{name} from {number(min(values))} to {number(max(values))}"] if values else []
    return _sentence(f"Answers of {len(found.rows)} specifications: ", said)


def ground(name: str, shown: Sequence[Ground]) -> str:
    """How every episode went, and where the reward is."""
    return _sentence(f"Levels of {clean(name)}. ", (_level(one) for one in shown))


def _level(one: Ground) -> str:
    said = f"level {one.scene.level}: {ending(one.scene)}"
    if one.reward is None or not np.isfinite(one.reward).any():
        return said
    row, column = np.unravel_index(int(np.nanargmax(one.reward)), one.reward.shape)
    best = float(one.reward[row, column])
    return f"{said}; reward is highest, {number(best)} of the largest, at row {row + 1}, column {column + 1}"


def _sentence(lead: str, said: Iterable[str]) -> str:
    return lead + "; ".join(said) + "."
