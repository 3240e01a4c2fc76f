"""Recovering rewards by every method asked for, and choosing the one whose model of behaviour predicts best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from birl.behavior import Behavior
from birl.diagnosis.held_out import cross_fit, held_out_likelihood
from birl.irl import Check, Estimator, PolicyEstimator, RewardEstimate
from birl.irl.bounds import with_upper_bounds
from birl.tabular import RewardLike
from birl.task import Task
from birl.types import BirlError

__all__ = ["Progress", "Recovery", "recover"]

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total) as work goes on."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Every reward that was recovered.

    Attributes:
        joint: method -> the estimate for all distributions together.
        alone: method -> distribution -> the estimate for that one.
        checks: methods that did not apply, with the reason.
        preferred: the method that predicts held-out levels best; the first, when none predicts actions.
        policy: that method; None when none predicts actions.
        folds: its joint fits to each half of the levels.
        held_out: method -> mean log-likelihood of a decision on levels it was not fitted on.
    """

    joint: Mapping[str, RewardEstimate]
    alone: Mapping[str, Mapping[str, RewardEstimate]]
    checks: tuple[Check, ...]
    preferred: str
    policy: PolicyEstimator | None
    folds: Sequence[RewardEstimate]
    held_out: Mapping[str, float]


def recover(estimators: Mapping[str, Estimator], behaviors: Sequence[Behavior], task: Task, tell: Progress) -> Recovery:
    """Every method on all distributions together and on each alone; one that does not apply is a failed check.

    Args:
        estimators: by name.
        behaviors: one per distribution, training first.
        task: gives the candidates, for methods that start from them.
        tell: progress.

    Raises:
        BirlError: when no method applies.
    """
    candidates: dict[str, RewardLike] = {
        name: objective
        for name, objective in {"base": task.base, **task.candidates}.items()
        if isinstance(objective, Mapping)
    }
    joint: dict[str, RewardEstimate] = {}
    alone: dict[str, dict[str, RewardEstimate]] = {}
    checks = []
    for name, estimator in estimators.items():
        tell(f"recover: {name}", 0, len(behaviors) + 1)
        try:
            joint[name] = estimator.fit(behaviors, candidates=candidates)
        except BirlError as error:
            checks.append(Check(name=name, passed=False, message=str(error)))
            continue
        alone[name] = {}
        for i, b in enumerate(behaviors):
            tell(f"recover: {name}", i + 1, len(behaviors) + 1)
            alone[name][b.distribution] = estimator.fit([b], start=joint[name].theta)
    if not joint:
        raise BirlError("no method applies: " + "; ".join(c.message for c in checks))
    return _choose(estimators, behaviors, (joint, alone, tuple(checks)), tell)


def _choose(
    estimators: Mapping[str, Estimator],
    behaviors: Sequence[Behavior],
    fits: tuple[dict[str, RewardEstimate], dict[str, dict[str, RewardEstimate]], tuple[Check, ...]],
    tell: Progress,
) -> Recovery:
    """The method whose model of behaviour predicts held-out levels best."""
    joint, alone, checks = fits
    policies = {name: e for name in joint if isinstance(e := estimators[name], PolicyEstimator)}
    found: dict[str, float] = {}
    folds: dict[str, Sequence[RewardEstimate]] = {}
    for i, (name, estimator) in enumerate(policies.items()):
        tell("hold out levels", i, len(policies))
        folds[name] = cross_fit(estimator, behaviors, joint[name])
        found[name] = held_out_likelihood(estimator, behaviors, folds[name])
    best = max(found, key=lambda name: found[name]) if found else next(iter(joint))
    if found:
        joint = {**joint, best: with_upper_bounds(policies[best], behaviors, joint[best])}
    return Recovery(
        joint=joint,
        alone=alone,
        checks=checks,
        preferred=best,
        policy=policies.get(best),
        folds=folds.get(best, ()),
        held_out=found,
    )
