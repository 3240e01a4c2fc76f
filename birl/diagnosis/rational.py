"""How well one fixed objective explains behaviour, with its rationality left free.

The policy is taken to be Boltzmann in the objective's optimal action values with some random actions; only the inverse
temperature and the share of random actions are fitted.

Axes: S states, A actions, L levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from birl.behavior import Behavior
from birl.irl import Boltzmann, RewardEstimate
from birl.tabular import TabularModel
from birl.types import FloatArray

__all__ = ["Rationality", "fit_rationality"]

METHOD = Boltzmann(prior=0.0, tolerance=1e-4, max_steps=25)
FEATURE = "objective"
STARTS = 10.0  # inverse temperature to begin from, in units of the objective's largest reward


@dataclass(frozen=True, kw_only=True)
class Rationality:
    """A fixed objective with its fitted rationality."""

    estimate: RewardEstimate

    @property
    def inverse_temperature(self) -> float:
        """Per unit of the objective; negative when behaviour works against it."""
        return float(self.estimate.vector[0])

    def log_likelihood(self, behavior: Behavior, reward: FloatArray) -> FloatArray:
        """Mean log-likelihood of a decision, level by level, [L]; `reward` is the objective on that model, [S*A]."""
        return behavior.log_likelihood(METHOD.predict(self.estimate, _single(behavior.model, reward)))


def fit_rationality(behaviors: Sequence[Behavior], rewards: Sequence[FloatArray]) -> Rationality:
    """Inverse temperature and share of random actions under which an objective explains behaviours best.

    Args:
        behaviors: one per distribution.
        rewards: the objective on each one's model, [S*A].
    """
    seen = [replace(b, model=_single(b.model, r)) for b, r in zip(behaviors, rewards, strict=True)]
    unit = max(float(np.abs(r).max(initial=0.0)) for r in rewards)
    return Rationality(estimate=METHOD.fit(seen, start=np.array([STARTS / unit])))


def _single(model: TabularModel, reward: FloatArray) -> TabularModel:
    """The model with the objective as its only feature."""
    return replace(model, features=sp.csr_matrix(reward[:, None]), feature_names=(FEATURE,))
