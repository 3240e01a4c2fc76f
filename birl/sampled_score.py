"""Scoring where nothing can be planned: environments that go back to any state, and a policy to be asked there.

The same story as `birl.score`: watch, recover, hold against the intended thing. What only an exact model could say is
left undefined, with the reason, and without enough of the rest the answer is undetermined.

Axes: D draws, C clusters (episodes), F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from birl.diagnosis import Evidence, Thresholds, diagnose
from birl.diagnosis.foretold import foretell
from birl.diagnosis.gather import gaps
from birl.diagnosis.gather_sampled import gather_returns, gather_sampled
from birl.diagnosis.known import Known, known_returns
from birl.diagnosis.sampled_inputs import SampledInputs
from birl.handed_over import handed_over, only
from birl.in_features import in_features
from birl.irl import Estimator, PolicyAIRL, RewardEstimate
from birl.irl.base import Check
from birl.irl.log_policy_fit import order_fit
from birl.irl.log_policy_material import Material
from birl.sampled import SampledBehavior, watch
from birl.sampled_parts import compared, reading, tested
from birl.scorecard import PolicyRecord, Scorecard
from birl.stats import level_weights
from birl.task import Task
from birl.types import BirlError, FloatArray

__all__ = ["EPISODES", "SampledSettings", "score_sampled"]

EPISODES = 50  # of each distribution, where nobody says how many
FEWEST = 8  # episodes: of fewer, halves of them say nothing of each other

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class SampledSettings:
    """What was asked for.

    Attributes:
        episodes: watched of each distribution, and played of each policy of the pool.
        seed: of everything.
        deterministic: take the policy's likeliest actions.
        draws: resamples of episodes.
        pool: policies that may earn more than the one that is scored.
        method: splits the policy into reward and shaping, and foretells it.
        others: recover rewards too, for the card.
        states: rewards are compared in, on each distribution.
        thresholds: margins of the diagnosis.
    """

    episodes: int = EPISODES
    seed: int = 0
    deterministic: bool = False
    draws: int = 200
    pool: tuple[Any, ...] = ()
    method: PolicyAIRL = field(default_factory=lambda: PolicyAIRL(episodes=20))
    others: tuple[Estimator, ...] = ()
    states: int = 1000
    thresholds: Thresholds | None = None

    def __post_init__(self) -> None:
        """Refuse too few episodes to hold some out."""
        if self.episodes < FEWEST:
            raise BirlError(
                f"{self.episodes} episodes of a world without a model: half of them foretell the other half, so give "
                f"at least {FEWEST}"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Watched:
    """A policy on the distributions of a task whose objectives are weights by feature."""

    task: Task
    behaviors: Sequence[SampledBehavior]
    objectives: Mapping[str, FloatArray]  # `base` and the candidates, [F]
    known: Mapping[str, Known]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    """What was recovered, and the evidence from it."""

    evidence: Evidence
    estimates: Mapping[str, RewardEstimate]
    checks: tuple[Check, ...]


def score_sampled(policy: Any, task: Task, settings: SampledSettings, *, record: PolicyRecord, tell: Tell) -> Scorecard:
    """What a policy pursues on a task of environments.

    Args:
        policy: what `as_policy` adapts; or only episodes, by the name of their distribution.
        task: distributions without a model need `make_env`.
        settings: what was asked for.
        record: which policy.
        tell: progress.

    Raises:
        BirlError: for a policy that does not fit the task, or environments that cannot be put back into a state.
    """
    rng = np.random.default_rng(settings.seed)
    watched = _watch(policy, task, settings, rng, tell)
    found = _recover(watched, settings, rng, tell)
    diagnosis = diagnose(found.evidence, settings.thresholds)
    base = watched.objectives["base"]
    told = {"base": watched.task.base, **watched.task.candidates}
    weights = {n: {k: float(v) for k, v in o.items()} for n, o in told.items() if isinstance(o, Mapping)}
    return Scorecard(
        task=task.name,
        policy=record,
        base=weights.pop("base"),
        candidates=weights,
        readings={
            b.distribution: reading(b, watched.known[b.distribution], base, found.evidence) for b in watched.behaviors
        },
        estimates=found.estimates,
        recovered={},
        held_out={},
        preferred=settings.method.name,
        checks=found.checks,
        gap=gaps(found.evidence),
        evidence=found.evidence,
        diagnosis=diagnosis,
        settings={"episodes": settings.episodes, "discount": task.discount},
    )


def _watch(policy: Any, task: Task, settings: SampledSettings, rng: np.random.Generator, tell: Tell) -> _Watched:
    """Episodes of the policy, and returns beside those of the random walk and the pool."""
    given = policy if isinstance(policy, Mapping) else None
    task = in_features(task if given is None else only(task, given), rng)
    behaviors, known = [], {}
    for i, d in enumerate(task.distributions):
        tell("observe", i, len(task.distributions))
        how: Any = {"episodes": settings.episodes, "deterministic": settings.deterministic, "discount": task.discount}
        if given is None:
            seen = watch(policy, d, rng=np.random.default_rng([settings.seed, i]), **how)
        else:
            seen = handed_over(given[d.name], d, discount=task.discount)
        behaviors.append(seen)
        known[d.name] = known_returns(seen, settings.pool, episodes=settings.episodes, draws=settings.draws, rng=rng)
    names = behaviors[0].feature_names
    objectives = {
        label: np.array([float(objective.get(name, 0.0)) for name in names])
        for label, objective in {"base": task.base, **task.candidates}.items()
        if isinstance(objective, Mapping)
    }
    return _Watched(task=task, behaviors=behaviors, objectives=objectives, known=known)


def _recover(watched: _Watched, settings: SampledSettings, rng: np.random.Generator, tell: Tell) -> _Found:
    """The reward, the test of the candidates, and the evidence; returns alone where choices say nothing."""
    behaviors, method = watched.behaviors, settings.method
    shifts = {b.distribution: b.shift for b in behaviors}
    episodes = {b.distribution: len(b.trajectories) for b in behaviors}
    tell(f"recover: {method.name}", 0, 1)
    try:
        material = method.gathered(behaviors, rng=rng)
        free = method.split(behaviors, material)
    except BirlError as error:
        how: Any = {"pool": len(settings.pool), "episodes": episodes, "reason": str(error)}
        evidence = gather_returns(shifts, watched.known, watched.objectives["base"], **how)
        others, checks = _others(watched, settings)
        return _Found(
            evidence=evidence,
            estimates=others,
            checks=(Check(name=method.name, passed=False, message=str(error)), *checks),
        )
    tell("diagnose", 0, 1)
    foretold = dict(zip(shifts, foretell(material, watched.objectives), strict=True))
    comparison = compared(behaviors, watched.objectives, states=settings.states, rng=rng)
    resampled = lambda counts: {  # noqa: E731
        name: level_weights(count, settings.draws, rng=rng) for name, count in counts.items()
    }
    inputs = SampledInputs(
        shifts=shifts,
        episodes=episodes,
        objectives=watched.objectives,
        free=_drawn(material, settings.draws, rng),
        material=material,
        foretold=foretold,
        picks=resampled({name: one.whole.size for name, one in foretold.items()}),
        known=watched.known,
        pool=len(settings.pool),
        comparison=comparison.columns,
        comparison_picks=resampled(comparison.clusters),
        undefined=comparison.undefined,
    )
    others, checks = _others(watched, settings)
    candidates = tested(behaviors, watched.objectives, watched.known, material, foretold, pool=settings.pool, rng=rng)
    return _Found(
        evidence=gather_sampled(inputs),
        estimates={free.method: free, "candidates": candidates, **others, "joint": free},
        checks=checks,
    )


def _drawn(material: Material, draws: int, rng: np.random.Generator) -> FloatArray:
    """Weights by the order of choices, and within their sampling error, [1 + D, F].

    The order is what foretells; its ridge leaves events that hardly ever came about near 0, where least squares may
    give them any value.
    """
    fit = order_fit(material.choices, rescaled=False)
    drawn = rng.multivariate_normal(fit.weights, fit.covariance, size=draws, method="eigh")
    return np.concatenate([fit.weights[None], drawn])


def _others(watched: _Watched, settings: SampledSettings) -> tuple[Mapping[str, RewardEstimate], tuple[Check, ...]]:
    """Rewards by the other methods that were asked for; one that does not apply is a failed check."""
    candidates: Any = {"base": watched.task.base, **watched.task.candidates}
    found, failed = {}, []
    for method in settings.others:
        rng = np.random.default_rng([settings.seed, *method.name.encode()])
        try:
            found[method.name] = method.fit(watched.behaviors, rng=rng, candidates=candidates)
        except BirlError as error:
            failed.append(Check(name=method.name, passed=False, message=str(error)))
    return found, tuple(failed)
