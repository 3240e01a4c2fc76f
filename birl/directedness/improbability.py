"""How improbable is it to do this well by chance? Bits of optimisation, against the random walk.

The share of random episodes on a level whose return is at least that of the policy's own, as -log2: 1 bit halves the
field, 10 bits leave one in a thousand. It asks nothing about how a result came about, so it holds for policies that no
model of rationality fits; and it needs a reward to say what "well" means.

Axes: E episodes of a level, L levels.
Source: Yudkowsky 2008, "Measuring Optimization Power" (lesswrong.com).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from birl.behavior import Behavior
from birl.stats import level_weights, ratio_interval
from birl.tabular import RewardLike, TabularModel, reward_vector
from birl.trajectories import Stepper
from birl.types import BirlError, FloatArray, IntArray, Interval

__all__ = ["Improbability", "improbability"]

DRAWS = 1000
SAME = 1e-9  # relative difference below which two returns are the same


@dataclass(frozen=True, kw_only=True)
class Improbability:
    """Bits of optimisation on one distribution.

    Attributes:
        bits: mean over levels; the interval resamples them. None for a single level.
        most: what so many random episodes can show at most: where none is as good, bits are a lower bound.
        bounded: share of levels at that bound.
    """

    bits: Interval | None
    most: float
    bounded: float


def improbability(
    behavior: Behavior,
    reward: RewardLike,
    *,
    episodes: int = 20,
    random_episodes: int = 1000,
    rng: np.random.Generator | None = None,
) -> Improbability:
    """-log2 of the share of random episodes that do at least as well, level by level.

    A random episode that does exactly as well counts in full, so doing nothing in a world where hardly anything happens
    scores 0 bits.

    Args:
        behavior: on an exact model.
        reward: says what doing well is.
        episodes: the policy's own, a level; their mean share of better random ones counts.
        random_episodes: of the random walk, a level.
        rng: for both; seed 0 if left out.

    Raises:
        BirlError: for a reward that does not fit the model, or fewer than one episode.
    """
    if min(episodes, random_episodes) < 1:
        raise BirlError(f"improbability: {episodes} and {random_episodes} episodes: give at least 1 of each")
    rng = np.random.default_rng(0) if rng is None else rng
    model, values = behavior.model, reward_vector(behavior.model, reward)
    used = np.flatnonzero(model.level_starts > 0)
    own = _returns(behavior, behavior.policy, values, (used, episodes), rng)
    chance = np.sort(_returns(behavior, model.uniform, values, (used, random_episodes), rng), axis=1)
    least = own - SAME * (1.0 + np.abs(own))
    better = random_episodes - np.array([np.searchsorted(c, o) for c, o in zip(chance, least, strict=True)])
    bits = -np.log2(((better + 1.0) / (random_episodes + 1.0)).mean(axis=1))
    most = float(np.log2(random_episodes + 1.0))
    weights = level_weights(used.size, DRAWS, rng=rng)
    return Improbability(
        bits=ratio_interval(bits, np.ones(used.size), weights) if used.size > 1 else None,
        most=most,
        bounded=float((bits > most - SAME).mean()),
    )


def _returns(
    behavior: Behavior, policy: FloatArray, values: FloatArray, wanted: tuple[IntArray, int], rng: np.random.Generator
) -> FloatArray:
    """Discounted returns of episodes sampled side by side, so many on each of some levels, [L, E]."""
    model, (levels, episodes) = behavior.model, wanted
    step, cumulative = _stepper(model), policy.cumsum(axis=1)
    states = np.concatenate([_starts(model, int(level), episodes, rng) for level in levels])
    total, alive = np.zeros(states.size), np.arange(states.size)
    for time in range(behavior.horizon):
        alive = alive[~model.terminal[states[alive]]]
        if not alive.size:
            break
        here = states[alive]
        draw = rng.random(alive.size) * cumulative[here, -1]
        actions = (cumulative[here] <= draw[:, None]).sum(axis=1)
        total[alive] += model.discount**time * values[here * model.n_actions + actions]
        states[alive] = step(here, actions, rng)
    return total.reshape(levels.size, episodes)


def _stepper(model: TabularModel) -> Callable[[IntArray, IntArray, np.random.Generator], IntArray]:
    """Where actions lead; nothing is drawn where nothing is left to chance."""
    after = model.successors
    return Stepper(model) if after is None else lambda states, actions, _: after[states, actions]


def _starts(model: TabularModel, level: int, count: int, rng: np.random.Generator) -> IntArray:
    within = np.flatnonzero((model.level == level) & (model.start > 0))
    return rng.choice(within, size=count, p=model.start[within] / model.start[within].sum())
