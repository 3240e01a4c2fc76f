"""A cheap stand-in for an expensive log density: a Gaussian and soft hinges, fitted to what was seen of it.

In units z of the Gaussian, U(z) = |z|^2 / 2 + sum_j h_j log(1 + exp(a_j.z + b_j)). Log-likelihoods of soft-optimal
choices are flat or linear far away, which is what hinges are: they bend where the density was seen to bend, in
directions between the slopes that were seen. Directions and places are drawn, so that only the heights h are fitted:
least squares over values and slopes, with a ridge.

Axes: N points, C chains, J hinges, K parameters.
Source: Rasmussen 2003 (Bayesian Statistics 7; "Gaussian processes to speed up hybrid Monte Carlo"); Zhang, Shahbaba &
Zhao 2017 (Statistics and Computing 27; arXiv 1506.05555): random bases in the place of the Gaussian process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from birl.types import FloatArray

__all__ = ["Gaussian", "Guide", "LogDensity", "Seen"]

LogDensity = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Log density [C] and gradient [C, K] of points [C, K]; -inf and 0 where there is none."""

HINGES, MOST_HINGES = 64, 600  # a parameter, and in all; no more than there are points
SHARPNESS = 0.5  # by which hinges differ in the logarithm of their sharpness, around 1 a standard deviation
RIDGE = 1e-2  # what a squared height costs, in squared nats
TYPICAL = 4.0  # standard deviations above a Gaussian's mean potential, from where on points count for less


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaussian:
    """What the posterior is nearly.

    Attributes:
        mean: [K].
        factor: lower Cholesky factor of the covariance, [K, K].
        beyond: log density and gradient that are known to multiply it, cheap at points [C, K], if any.
    """

    mean: FloatArray
    factor: FloatArray
    beyond: LogDensity | None = None

    @classmethod
    def of(cls, mean: FloatArray, precision: FloatArray, beyond: LogDensity | None = None) -> Gaussian:
        """From its mean [K] and its precision, positive definite, [K, K]."""
        covariance = np.linalg.inv(precision)
        factor = np.linalg.cholesky((covariance + covariance.T) / 2)
        return cls(mean=mean, factor=np.asarray(factor, np.float64), beyond=beyond)

    def place(self, z: FloatArray) -> FloatArray:
        """Parameters of standardised points, [C, K]."""
        return self.mean + np.einsum("ij,cj->ci", self.factor, z)

    def standard(self, theta: FloatArray) -> FloatArray:
        """Standardised points of parameters, [N, K]."""
        return np.asarray(np.linalg.solve(self.factor, (theta - self.mean).T).T, np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """Points at which the density was asked for.

    Attributes:
        theta: [N, K].
        value: log density, [N].
        gradient: [N, K].
    """

    theta: FloatArray
    value: FloatArray
    gradient: FloatArray

    @classmethod
    def of(cls, some: Sequence[Seen]) -> Seen:
        """All of some."""
        return cls(
            theta=np.concatenate([s.theta for s in some]),
            value=np.concatenate([s.value for s in some]),
            gradient=np.concatenate([s.gradient for s in some]),
        )

    def typical(self) -> FloatArray:
        """How much each counts, [N]: 1 where draws are to be expected, less and less below, 0 without density."""
        size = self.theta.shape[1]
        if np.isneginf(self.value).all():
            return np.zeros(self.value.size)
        floor = self.value.max() - size / 2 - TYPICAL * np.sqrt(size / 2)
        return np.exp(np.minimum(0.0, (self.value - floor) / TYPICAL))


@dataclass(frozen=True, kw_only=True, eq=False)
class Guide:
    """The stand-in.

    Attributes:
        near: the Gaussian.
        directions: a, [J, K].
        offsets: b, [J].
        heights: h, [J].
    """

    near: Gaussian
    directions: FloatArray
    offsets: FloatArray
    heights: FloatArray

    @classmethod
    def plain(cls, near: Gaussian) -> Guide:
        """The Gaussian alone."""
        return cls(near=near, directions=np.zeros((0, near.mean.size)), offsets=np.zeros(0), heights=np.zeros(0))

    @classmethod
    def fitted(cls, near: Gaussian, seen: Seen, rng: np.random.Generator) -> Guide:
        """The Gaussian with hinges that make up for what it lacks at the points that were seen."""
        weight = seen.typical()
        some = weight > 0
        if not some.any():
            return cls.plain(near)
        z, weight = near.standard(seen.theta[some]), weight[some]
        value, slope = _lacking(near, z, seen.value[some], seen.gradient[some])
        directions, offsets = _hinges(z, slope, rng)
        angle = z @ directions.T + offsets
        height, open_ = np.logaddexp(0.0, angle), expit(angle)
        height -= weight @ height / weight.sum()  # only differences of the potential are known
        value -= weight @ value / weight.sum()
        heavy_height, heavy_open = weight[:, None] * height, weight[:, None] * open_
        # the slope of hinge j is open_j a_j, so products of slopes are products of both
        normal = height.T @ heavy_height + (directions @ directions.T) * (open_.T @ heavy_open)
        right = heavy_height.T @ value + ((heavy_open.T @ slope) * directions).sum(axis=1)
        normal[np.diag_indices_from(normal)] += RIDGE
        heights = np.asarray(cho_solve(cho_factor(normal), right), np.float64)
        return cls(near=near, directions=directions, offsets=offsets, heights=heights)

    def kick(self, z: FloatArray) -> FloatArray:
        """What the motion around the Gaussian lacks at [C, K], [C, K]; each row to the last digit as if by itself."""
        # no BLAS: its last digits depend on how many rows and threads there are
        opened = expit(np.einsum("ck,kj->cj", z, self._across) + self.offsets)
        kick = -np.einsum("cj,kj->ck", opened * self.heights, self._across)
        if self.near.beyond is not None:
            kick += np.einsum("ci,ij->cj", self.near.beyond(self.near.place(z))[1], self.near.factor)
        return kick

    @cached_property
    def _across(self) -> FloatArray:
        """Directions, [K, J]."""
        return np.ascontiguousarray(self.directions.T)


def _lacking(near: Gaussian, z: FloatArray, value: FloatArray, gradient: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Potential [N] and its slope [N, K] that are left over by the Gaussian and what is known beyond it."""
    if near.beyond is not None:
        known, its_gradient = near.beyond(near.place(z))
        value, gradient = value - known, gradient - its_gradient
    return -value - 0.5 * (z**2).sum(axis=1), -gradient @ near.factor - z


def _hinges(z: FloatArray, slope: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Directions [J, K] between slopes that were seen, and offsets [J] that bend at points that were."""
    count = min(HINGES * z.shape[1], MOST_HINGES, len(z))
    one, other, where = rng.integers(len(z), size=(3, count))
    directions = slope[one] - slope[other]
    lost = (np.abs(directions) < np.finfo(float).eps).all(axis=1)
    directions[lost] = rng.normal(size=(lost.sum(), z.shape[1]))
    directions *= (np.exp(SHARPNESS * rng.normal(size=count)) / np.linalg.norm(directions, axis=1))[:, None]
    return directions, -(directions * z[where]).sum(axis=1)
