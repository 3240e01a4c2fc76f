"""The reward under which a critic is right: what it says of an action, less what it says of where that leads.

    r = Q(s, a) - g max_a' Q(s', a')                                  numbered actions (DQN, QR-DQN)
    r = Q(s, a) - g E_{a' ~ pi}[Q(s', a') - alpha ln pi(a' | s')]     vectors (SAC; TD3 with alpha = 0)

An episode that is over is worth 0 from there on.

Axes: S states, A actions, N rows, F features, C clusters, D dimensions of an action.
Source: the Bellman equations that these networks are trained on (Mnih et al. 2015; Haarnoja et al. 2018, equation 2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.behavior import Behavior, expected_visits
from birl.place_policy import PlacePolicy
from birl.policy import ActionValues
from birl.sampled import SampledBehavior, walk
from birl.simulator import Actions, Places
from birl.types import BirlError, ContinuousPolicy, FloatArray, IntArray

__all__ = ["Implied", "discount_of", "implied_in_model", "implied_on_episodes"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Implied:
    """Implied rewards with what they are to be explained by.

    Attributes:
        reward: [N].
        features: [N, F].
        weight: coverage of each row, [N]; sums to 1.
        cluster: which rows are resampled together: level or episode, [N].
        observations: before each step, [N, ...]; None on a model, whose rows are s * A + a.
        actions: [N, ...]; None on a model.
    """

    reward: FloatArray
    features: FloatArray
    weight: FloatArray
    cluster: IntArray
    observations: Any = None
    actions: Any = None


def critic_in(behavior: Behavior | SampledBehavior) -> ActionValues:
    """The critic of a behaviour that was checked to have one."""
    carrier: Any = behavior if isinstance(behavior, Behavior) else behavior.policy
    assert carrier.critic is not None
    return carrier.critic


def discount_of(behavior: Behavior | SampledBehavior) -> float:
    """The discount the critic was trained with; the task's where the checkpoint does not say."""
    told = critic_in(behavior).discount
    task = behavior.model.discount if isinstance(behavior, Behavior) else behavior.discount
    return task if told is None else told


def implied_in_model(behavior: Behavior, *, noise: float) -> Implied:
    """Of every state and action of a model, chance taken care of by its transitions; 0 where nothing can happen.

    Args:
        behavior: on a model that can be observed.
        noise: share of random actions mixed into the policy whose visits weigh the rows.

    Raises:
        BirlError: for a model without `observe`, or a critic of another number of actions.
    """
    model = behavior.model
    if model.observe is None:
        raise BirlError(f"critic: distribution {behavior.distribution!r}: the model has no `observe`: give observe=")
    q = critic_in(behavior).action_values(model.observe(np.arange(model.n_states)))
    if q.shape != (model.n_states, model.n_actions):
        raise BirlError(f"critic: it gives {q.shape} values for {(model.n_states, model.n_actions)} states and actions")
    best = np.where(model.terminal, 0.0, np.where(model.valid_actions, q, -np.inf).max(axis=1))
    reward = np.where(model.live, q.ravel() - discount_of(behavior) * (model.transitions @ best), 0.0)
    mixed = (1.0 - noise) * behavior.policy + noise * model.uniform
    visits = expected_visits(model, mixed, horizon=behavior.horizon)[:, None] * mixed
    return Implied(
        reward=reward,
        features=model.features.toarray(),
        weight=visits.ravel() / visits.sum(),
        cluster=np.repeat(model.level, model.n_actions),
    )


def implied_on_episodes(
    behavior: SampledBehavior, *, episodes: int, noise: float, draws: int, rng: np.random.Generator
) -> Implied:
    """Of every step of some episodes.

    Args:
        behavior: with policy, critic and simulator.
        episodes: how many.
        noise: share of random actions in them.
        draws: actions drawn where each step leads, over vectors.
        rng: drives everything.
    """
    seen = walk(behavior, episodes, rng=rng, noise=noise)
    critic, policy, g = critic_in(behavior), behavior.policy, discount_of(behavior)
    assert policy is not None
    if critic.numbered:
        q = critic.action_values(seen.places.observations)
        now = q[np.arange(len(q)), np.asarray(seen.actions, np.int64)]
        after = _best(critic, seen.after)
    else:
        now = critic.action_values(seen.places.observations, seen.actions)
        after = np.mean([_drawn(critic, policy, seen.after, behavior.actions, rng) for _ in range(draws)], axis=0)
    reward = now - g * np.where(seen.after.terminal, 0.0, after)
    return Implied(
        reward=reward,
        features=seen.features,
        weight=np.full(reward.size, 1.0 / reward.size),
        cluster=seen.episode,
        observations=seen.places.observations,
        actions=seen.actions,
    )


def _best(critic: ActionValues, places: Places) -> FloatArray:
    """max over the actions that are allowed, [B]."""
    q = critic.action_values(places.observations)
    return (q if places.masks is None else np.where(places.masks, q, -np.inf)).max(axis=1)


def _drawn(
    critic: ActionValues, policy: PlacePolicy, places: Places, actions: Actions, rng: np.random.Generator
) -> FloatArray:
    """Q less the price of one drawn action's predictability, [B]; SAC's densities are those of actions in [-1, 1]."""
    drawn = replace(policy, deterministic=False).act(places, rng)
    value = critic.action_values(places.observations, drawn)
    if not critic.temperature or not isinstance(policy.source, ContinuousPolicy):
        return value
    half = float(np.log((actions.high - actions.low) / 2.0).sum())
    return value - critic.temperature * (policy.source.action_log_prob(places.observations, drawn) + half)
