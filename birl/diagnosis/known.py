"""Returns where nothing can be planned: of the policy, its habit, the random walk, and policies somebody has.

The best return there is stays unknown; the best of what is known stands in for it. So a share of it is at most too
large, and a loss at most too small.

Axes: P policies, E episodes, F features, D draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.irl.rolling import episode_counts, roll, simulator_of
from birl.policy import as_policy
from birl.sampled import PlacePolicy, SampledBehavior
from birl.stats import level_weights, with_point
from birl.types import FloatArray

__all__ = ["HABIT", "POLICY", "WALK", "Known", "known_returns"]

POLICY, WALK, HABIT = 0, 1, 2  # rows of `Known.counts`; the pool follows


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """What each policy brings on one distribution, from the same starts.

    Attributes:
        counts: mean discounted feature counts of the policy, the random walk, the policy's habit and the pool, for the
            sample itself and for resamples of the starts, [1 + D, P, F].
    """

    counts: FloatArray

    def returns(self, weights: FloatArray) -> FloatArray:
        """Returns of each policy, [1 + D, P], under weights [F] or, one for each resample, [1 + D, F]."""
        rows = np.broadcast_to(weights, (len(self.counts), self.counts.shape[2]))
        return np.einsum("dpf,df->dp", self.counts, rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Habit:
    """Does what was done, as often, whatever it sees: a device.

    Attributes:
        actions: all that were seen, [N, ...].
    """

    actions: Any
    stateful = False

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> Any:
        """Any of the actions seen, [B, ...]."""
        return self.actions[rng.integers(len(self.actions), size=len(observations))]


def known_returns(
    behavior: SampledBehavior, pool: Sequence[Any], *, episodes: int, draws: int, rng: np.random.Generator
) -> Known:
    """Play the policy, the random walk, the policy's habit and each of the pool from the same starts.

    Args:
        behavior: with a simulator; where its policy cannot be asked, its own episodes are taken.
        pool: policies that `as_policy` adapts.
        episodes: of each.
        draws: resamples of the starts.
        rng: drives everything.
    """
    starts = simulator_of(behavior).start(episodes, rng)
    habit = _Habit(actions=np.concatenate([np.asarray(t.actions) for t in behavior.trajectories]))
    rivals = [replace(behavior, policy=PlacePolicy(source=p)) for p in (habit, *map(as_policy, pool))]
    played = [(behavior, 1.0), *((rival, 0.0) for rival in rivals)]
    found = [roll(who, starts, horizon=behavior.horizon, rng=rng, noise=noise).counts for who, noise in played]
    if behavior.policy is None:  # it remembers, or only its episodes are known
        own = episode_counts(behavior.trajectories, discount=behavior.discount, horizon=behavior.horizon)
        found.insert(POLICY, own[np.arange(episodes) % len(own)])
    else:
        found.insert(POLICY, roll(behavior, starts, horizon=behavior.horizon, rng=rng).counts)
    often = with_point(level_weights(episodes, draws, rng=rng)) / episodes
    return Known(counts=np.einsum("de,pef->dpf", often, np.stack(found), optimize=True))
