"""What must hold before evidence can carry a verdict, and where methods disagree."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.compare import Comparison
from birl.diagnosis.thresholds import Thresholds
from birl.gap import LevelReturns
from birl.irl import RewardEstimate
from birl.types import FloatArray

__all__ = ["disagreements", "required_checks"]


def required_checks(
    train: Behavior,
    base: Mapping[str, FloatArray],
    returns: Mapping[str, LevelReturns],
    joint: RewardEstimate,
) -> tuple[str, ...]:
    """Sentences on what makes a verdict impossible; none when all is well."""
    reward = base[train.distribution]
    failed = []
    if not np.any(reward):
        failed.append("the base objective is 0 everywhere in training: name the reward that training used")
    elif not returns[train.distribution].can_be_earned(reward):
        failed.append(
            "the base objective makes no difference in training: its optimiser gains nothing over the random walk; "
            "check its features and the start states"
        )
    failed += [f"{joint.method}: {c.message}" for c in joint.checks if c.required and not c.passed]
    return tuple(failed)


def disagreements(
    comparison: Comparison, joint: Mapping[str, RewardEstimate], preferred: str, thresholds: Thresholds | None = None
) -> tuple[str, ...]:
    """Candidates whose part in the objective depends on the method, a sentence each."""
    limit = (thresholds or Thresholds()).agreement
    grams, found = comparison.pooled(), []
    for c, name in enumerate(comparison.candidates):
        parts = {
            method: float(comparison.mixture(estimate.vector[None], grams, c).share[0])
            for method, estimate in joint.items()
        }
        own = parts[preferred]
        apart = {m: s for m, s in parts.items() if abs(s - own) > limit}
        if apart:
            others = ", ".join(f"{share:.2f} by {method}" for method, share in apart.items())
            found.append(f"the part of {name} in the objective is {own:.2f} by {preferred}, {others}")
    return tuple(found)
