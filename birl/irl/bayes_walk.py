"""Hamiltonian Monte Carlo around a Gaussian that is nearly right: its motion is followed exactly, the rest by kicks.

With z the parameters in units of the Gaussian, H = U(z) + |p|^2 / 2 and U = |z|^2 / 2 + R(z). Under the first part
(z, p) rotates; R gives p half a kick before and after each rotation, one gradient a step. Where the posterior is the
Gaussian there are no kicks, every move of a quarter turn is accepted, and draws are independent; where it is not, the
acceptance test makes the draws right and shorter steps make them accepted.

Axes: C chains, N draws, K parameters.
Source: Neal 2011 (Handbook of Markov Chain Monte Carlo, chapter 5); Shahbaba, Lan, Johnson & Neal 2014 (Statistics and
Computing 24; arXiv 1106.5941), section 3.1 (splitting off the Gaussian of the mode).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from birl.types import FloatArray

__all__ = ["Gaussian", "LogDensity", "Walk", "walk"]

TURN, JITTER = math.pi / 2, 0.2  # a quarter turn forgets where it began; its length varies by this share
SHORT, SHORTER = 0.2, 1 / 3  # moves that go only so far: they leave narrow places that no long move gets out of
ENOUGH = 0.8  # moves accepted, below which a turn is cut into more steps (Neal 2011, section 5.4.4.3: at least .65)
STUCK = 0.1  # likewise, by one chain
BLOCK = 20  # warm-up moves between looks at the acceptance
FINER = 1.5
REFITS = (0.25, 0.5)  # of the warm-up: when the Gaussian is fitted to where the chains have been
PSEUDO = 1.0  # draws a parameter that the Gaussian before counts for
SPREAD = 1.5  # chains begin this much wider than the Gaussian

LogDensity = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Log density [C] and gradient [C, K] of points [C, K]; -inf and 0 where there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaussian:
    """What the posterior is nearly.

    Attributes:
        mean: [K].
        factor: lower Cholesky factor of the covariance, [K, K].
    """

    mean: FloatArray
    factor: FloatArray

    @classmethod
    def of(cls, mean: FloatArray, precision: FloatArray) -> Gaussian:
        """From its mean [K] and its precision, positive definite, [K, K]."""
        covariance = np.linalg.inv(precision)
        factor = np.linalg.cholesky((covariance + covariance.T) / 2)
        return cls(mean=mean, factor=np.asarray(factor, np.float64))

    def place(self, z: FloatArray) -> FloatArray:
        """Parameters of standardised points, [C, K]."""
        return self.mean + z @ self.factor.T


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """Where the chains went.

    Attributes:
        draws: [C, N, K].
        accepted: share of the kept moves that were accepted.
        steps: gradients a move.
        gradients: asked for in all, warm-up included, each of one point.
        missing: moves refused because there was no density.
    """

    draws: FloatArray
    accepted: float
    steps: int
    gradients: int
    missing: int


def walk(
    density: LogDensity, near: Gaussian, *, chains: int, draws: int, warm_up: int, rng: np.random.Generator
) -> Walk:
    """Draw from a density, all chains in step with each other.

    Args:
        density: what to draw from.
        near: a Gaussian it resembles.
        chains: C, each from its own place.
        draws: N of each, after warm-up.
        warm_up: moves of each that find the number of steps and are thrown away.
        rng: all randomness.
    """
    walkers = _Walkers(density, near, SPREAD * rng.normal(size=(chains, near.mean.size)))
    steps = _warm(walkers, warm_up, rng)
    accepted: list[FloatArray] = []
    kept = np.empty((chains, draws, near.mean.size))
    walkers.missing = 0
    for i in range(draws):
        accepted.append(walkers.move(steps, rng))
        kept[:, i] = walkers.theta
    return Walk(
        draws=kept,
        accepted=float(np.mean(accepted)),
        steps=steps,
        gradients=walkers.gradients,
        missing=walkers.missing,
    )


def _warm(walkers: _Walkers, moves: int, rng: np.random.Generator) -> int:
    """Walk until the Gaussian and the number of steps fit; returns the latter.

    Where one step a turn will not do, the Gaussian of the mode is not what the posterior is nearly: then the mean and
    the covariance of where the chains have been take its place.
    """
    steps, refits = 1, {int(share * moves) for share in REFITS}
    accepted: list[FloatArray] = []
    seen: list[FloatArray] = []
    for i in range(1, moves + 1):
        accepted.append(walkers.move(steps, rng))
        seen.append(walkers.theta)
        if i in refits:
            if steps > 1:
                walkers.refit(np.concatenate(seen[len(seen) // 2 :]))
                steps = 1
            seen.clear()
        elif i % BLOCK == 0 and _refused(np.array(accepted[-BLOCK:])):
            steps = math.ceil(FINER * steps)
    return steps


def _refused(accepted: FloatArray) -> bool:
    """Whether too few moves [N, C] were accepted, in all or by any one chain."""
    return bool(accepted.mean() < ENOUGH or accepted.mean(axis=0).min() < STUCK)


class _Walkers:
    """The chains at one moment.

    Attributes:
        near: the Gaussian they turn around.
        z: where they are, in its units, [C, K].
        potential: minus the log density, [C].
        gradient: of the log density, [C, K].
        gradients: how many were asked for.
        missing: moves that led where there is no density.
    """

    def __init__(self, density: LogDensity, near: Gaussian, z: FloatArray) -> None:
        self.density, self.near, self.z = density, near, z
        self.gradients = self.missing = 0
        self.potential, self.gradient = self._look(z)

    @property
    def theta(self) -> FloatArray:
        """Where they are, [C, K]."""
        return self.near.place(self.z)

    def _look(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        value, gradient = self.density(self.near.place(z))
        self.gradients += len(z)
        return -value, gradient

    def refit(self, seen: FloatArray) -> None:
        """Turn around the Gaussian of some points [N, K], drawn a little towards the one there was."""
        share = len(seen) / (len(seen) + PSEUDO * seen.shape[1])
        covariance = share * np.cov(seen.T) + (1 - share) * self.near.factor @ self.near.factor.T
        theta, factor = self.theta, np.asarray(np.linalg.cholesky(covariance), np.float64)
        self.near = Gaussian(mean=seen.mean(axis=0), factor=factor)
        self.z = np.asarray(np.linalg.solve(factor, (theta - self.near.mean).T).T, np.float64)

    def move(self, steps: int, rng: np.random.Generator) -> FloatArray:
        """One move of every chain; returns the probability of acceptance of each, [C]."""
        factor, z, potential, gradient = self.near.factor, self.z, self.potential, self.gradient
        angle = TURN * (1 + JITTER * rng.uniform(-1, 1, size=(len(z), 1))) / steps
        angle = np.where(rng.random(angle.shape) < SHORT, angle * SHORTER, angle)
        p = rng.normal(size=z.shape)
        before = potential + 0.5 * (p**2).sum(axis=1)
        for _ in range(steps):
            p = p + 0.5 * angle * (gradient @ factor + z)
            z, p = z * np.cos(angle) + p * np.sin(angle), p * np.cos(angle) - z * np.sin(angle)
            potential, gradient = self._look(z)
            p = p + 0.5 * angle * (gradient @ factor + z)
        after = potential + 0.5 * (p**2).sum(axis=1)
        self.missing += int(np.isinf(after).sum())
        with np.errstate(invalid="ignore"):  # a chain that begins where there is no density goes anywhere
            chance = np.where(np.isinf(before), 1.0, np.exp(np.minimum(0.0, before - after)))
        taken = rng.random(len(z)) < chance
        self.z = np.where(taken[:, None], z, self.z)
        self.gradient = np.where(taken[:, None], gradient, self.gradient)
        self.potential = np.where(taken, potential, self.potential)
        return chance
