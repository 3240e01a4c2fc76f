"""Maximising a penalised log-likelihood by Levenberg-damped Newton steps, and the sparse prior.

Source: Nocedal & Wright 2006, section 10.3 (damping); Gleave & Toyer 2022 (arXiv 2203.11409, section 3: the dual of
maximum causal entropy is concave, with a covariance as its Hessian).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np

from birl.irl.sparse_step import sparse_maximum
from birl.types import FloatArray

__all__ = ["Maximum", "Point", "SparsePrior", "maximise"]

MIN_DAMPING, FIRST_DAMPING, MAX_DAMPING = 1e-9, 1e-4, 1e9  # of the mean curvature
TRUSTED = 0.75  # share of the hoped gain above which the quadratic is trusted with less damping
LONGEST, REACH = 10.0, 0.5  # no step moves a parameter further than 10, or than half the largest
ROUNDING = 1e-12


class Point(Protocol):
    """A log-likelihood at one parameter vector; derivatives are computed when asked for."""

    @property
    def theta(self) -> FloatArray:
        """Parameters, [K]."""
        ...

    @cached_property
    def value(self) -> float:
        """Log-likelihood."""
        ...

    @cached_property
    def gradient(self) -> FloatArray:
        """Of the log-likelihood, [K]."""
        ...

    @cached_property
    def curvature(self) -> FloatArray:
        """Negative (expected) Hessian, positive semidefinite, [K, K]."""
        ...


P = TypeVar("P", bound=Point)


@dataclass(frozen=True, kw_only=True)
class SparsePrior:
    """A simplicity prior, -strength * sum |w|; 0 strength is no prior.

    Behaviour bounds the weight of an avoided event only from above, so the prior picks the number: this one picks 0.

    Attributes:
        strength: nats per unit of weight, against a log-likelihood of one episode per distribution.
        n_weights: the first parameters, to which it applies; nuisance parameters are left alone.
    """

    strength: float
    n_weights: int

    def _price(self, size: int) -> FloatArray:
        return np.where(np.arange(size) < self.n_weights, self.strength, 0.0)

    def value(self, theta: FloatArray) -> float:
        """Log-density without its constant."""
        return -self.strength * float(np.abs(theta[: self.n_weights]).sum())

    def residual(self, theta: FloatArray, gradient: FloatArray) -> FloatArray:
        """How far each parameter is from optimal: the smallest element of the subdifferential, [K]."""
        price = self._price(theta.size)
        at_zero = np.sign(gradient) * np.maximum(np.abs(gradient) - price, 0.0)
        return np.where((theta == 0) & (price > 0), at_zero, gradient - price * np.sign(theta))

    def step(self, theta: FloatArray, gradient: FloatArray, curvature: FloatArray) -> FloatArray:
        """The move d that maximises gradient.d - d'Hd/2 plus the log-prior at theta + d, [K].

        Args:
            theta: where the quadratic was taken, [K].
            gradient: [K].
            curvature: H, positive definite, [K, K].

        Source: the proximal Newton step of Lee, Sun & Saunders 2014 (arXiv 1206.1623), equation 2.5.
        """
        price = self._price(theta.size)
        if not price.any():
            return np.asarray(np.linalg.solve(curvature, gradient), np.float64)
        return sparse_maximum(curvature, gradient + curvature @ theta, price, theta) - theta


@dataclass(frozen=True, kw_only=True)
class Maximum:
    """Where the search ended.

    Attributes:
        gap: largest entry of the penalised gradient.
        steps: accepted Newton steps.
        converged: gap at or below the tolerance.
        stuck: no damped step led up.
    """

    gap: float
    steps: int
    converged: bool
    stuck: bool = False


def maximise(
    at: Callable[[FloatArray, Any], P],
    start: FloatArray,
    prior: SparsePrior,
    *,
    tolerance: float,
    max_steps: int = 100,
    free: np.ndarray | None = None,
) -> tuple[P, Maximum]:
    """Climb from `start` until the penalised gradient is at most `tolerance`.

    Args:
        at: builds the point at a parameter vector, near an earlier one (for warm starts) or None.
        start: [K].
        prior: penalty.
        tolerance: on the largest entry of the gradient; for a feature count, the occupancy error.
        max_steps: accepted steps at most.
        free: parameters to move, bool [K]; all if left out.
    """
    free = np.flatnonzero(np.ones(start.size, bool) if free is None else free)
    inner = replace(prior, n_weights=int((free < prior.n_weights).sum()))
    point, damping, steps, stuck = at(start, None), MIN_DAMPING, 0, False
    gap = lambda p: float(np.abs(prior.residual(p.theta, p.gradient)[free]).max(initial=0.0))  # noqa: E731
    while gap(point) > tolerance and steps < max_steps and not stuck:
        gradient, curvature = point.gradient[free], point.curvature[np.ix_(free, free)]
        scale = max(float(np.trace(curvature)) / free.size, 1e-12)
        here = point.value + prior.value(point.theta)
        reach = max(LONGEST, REACH * float(np.abs(point.theta[free]).max()))
        stuck = True
        while damping < MAX_DAMPING:
            step = inner.step(point.theta[free], gradient, curvature + damping * scale * np.eye(free.size))
            if np.abs(step).max() > reach:  # the weight of an avoided event hardly bends anything: do not plan for 1e5
                damping = max(damping * 10, FIRST_DAMPING)
                continue
            moved = point.theta.copy()
            moved[free] += step
            trial = at(moved, point)
            hoped = float(gradient @ step - step @ curvature @ step / 2) + prior.value(moved) - prior.value(point.theta)
            gain = trial.value + prior.value(trial.theta) - here
            if gain >= 0.1 * hoped or (abs(hoped) < ROUNDING * (1 + abs(here)) and gain > -ROUNDING * (1 + abs(here))):
                point, stuck, steps = trial, False, steps + 1
                damping = max(damping / 10, MIN_DAMPING) if gain > TRUSTED * hoped else damping
                break
            damping = max(damping * 10, FIRST_DAMPING)
    left = gap(point)
    return point, Maximum(gap=left, steps=steps, converged=bool(left <= tolerance), stuck=stuck)
