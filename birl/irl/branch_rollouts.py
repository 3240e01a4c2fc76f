"""Branches of a simulator: states the policy comes to, actions tried there, the policy followed on.

All branches run side by side. Actions of one state share the chance that follows them, so that their difference, which
is all that counts, is less noisy than either; the two halves share none.

Axes: N branching states, K actions tried in each, B branches, F features, D dimensions of an action.
Source: Glasserman & Yao 1992 (common random numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from typing import Any

import numpy as np

from birl.irl.branch_actions import Choose, Menu, ways
from birl.irl.rolling import simulator_of
from birl.sampled import SampledBehavior, walk
from birl.simulator import Places
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Budget", "Sampled", "sample_branches"]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What may be rolled out.

    Attributes:
        episodes: of the policy, to find states in.
        states: to branch in, of each distribution.
        rollouts: of each branch; even.
        actions: tried in each state where they are vectors.
        tail: share of the discounted future that is cut off.
        cardinal: whether probabilities are asked for, or the policy's choice alone.
    """

    episodes: int
    states: int
    rollouts: int
    actions: int
    tail: float
    cardinal: bool

    def check(self, method: str) -> None:
        """Refuse a budget that buys nothing.

        Raises:
            BirlError: naming the method.
        """
        if self.rollouts < 2 or self.rollouts % 2:
            raise BirlError(f"{method}: rollouts {self.rollouts}: give an even number, for two halves of one at least")
        if min(self.states, self.episodes) < 2 or self.actions < 2:
            raise BirlError(f"{method}: give at least 2 states, 2 episodes and 2 actions")
        if not 0.0 < self.tail < 1.0:
            raise BirlError(f"{method}: tail {self.tail} is outside (0, 1)")

    def steps(self, behavior: SampledBehavior) -> int:
        """Steps of a rollout: until the discount has fallen to `tail`; the horizon where nothing is discounted."""
        if behavior.discount >= 1.0:
            return behavior.horizon
        return max(1, ceil(log(self.tail) / log(behavior.discount)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled:
    """The branches of one behaviour; fields as in `birl.irl.branching.Branches`."""

    psi: FloatArray
    later: FloatArray
    chosen: FloatArray
    log_ratio: FloatArray
    best: FloatArray
    valid: np.ndarray
    weight: FloatArray
    cluster: IntArray
    own: FloatArray
    walk: FloatArray


def sample_branches(behavior: SampledBehavior, method: str, budget: Budget, *, rng: np.random.Generator) -> Sampled:
    """Branch in states drawn by discounted visits, episodes weighing equally.

    Args:
        behavior: with policy, simulator and features.
        method: for errors.
        budget: what may be rolled out.
        rng: drives everything.

    Raises:
        BirlError: for a policy that cannot be asked for what the method needs.
    """
    ask, choose = ways(behavior, method, cardinal=budget.cardinal)
    seen = walk(behavior, budget.episodes, rng=rng)
    discounted = np.where(seen.places.terminal, 0.0, behavior.discount**seen.time)
    per_episode = np.bincount(seen.episode, weights=discounted)
    share = discounted / np.where(per_episode > 0, per_episode, 1.0)[seen.episode]
    if not share.any():
        raise BirlError(f"{method}: no episode of distribution {behavior.distribution!r} has a step: mend its start")
    at = np.sort(
        rng.choice(share.size, size=min(budget.states, np.count_nonzero(share)), replace=False, p=share / share.sum())
    )
    places = seen.places.take(at)
    tried = ask(behavior, places, budget.actions, rng)
    psi, later = _follow_all(behavior, places, tried, budget, choose, rng)
    other = walk(behavior, budget.episodes, rng=rng, noise=1.0)
    return Sampled(
        psi=psi,
        later=later,
        chosen=tried.chosen,
        log_ratio=tried.log_ratio,
        best=tried.best,
        valid=tried.valid,
        weight=np.full(at.size, per_episode.mean() / at.size),
        cluster=np.unique(seen.episode[at], return_inverse=True)[1],
        own=discounted @ seen.features / budget.episodes,
        walk=behavior.discount**other.time @ other.features / budget.episodes,
    )


def _follow_all(
    behavior: SampledBehavior, places: Places, tried: Menu, budget: Budget, choose: Choose, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """psi [2, N, K, F] and h [2, N, K], averages over half of the rollouts each."""
    shape = (2, *tried.valid.shape)
    psi, later = np.zeros((*shape, len(behavior.feature_names))), np.zeros(shape)
    repeats = budget.rollouts // 2
    many = np.repeat(np.arange(len(places)), repeats)
    start = places.take(many)
    for half in range(2):
        seed = int(rng.integers(2**62))
        for k in range(shape[2]):
            same = np.random.default_rng(seed)  # the same chance after every action
            counts, price = _follow(behavior, start, tried.actions[many, k], budget.steps(behavior), choose, same)
            psi[half, :, k] = counts.reshape(len(places), repeats, -1).mean(axis=1)
            later[half, :, k] = price.reshape(len(places), repeats).mean(axis=1)
    return np.where(tried.valid[..., None], psi, 0.0), np.where(tried.valid, later, 0.0)


def _follow(
    behavior: SampledBehavior, places: Places, actions: Any, steps: int, choose: Choose, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """One rollout of each branch: discounted features [B, F] and minus the price of being decided [B].

    Branches that are over stay among the others, so that the others' chance does not depend on them.
    """
    simulator = simulator_of(behavior)
    step = simulator.step(places, actions, rng)
    counts, price = step.features.copy(), np.zeros(len(places))
    for time in range(1, steps):
        going = ~step.places.terminal
        if not going.any():
            break
        choice = choose(behavior, step.places, rng)
        price -= behavior.discount**time * np.where(going, choice.decided, 0.0)
        step = simulator.step(step.places, choice.actions, rng)
        counts += behavior.discount**time * step.features
    return counts, price
