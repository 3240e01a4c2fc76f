"""Every reward beside every other: base, candidates, and what was recovered together and on each distribution.

One matrix for each distribution, since a pooled number hides the shift. Intervals come from the same joint draws as all
evidence: the levels are resampled, and recovered weights move with them.

Axes: N rewards, D draws, F features, S states, A actions, L levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from birl.distance.batch import BatchMetric, DrawDistances, LevelMoments, canonical_gram, distances_from_gram
from birl.stats import with_point
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, Interval, unknown_name

__all__ = ["DistanceMatrix", "distance_matrix"]

Rows = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, kw_only=True)
class DistanceMatrix:
    """Distances between N rewards on each distribution.

    Attributes:
        metric: how they were measured.
        coverage: under which weighting of state-action pairs.
        names: of the rewards.
        value: distribution -> N rows of N distances in [0, 1]; None where one of the two prefers nothing there.
        low: lower ends of their 95 % intervals, in the same form.
        high: upper ends.
    """

    metric: str
    coverage: str
    names: tuple[str, ...]
    value: Mapping[str, Rows]
    low: Mapping[str, Rows]
    high: Mapping[str, Rows]

    def interval(self, distribution: str, a: str, b: str) -> Interval | None:
        """The distance between two of the rewards; None where one of them prefers nothing.

        Raises:
            BirlError: for an unknown distribution or reward.
        """
        if distribution not in self.value:
            raise unknown_name("distribution", distribution, self.value)
        for name in (a, b):
            if name not in self.names:
                raise unknown_name("reward", name, self.names)
        i, j = self.names.index(a), self.names.index(b)
        value, low, high = (rows[distribution][i][j] for rows in (self.value, self.low, self.high))
        if value is None or low is None or high is None:
            return None
        return Interval(value=value, low=low, high=high, level=0.95)

    @property
    def undefined(self) -> Mapping[str, tuple[str, ...]]:
        """Rewards that prefer nothing to anything, by distribution."""
        return {
            where: tuple(name for i, name in enumerate(self.names) if rows[i][i] is None)
            for where, rows in self.value.items()
        }


def distance_matrix(
    models: Mapping[str, TabularModel],
    fixed: Mapping[str, Mapping[str, FloatArray]],
    drawn: Mapping[str, FloatArray],
    *,
    level_weights: Mapping[str, FloatArray] | None = None,
    metric: BatchMetric = "starc-val",
) -> DistanceMatrix:
    """Measure every pair on every distribution.

    Args:
        models: distribution -> its model; all with the same features.
        fixed: reward -> distribution -> its values [S*A].
        drawn: reward -> its weights, the point estimate first and then the draws, [1 + D, F] (or [1, F]).
        level_weights: distribution -> how often each draw picks each level, [D, L]; no intervals if left out.
        metric: `starc-val`, `starc-min`, `epic`, `dard` or `npec`.

    Raises:
        BirlError: for draws that differ in number, or rewards that do not fit the models.
    """
    names = (*fixed, *drawn)
    if not names or len(set(names)) < len(names):
        raise BirlError(f"distance matrix: rewards {', '.join(names) or 'none'}: give each a name of its own")
    found: dict[str, list[Rows]] = {}
    coverage = ""
    for where, model in models.items():
        columns = np.column_stack([model.features.toarray(), *(values[where] for values in fixed.values())])
        moments = canonical_gram(model, columns, metric=metric)
        coverage = moments.coverage
        picks = None if level_weights is None else with_point(level_weights[where])
        on_columns = _on_columns(model.n_features, len(fixed), drawn)
        found[where] = _rows(moments, dict(zip(names, on_columns, strict=True)), picks)
    value, low, high = ({where: rows[k] for where, rows in found.items()} for k in range(3))
    return DistanceMatrix(metric=metric, coverage=coverage, names=names, value=value, low=low, high=high)


def _on_columns(n_features: int, n_fixed: int, drawn: Mapping[str, FloatArray]) -> list[FloatArray]:
    """Every reward as weights on features and fixed rewards."""
    fixed = [np.eye(n_features + n_fixed)[[n_features + k]] for k in range(n_fixed)]
    return fixed + [np.pad(np.atleast_2d(weights), ((0, 0), (0, n_fixed))) for weights in drawn.values()]


def _rows(moments: LevelMoments, rewards: Mapping[str, FloatArray], picks: FloatArray | None) -> list[Rows]:
    """Values, lower and upper ends."""
    size = len(rewards)
    grid: list[list[list[float | None]]] = [[[None] * size for _ in range(size)] for _ in range(3)]
    for i, weights in enumerate(rewards.values()):
        if not distances_from_gram(moments, weights[0], weights[0]).undefined[0]:
            for k in range(3):
                grid[k][i][i] = 0.0
    for (i, a), (j, b) in combinations(enumerate(rewards.values()), 2):
        if grid[0][i][i] is None or grid[0][j][j] is None:
            continue
        cells = _cells(distances_from_gram(moments, a, b, picks))
        for k in range(3):
            grid[k][i][j] = grid[k][j][i] = cells[k]
    return [tuple(tuple(row) for row in rows) for rows in grid]


def _cells(found: DrawDistances) -> tuple[float, float | None, float | None]:
    """Point estimate and the ends of its interval over the draws in which it is defined."""
    value = float(found.values[0])
    draws = DrawDistances(values=found.values[1:], undefined=found.undefined[1:])
    interval = draws.interval(value)
    return (value, None, None) if interval is None else (value, interval.low, interval.high)
