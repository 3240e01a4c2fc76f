"""The whole story in one function: observe a policy, recover what it pursues, hold that against what it was meant to want."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from birl.behavior import Behavior, observe
from birl.diagnosis.held_out import cross_fit
from birl.gap import level_returns
from birl.irl import ESTIMATORS, Check, Estimator, RewardEstimate
from birl.outcomes import NOTHING
from birl.scenes import scenes
from birl.scorecard import PolicyRecord, Reading, Scene, Scorecard
from birl.stats import generator, level_weights, ratio_interval
from birl.tabular import RewardLike
from birl.task import Distribution, Task, objective_vector
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["Scorecard", "score"]

Progress = Callable[[str, int, int], None]
PACKAGES = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")
SCENES = 3  # episodes kept to look at, on each distribution


def score(
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
    # hold: which model predicts levels it has not seen
    held_out = {
        name: cross_fit(ESTIMATORS[name], behaviors, fits.joint[name]).mean(behaviors)
        for name in fits.joint
        if hasattr(ESTIMATORS[name], "predict")
    }
    preferred = max(held_out, key=lambda name: held_out[name]) if held_out else next(iter(fits.joint))
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
        estimates={**fits.joint, "joint": fits.joint[preferred]},
        recovered=fits.alone,
        held_out=held_out,
        preferred=preferred,
        checks=fits.checks,
        scenes=_scenes(policy, task, rng, deterministic),
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


def _recover(
    estimators: Mapping[str, Estimator], behaviors: Sequence[Behavior], task: Task, tell: Progress
) -> _Fits:
    """Every method on all distributions together, then on each alone; a method that does not apply is a failed check."""
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
            alone[name][b.distribution] = estimator.fit([b], start=joint[name].vector)
    if not joint:
        raise BirlError("no method applies: " + "; ".join(c.message for c in checks))
    return _Fits(joint=joint, alone=alone, checks=tuple(checks))


def _scenes(policy: Any, task: Task, rng: np.random.Generator, deterministic: bool) -> tuple[Scene, ...]:
    """A few episodes on each distribution that can be drawn."""
    drawn = [d for d in task.distributions if d.scenery is not None and d.model is not None]
    return tuple(scene for d in drawn for scene in _of(policy, d, rng, deterministic))


def _of(policy: Any, distribution: Distribution, rng: np.random.Generator, deterministic: bool) -> Sequence[Scene]:
    few = replace(distribution, seeds=None).first_levels(SCENES)
    return scenes(observe(policy, few, deterministic=deterministic), few, rng=rng)
