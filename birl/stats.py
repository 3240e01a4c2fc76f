"""Statistics over levels: seeded generators, resampling by cluster, intervals.

A level (one maze, one start) is the unit of sampling everywhere: states of one level are not
independent, so every interval that comes from data resamples whole levels.

Axes: L levels, D draws.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from birl.types import BirlError, FloatArray, Interval

__all__ = [
    "generator",
    "level_weights",
    "normal_interval",
    "percentile_interval",
    "ratio_interval",
    "wilson_interval",
    "with_point",
]


def generator(seed: int) -> np.random.Generator:
    """The generator of a seed; a negative seed is an error that says so."""
    if seed < 0:
        raise BirlError(f"seed {seed} is negative: give a whole number from 0 up")
    return np.random.default_rng(seed)


def level_weights(n_levels: int, draws: int, *, rng: np.random.Generator) -> FloatArray:
    """Cluster-bootstrap weights [D, L]: how often each draw picks each level, mean 1.

    Source: Davison & Hinkley 1997, section 2.4 (case resampling), with levels as the cases.
    """
    counts = rng.multinomial(n_levels, np.full(n_levels, 1.0 / n_levels), size=draws)
    return counts.astype(np.float64)


def percentile_interval(value: float, draws: FloatArray, *, level: float = 0.95) -> Interval:
    """The percentile interval of bootstrap draws [D] around a point estimate."""
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail])
    return Interval(value=float(value), low=float(low), high=float(high), level=level)


def ratio_interval(
    numerator: FloatArray, denominator: FloatArray, weights: FloatArray, *, level: float = 0.95
) -> Interval | None:
    """The interval of sum(numerator) / sum(denominator) when levels are resampled.

    Args:
        numerator: one term per level, [L].
        denominator: one term per level, [L]; ones give a mean.
        weights: cluster-bootstrap weights, [D, L].
        level: coverage aimed at.

    Returns:
        None where the denominator is not positive: the ratio then says nothing.
    """
    total = float(denominator.sum())
    if total <= 0.0:
        return None
    below = weights @ denominator
    kept = below > 0.0
    draws = (weights @ numerator)[kept] / below[kept]
    return percentile_interval(float(numerator.sum()) / total, draws, level=level)


def with_point(weights: FloatArray) -> FloatArray:
    """Every level once, for the point estimate, then the bootstrap weights of the draws: [D, L] to [1 + D, L]."""
    return np.concatenate([np.ones((1, weights.shape[1])), weights])


def normal_interval(value: float, variance: float, *, level: float = 0.95) -> Interval:
    """The symmetric interval of an asymptotically normal estimate."""
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * math.sqrt(max(variance, 0.0))
    return Interval(value=value, low=value - half, high=value + half, level=level)


def wilson_interval(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """The score interval of a proportion (Wilson 1927); it behaves at 0 and at `trials`."""
    if trials <= 0:
        raise BirlError(f"a share of {trials} trials is undefined: count at least one")
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2)) / (1 + z * z / trials)
    return Interval(value=share, low=max(0.0, centre - half), high=min(1.0, centre + half), level=level)
