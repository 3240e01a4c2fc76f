"""Coverage samples drawn from a behaviour's world: states of a source, actions in them, what comes next.

Axes: N states, K actions tried, M repeats, G replicates, L canonical actions, A numbered actions, B places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.distance.samples import REPLICATES, Ahead, Branching, CoverageSample, with_pool
from birl.distance.sources import Roots, Source, draw_roots
from birl.sampled import SampledBehavior, as_sampled
from birl.simulator import Places, Simulator
from birl.trajectories import Transitions
from birl.types import BirlError, FloatArray

__all__ = ["cover"]

REPEATS = 3  # next states of an action where chance has a say; a product of two forms needs two of them


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tried:
    """Actions tried in each state.

    Attributes:
        actions: [N, K, ...].
        uniform: their weights under the random walk, [N, K].
        chosen: their weights under coverage, [N, K].
    """

    actions: Any
    uniform: FloatArray
    chosen: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stepped:
    """Steps and where they led.

    Attributes:
        steps: [B].
        after: [B].
    """

    steps: Transitions
    after: Places


def cover(
    behavior: Behavior | SampledBehavior,
    states: int = 2000,
    *,
    source: Source = "occupancy",
    branching: Branching | None = None,
    rng: np.random.Generator | None = None,
) -> CoverageSample:
    """Draw states and try actions in them.

    Args:
        behavior: says where the policy goes and how its world answers.
        states: how many to compare rewards in.
        source: `occupancy` of the policy, `random-walk`, or `uniform` over an exact model.
        branching: how much is tried in each state.
        rng: drives everything; that of seed 0 if left out.

    Raises:
        BirlError: without a simulator, for a source that cannot be drawn from, or too few clusters.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    how, found = branching or Branching(), as_sampled(behavior)
    simulator = found.simulator
    if simulator is None:
        raise BirlError(f"distribution {found.distribution!r} has no simulator: a reward cannot be asked about steps")
    roots = draw_roots(found, states, source, episodes=how.episodes, rng=rng)
    chance = _chance(simulator, roots.places, rng)
    repeats = how.repeats or (REPEATS if chance else 1)
    tried = _tried(found, roots.places, how, rng)
    which = np.repeat(np.arange(states), tried.actions.shape[1] * repeats)
    stepped = _step(simulator, roots.places.take(which), _flat(np.repeat(tried.actions, repeats, axis=1), 2), rng)
    arrived = stepped.after.take(np.arange(0, which.size, repeats))
    numbered = simulator.actions.count is not None
    sample = CoverageSample(
        coverage=roots.coverage + (", as the policy acts" if how.chosen == "policy" else ""),
        discount=found.discount,
        feature_names=tuple(found.feature_names),
        actions=simulator.actions,
        unit=roots.unit,
        cluster=roots.cluster,
        weights=np.full(states, 1.0 / states),
        chosen=tried.chosen,
        uniform=tried.uniform,
        walker="uniform" if numbered or how.chosen == "any" else "the policy covered",
        repeats=repeats,
        steps=stepped.steps,
        valid_after=_valid(simulator, arrived).reshape(*tried.chosen.shape, -1) if numbered else None,
        pool_weights=roots.pool,
    )
    if how.ahead:
        canonical = _canonical(simulator, roots, how.ahead, REPLICATES if chance or not numbered else 1, rng)
        sample = replace(sample, ahead=_ahead(simulator, roots, arrived, canonical, rng))
    return with_pool(sample, rng)


def _chance(simulator: Simulator, places: Places, rng: np.random.Generator) -> bool:
    """Whether the same action in the same state leads to different ones; tried twice where no model says it."""
    model = getattr(simulator, "model", None)
    if model is not None:
        return model.successors is None
    actions = simulator.wander(places, rng)
    first, second = (simulator.step(places, actions, rng) for _ in range(2))
    seen = np.array_equal(first.places.observations, second.places.observations)
    return not (seen and np.array_equal(first.features, second.features))


