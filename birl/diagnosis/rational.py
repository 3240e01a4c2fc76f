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
from scipy.special import logit

from birl.behavior import Behavior
from birl.irl.boltzmann_likelihood import BoltzmannLikelihood, BoltzmannPoint, boltzmann_policy
from birl.irl.newton import SparsePrior, maximise
from birl.tabular import TabularModel, hard_plan
from birl.types import FloatArray

__all__ = ["Rationality", "fit_rationality"]

FEATURE = "objective"
STARTS = (3.0, 30.0)  # inverse temperatures to begin from, in units of the objective's largest reward
FIRST_EPS = 0.1
TOLERANCE, MAX_STEPS = 1e-4, 25


@dataclass(frozen=True, kw_only=True)
class Rationality:
    """The rationality with which an objective explains behaviours best.

    Attributes:
        inverse_temperature: per unit of the objective; negative when behaviour works against it.
        eps: share of random actions.
    """

    inverse_temperature: float
    eps: float

    def log_likelihood(self, behavior: Behavior, reward: FloatArray) -> FloatArray:
        """Mean log-likelihood of a decision, level by level, [L]; `reward` is the objective on that model, [S*A]."""
        plan = hard_plan(behavior.model, self.inverse_temperature * reward)
        return behavior.log_likelihood(boltzmann_policy(behavior.model, plan.q, self.eps))


def fit_rationality(behaviors: Sequence[Behavior], rewards: Sequence[FloatArray]) -> Rationality:
    """Inverse temperature and share of random actions under which an objective explains behaviours best.

    Args:
        behaviors: one per distribution.
        rewards: the objective on each one's model, [S*A].
    """
    unit = (
        max(float(np.abs(r).max(initial=0.0)) for r in rewards) or 1.0
    )  # so that tolerances mean the same in any unit
    seen = [replace(b, model=_single(b.model, r / unit)) for b, r in zip(behaviors, rewards, strict=True)]
    likelihood = BoltzmannLikelihood(seen)
    point = likelihood.at(np.array([1.0, logit(FIRST_EPS)]))
    first = max((likelihood.scaled(point, scale, FIRST_EPS) for scale in STARTS), key=lambda p: p.value)
    none = SparsePrior(strength=0.0, n_weights=1)

    def at(theta: FloatArray, near: BoltzmannPoint | None) -> BoltzmannPoint:
        """Without planning anew as long as more of the objective is better."""
        if theta[0] <= 0:
            return likelihood.at(theta, near)
        return replace(likelihood.scaled(point, theta[0], FIRST_EPS), theta=theta)

    best, _ = maximise(at, first.theta, none, tolerance=TOLERANCE, max_steps=MAX_STEPS)
    return Rationality(inverse_temperature=float(best.theta[0]) / unit, eps=best.eps)


def _single(model: TabularModel, reward: FloatArray) -> TabularModel:
    """The model with the objective as its only feature."""
    return replace(model, features=sp.csr_matrix(reward[:, None]), feature_names=(FEATURE,))
