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

from birl.behavior import Behavior
from birl.policy import as_policy
from birl.simulator import Actions, EnvSimulator, ModelSimulator, Places, Simulator
from birl.task import Distribution
from birl.trajectories import Trajectory
from birl.types import BirlError, ContinuousPolicy, DiscretePolicy, FloatArray

__all__ = ["PlacePolicy", "SampledBehavior", "Walk", "as_sampled", "split", "walk", "watch"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacePolicy:
    """A policy asked by place, so that one table or network serves models and environments alike.

    Attributes:
        table: pi(a | s) of a model's states, [S, A]; None where the policy is asked by observation.
        source: the policy that is asked by observation; None where there is a table.
        deterministic: take the most probable action.
    """

    table: FloatArray | None = None
    source: Any = None
    deterministic: bool = False

    def probabilities(self, places: Places) -> FloatArray:
        """pi(a | place), [B, A].

        Raises:
            BirlError: for a policy over vectors, or one without probabilities.
        """
        if self.table is not None:
            return self.table[places.states]
        if not isinstance(self.source, DiscretePolicy):
            raise BirlError(f"{type(self.source).__name__} has no action probabilities: it can only be rolled out")
        found = np.asarray(self.source.action_probabilities(places.observations), np.float64)
        return np.eye(found.shape[1])[found.argmax(axis=1)] if self.deterministic else found

    def log_density(self, places: Places, actions: Any) -> FloatArray:
        """log pi(a | place) of one action in each place, [B]; a log-density where actions are vectors.

        Raises:
            BirlError: for a policy without one.
        """
        if self.table is not None or isinstance(self.source, DiscretePolicy):
            chosen = self.probabilities(places)[np.arange(len(places)), np.asarray(actions, np.int64)]
            return np.log(np.maximum(chosen, np.finfo(float).tiny))
        if not isinstance(self.source, ContinuousPolicy):
            raise BirlError(f"{type(self.source).__name__} has no action densities: it can only be rolled out")
        return np.asarray(self.source.action_log_prob(places.observations, actions), np.float64)

    def act(self, places: Places, rng: np.random.Generator) -> Any:
        """One action in each place."""
        if self.table is not None:
            cumulative = self.table[places.states].cumsum(axis=1)
            draw = rng.random(len(places)) * cumulative[:, -1]
            return (cumulative <= draw[:, None]).sum(axis=1)
        return np.asarray(self.source.act(places.observations, rng=rng, deterministic=self.deterministic))


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
        policy: to be asked anywhere; None where only episodes are known.
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

    Args:
        policy: what `as_policy` adapts.
        distribution: an environment with `features`, or a model.
        episodes: how many.
        rng: drives levels, actions and the simulator.
        discount: of the task, where there is no model to say it.
        deterministic: take the most probable action instead of sampling.

    Raises:
        BirlError: for an environment whose state cannot be copied, or features that are not finite.
    """
    if distribution.model is not None:
        from birl.behavior import observe  # the exact way, then sampled

        seen = observe(policy, distribution, deterministic=deterministic)
        return as_sampled(seen, episodes=episodes, rng=rng, make_env=distribution.make_env)
    assert distribution.make_env is not None
    simulator = EnvSimulator(
        distribution.make_env,
        features=distribution.features or (),
        feature_names=distribution.feature_names or (),
        seeds=distribution.seeds,
        where=f"distribution {distribution.name!r}",
    )
    source = as_policy(policy)
    bare = SampledBehavior(
        distribution=distribution.name,
        shift=distribution.shift,
        pair=distribution.pair,
        feature_names=simulator.feature_names,
        discount=discount,
        horizon=distribution.horizon,
        trajectories=(),
        actions=simulator.actions,
        policy=PlacePolicy(source=source, deterministic=deterministic),
        simulator=simulator,
        make_env=distribution.make_env,
    )
    return replace(bare, trajectories=split(walk(bare, episodes, rng=rng)))


def as_sampled(
    behavior: Behavior | SampledBehavior,
    *,
    episodes: int = 0,
    rng: np.random.Generator | None = None,
    make_env: Callable[[], Any] | None = None,
) -> SampledBehavior:
    """The same behaviour for methods that need no model; one that is sampled already is returned as it is.

    Args:
        behavior: exact or sampled.
        episodes: rollouts to add where the behaviour has none.
        rng: for them.
        make_env: the environment the model is of.
    """
    if isinstance(behavior, SampledBehavior):
        return behavior
    simulator = ModelSimulator(behavior.model)
    found = SampledBehavior(
        distribution=behavior.distribution,
        shift=behavior.shift,
        pair=behavior.pair,
        feature_names=simulator.feature_names,
        discount=behavior.model.discount,
        horizon=behavior.horizon,
        trajectories=behavior.trajectories,
        actions=simulator.actions,
        policy=PlacePolicy(table=behavior.policy) if behavior.policy_known else None,
        simulator=simulator,
        make_env=make_env,
    )
    if found.trajectories or not episodes:
        return found
    if rng is None:
        raise BirlError("rollouts need a generator: give rng=np.random.default_rng(seed)")
    return replace(found, trajectories=split(walk(found, episodes, rng=rng)))


def walk(
    behavior: SampledBehavior,
    episodes: int,
    *,
    rng: np.random.Generator,
    noise: float = 0.0,
    horizon: int | None = None,
) -> Walk:
    """Episodes of the policy itself in its simulator, with every place kept.

    Args:
        behavior: with policy and simulator.
        episodes: how many, side by side.
        rng: drives everything.
        noise: share of random actions mixed in.
        horizon: steps at most; the behaviour's own if left out.

    Raises:
        BirlError: where there is no policy or no simulator.
    """
    policy, simulator = behavior.policy, behavior.simulator
    if policy is None or simulator is None:
        missing = "policy" if policy is None else "simulator"
        raise BirlError(f"distribution {behavior.distribution!r} has no {missing}: only its episodes are known")
    places = simulator.start(episodes, rng)
    alive, steps = np.arange(episodes), []
    for time in range(behavior.horizon if horizon is None else horizon):
        actions = policy.act(places, rng)
        if noise:
            random = (rng.random(len(places)) < noise).reshape(-1, *[1] * (np.ndim(actions) - 1))
            actions = np.where(random, simulator.wander(places, rng), actions)
        step = simulator.step(places, actions, rng)
        steps.append((places, actions, step, alive, np.full(alive.size, time)))
        going = ~step.places.terminal
        places, alive = step.places.take(going), alive[going]
        if not alive.size:
            break
    return _join(steps)


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
