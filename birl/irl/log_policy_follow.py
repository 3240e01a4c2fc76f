"""What each choice brings when the policy goes on from it: the successor form of the log-policy, sampled.

For numbered actions the policy goes on as it is, and what its randomness is worth counts (equation (2) of the exact
form). A policy over vectors goes on without noise: each choice is then one small step aside from what the policy means
to do, which is what its density says something about; the entropy that such a policy was trained with is another
training run's detail, and sampling it costs far more noise than it adds.

Axes: N places, K choices in each, F features, B = N K.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from birl.irl.log_policy_fit import Choices, centred
from birl.irl.log_policy_rows import Asked, Visited, ask
from birl.sampled import PlacePolicy, SampledBehavior
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
    """

    brings: Brings
    steps: int
    greedy: bool


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
    random = not following.greedy or is_random(behavior, seen.places, rng)
    runs = [_follow(behavior, seen.places, asked, following, rng) for _ in range(2 if random else 1)]
    brought = [centred(counts, asked.weight) for counts, _ in runs]
    target = [centred(asked.log_ratio + divergence, asked.weight) for _, divergence in runs]
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
    each = [
        _one(behavior, places, asked.actions[:, k], following, np.random.default_rng(luck))
        for k in range(asked.log_ratio.shape[1])
    ]
    return np.stack([counts for counts, _ in each], axis=1), np.stack([later for _, later in each], axis=1)


def _one(
    behavior: SampledBehavior, places: Places, actions: FloatArray, following: Following, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    assert behavior.simulator is not None
    assert behavior.policy is not None
    simulator, policy = behavior.simulator, replace(behavior.policy, deterministic=following.greedy)
    step = simulator.step(places, actions, rng)
    counts, later, discount = following.brings(places, step), np.zeros(len(places)), 1.0
    for _ in range(following.steps - 1):
        places, discount = step.places, discount * behavior.discount
        if places.terminal.all():
            break
        actions = policy.act(places, rng)
        if not following.greedy:
            later += discount * np.where(places.terminal, 0.0, _divergence(behavior, policy, places, actions, rng))
        step = simulator.step(places, actions, rng)
        counts += discount * np.where(places.terminal[:, None], 0.0, following.brings(places, step))
    return counts, later


def _divergence(
    behavior: SampledBehavior, policy: PlacePolicy, places: Places, actions: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Divergence of the policy from the random walk, [B]; of vectors, its value at one action."""
    assert behavior.simulator is not None
    box = behavior.simulator.actions
    if box.count is None:
        return policy.log_density(places, actions) + float(np.log(box.high - box.low).sum())
    asked = ask(behavior, places, count=0, rng=rng)
    return (asked.weight * asked.log_ratio).sum(axis=1)
