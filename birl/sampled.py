"""Behaviour that was rolled out: for worlds without an exact model, and for methods that need none.

A `SampledBehavior` holds episodes and, where they are there, the policy itself (which can be asked anywhere) and a
simulator that goes back to any state. It carries no reward.

Axes: B places, A actions, N steps, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from birl.behavior import Behavior, observe
from birl.env_simulator import EnvSimulator
from birl.place_policy import PlacePolicy
from birl.policy import TabularPolicy, as_policy
from birl.simulator import Actions, ModelSimulator, Places, Simulator, Step
from birl.task import Distribution
from birl.trajectories import Trajectory
from birl.types import BirlError, DiscretePolicy, FloatArray

__all__ = ["PlacePolicy", "SampledBehavior", "Walk", "as_sampled", "split", "walk", "watch", "world_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledBehavior:
    """A policy on a distribution, by its episodes.

    Attributes:
        distribution: its name.
        shift: what differs from training there.
        pair: the distribution it matches level by level, if any.
        feature_names: F names; none where the world has no features.
        discount: per step.
        horizon: steps an episode lasts at most.
        trajectories: the episodes, each with its features where there are names.
        actions: what can be done.
        policy: to be asked anywhere; None where only episodes are known, or the policy has a memory.
        simulator: to go back to any state; None where there is none.
        make_env: builds the environment; None where only a model or only episodes are known.
    """

    distribution: str
    shift: str
    pair: str | None
    feature_names: tuple[str, ...]
    discount: float
    horizon: int
    trajectories: tuple[Trajectory, ...]
    actions: Actions
    policy: PlacePolicy | None = None
    simulator: Simulator | None = None
    make_env: Callable[[], Any] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """Every place that some episodes came through.

    Attributes:
        places: before each step, one episode after another in time order, [N].
        actions: taken there, [N, ...].
        after: where each step led, [N].
        features: of each step, [N, F].
        episode: which episode, int [N].
        time: steps since its start, int [N].
    """

    places: Places
    actions: Any
    after: Places
    features: FloatArray
    episode: np.ndarray
    time: np.ndarray


def watch(
    policy: Any,
    distribution: Distribution,
    *,
    episodes: int,
    rng: np.random.Generator,
    discount: float = 0.99,
    deterministic: bool = False,
) -> SampledBehavior:
    """Roll a policy out and keep the way back: behaviour for methods that need no model.

    Of a policy with memory the episodes are kept and not the policy, since a place does not say what it would do there.

    Args:
        policy: what `as_policy` adapts.
        distribution: an environment with `features`, or a model.
        episodes: how many.
        rng: drives levels, actions and the simulator.
        discount: of the task, where there is no model to say it.
        deterministic: take the most probable action instead of sampling.

    Raises:
        BirlError: for no episodes, an environment whose state cannot be copied, features that are not finite, or
            actions that the world does not have.
    """
    if episodes < 1:
        raise BirlError(f"distribution {distribution.name!r}: {episodes} episodes to watch: give at least 1")
    simulator = world_of(distribution)
    source = policy if isinstance(policy, TabularPolicy) else as_policy(policy, n_actions=simulator.actions.count)
    remembers = bool(getattr(source, "stateful", False))
    if distribution.model is not None and isinstance(source, TabularPolicy | DiscretePolicy) and not remembers:
        exact = observe(source, distribution, deterministic=deterministic)
        return as_sampled(exact, episodes=episodes, rng=rng, make_env=distribution.make_env)
    seen = SampledBehavior(
        distribution=distribution.name,
        shift=distribution.shift,
        pair=distribution.pair,
        feature_names=simulator.feature_names,
        discount=discount if distribution.model is None else distribution.model.discount,
        horizon=distribution.horizon,
        trajectories=(),
        actions=simulator.actions,
        policy=PlacePolicy(source=source, deterministic=deterministic),
        simulator=simulator,
        make_env=distribution.make_env,
    )
    return replace(seen, trajectories=split(walk(seen, episodes, rng=rng)), policy=None if remembers else seen.policy)


def world_of(distribution: Distribution) -> Simulator:
    """The simulator of a distribution: its model, or its environment if that can be put back into any state.

    Raises:
        BirlError: when it cannot.
    """
    if distribution.model is not None:
        return ModelSimulator(distribution.model)
    assert distribution.make_env is not None
    return EnvSimulator(
        distribution.make_env,
        features=distribution.features or (),
        feature_names=distribution.feature_names or (),
        seeds=distribution.seeds,
        where=f"distribution {distribution.name!r}",
    )


def as_sampled(
    behavior: Behavior | SampledBehavior,
    *,
    episodes: int = 0,
    rng: np.random.Generator | None = None,
    make_env: Callable[[], Any] | None = None,
) -> SampledBehavior:
    """The same behaviour for methods that need no model, with episodes where they can be had.

    Args:
        behavior: exact or sampled.
        episodes: rollouts to add where the behaviour has none, and has policy and simulator.
        rng: for them.
        make_env: the environment the model is of.
    """
    found = behavior if isinstance(behavior, SampledBehavior) else _from_exact(behavior, make_env)
    if found.trajectories or not episodes or found.policy is None or found.simulator is None:
        return found
    if rng is None:
        raise BirlError("rollouts need a generator: give rng=np.random.default_rng(seed)")
    return replace(found, trajectories=split(walk(found, episodes, rng=rng)))


def _from_exact(behavior: Behavior, make_env: Callable[[], Any] | None) -> SampledBehavior:
    simulator = ModelSimulator(behavior.model)
    return SampledBehavior(
        distribution=behavior.distribution,
        shift=behavior.shift,
        pair=behavior.pair,
        feature_names=simulator.feature_names,
        discount=behavior.model.discount,
        horizon=behavior.horizon,
        trajectories=behavior.trajectories,
        actions=simulator.actions,
        policy=PlacePolicy(table=behavior.policy, believes=behavior.critic) if behavior.policy_known else None,
        simulator=simulator,
        make_env=make_env,
    )


def walk(
    behavior: SampledBehavior,
    episodes: int,
    *,
    rng: np.random.Generator,
    noise: float = 0.0,
    horizon: int | None = None,
) -> Walk:
    """Episodes of the policy itself in its simulator, with every place kept; its memory, if any, is empty at first.

    Args:
        behavior: with policy and simulator.
        episodes: how many, side by side.
        rng: drives everything.
        noise: share of random actions mixed in.
        horizon: steps at most; the behaviour's own if left out.

    Raises:
        BirlError: where there is no policy or no simulator, for actions that the world does not have, and where every
            episode is over as it begins.
    """
    policy, simulator = behavior.policy, behavior.simulator
    if policy is None or simulator is None:
        missing = "policy" if policy is None else "simulator"
        raise BirlError(f"distribution {behavior.distribution!r} has no {missing}: only its episodes are known")
    places = simulator.start(episodes, rng)
    who, steps = np.arange(episodes), []
    policy.reset()
    for time in range(behavior.horizon if horizon is None else horizon):
        on = np.flatnonzero(~places.terminal)
        if not on.size:
            break
        actions = _decide(policy, simulator, places, rng)
        if noise:
            random = (rng.random(len(places)) < noise).reshape(-1, *[1] * (np.ndim(actions) - 1))
            actions = np.where(random, simulator.wander(places, rng), actions)
        step = simulator.step(places, actions, rng)
        steps.append((places.take(on), actions[on], _taken(step, on), who[on], np.full(on.size, time)))
        # a memory belongs to its row: episodes that are over stay in the batch as long as others go on
        kept = np.arange(who.size) if policy.stateful else np.flatnonzero(~step.places.terminal)
        places, who = step.places.take(kept), who[kept]
    if not steps:
        raise BirlError(f"distribution {behavior.distribution!r}: every episode is over as it begins: check its starts")
    return _join(steps)


def _taken(step: Step, on: np.ndarray) -> Step:
    return Step(places=step.places.take(on), features=step.features[on])


def _decide(policy: PlacePolicy, simulator: Simulator, places: Places, rng: np.random.Generator) -> Any:
    """What the policy does, held against what can be done.

    Raises:
        BirlError: naming the action.
    """
    actions, known = np.asarray(policy.act(places, rng)), simulator.actions
    if known.count is None:
        if actions.shape != (len(places), known.low.size):
            raise BirlError(
                f"the policy gives actions {actions.shape} for {len(places)} places: give vectors of {known.low.size}"
            )
        return actions
    if actions.size != len(places):
        raise BirlError(f"the policy gives actions {actions.shape} for {len(places)} places: give one number each")
    actions = actions.reshape(len(places))
    odd = ~places.terminal & ((actions < 0) | (actions >= known.count) | (actions != np.floor(actions)))
    if not odd.any() and places.masks is not None:
        odd = ~places.terminal & ~places.masks[np.arange(len(places)), actions.astype(np.int64)]
    if odd.any():
        raise BirlError(f"the policy takes action {actions[odd][0]:g}, which the world does not have or allow there")
    return actions.astype(np.int64)


def _join(steps: Sequence[tuple[Any, ...]]) -> Walk:
    episode = np.concatenate([s[3] for s in steps])
    order = np.argsort(episode, kind="stable")  # within an episode, time goes on
    return Walk(
        places=_joined([s[0] for s in steps]).take(order),
        actions=np.concatenate([s[1] for s in steps])[order],
        after=_joined([s[2].places for s in steps]).take(order),
        features=np.concatenate([s[2].features for s in steps])[order],
        episode=episode[order],
        time=np.concatenate([s[4] for s in steps])[order],
    )


def _joined(parts: Sequence[Places]) -> Places:
    states: Any = [p.states for p in parts]
    return Places(
        states=np.concatenate(states) if isinstance(states[0], np.ndarray) else [s for part in states for s in part],
        observations=np.concatenate([p.observations for p in parts]),
        terminal=np.concatenate([p.terminal for p in parts]),
        level=np.concatenate([p.level for p in parts]),
        masks=None if parts[0].masks is None else np.concatenate([p.masks for p in parts]),
    )


def split(seen: Walk) -> tuple[Trajectory, ...]:
    """The episodes of a walk."""
    bounds = np.flatnonzero(np.diff(seen.episode, prepend=-1, append=-1))
    found = []
    for first, last in pairwise(bounds):
        end = seen.after.take(np.array([last - 1]))
        numbered = isinstance(seen.places.states, np.ndarray)
        found.append(
            Trajectory(
                observations=np.concatenate([seen.places.observations[first:last], end.observations]),
                actions=seen.actions[first:last],
                terminal=bool(end.terminal[0]),
                states=np.concatenate([seen.places.states[first:last], end.states]) if numbered else None,
                features=seen.features[first:last],
            )
        )
    return tuple(found)
