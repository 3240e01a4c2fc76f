"""Places a policy may come to, some choices in each, and how much likelier than at random the policy makes them.

Numbered actions are all asked for, and weigh by their probability; of vectors, K are drawn from the policy itself, so
that only its bulk is compared: far out, the log-density of a network is whatever its output layer makes it.

Axes: N places, K choices in each, F features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.sampled import PlacePolicy, SampledBehavior, Walk, walk
from birl.simulator import Places
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Asked", "OnlyActs", "Visited", "ask", "draw_vectors", "log_ratio_of", "visit"]

NEUTRAL = 1e-9  # share of a constant potential that features may leave over and still stand in for it
TINY = 1e-12  # probability below which a numbered action counts as never taken


@dataclass(frozen=True, kw_only=True, eq=False)
class Visited:
    """Where the policy may come, and what comes about there.

    Attributes:
        places: [N].
        episode: which episode each is of, int [N].
        own: mean features of a step of the policy, [F].
        walk: the same of the random walk, [F].
        neutral: constant features that the others can stand in for, bool [F].
    """

    places: Places
    episode: IntArray
    own: FloatArray
    walk: FloatArray
    neutral: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """What the policy says of choices in some places.

    Attributes:
        actions: as the world takes them, [N, K, ...].
        log_ratio: log of the policy over the random walk, [N, K].
        weight: of each choice, [N, K]; rows sum to 1.
        decided: how little chance decides, [N]: 0 for the random walk, 1 where only one action is possible.
        far: choices that the random walk drew, bool [K].
    """

    actions: Any
    log_ratio: FloatArray
    weight: FloatArray
    decided: FloatArray
    far: np.ndarray


class OnlyActs(PlacePolicy):
    """A policy whose actions are asked for and whose densities are not: it may have none (TD3, DDPG)."""

    def log_density(self, places: Places, actions: Any) -> FloatArray:
        """Nothing is known, [B] zeros."""
        return np.zeros(len(places))


def visit(
    behavior: SampledBehavior, *, count: int, episodes: int, noises: Sequence[float], rng: np.random.Generator
) -> Visited:
    """Places from episodes of the policy and of noisy copies of it, as many from each.

    Args:
        behavior: with policy and simulator.
        count: N at most, over all copies.
        episodes: of each copy.
        noises: shares of random actions, one for each copy.
        rng: drives everything.
    """
    walks = {noise: walk(behavior, episodes, rng=rng, noise=noise) for noise in {*noises, 0.0, 1.0}}
    parts, numbers = [], []
    for i, noise in enumerate(noises):
        seen = walks[noise]
        kept = np.sort(rng.permutation(len(seen.places))[: max(1, count // len(noises))])
        parts.append(seen.places.take(kept))
        numbers.append(seen.episode[kept] + i * episodes)
    return Visited(
        places=_joined(parts),
        episode=np.concatenate(numbers),
        own=walks[0.0].features.mean(axis=0),
        walk=walks[1.0].features.mean(axis=0),
        neutral=_neutral(list(walks.values()), behavior.discount),
    )


def log_ratio_of(behavior: SampledBehavior, places: Places, actions: Any) -> FloatArray:
    """Log of the policy over the random walk, of one vector in each place, [B].

    Raises:
        BirlError: where it is not finite.
    """
    assert behavior.policy is not None
    volume = float(np.log(behavior.actions.high - behavior.actions.low).sum())
    found = behavior.policy.log_density(places, actions) + volume
    if not np.isfinite(found).all():
        raise BirlError(
            f"distribution {behavior.distribution!r}: the policy gives an action a density that is not finite: "
            "set form='paths', which asks for none"
        )
    return found


def _neutral(walks: Sequence[Walk], discount: float) -> np.ndarray:
    """As `neutral_constants` of exact models: is a potential of 1 wherever an episode goes on a sum of features?"""
    phi = np.concatenate([seen.features for seen in walks])
    over = np.concatenate([seen.after.terminal for seen in walks])
    if not over.any() or not phi.shape[1]:
        return np.zeros(phi.shape[1], bool)
    shaping = np.where(over, -1.0, discount - 1.0)
    left = shaping - phi @ np.linalg.lstsq(phi, shaping, rcond=None)[0]
    constant = (np.ptp(phi, axis=0) == 0) & (phi[0] != 0)
    return constant & (float(left @ left) <= NEUTRAL * float(shaping @ shaping))


def _joined(parts: Sequence[Places]) -> Places:
    """Places one after another."""
    numbered = isinstance(parts[0].states, np.ndarray)
    return Places(
        states=np.concatenate([p.states for p in parts]) if numbered else [s for p in parts for s in p.states],
        observations=np.concatenate([p.observations for p in parts]),
        terminal=np.concatenate([p.terminal for p in parts]),
        level=np.concatenate([p.level for p in parts]),
    )


def ask(behavior: SampledBehavior, places: Places, *, count: int, rng: np.random.Generator, wide: float = 0.0) -> Asked:
    """Ask the policy.

    Args:
        behavior: with policy and simulator.
        places: N.
        count: K, of vectors; of numbered actions all are asked for.
        rng: draws vectors.
        wide: share of them that come from the random walk.

    Raises:
        BirlError: for a policy without probabilities or densities, or over vectors without bounds.
    """
    assert behavior.simulator is not None
    numbered = behavior.simulator.actions.count is not None
    return _all_numbered(behavior, places) if numbered else _some_vectors(behavior, places, count, rng, wide)


def _all_numbered(behavior: SampledBehavior, places: Places) -> Asked:
    assert behavior.simulator is not None
    assert behavior.policy is not None
    allowed = behavior.simulator.allowed(places)
    chance = np.where(allowed, behavior.policy.probabilities(places), 0.0)
    chance = np.where(chance > TINY, chance, 0.0)
    weight = chance / chance.sum(axis=1, keepdims=True)
    options = allowed.sum(axis=1, keepdims=True)
    ratio = np.where(weight > 0, np.log(np.where(weight > 0, weight, 1.0) * options), 0.0)
    actions = np.where(allowed, np.arange(allowed.shape[1]), weight.argmax(axis=1)[:, None])  # all can be tried
    decided = (weight * ratio).sum(axis=1) / np.log(np.maximum(options[:, 0], 2))
    return Asked(actions=actions, log_ratio=ratio, weight=weight, decided=decided, far=np.zeros(allowed.shape[1], bool))


def _some_vectors(
    behavior: SampledBehavior, places: Places, count: int, rng: np.random.Generator, wide: float
) -> Asked:
    assert behavior.simulator is not None
    assert behavior.policy is not None
    many, n = places.take(np.repeat(np.arange(len(places)), count)), len(places)
    far = np.diff(np.floor(wide * np.arange(count + 1))) > 0  # spread evenly, so that neighbours differ
    actions, ratio = draw_vectors(behavior, many, rng=rng, wide=np.tile(far, n))
    ratio = ratio.reshape(n, count)
    return Asked(
        actions=actions.reshape(n, count, *actions.shape[1:]),
        log_ratio=ratio,
        weight=np.full((n, count), 1.0 / count),
        decided=1.0 - np.exp(-_nats(ratio, far) / behavior.simulator.actions.low.size),
        far=far,
    )


def _nats(ratio: FloatArray, far: np.ndarray) -> FloatArray:
    """How far the policy is from the random walk, by its own choices, [N]; 0 where it has none."""
    return np.maximum(ratio[:, ~far].mean(axis=1), 0.0) if not far.all() else np.zeros(len(ratio))


def draw_vectors(
    behavior: SampledBehavior, places: Places, *, rng: np.random.Generator, wide: np.ndarray | None = None
) -> tuple[Any, FloatArray]:
    """An action of the policy in each place, as the world takes it, and its log-ratio to the random walk, [B].

    Args:
        behavior: with policy and simulator, over vectors.
        places: B.
        rng: draws.
        wide: where the random walk draws instead, bool [B].
    """
    assert behavior.simulator is not None
    assert behavior.policy is not None
    box, policy = behavior.simulator.actions, replace(behavior.policy, deterministic=False)
    if not (np.isfinite(box.low).all() and np.isfinite(box.high).all()):
        raise BirlError(
            f"distribution {behavior.distribution!r}: actions have no bounds, over which no walk is uniform: "
            "give the world finite ones"
        )
    sample = getattr(policy.source, "sample", None)  # a Gaussian's density is that of its action before it is clipped
    drawn = policy.act(places, rng) if sample is None else np.asarray(sample(places.observations, rng=rng))
    if wide is not None and wide.any():
        drawn = np.where(wide.reshape(-1, *[1] * (drawn.ndim - 1)), behavior.simulator.wander(places, rng), drawn)
    ratio = log_ratio_of(behavior, places, drawn)
    low, high = (bound.reshape(drawn.shape[1:]) for bound in (box.low, box.high))
    return np.clip(drawn, low, high).astype(np.float32), ratio
