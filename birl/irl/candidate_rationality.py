"""How rational a policy is for one given reward: the inverse temperature that explains it best.

On exact models b maximises the likelihood of the soft-optimal policy of b r, which is concave in b. On simulators,
where nothing can be planned, it is the successor logit's slope on the one feature psi.w. The two agree for soft-optimal
policies.

Axes: S states, A actions, L levels, C clusters, F features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from birl.behavior import Behavior
from birl.irl.branching import Branches
from birl.irl.common import sandwich
from birl.irl.newton import SparsePrior, maximise
from birl.irl.soft_likelihood import SoftLikelihood
from birl.irl.successor_fit import explained, instrumented
from birl.stats import normal_interval
from birl.tabular import RewardLike, reward_vector
from birl.types import BirlError, FloatArray, Interval

__all__ = ["Rationality", "branched_rationality", "planned_rationality", "unasked"]

TOLERANCE = 1e-8  # of the gradient, for a reward scaled to a largest value of 1
MAX_STEPS = 100
FLAT = 1e-12  # curvature, likewise, below which b changes nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Rationality:
    """A one-dimensional fit.

    Attributes:
        value: b, with its interval; None where it is undefined.
        variance: of b over levels or episodes.
        parts: each cluster's part of the merit, [C].
        reason: why b is undefined, or not to be taken as it is.
    """

    value: Interval | None
    variance: float
    parts: FloatArray
    reason: str = ""

    @property
    def merit(self) -> float:
        """Mean log-likelihood of a decision, or share of log pi explained."""
        return float(self.parts.sum())


def planned_rationality(behaviors: Sequence[Behavior], name: str, reward: RewardLike) -> Rationality:
    """b by planning, for behaviours on exact models."""
    values = [reward_vector(b.model, reward) for b in behaviors]
    unit = max(float(np.abs(v).max(initial=0.0)) for v in values)
    if unit == 0.0:
        return _undefined(behaviors, "the reward is 0 everywhere")
    seen = [
        replace(b, model=replace(b.model, features=(v / unit)[:, None], feature_names=(name,)))
        for b, v in zip(behaviors, values, strict=True)
    ]
    likelihood = SoftLikelihood(seen, equal_levels=True)
    try:
        none = SparsePrior(strength=0.0, n_weights=1)
        point, maximum = maximise(likelihood.at, np.zeros(1), none, tolerance=TOLERANCE, max_steps=MAX_STEPS)
    except BirlError as error:
        return _undefined(behaviors, str(error))
    if point.curvature[0, 0] < FLAT and abs(point.theta[0]) < 1.0:
        return _undefined(behaviors, "no choice of the policy's changes this reward")
    scores = {b.distribution: point.scores(i) for i, b in enumerate(behaviors)}
    variance = float(sandwich(scores, point.curvature, np.ones(1, bool))[0, 0]) / unit**2
    return Rationality(
        value=normal_interval(float(point.theta[0]) / unit, variance),
        variance=variance,
        parts=_by_level(behaviors, [plan.policy for plan in point.plans]),
        reason="" if maximum.converged else "the likelihood grows for ever: b is at least so much",
    )


def _undefined(behaviors: Sequence[Behavior], reason: str) -> Rationality:
    walk = [b.model.uniform for b in behaviors]
    return Rationality(value=None, variance=0.0, parts=_by_level(behaviors, walk), reason=reason)


def _by_level(behaviors: Sequence[Behavior], tables: Sequence[FloatArray]) -> FloatArray:
    """Each level's part of the mean log-likelihood of a decision, distributions weighing equally."""
    parts = [b.model.level_starts * b.log_likelihood(table) for b, table in zip(behaviors, tables, strict=True)]
    return np.concatenate(parts) / len(parts)


def branched_rationality(seen: Branches, name: str, weights: FloatArray) -> Rationality:
    """b by branching, for behaviours on simulators.

    Args:
        seen: branches with probabilities.
        name: of the candidate.
        weights: [F].
    """
    one = replace(seen, names=(name,), psi=(seen.psi @ weights)[..., None])
    fit = instrumented(one)
    told = explained(one, fit.theta)
    if fit.hidden:
        reason = "what choices change of this reward is lost in the noise of rollouts: give more of them"
        return Rationality(value=None, variance=0.0, parts=told.parts, reason=reason)
    clusters = {str(i): fit.scores[own] for i, own in enumerate(one.clusters)}
    variance = float(sandwich(clusters, fit.information, np.ones(1, bool))[0, 0])
    return Rationality(value=normal_interval(float(fit.theta[0]), variance), variance=variance, parts=told.parts)


def unasked() -> Rationality:
    """What is known of b where the policy gives no probabilities: nothing."""
    reason = "the policy gives no probabilities, so how rational it is cannot be fitted"
    return Rationality(value=None, variance=0.0, parts=np.zeros(0), reason=reason)
