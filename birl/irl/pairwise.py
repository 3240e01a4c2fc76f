"""Bradley-Terry: weights under which preferred ones score higher, and how often they do.

    P(i before j) = 1 / (1 + exp(-(x_i - x_j).w))

Axes: P pairs, K parameters, D draws.
Source: Bradley & Terry 1952 (Biometrika 39:324); ridge-penalised logistic regression by Newton's method.
"""

from __future__ import annotations

import numpy as np

from birl.types import FloatArray

__all__ = ["accuracy", "bradley_terry", "information"]

MAX_STEPS = 50
TOLERANCE = 1e-9  # on the largest move of a weight


def bradley_terry(
    ahead: FloatArray,
    weight: FloatArray,
    *,
    decay: float,
    start: FloatArray | None = None,
    known: FloatArray | float = 0.0,
) -> FloatArray:
    """Weights that maximise mean log P - decay / 2 * |w|^2, [K].

    Args:
        ahead: x_i - x_j of each pair, the preferred one first, [P, K].
        weight: of each pair, [P].
        decay: above 0: without it pairs that can all be ranked right have no finite answer.
        start: where to begin, [K].
        known: part of each pair's margin that is given, [P].
    """
    w = np.zeros(ahead.shape[1]) if start is None else start
    share = weight / weight.sum()
    for _ in range(MAX_STEPS):
        wrong = _wrong(known + ahead @ w)
        gradient = ahead.T @ (share * wrong) - decay * w
        curvature = ahead.T @ ((share * wrong * (1.0 - wrong))[:, None] * ahead) + decay * np.eye(w.size)
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))  # far out the curvature vanishes
        w = w + step
        if float(np.abs(step).max()) < TOLERANCE:
            break
    return w


def information(ahead: FloatArray, w: FloatArray) -> FloatArray:
    """Negative Hessian of the mean log-likelihood, [K, K]."""
    wrong = _wrong(ahead @ w)
    return ahead.T @ ((wrong * (1.0 - wrong))[:, None] * ahead) / len(ahead)


def accuracy(margin: FloatArray, weight: FloatArray) -> float:
    """Share of pairs ranked right; a tie is half right.

    Args:
        margin: score of the preferred one less that of the other, [P].
        weight: of each pair, [P], not all 0.
    """
    return float(weight @ ((margin > 0) + 0.5 * (margin == 0)) / weight.sum())


def _wrong(margin: FloatArray) -> FloatArray:
    """1 - P, without overflow."""
    return np.exp(-np.logaddexp(0.0, margin))
