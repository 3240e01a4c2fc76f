"""Maximising with many parameters: L-BFGS on the same points that Newton's method uses (scipy)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from birl.irl.newton import Maximum, P, SparsePrior
from birl.types import FloatArray

__all__ = ["climb"]

MEMORY = 100  # past steps kept; one-hot rewards converge in a third of the default 10's evaluations


def climb(
    at: Callable[[FloatArray, P | None], P],
    start: FloatArray,
    prior: SparsePrior,
    *,
    tolerance: float,
    max_steps: int,
    free: np.ndarray | None = None,
) -> tuple[P, Maximum]:
    """Climb from `start` until no entry of the penalised gradient exceeds `tolerance`.

    Args:
        at: builds the point at a parameter vector, near an earlier one.
        start: [K].
        prior: penalty.
        tolerance: on the largest entry of the gradient.
        max_steps: L-BFGS iterations at most.
        free: parameters to move, bool [K]; all if left out.
    """
    free = np.ones(start.size, bool) if free is None else free
    visited: list[P] = [at(start, None)]
    price = np.where(np.arange(start.size) < prior.n_weights, prior.strength, 0.0)

    # with theta = positive - negative, both at least 0, the sparse prior is linear and the problem smooth
    split = bool(price.any())
    unfold = (lambda x: x[: start.size] - x[start.size :]) if split else (lambda x: x)
    begin = np.concatenate([np.maximum(start, 0.0), np.maximum(-start, 0.0)]) if split else start

    def descend(x: FloatArray) -> tuple[float, FloatArray]:
        visited[0] = point = at(unfold(x), visited[0])
        slope = np.where(free, point.gradient, 0.0)
        value = -point.value + (float(np.tile(price, 2) @ x) if split else 0.0)
        return value, np.concatenate([price - slope, price + slope]) if split else -slope

    found = minimize(
        descend,
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * begin.size if split else None,
        options={"gtol": tolerance, "ftol": 0.0, "maxiter": max_steps, "maxfun": 10 * max_steps, "maxcor": MEMORY},
    )
    point = at(unfold(found.x), visited[0])
    gap = float(np.abs(prior.residual(point.theta, point.gradient)[free]).max(initial=0.0))
    return point, Maximum(gap=gap, steps=int(found.nit), converged=bool(gap <= tolerance))
