"""The whole story in one function: observe a policy, recover what it pursues, hold that against the intended thing."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from birl.behavior import Behavior, observe
from birl.diagnosis import Thresholds, diagnose
from birl.diagnosis.checks import disagreements, required_checks
from birl.diagnosis.compare import compare
from birl.diagnosis.contrast import contrasts
from birl.diagnosis.gather import Inputs, gaps, gather
from birl.diagnosis.held_out import cross_fit, held_out, held_out_likelihood
from birl.gap import level_returns
from birl.irl import ESTIMATORS, Check, Estimator, PolicyEstimator, RewardEstimate
from birl.irl.bounds import with_upper_bounds
from birl.outcomes import NOTHING
from birl.scenes import scenes
from birl.scorecard import PolicyRecord, Reading, Scorecard
from birl.stats import generator, level_weights, ratio_interval
from birl.tabular import RewardLike
from birl.task import Task, objective_vector
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["Scorecard", "score"]

Progress = Callable[[str, int, int], None]
PACKAGES = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")
SCENES = 3  # episodes kept to look at, on each distribution


def score(  # noqa: PLR0913 - the front door: one keyword for each thing a user may set
    policy: Any,
    task: Task,
    *,
    seed: int = 0,
    methods: Sequence[str] | None = None,
    levels: int | None = None,
    deterministic: bool = False,
    draws: int = 200,
    source: str | None = None,
    sha256: str | None = None,
    thresholds: Thresholds | None = None,
    progress: Progress | None = None,
) -> Scorecard:
    """What a policy's behaviour optimises on a task's distributions, beside the base objective and the candidates.

    Args:
        policy: a `Policy`, or anything `as_policy` adapts.
        task: every distribution needs an exact model.
        seed: of the bootstrap over levels and of the episodes shown; the same seed gives the same card.
        methods: names from `birl.irl.ESTIMATORS`; all of them if left out.
        levels: use only this many levels of each distribution.
        deterministic: score the policy's most probable actions instead of the policy as it is.
        draws: bootstrap draws over levels.
        source: what to call the policy on the card.
        sha256: of the file it came from.
        thresholds: margins of the diagnosis.
        progress: called with (stage, done, total) as the work goes on.

    Raises:
        BirlError: for unknown methods, a policy that does not fit the task, or a distribution without a model.
    """
    tell = progress or (lambda stage, done, total: None)
    rng = generator(seed)
    estimators = _estimators(methods)
    if levels is not None:
        task = task.first_levels(levels)
    # observe: what the policy does, in every state of every distribution
    behaviors = []
    for i, distribution in enumerate(task.distributions):
        tell("observe", i, len(task.distributions))
        behaviors.append(observe(policy, distribution, deterministic=deterministic))
    weights = {b.distribution: level_weights(b.model.n_levels, draws, rng=rng) for b in behaviors}
    readings = {b.distribution: _reading(b, task, weights[b.distribution]) for b in behaviors}
    # recover: one reward for all distributions together, and one for each alone
    fits = _recover(estimators, behaviors, task, tell)
    # hold: which model predicts levels it has not seen, and what its objective is worth there
    preferred = _preferred(estimators, behaviors, fits, tell)
    evidence, diagnosis = None, None
    if preferred.policy is not None:
        tell("diagnose", 0, 1)
        evidence = gather(_inputs(behaviors, task, fits, preferred, weights))
        diagnosis = diagnose(evidence, thresholds)
    return Scorecard(
        task=task.name,
        policy=PolicyRecord(
            source=source or type(policy).__name__,
            kind=type(policy).__name__,
            deterministic=deterministic,
            sha256=sha256,
        ),
        base=_as_weights(task.base),
        candidates={name: _as_weights(objective) for name, objective in task.candidates.items()},
        readings=readings,
        estimates={**fits.joint, "joint": fits.joint[preferred.name]},
        recovered=fits.alone,
        held_out=preferred.held_out,
        preferred=preferred.name,
        checks=fits.checks,
        gap={} if evidence is None else gaps(evidence),
        evidence=evidence,
        diagnosis=diagnosis,
        scenes=tuple(
            scene
            for b, d in zip(behaviors, task.distributions, strict=True)
            for scene in scenes(b, d, count=SCENES, rng=rng)
        ),
        settings={
            "seed": seed,
            "levels": max(r.levels for r in readings.values()),
            "draws": draws,
            "methods": ",".join(estimators),
            "deterministic": deterministic,
        },
        versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    )


def _estimators(methods: Sequence[str] | None) -> Mapping[str, Estimator]:
    names = list(ESTIMATORS) if methods is None else list(dict.fromkeys(methods))
    for name in names:
        if name not in ESTIMATORS:
            raise unknown_name("method", name, ESTIMATORS, "see `birl methods`")
    if not names:
        raise BirlError("no method to recover rewards with: name at least one, or leave methods out")
    return {name: ESTIMATORS[name] for name in names}


def _as_weights(objective: Any) -> Mapping[str, float] | None:
    return {k: float(v) for k, v in objective.items()} if isinstance(objective, Mapping) else None


def _reading(behavior: Behavior, task: Task, weights: FloatArray) -> Reading:
    """Base return and outcomes on one distribution, levels resampled."""
    model = behavior.model
    reward = objective_vector(model, task.base)
    returns = level_returns(behavior, reward)
    earnable = returns.can_be_earned(reward)
    seen = behavior.outcomes
    shares: dict[str, Any] = {}
    if not isinstance(seen, str):
        mass = model.level_starts
        shares = {
            name: ratio_interval(mass * seen.share[:, o], mass, weights)
            for o, name in enumerate(seen.names)
            if name == NOTHING or np.isfinite(seen.distance[:, o]).any()
        }
    return Reading(
        shift=behavior.shift,
        levels=model.n_levels,
        states=model.n_states,
        base_return=ratio_interval(returns.policy - returns.walk, returns.gain, weights) if earnable else None,
        base_return_reason="" if earnable else "no policy gains over the random walk on the base objective here",
        returns={
            "policy": float(returns.policy.sum()),
            "random walk": float(returns.walk.sum()),
            "best": float(returns.best.sum()),
        },
        outcomes=shares,
        random_walk={}
        if isinstance(seen, str)
        else {n: float(model.level_starts @ seen.walk[:, seen.names.index(n)]) for n in shares},
        outcomes_reason=seen if isinstance(seen, str) else "",
    )


@dataclass(frozen=True, kw_only=True)
class _Fits:
    joint: Mapping[str, RewardEstimate]
    alone: Mapping[str, Mapping[str, RewardEstimate]]
    checks: tuple[Check, ...]


def _recover(estimators: Mapping[str, Estimator], behaviors: Sequence[Behavior], task: Task, tell: Progress) -> _Fits:
    """Every method on all distributions together, then on each alone; one that does not apply is a failed check."""
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
            if isinstance(estimator, PolicyEstimator):
                joint[name] = with_upper_bounds(estimator, behaviors, joint[name])
        except BirlError as error:
            checks.append(Check(name=name, passed=False, message=str(error)))
            continue
        alone[name] = {}
        for i, b in enumerate(behaviors):
            tell(f"recover: {name}", i + 1, len(behaviors) + 1)
            alone[name][b.distribution] = estimator.fit([b], start=joint[name].theta)
    if not joint:
        raise BirlError("no method applies: " + "; ".join(c.message for c in checks))
    return _Fits(joint=joint, alone=alone, checks=tuple(checks))


@dataclass(frozen=True, kw_only=True)
class _Preferred:
    name: str
    policy: PolicyEstimator | None  # None when only methods that predict no actions were asked for
    folds: Sequence[RewardEstimate]
    held_out: Mapping[str, float]


def _preferred(
    estimators: Mapping[str, Estimator], behaviors: Sequence[Behavior], fits: _Fits, tell: Progress
) -> _Preferred:
    """The method whose model of behaviour predicts held-out levels best."""
    found: dict[str, float] = {}
    folds: dict[str, Sequence[RewardEstimate]] = {}
    policies = {name: e for name in fits.joint if isinstance(e := estimators[name], PolicyEstimator)}
    for i, (name, estimator) in enumerate(policies.items()):
        tell("hold out levels", i, len(policies))
        folds[name] = cross_fit(estimator, behaviors, fits.joint[name])
        found[name] = held_out_likelihood(estimator, behaviors, folds[name])
    if not found:
        return _Preferred(name=next(iter(fits.joint)), policy=None, folds=(), held_out={})
    best = max(found, key=lambda name: found[name])
    return _Preferred(name=best, policy=policies[best], folds=folds[best], held_out=found)


def _inputs(
    behaviors: Sequence[Behavior],
    task: Task,
    fits: _Fits,
    preferred: _Preferred,
    weights: Mapping[str, FloatArray],
) -> Inputs:
    """Everything evidence is made from."""
    assert preferred.policy is not None
    base = {b.distribution: objective_vector(b.model, task.base) for b in behaviors}
    others = {
        name: {b.distribution: objective_vector(b.model, objective) for b in behaviors}
        for name, objective in task.candidates.items()
    }
    returns = {b.distribution: level_returns(b, base[b.distribution]) for b in behaviors}
    comparison = compare(behaviors, base, others)
    contrast = contrasts(behaviors[1:], base, others)
    return Inputs(
        behaviors=behaviors,
        base=base,
        returns=returns,
        held_out=held_out(
            preferred.policy, behaviors, folds=preferred.folds, alone=fits.alone[preferred.name], base=base
        ),
        joint=fits.joint[preferred.name],
        level_weights=weights,
        comparison=comparison,
        odds=contrast.odds,
        conflict=contrast.conflict,
        failed=required_checks(behaviors[0], base, returns, fits.joint[preferred.name]),
        disagreement=disagreements(behaviors, {"base": task.base, **task.candidates}, fits.joint, preferred.name),
    )