def _tried(behavior: SampledBehavior, places: Places, how: Branching, rng: np.random.Generator) -> _Tried:
    policy, simulator, count = behavior.policy, behavior.simulator, len(places)
    assert simulator is not None
    follow = how.chosen == "policy"
    if follow and policy is None:
        raise BirlError(f"distribution {behavior.distribution!r} has no policy: set chosen='any'")
    if simulator.actions.count is not None:
        actions = np.tile(np.arange(simulator.actions.count), (count, 1))
        uniform = _uniform(_valid(simulator, places))
        chosen = policy.probabilities(places) if follow and policy is not None else uniform
        return _Tried(actions=actions, uniform=uniform, chosen=chosen)
    many = places.take(np.repeat(np.arange(count), how.actions))
    drawn = policy.act(many, rng) if follow and policy is not None else simulator.wander(many, rng)
    even = np.full((count, how.actions), 1.0 / how.actions)
    return _Tried(actions=np.asarray(drawn).reshape(count, how.actions, -1), uniform=even, chosen=even)


def _canonical(simulator: Simulator, roots: Roots, many: int, replicates: int, rng: np.random.Generator) -> Any:
    """Actions of the random walk for each state, [N, G, L, ...]: all of them where they are numbered."""
    count, numbered = len(roots.places), simulator.actions.count
    if numbered is not None:
        return np.broadcast_to(np.arange(numbered), (count, replicates, numbered))
    return simulator.actions.draw(count * replicates * many, rng).reshape(count, replicates, many, -1)


def _ahead(simulator: Simulator, roots: Roots, arrived: Places, actions: Any, rng: np.random.Generator) -> Ahead:
    """Canonical actions in the states, in where the tried ones led, and in where they led themselves."""
    count, each = len(roots.places), actions.shape[1] * actions.shape[2]
    places = roots.places.take(np.repeat(np.arange(count), each))
    onward = arrived.take(np.repeat(np.arange(len(arrived)), each))
    again = np.repeat(actions[:, None], len(arrived) // count, axis=1)
    here = _step(simulator, places, _flat(actions, 3), rng)
    return Ahead(
        here=here.steps,
        there=_step(simulator, onward, _flat(again, 4), rng).steps,
        beyond=_step(simulator, here.after, _flat(actions, 3), rng).steps,
        here_weights=_uniform(_allowed(simulator, places, actions, 3)),
        there_weights=_uniform(_allowed(simulator, onward, again, 4)),
        beyond_alive=_allowed(simulator, here.after, actions, 3),
    )


def _step(simulator: Simulator, places: Places, actions: Any, rng: np.random.Generator) -> _Stepped:
    step = simulator.step(places, actions, rng)
    seen = Transitions(
        observations=np.asarray(places.observations),
        actions=actions,
        next_observations=np.asarray(step.places.observations),
        terminal=step.places.terminal,
        features=step.features,
    )
    return _Stepped(steps=seen, after=step.places)


def _valid(simulator: Simulator, places: Places) -> np.ndarray:
    """Numbered actions that can be taken, bool [B, A]; none where it is over."""
    return np.asarray(simulator.allowed(places), bool) & ~places.terminal[:, None]


def _allowed(simulator: Simulator, places: Places, actions: Any, axes: int) -> np.ndarray:
    """Whether the given action can be taken in each place, in the shape of the actions."""
    shape = actions.shape[:axes]
    if simulator.actions.count is None:
        return ~places.terminal.reshape(shape)
    return _valid(simulator, places)[np.arange(len(places)), actions.ravel()].reshape(shape)


def _uniform(possible: np.ndarray) -> FloatArray:
    """Equal weights over what is possible, on the last axis; zeros where nothing is."""
    return possible / np.maximum(possible.sum(axis=-1, keepdims=True), 1)


def _flat(actions: Any, axes: int) -> Any:
    return np.ascontiguousarray(actions).reshape(-1, *actions.shape[axes:])
