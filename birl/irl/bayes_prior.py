"""What is thought of the weights before any behaviour is seen.

Axes: C points, K parameters (the F weights, then nuisance parameters).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from birl.types import BirlError, FloatArray

__all__ = ["PRIORS", "WeightPrior"]

PRIORS = ("gaussian", "laplace")
LOGISTIC_VARIANCE = np.pi**2 / 3  # of a logit whose probability is uniform


@dataclass(frozen=True, kw_only=True)
class WeightPrior:
    """Independent priors on the weights, symmetric about 0; a share of random actions is uniform in (0, 1).

    Attributes:
        kind: `gaussian`, with `scale` its standard deviation, or `laplace`, with `scale` its mean distance from 0.
        scale: in units of weight.
        n_weights: the first parameters; each after them is the logit of a share.

    Raises:
        BirlError: for a kind there is not, or a scale that is not positive.
    """

    kind: str
    scale: float
    n_weights: int

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.kind not in PRIORS:
            raise BirlError(f"bayesian: unknown prior {self.kind!r}: use {' or '.join(PRIORS)}")
        if not self.scale > 0:
            raise BirlError(f"bayesian: a prior of scale {self.scale} allows nothing: give a number above 0")

    @property
    def deviation(self) -> float:
        """Standard deviation of a weight."""
        return self.scale if self.kind == "gaussian" else float(np.sqrt(2.0)) * self.scale

    def precision(self, size: int) -> FloatArray:
        """One over the variance of each of `size` parameters, [K]."""
        weight = np.arange(size) < self.n_weights
        return np.where(weight, self.deviation**-2, 1.0 / LOGISTIC_VARIANCE)

    def log_density(self, theta: FloatArray) -> FloatArray:
        """Up to a constant, of points [C, K] or of one [K]: [C] or a number."""
        weights, logits = self._split(theta)
        if self.kind == "gaussian":
            weighed = -0.5 * (weights**2).sum(axis=-1) / self.scale**2
        else:
            weighed = -np.abs(weights).sum(axis=-1) / self.scale
        return weighed - (np.logaddexp(0.0, logits) + np.logaddexp(0.0, -logits)).sum(axis=-1)

    def gradient(self, theta: FloatArray) -> FloatArray:
        """Of the log density, shaped as theta."""
        weights, logits = self._split(theta)
        pulled = -weights / self.scale**2 if self.kind == "gaussian" else -np.sign(weights) / self.scale
        return np.concatenate([pulled, 1.0 - 2.0 * expit(logits)], axis=-1)

    def _split(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        return theta[..., : self.n_weights], theta[..., self.n_weights :]
