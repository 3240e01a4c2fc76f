"""What a policy earns of a reward, what the random walk does, and what the best would: exact, or from a pool.

Axes: S states, A actions, L levels, E episodes, F features, D draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.candidate_rationality import Rationality
from birl.irl.rolling import roll, simulator_of
from birl.irl.tested import CandidateTest
from birl.policy import as_policy
from birl.sampled import PlacePolicy, SampledBehavior
from birl.stats import level_weights, percentile_interval, with_point
from birl.tabular import PolicyChain, RewardLike, hard_plan, reward_vector
from birl.types import BirlError, FloatArray, Interval

__all__ = ["Earned", "Earnings", "exact_earnings", "feature_weights", "pooled_earnings", "regret_test"]

NOTHING = 1e-9  # gain over the random walk, relative to the largest return, that is none


@dataclass(frozen=True, kw_only=True, eq=False)
class Earned:
    """Returns of one reward on one distribution; entry 0 is the estimate, the rest are resampled, [1 + D].

    Attributes:
        policy: of the policy.
        walk: of the random walk.
        best: the largest there is, or that is known of.
        bound: whether it is only the largest known of.
    """

    policy: FloatArray
    walk: FloatArray
    best: FloatArray
    bound: bool

    @property
    def regret(self) -> FloatArray:
        """C, [1 + D]."""
        return self.best - self.policy

    @property
    def gain(self) -> FloatArray:
        """What the best gains over the random walk, [1 + D]."""
        return self.best - self.walk


Earnings = Callable[[RewardLike], Earned]


def exact_earnings(behavior: Behavior, *, draws: int, rng: np.random.Generator) -> Earnings:
    """Returns of any reward in an exact model, its levels resampled."""
    model = behavior.model
    own, walk = PolicyChain(model, behavior.policy), PolicyChain(model, model.uniform)
    often = with_point(level_weights(model.n_levels, draws, rng=rng))
    often /= (often @ model.level_starts)[:, None]

    def of(reward: RewardLike) -> Earned:
        values = reward_vector(model, reward)
        plan = hard_plan(model, values)
        found = [own.policy_values(values), walk.policy_values(values), plan.values]
        policy, chance, best = (often @ model.per_level(model.start * v) for v in found)
        return Earned(policy=policy, walk=chance, best=np.maximum(best, policy), bound=False)

    return of


def pooled_earnings(
    behavior: SampledBehavior, pool: Sequence[Any], *, episodes: int, draws: int, rng: np.random.Generator
) -> Earnings:
    """Returns of any reward of features on a simulator; the best is the best of the pool, the policy and the walk.

    Args:
        behavior: with policy and simulator.
        pool: policies that `as_policy` adapts.
        episodes: of each, from the same starts.
        draws: resamples of the starts.
        rng: drives everything.
    """
    starts = simulator_of(behavior).start(episodes, rng)
    rivals = [replace(behavior, policy=PlacePolicy(source=as_policy(p))) for p in pool]
    run = lambda who, noise=0.0: roll(who, starts, horizon=behavior.horizon, rng=rng, noise=noise).counts  # noqa: E731
    counts = np.stack([run(behavior), run(behavior, 1.0), *[run(rival) for rival in rivals]])  # [P, E, F]
    often = with_point(level_weights(episodes, draws, rng=rng)) / episodes
    mean = np.einsum("de,pef->pdf", often, counts, optimize=True)

    def of(reward: RewardLike) -> Earned:
        earned = mean @ feature_weights(reward, behavior.feature_names)  # [P, 1 + D]
        best = earned[int(earned[:, 0].argmax())]
        return Earned(policy=earned[0], walk=earned[1], best=best, bound=True)

    return of


def feature_weights(reward: RewardLike, names: Sequence[str]) -> FloatArray:
    """Weights of a reward by feature, [F].

    Raises:
        BirlError: for a reward by state and action, which a simulator has no use for.
    """
    if not hasattr(reward, "get"):
        raise BirlError("candidates: a reward by state and action needs an exact model: give weights by feature")
    told: Any = reward
    return np.array([float(told.get(name, 0.0)) for name in names])


def regret_test(
    earnings: Sequence[Earnings], distributions: Sequence[str], reward: RewardLike, fit: Rationality
) -> CandidateTest:
    """Regret of one reward over all distributions together, and its rationality beside it.

    Args:
        earnings: of each distribution.
        distributions: their names.
        reward: the candidate.
        fit: its rationality.
    """
    merit = fit.merit if fit.parts.size else None
    try:
        earned = [of(reward) for of in earnings]
    except BirlError as error:
        return CandidateTest(regret=None, lost=None, rationality=fit.value, merit=merit, reason=str(error))
    regret = np.sum([e.regret for e in earned], axis=0)
    gain = np.sum([e.gain for e in earned], axis=0)
    size = max(float(np.abs(e.best).max()) for e in earned)
    some = gain > NOTHING * max(size, NOTHING)
    reasons = [*([] if some[0] else ["no policy earns more of it than the random walk"]), fit.reason]
    return CandidateTest(
        regret=_interval(regret / len(earned)),
        lost=_interval(regret[some] / gain[some]) if some[0] else None,
        rationality=fit.value,
        merit=merit,
        by_distribution={
            name: float(e.regret[0] / e.gain[0])
            for name, e in zip(distributions, earned, strict=True)
            if e.gain[0] > NOTHING * max(size, NOTHING)
        },
        bound=any(e.bound for e in earned),
        reason="; ".join(r for r in reasons if r),
    )


def _interval(values: FloatArray) -> Interval:
    """The interval of the first entry by the others; wide enough to hold it."""
    found = percentile_interval(float(values[0]), values[1:] if values.size > 1 else values)
    return replace(found, low=min(found.low, found.value), high=max(found.high, found.value))
