"""Scoring where the world's model is known: behaviour read off everywhere, or counted in episodes; planning is exact.

Axes: S states, A actions, L levels, D draws, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis import Thresholds, diagnose
from birl.diagnosis.checks import disagreements, required_checks
from birl.diagnosis.compare import compare
from birl.diagnosis.contrast import contrasts
from birl.diagnosis.controls import observe_controls
from birl.diagnosis.gather import gaps, gather
from birl.diagnosis.held_out import held_out
from birl.diagnosis.inputs import Inputs
from birl.episodes import Look, thin
from birl.gap import LevelReturns, level_returns
from birl.irl import DrawingEstimator, Estimator, PolicyEstimator, RewardEstimate
from birl.matrix import DistanceMatrix, distance_matrix
from birl.readings import read
from birl.recovery import Progress, Recovery, recover
from birl.scenes import scenes
from birl.scorecard import PolicyRecord, Reading, Scorecard
from birl.stats import level_weights
from birl.task import Task, objective_vector
from birl.types import FloatArray

__all__ = ["score_planned"]

SCENES = 3  # episodes kept to look at, on each distribution


def score_planned(  # noqa: PLR0913 - what the front door settled
    looked: Look,
    estimators: Mapping[str, Estimator],
    *,
    record: PolicyRecord,
    draws: int,
    thresholds: Thresholds | None,
    rng: np.random.Generator,
    tell: Progress,
) -> Scorecard:
    """What a policy pursues on a task whose distributions all have a model.

    Args:
        looked: how the policy is seen, and where.
        estimators: methods by name.
        record: which policy.
        draws: bootstrap draws over levels.
        thresholds: margins of the diagnosis.
        rng: of the bootstrap and of the episodes shown.
        tell: progress.

    Raises:
        BirlError: for a policy or episodes that do not fit the task, or when no method applies.
    """
    # observe: what the policy does, in every state of every distribution or in some episodes
    task, behaviors = looked.task, []
    for i, distribution in enumerate(task.distributions):
        tell("observe", i, len(task.distributions))
        behaviors.append(looked.see(looked.policy, distribution))
    observed = list(zip(behaviors, task.distributions, strict=True))
    picks = {b.distribution: level_weights(b.model.n_levels, draws, rng=rng) for b in behaviors}
    measured = _measure(behaviors, task)
    # recover: one reward for all distributions together, and one for each alone
    recovery = recover(estimators, behaviors, task, tell)
    recovered = {"joint": recovery.joint[recovery.preferred], **_alone(recovery)}
    drawn = {name: _drawn(recovery.policy, estimate, behaviors, picks) for name, estimate in recovered.items()}
    # hold that against the base objective and the candidates
    evidence, diagnosis = None, None
    if recovery.policy is not None:
        tell("diagnose", 0, 1)
        controls = observe_controls(looked.policy, task, see=looked.see)
        inputs = _inputs(behaviors, task, measured, recovery, drawn["joint"][1:], picks)
        evidence = gather(replace(inputs, controls=controls))
        diagnosis = diagnose(evidence, thresholds)
    return Scorecard(
        task=task.name,
        policy=record,
        base=_as_weights(task.base),
        candidates={name: _as_weights(objective) for name, objective in task.candidates.items()},
        readings=_readings(behaviors, measured, picks),
        estimates={**recovery.joint, "joint": recovery.joint[recovery.preferred]},
        recovered=recovery.alone,
        held_out=recovery.held_out,
        preferred=recovery.preferred,
        checks=recovery.checks,
        gap={} if evidence is None else gaps(evidence),
        matrix=_matrix(behaviors, measured, drawn, picks),
        evidence=evidence,
        diagnosis=diagnosis,
        scenes=tuple(s for b, d in observed for s in scenes(b, d, count=SCENES, rng=rng)),
        settings={
            "levels": max(b.model.n_levels for b in behaviors),
            "discount": task.discount,
            "actions": behaviors[0].model.n_actions,
            **({"episodes": looked.episodes} if looked.episodes else {}),
        },
    )


def _matrix(
    behaviors: Sequence[Behavior],
    measured: _Measured,
    drawn: Mapping[str, FloatArray],
    picks: Mapping[str, FloatArray],
) -> DistanceMatrix:
    """Base, candidates, and what the preferred method recovered: together, and on each distribution alone."""
    return distance_matrix(
        {b.distribution: b.model for b in behaviors},
        {"base": measured.base, **measured.candidates},
        drawn,
        level_weights=picks,
    )


def _drawn(
    method: PolicyEstimator | None,
    estimate: RewardEstimate,
    behaviors: Sequence[Behavior],
    picks: Mapping[str, FloatArray],
) -> FloatArray:
    """The weights of an estimate, then those on resampled levels, [1 + D, F].

    Where no method predicts actions, nothing but the matrix asks for them: an estimate that cannot be drawn from then
    is its weights alone.
    """
    point = estimate.simplest[None]
    if method is None and estimate.curvature is None:
        return point
    fitted_on = [b for b in behaviors if b.distribution in estimate.distributions]
    return np.concatenate([point, _redrawn(method, estimate, fitted_on, picks)])


def _redrawn(
    method: Estimator | None,
    estimate: RewardEstimate,
    behaviors: Sequence[Behavior],
    picks: Mapping[str, FloatArray],
) -> FloatArray:
    """The weights of an estimate on resampled levels, [D, F]."""
    estimate = _with_level_scores(estimate, behaviors)
    if isinstance(method, DrawingEstimator):
        return method.redraw(estimate, behaviors, picks)
    return estimate.redraw(picks)


def _with_level_scores(estimate: RewardEstimate, behaviors: Sequence[Behavior]) -> RewardEstimate:
    """The estimate with scores by level: those of episodes are summed over each, since levels are what is resampled."""
    if estimate.scores is None:
        return estimate
    scores = dict(estimate.scores)
    for b in behaviors:
        found = scores[b.distribution]
        if len(found) != b.model.n_levels:
            scores[b.distribution] = np.zeros((b.model.n_levels, found.shape[1]))
            np.add.at(scores[b.distribution], b.model.level[[t.states[0] for t in b.trajectories]], found)
    return replace(estimate, scores=scores)


def _alone(recovery: Recovery) -> Mapping[str, RewardEstimate]:
    return {f"from {name}": estimate for name, estimate in recovery.alone[recovery.preferred].items()}


def _readings(
    behaviors: Sequence[Behavior], measured: _Measured, picks: Mapping[str, FloatArray]
) -> Mapping[str, Reading]:
    names = [b.distribution for b in behaviors]
    return {n: read(b, measured.returns[n], measured.base[n], picks[n]) for n, b in zip(names, behaviors, strict=True)}


def _as_weights(objective: Any) -> Mapping[str, float] | None:
    return {k: float(v) for k, v in objective.items()} if isinstance(objective, Mapping) else None


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """Objectives and returns by distribution."""

    base: Mapping[str, FloatArray]  # [S*A]
    candidates: Mapping[str, Mapping[str, FloatArray]]  # candidate -> distribution -> [S*A]
    returns: Mapping[str, LevelReturns]


def _measure(behaviors: Sequence[Behavior], task: Task) -> _Measured:
    base = {b.distribution: objective_vector(b.model, task.base) for b in behaviors}
    return _Measured(
        base=base,
        candidates={
            name: {b.distribution: objective_vector(b.model, objective) for b in behaviors}
            for name, objective in task.candidates.items()
        },
        returns={b.distribution: level_returns(b, base[b.distribution]) for b in behaviors},
    )


def _inputs(
    behaviors: Sequence[Behavior],
    task: Task,
    measured: _Measured,
    recovery: Recovery,
    weights: FloatArray,
    picks: Mapping[str, FloatArray],
) -> Inputs:
    """Everything evidence is made from; `weights` are the joint objective's on resampled levels, [D, F]."""
    joint = recovery.joint[recovery.preferred]
    assert recovery.policy is not None
    contrast = contrasts(behaviors[1:], measured.base, measured.candidates)
    return Inputs(
        behaviors=behaviors,
        base=measured.base,
        returns=measured.returns,
        held_out=held_out(
            recovery.policy,
            behaviors,
            folds=recovery.folds,
            alone=recovery.alone[recovery.preferred],
            base=measured.base,
        ),
        joint=joint,
        weights=weights,
        level_weights=picks,
        comparison=compare(behaviors, measured.base, measured.candidates),
        odds=contrast.odds,
        conflict=contrast.conflict,
        failed=(*thin(behaviors), *required_checks(behaviors[0], measured.base, measured.returns, joint)),
        disagreement=disagreements(
            behaviors, {"base": task.base, **task.candidates}, recovery.joint, recovery.preferred
        ),
        candidates=measured.candidates,
    )
