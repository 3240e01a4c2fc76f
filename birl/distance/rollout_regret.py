"""Regret from episodes, for worlds without an exact model: nobody can plan there, so the policies have to be given.

    (J_a(best) - J_a(other)) / (J_a(best) - J_a(chance))                                             (1)

`best` stands for the optimiser of a: the best policy for a that is known, so (1) is a lower bound of the regret, and
below 0 where `other` is the better of the two. `other` is what is judged: a policy trained on b, or a checkpoint as it
is. Returns are discounted and cut off where episodes are. There is no worst-case regret from samples: it is a maximum
over all policies. Against an exact regret, 95 % intervals of 100 episodes each covered it in 93.5 % of 200 runs.

Axes: E episodes, D draws.
Source: Leike et al. 2018 (arXiv 1811.07871), section 3; Gleave et al. 2021 (arXiv 2006.13900), section 6, who train a
policy on each reward to validate distances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from birl.behavior import Behavior
from birl.distance.base import Distance
from birl.distance.valued import StepReward, values
from birl.sampled import SampledBehavior, as_sampled, split, walk
from birl.stats import percentile_interval
from birl.trajectories import transitions
from birl.types import BirlError, FloatArray, Interval

__all__ = ["RolloutRegret", "regret_of_rollouts"]

RESAMPLES = 1000
DOUBT = 0.05  # share of resamples in which the optimiser may gain nothing before it cannot be told from chance
FEWEST = 8  # episodes below which resampling them says nothing


@dataclass(frozen=True, kw_only=True)
class RolloutRegret(Distance):
    """A regret estimated from episodes.

    Attributes:
        returns: under a, of `best`, `other` and `chance`, with intervals over episodes.
        episodes: how many of each.
    """

    returns: Mapping[str, Interval] = field(default_factory=dict)
    episodes: Mapping[str, int] = field(default_factory=dict)


def regret_of_rollouts(
    judge: StepReward,
    best: Behavior | SampledBehavior,
    other: Behavior | SampledBehavior,
    *,
    chance: Behavior | SampledBehavior | None = None,
    episodes: int = 200,
    rng: np.random.Generator | None = None,
) -> RolloutRegret:
    """The regret of `other`, judged by a reward, with its 95 % interval over episodes.

    Episodes of each behaviour are resampled apart from each other.

    Args:
        judge: reward a: weights by feature, something with `evaluate(Transitions)`, or a callable (obs, action,
            next_obs) -> [B].
        best: the best policy for a that is known; its own episodes are used where it has some.
        other: what is judged.
        chance: the random walk; rolled out in the simulator of `best` if left out.
        episodes: to roll out of each that has none.
        rng: for them and the interval; that of seed 0 if left out.

    Raises:
        BirlError: for behaviours of different distributions or discounts, without episodes or the means to make some,
            or a reward without a value on steps.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    seen = {name: _watched(b, name, episodes, rng) for name, b in (("best", best), ("other", other))}
    seen["chance"] = _wander(seen["best"], rng) if chance is None else _watched(chance, "chance", episodes, rng)
    _check(seen)
    earned = {name: _returns(judge, behavior) for name, behavior in seen.items()}
    drawn = {name: rng.choice(r, size=(RESAMPLES, r.size)).mean(axis=1) for name, r in earned.items()}
    about = RolloutRegret(
        metric="regret",
        coverage=f"episodes in {seen['best'].distribution}",
        norm="gain over the random walk",
        discount=seen["best"].discount,
        returns={name: percentile_interval(float(r.mean()), drawn[name]) for name, r in earned.items()},
        episodes={name: r.size for name, r in earned.items()},
    )
    gain = drawn["best"] - drawn["chance"]
    nothing = float((gain <= 0.0).mean())
    if nothing > DOUBT or earned["best"].mean() <= earned["chance"].mean():
        return replace(
            about,
            reason=f"the policy given as a's optimiser cannot be told from the random walk (it gains nothing in "
            f"{nothing:.0%} of resamples): give a better one, or more episodes",
        )
    value = float((earned["best"].mean() - earned["other"].mean()) / (earned["best"].mean() - earned["chance"].mean()))
    share = ((drawn["best"] - drawn["other"]) / np.where(gain > 0.0, gain, 1.0))[gain > 0.0]
    return replace(about, value=value, interval=percentile_interval(value, share))


def _watched(
    behavior: Behavior | SampledBehavior, name: str, episodes: int, rng: np.random.Generator
) -> SampledBehavior:
    found = as_sampled(behavior, episodes=episodes, rng=rng)
    if len(found.trajectories) < FEWEST:
        raise BirlError(
            f"regret: {name} has {len(found.trajectories)} episodes in {found.distribution!r}: give at least {FEWEST}"
        )
    return found


def _wander(behavior: SampledBehavior, rng: np.random.Generator) -> SampledBehavior:
    """As many episodes of the random walk."""
    if behavior.policy is None or behavior.simulator is None:
        raise BirlError(f"regret: no random walk can be rolled out in {behavior.distribution!r}: give chance=")
    wandered = split(walk(behavior, len(behavior.trajectories), rng=rng, noise=1.0))
    return replace(behavior, trajectories=wandered)


def _check(seen: Mapping[str, SampledBehavior]) -> None:
    for what in ("distribution", "discount"):
        found = list(dict.fromkeys(getattr(b, what) for b in seen.values()))
        if len(found) > 1:
            raise BirlError(f"regret: behaviours of {what} {found[0]!r} and {found[1]!r}: roll all out in one world")


def _returns(judge: StepReward, behavior: SampledBehavior) -> FloatArray:
    """Discounted return of each episode, [E]."""
    paid = values(behavior, judge, transitions(behavior.trajectories), "a")
    lengths = np.array([len(t.actions) for t in behavior.trajectories])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    time = np.arange(lengths.sum()) - np.repeat(starts, lengths)
    episode = np.repeat(np.arange(lengths.size), lengths)
    return np.bincount(episode, weights=paid * behavior.discount**time, minlength=lengths.size).astype(np.float64)
