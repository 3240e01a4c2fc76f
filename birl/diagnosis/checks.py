"""What must hold before evidence can carry a verdict, and where methods disagree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy.optimize import nnls

from birl.behavior import Behavior
from birl.diagnosis.thresholds import Thresholds
from birl.gap import LevelReturns
from birl.irl import RewardEstimate
from birl.outcomes import constant_features
from birl.task import Objective
from birl.types import FloatArray

__all__ = ["disagreements", "dissenting", "required_checks"]


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
    behaviors: Sequence[Behavior],
    objectives: Mapping[str, Objective],
    joint: Mapping[str, RewardEstimate],
    preferred: str,
    thresholds: Thresholds | None = None,
) -> tuple[str, ...]:
    """Candidates whose part in the preference among events depends on the method, a sentence each.

    Cardinal and ordinal methods share no scale and no zero; what they share is how much more one event is wanted than
    another. So weights are compared after taking out their mean over the events within reach.

    Args:
        behaviors: one per distribution.
        objectives: `base` and the candidates; callables are passed over.
        joint: every method's estimate.
        preferred: the method the others are held against.
        thresholds: margins.
    """
    limit = (thresholds or Thresholds()).agreement
    model = behaviors[0].model
    reach = np.sum([b.walk_feature_counts for b in behaviors], axis=0)
    reach = np.where(constant_features(model), 0.0, np.maximum(reach, 0.0))
    named = {
        name: np.array([float(objective.get(feature, 0.0)) for feature in model.feature_names])
        for name, objective in objectives.items()
        if isinstance(objective, Mapping)
    }
    if "base" not in named or not reach.any():
        return ()
    found = []
    for name in named:
        parts = {m: _part(e.vector, named["base"], named[name], reach) for m, e in joint.items()}
        own = parts[preferred]
        apart = {m: p for m, p in parts.items() if p is not None and own is not None and abs(p - own) > limit}
        if apart and name != "base":
            others = ", ".join(f"{share:.2f} by {method}" for method, share in apart.items())
            found.append(f"the part of {name} among the events is {own:.2f} by {preferred}, {others}")
    return tuple(found)


def dissenting(found: Iterable[str], methods: Sequence[str]) -> tuple[str, ...]:
    """The methods that the sentences of `disagreements` hold against the preferred one, in order."""
    named = {name for sentence in found for name in re.findall(r" by ([\w-]+)", sentence.partition(", ")[2])}
    return tuple(name for name in methods if name in named)


def _part(weights: FloatArray, base: FloatArray, candidate: FloatArray, reach: FloatArray) -> float | None:
    """The candidate's part in the best non-negative mix of base and candidate, centred; None without contrast."""
    centred = [np.sqrt(reach) * (x - reach @ x / reach.sum()) for x in (weights, base, candidate)]
    if min(float(np.linalg.norm(x)) for x in centred) < 1e-9:
        return None
    part_base, part_candidate = nnls(np.column_stack(centred[1:]), centred[0])[0]
    total = part_base + part_candidate
    return float(part_candidate / total) if total > 0 else None
