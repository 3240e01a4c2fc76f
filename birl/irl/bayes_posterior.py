"""Evidence times prior, its mode, and draws from it.

Axes: F features, K parameters, J of them free, C points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from birl.irl.bayes_evidence import Evidence
from birl.irl.bayes_guide import Gaussian, LogDensity
from birl.irl.bayes_prior import WeightPrior
from birl.irl.newton import SparsePrior, maximise
from birl.types import FloatArray

__all__ = ["LogPosterior", "PosteriorPoint"]

SLOPE = 1e-3  # left at the mode, in nats a unit of weight: draws are exact wherever they are started from


@dataclass(frozen=True, kw_only=True, eq=False)
class PosteriorPoint:
    """The log posterior at one parameter vector, with a Gaussian in the place of any other prior of that variance.

    Attributes:
        seen: the log-likelihood there.
        prior: on the weights.
        theta: [K].
    """

    seen: Any
    prior: WeightPrior
    theta: FloatArray

    @cached_property
    def _precision(self) -> FloatArray:
        return self.prior.precision(self.theta.size)

    @cached_property
    def value(self) -> float:
        """Log density up to a constant."""
        return self.seen.value - 0.5 * float(self._precision @ self.theta**2)

    @cached_property
    def gradient(self) -> FloatArray:
        """[K]."""
        return self.seen.gradient - self._precision * self.theta

    @cached_property
    def curvature(self) -> FloatArray:
        """Negative Hessian, positive definite, [K, K]."""
        return self.seen.curvature + np.diag(self._precision)


@dataclass(frozen=True, kw_only=True, eq=False)
class LogPosterior:
    """What is drawn from.

    Attributes:
        evidence: the log-likelihood.
        prior: on the weights.
        free: parameters that are drawn, bool [K]; the others are 0.
    """

    evidence: Evidence
    prior: WeightPrior
    free: np.ndarray

    def mode(self, start: FloatArray) -> PosteriorPoint:
        """The highest point that Newton steps reach from `start`, [K]."""
        at = lambda theta, near: PosteriorPoint(  # noqa: E731
            seen=self.evidence.at(theta, None if near is None else near.seen), prior=self.prior, theta=theta
        )
        flat = SparsePrior(strength=0.0, n_weights=0)
        return maximise(at, np.where(self.free, start, 0.0), flat, tolerance=SLOPE, free=self.free)[0]

    def gaussian(self, mode: PosteriorPoint) -> Gaussian:
        """The Gaussian of the mode, over the free parameters; and what the prior is beyond its own Gaussian."""

        def beyond(free: FloatArray) -> tuple[FloatArray, FloatArray]:
            theta = self.whole(free)
            precision = self.prior.precision(theta.shape[1])
            gradient = self.prior.gradient(theta) + precision * theta
            return self.prior.log_density(theta) + 0.5 * theta**2 @ precision, gradient[:, self.free]

        return Gaussian.of(
            mode.theta[self.free],
            mode.curvature[np.ix_(self.free, self.free)],
            beyond=None if self.prior.kind == "gaussian" else beyond,
        )

    def around(self, mode: PosteriorPoint) -> LogDensity:
        """Log density and gradient over the free parameters, [C, J] -> ([C], [C, J])."""
        likelihood = self.evidence.around(mode.seen)

        def density(free: FloatArray) -> tuple[FloatArray, FloatArray]:
            theta = self.whole(free)
            value, gradient = likelihood(theta)
            return value + self.prior.log_density(theta), (gradient + self.prior.gradient(theta))[:, self.free]

        return density

    def whole(self, free: FloatArray) -> FloatArray:
        """All parameters of free ones, [..., J] -> [..., K]."""
        theta = np.zeros((*free.shape[:-1], self.free.size))
        theta[..., self.free] = free
        return theta
