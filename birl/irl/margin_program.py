"""The linear programs of widest margins, without slack and with it; the equations are those of `successor_margin`.

Axes: I comparisons, F features.
Source: Ng & Russell 2000, section 4; Zhu, Rosset, Hastie & Tibshirani 2003 (NeurIPS; "1-norm support vector machines").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Comparisons", "Margin", "resampled_margin", "widest_margin"]

POSITIVE = 1e-9  # a margin above this, relative to the largest difference, is one
TINY = 1e-300


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparisons:
    """What was chosen, against what was not.

    Attributes:
        gaps: by how much each feature was preferred, [I, F].
        weight: of each comparison, [I].
        cluster: level or episode of each, int [I].
    """

    gaps: FloatArray
    weight: FloatArray
    cluster: IntArray

    def resampled(self, often: FloatArray) -> Comparisons:
        """The same with clusters weighing as often as they were drawn, [C]; those never drawn left out."""
        kept = often[self.cluster] > 0
        return replace(
            self,
            gaps=self.gaps[kept],
            weight=(self.weight * often[self.cluster])[kept],
            cluster=self.cluster[kept],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Margin:
    """Where the programs ended.

    Attributes:
        theta: weights of absolute sum 1, or all 0 where nothing is preferred, [F].
        hard: widest margin without slack; at most 0 where no weights put every choice first.
        feasible: whether it is above 0.
    """

    theta: FloatArray
    hard: float
    feasible: bool


def widest_margin(compared: Comparisons, *, simplicity: float) -> Margin:
    """Weights of the widest margin, without slack if there are any.

    Args:
        compared: the comparisons.
        simplicity: price of the weights where there is slack.

    Raises:
        BirlError: when the solver fails.
    """
    gaps, weight = _distinct(compared)
    if not weight.size:
        return Margin(theta=np.zeros(compared.gaps.shape[1]), hard=0.0, feasible=False)
    theta, hard = _hard(gaps)
    feasible = hard > POSITIVE * float(np.abs(gaps).max())
    return Margin(theta=theta if feasible else _soft(gaps, weight, simplicity), hard=hard, feasible=feasible)


def resampled_margin(compared: Comparisons, found: Margin, *, simplicity: float) -> FloatArray:
    """Weights on resampled clusters, by the program that answered for all of them, [F]."""
    gaps, weight = _distinct(compared)
    if not weight.size:
        return np.zeros_like(found.theta)
    return _hard(gaps)[0] if found.feasible else _soft(gaps, weight, simplicity)


def _distinct(compared: Comparisons) -> tuple[FloatArray, FloatArray]:
    """Comparisons that are the same, once, with their weights added; grid worlds repeat themselves."""
    digits = np.round(compared.gaps / max(float(np.abs(compared.gaps).max(initial=0.0)), TINY), 9)
    _, first, which = np.unique(digits, axis=0, return_index=True, return_inverse=True)
    total = np.bincount(which.ravel(), weights=compared.weight, minlength=first.size)
    return compared.gaps[first], np.asarray(total, np.float64)


def _hard(gaps: FloatArray) -> tuple[FloatArray, float]:
    """Equation 1: theta = p - q with p, q >= 0, then m."""
    count, size = gaps.shape
    norm = np.append(np.ones(2 * size), 0.0)
    found = _solve(
        np.append(np.zeros(2 * size), -1.0),
        np.vstack([np.hstack([-gaps, gaps, np.ones((count, 1))]), norm]),
        np.append(np.zeros(count), 1.0),
        [(0, None)] * (2 * size) + [(None, None)],
    )
    return _unit(found[:size] - found[size : 2 * size]), float(found[2 * size]) + 0.0  # no -0


def _soft(gaps: FloatArray, weight: FloatArray, simplicity: float) -> FloatArray:
    """Equation 2: theta = p - q with p, q >= 0, then the slacks; differences in units of their mean size."""
    import scipy.sparse as sp  # with the solver

    count, size = gaps.shape
    share = weight / weight.sum()
    even = gaps / float(share @ np.abs(gaps).mean(axis=1))
    found = _solve(
        np.concatenate([np.full(2 * size, simplicity), share]),
        sp.hstack([sp.csr_matrix(np.hstack([-even, even])), -sp.identity(count)], format="csr"),
        -np.ones(count),
        (0, None),
    )
    return _unit(found[:size] - found[size : 2 * size])


def _solve(cost: FloatArray, above: Any, limit: FloatArray, bounds: Any) -> FloatArray:
    from scipy.optimize import linprog  # a third of a second to load

    solved: Any = linprog(cost, A_ub=above, b_ub=limit, bounds=bounds, method="highs")
    if solved.x is None:
        raise BirlError(f"successor-margin: the linear program was not solved ({solved.message}): scale the features")
    return np.asarray(solved.x, np.float64)


def _unit(theta: FloatArray) -> FloatArray:
    size = float(np.abs(theta).sum())
    return theta / size if size > POSITIVE else np.zeros_like(theta)
