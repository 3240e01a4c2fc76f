"""Distances between sets of rewards: posteriors, or everything a behaviour is compatible with.

    Hausdorff  max(max_a min_b d(a, b), max_b min_a d(a, b))                                         (1)

The mean asks how far two draws are apart, the least whether the sets meet, (1) whether each reward of one has a like
one in the other.

Axes: M, N rewards, K columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birl.distance.batch import LevelMoments, distances_from_gram
from birl.types import FloatArray

__all__ = ["SetDistance", "between_sets"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SetDistance:
    """How far two sets of rewards are apart; None where one of them has no reward with a preference.

    Attributes:
        metric: of two rewards.
        coverage: name of the weighting they are compared under.
        matrix: between each of one set and each of the other that have a preference, [at most M, at most N].
        mean: over all pairs.
        least: of all pairs.
        greatest: of all pairs.
        hausdorff: equation (1).
        left_out: share of all rewards that express no preference, in [0, 1].
        reason: why there is none.
    """

    metric: str
    coverage: str
    matrix: FloatArray
    mean: float | None = None
    least: float | None = None
    greatest: float | None = None
    hausdorff: float | None = None
    left_out: float = 0.0
    reason: str = ""


def between_sets(moments: LevelMoments, a: FloatArray, b: FloatArray) -> SetDistance:
    """The distances between every reward of one set and every one of the other.

    Args:
        moments: of columns that all rewards are combinations of (`canonical_gram`, `sampled_moments`).
        a: weights on the columns, [M, K].
        b: the same of the other set, [N, K].

    Raises:
        BirlError: for weights that do not fit the columns, or are not finite.
    """
    one, two = (np.atleast_2d(np.asarray(x, np.float64)) for x in (a, b))
    kept = [~distances_from_gram(moments, x, x).undefined for x in (one, two)]
    one, two = one[kept[0]], two[kept[1]]
    silent = 1.0 - float(np.concatenate(kept).mean())
    if not len(one) or not len(two):
        empty = " and ".join(name for name, some in (("a", one), ("b", two)) if not len(some))
        return SetDistance(
            metric=moments.metric,
            coverage=moments.coverage,
            matrix=np.zeros((len(one), len(two))),
            left_out=silent,
            reason=f"no reward of {empty} expresses a preference on {moments.coverage} coverage",
        )
    rows = [distances_from_gram(moments, x, two).values for x in one]
    matrix = np.stack(rows)
    return SetDistance(
        metric=moments.metric,
        coverage=moments.coverage,
        matrix=matrix,
        mean=float(matrix.mean()),
        least=float(matrix.min()),
        greatest=float(matrix.max()),
        hausdorff=float(max(matrix.min(axis=0).max(), matrix.min(axis=1).max())),
        left_out=silent,
    )
