"""What each choice brings when the policy goes on from it: the successor form of the log-policy, sampled.

For numbered actions the policy goes on as it is, and what its randomness is worth counts (equation (2) of the exact
form). A policy over vectors goes on without noise: each choice is then a small step aside from what the policy means to
do, which is what its density says something about; sampling what its noise is worth would cost more than it adds.

One action of 1/20 s changes next to nothing. A choice over vectors is therefore a path, m actions in a row drawn from
the policy: discounted and summed along it, f = g + gamma h' - h telescopes, so that with y = log(pi / u)

    sum_{t<m} gamma^t y_t = sum_{t<m} gamma^t g_t + gamma^m h(s_m) - h(s_0)

Axes: N places, K choices in each, F features, B = N K.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.irl.log_policy_fit import Choices, centred
from birl.irl.log_policy_rows import Asked, Visited, ask, draw_vectors, log_ratio_of
from birl.sampled import SampledBehavior
from birl.simulator import Places, Step
from birl.types import FloatArray

__all__ = ["Brings", "Following", "followed_choices", "is_random"]

Brings = Callable[[Places, Step], FloatArray]
"""The features of a step from some places, [B, F]."""

PROBES = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Following:
    """How choices are followed.

    Attributes:
        brings: features of a step.
        steps: at most, from the choice on.
        greedy: let the policy go on without noise.
        path: actions in a row that make a choice over vectors; what the random walk draws is held as long.
        own: only tell the policy's choices, 1, from those of the random walk, 0, whatever their densities.
    """

    brings: Brings
    steps: int
    greedy: bool
    path: int
    own: bool


def is_random(behavior: SampledBehavior, places: Places, rng: np.random.Generator) -> bool:
    """Whether one action twice leads to two observations, in a few places."""
    assert behavior.simulator is not None
    few = places.take(np.sort(rng.permutation(len(places))[:PROBES]))
    actions = behavior.simulator.wander(few, rng)
    first, second = (behavior.simulator.step(few, actions, rng).places.observations for _ in range(2))
    return not np.array_equal(first, second)


def followed_choices(
    behavior: SampledBehavior, seen: Visited, asked: Asked, following: Following, *, rng: np.random.Generator
) -> Choices:
    """Equations of every choice, centred in its place; followed twice, independently, where chance has a say."""
    random = not following.own and (not following.greedy or is_random(behavior, seen.places, rng))
    following = replace(following, path=1) if random else following  # a path is a choice where it can be taken again
    runs = [_follow(behavior, seen.places, asked, following, rng) for _ in range(2 if random else 1)]
    brought = [centred(counts, asked.weight) for counts, _ in runs]
    told = [
        np.broadcast_to(1.0 - asked.far, later.shape) if following.own else asked.log_ratio + later for _, later in runs
    ]
    target = [centred(values, asked.weight) for values in told]
    first = Choices(
        brought=brought[0],
        instrument=brought[-1],
        target=target[0],
        weight=asked.weight,
        cluster=seen.episode,
    )
    if not random:
        return first
    second = replace(first, brought=brought[1], instrument=brought[0], target=target[1])
    return Choices(**{name: np.concatenate([value, vars(second)[name]]) for name, value in vars(first).items()})


def _follow(
    behavior: SampledBehavior, places: Places, asked: Asked, following: Following, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Discounted features from each choice on, [N, K, F], and log-ratios after it, [N, K].

    The choices of a place share their luck where they can: what they have in common then cancels.
    """
    luck = int(rng.integers(2**63))
    runs = [
        _Run(
            behavior=behavior,
            following=following,
            rng=np.random.default_rng(luck),
            own=np.random.default_rng([luck, k]),
            held=asked.actions[:, k] if asked.far[k] else None,
        )(places, asked.actions[:, k])
        for k in range(asked.log_ratio.shape[1])
    ]
    return np.stack([counts for counts, _ in runs], axis=1), np.stack([later for _, later in runs], axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """One choice in each place, followed.

    Attributes:
        behavior: with policy and simulator.
        following: how.
        rng: the luck that all choices of a place share.
        own: draws the rest of a choice of several actions.
        held: the action that is repeated instead, in each place; None for none.
    """

    behavior: SampledBehavior
    following: Following
    rng: np.random.Generator
    own: np.random.Generator
    held: Any

    def __call__(self, places: Places, actions: Any) -> tuple[FloatArray, FloatArray]:
        """Discounted features, [N, F], and log-ratios after the first action, [N]."""
        behavior, brings = self.behavior, self.following.brings
        assert behavior.simulator is not None
        step = behavior.simulator.step(places, actions, self.rng)
        counts, later, discount = brings(places, step), np.zeros(len(places)), 1.0
        for time in range(1, self.following.steps):
            places, discount = step.places, discount * behavior.discount
            if places.terminal.all():
                break
            actions, ratio = self._next(places, time)
            step = behavior.simulator.step(places, actions, self.rng)
            later += discount * np.where(places.terminal, 0.0, ratio)
            counts += discount * np.where(places.terminal[:, None], 0.0, brings(places, step))
        return counts, later

    def _next(self, places: Places, time: int) -> tuple[Any, FloatArray | float]:
        """What is done next, and what it counts for: nothing, where the policy goes on without noise."""
        behavior, greedy = self.behavior, self.following.greedy
        assert behavior.policy is not None
        numbered = behavior.actions.count is not None
        if time < self.following.path and self.held is not None:
            return self.held, log_ratio_of(behavior, places, self.held)
        if time < self.following.path and not numbered:
            return draw_vectors(behavior, places, rng=self.own)
        if greedy:
            return replace(behavior.policy, deterministic=True).act(places, self.rng), 0.0
        if not numbered:
            return draw_vectors(behavior, places, rng=self.rng)
        asked = ask(behavior, places, count=0, rng=self.rng)
        return behavior.policy.act(places, self.rng), (asked.weight * asked.log_ratio).sum(axis=1)
