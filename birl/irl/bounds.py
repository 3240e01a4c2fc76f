"""Which seldom events are avoided, and how much those could be worth before behaviour would contradict it.

What comes about less often than to the random walk may be avoided, or sought where it is near and passed by elsewhere:
it is sought if it would come about far less still were it worth nothing. Behaviour bounds the weight of an avoided
event from above only. The bound is where raising that weight alone costs more log-likelihood than a 95 %
likelihood-ratio interval allows.

Axes: F features, L levels.
Source: Venzon & Moolgavkar 1988 (profile likelihood intervals), with the other parameters held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import BOUNDED, IDENTIFIED, PolicyEstimator, RewardEstimate

__all__ = ["with_upper_bounds"]

ALLOWED = 1.92  # nats: half the 95 % quantile of chi-squared with one degree of freedom
RAISES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # of the largest weight
SOUGHT = 2.0  # times as often as it would come about were it worth nothing
SELDOM = 0.1  # of how often the random walk meets it; what comes about less than that is no sign of being sought
FEW_LEVELS = 8  # of each distribution; a bound of one digit needs no more


def with_upper_bounds(
    estimator: PolicyEstimator, behaviors: Sequence[Behavior], estimate: RewardEstimate
) -> RewardEstimate:
    """The estimate with seldom events known for sought or avoided, these with the upper bound that behaviour pins down.

    Args:
        estimator: the method, whose model of behaviour is held against the behaviours.
        behaviors: what was fitted.
        estimate: its answer.
    """
    estimate = _with_sought(estimator, behaviors, estimate)
    few = [b.first_levels(FEW_LEVELS) for b in behaviors]
    sizes = [float(b.occupancy.sum()) * b.model.n_levels for b in behaviors]  # decisions of one episode a level

    def nats(weights: Mapping[str, float]) -> float:
        moved = replace(estimate, weights=weights)
        return sum(
            size * float(b.model.level_starts @ b.log_likelihood(estimator.predict(moved, b.model)))
            for size, b in zip(sizes, few, strict=True)
        )

    unit = float(np.abs(estimate.vector).max(initial=0.0))
    if unit == 0.0:
        return estimate
    best, upper = nats(estimate.weights), {}
    for name in (n for n, status in estimate.status.items() if status == BOUNDED):
        below, lost_below = estimate.weights[name], 0.0
        for share in RAISES:
            raised = estimate.weights[name] + share * unit
            lost = best - nats({**estimate.weights, name: raised})
            if lost > ALLOWED:
                upper[name] = below + (raised - below) * (ALLOWED - lost_below) / (lost - lost_below)
                break
            below, lost_below = raised, max(lost, 0.0)
    return replace(estimate, upper=upper)


def _with_sought(estimator: PolicyEstimator, behaviors: Sequence[Behavior], estimate: RewardEstimate) -> RewardEstimate:
    """The estimate with seldom events that are sought counted among the identified."""
    own = np.sum([b.feature_counts for b in behaviors], axis=0)
    walk = np.sum([b.walk_feature_counts for b in behaviors], axis=0)
    status = dict(estimate.status)
    for i, (name, weight) in enumerate(estimate.weights.items()):
        if status[name] == BOUNDED and weight > 0 and own[i] >= SELDOM * walk[i]:
            worthless = replace(estimate, weights={**estimate.weights, name: 0.0})
            without = sum(
                float(b.level_feature_counts(estimator.predict(worthless, b.model))[:, i].sum()) for b in behaviors
            )
            if own[i] > SOUGHT * without:
                status[name] = IDENTIFIED
    return replace(estimate, status=status)
