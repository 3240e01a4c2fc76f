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

POSITIVE = 1e-9  # a margin above this is one, differences being of mean size 1
DIGITS = 9  # decimals to which two comparisons are the same


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
        hard: widest margin without slack, as a share of each difference; 0 where no weights put every choice first.
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
    gaps, weight, unit = _even(compared)
    if not weight.size:
        return Margin(theta=np.zeros(compared.gaps.shape[1]), hard=0.0, feasible=False)
    theta, hard = _hard(gaps)
    feasible = hard > POSITIVE
    theta = theta if feasible else _soft(gaps, weight, simplicity)
    return Margin(theta=_unit(theta / unit), hard=hard, feasible=feasible)


def resampled_margin(compared: Comparisons, found: Margin, *, simplicity: float) -> FloatArray:
    """Weights on resampled clusters, by the program that answered for all of them, [F]."""
    gaps, weight, unit = _even(compared)
    if not weight.size:
        return np.zeros_like(found.theta)
    return _unit((_hard(gaps)[0] if found.feasible else _soft(gaps, weight, simplicity)) / unit)


def _even(compared: Comparisons) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distinct comparisons [I, F] in units of each feature's mean difference, their shares [I], and the units [F].

    Grid worlds repeat themselves, and a feature measured in millimetres must not look heavier than one in metres.
    """
    if not compared.weight.size:
        return compared.gaps, compared.weight, np.ones(compared.gaps.shape[1])
    share = compared.weight / compared.weight.sum()
    size = share @ np.abs(compared.gaps)
    unit = np.where(size > 0, size, 1.0)
    gaps = compared.gaps / unit
    _, first, which = np.unique(np.round(gaps, DIGITS), axis=0, return_index=True, return_inverse=True)
    total = np.bincount(which.ravel(), weights=share, minlength=first.size)
    return gaps[first], np.asarray(total, np.float64), unit


def _hard(gaps: FloatArray) -> tuple[FloatArray, float]:
    """Equation 1: theta = p - q with p, q >= 0, then m; every comparison as long as the others.

    Otherwise the smallest differences alone would decide, though they say no more than large ones do.
    """
    count, size = gaps.shape
    gaps = gaps / np.linalg.norm(gaps, axis=1, keepdims=True)
    norm = np.append(np.ones(2 * size), 0.0)
    found = _solve(
        np.append(np.zeros(2 * size), -1.0),
        np.vstack([np.hstack([-gaps, gaps, np.ones((count, 1))]), norm]),
        np.append(np.zeros(count), 1.0),
        [(0, None)] * (2 * size) + [(None, None)],
    )
    return _unit(found[:size] - found[size : 2 * size]), float(found[2 * size]) + 0.0  # no -0


def _soft(gaps: FloatArray, weight: FloatArray, simplicity: float) -> FloatArray:
    """Equation 2: theta = p - q with p, q >= 0, then the slacks."""
    import scipy.sparse as sp  # with the solver

    count, size = gaps.shape
    found = _solve(
        np.concatenate([np.full(2 * size, simplicity), weight]),
        sp.hstack([sp.csr_matrix(np.hstack([-gaps, gaps])), -sp.identity(count)], format="csr"),
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
