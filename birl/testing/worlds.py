"""The worlds an estimator is tried on: corridors with something at either end, and behaviour stripped to what it needs.

Axes: S states, A actions (left, right), F features, L levels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from birl.behavior import Behavior, observe
from birl.irl.base import AnyBehavior
from birl.policy import ActionValues, TabularPolicy
from birl.sampled import as_sampled
from birl.tabular import TabularModel, hard_plan, reward_vector, soft_plan
from birl.task import Distribution
from birl.types import FloatArray, IntArray

__all__ = [
    "Renaming",
    "behaviors",
    "beliefs",
    "corridors",
    "greedy",
    "observed",
    "renamed",
    "renaming",
    "seeker",
    "with_only",
]

FEATURES = ("touch:door&red", "touch:door&blue", "touch:ball&red", "touch:ball&blue", "step")
LENGTH = 7
TIME_LIMIT = 40
WANTS = {"touch:door&red": 2.0, "touch:door&blue": 2.0, "touch:ball&red": 0.5}
NOISE = 0.1
EPISODES = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Renaming:
    """Other numbers for the same states and levels.

    Attributes:
        states: which old state each new one is, [S].
        levels: what each old level is called now, [L].
    """

    states: IntArray
    levels: IntArray


def corridors(left: str, right: str) -> TabularModel:
    """Seven cells, an event at each end; one level for each start between them; the cell and both ends are seen."""
    cell, levels = np.arange(LENGTH), LENGTH - 2
    step = np.clip(np.stack([cell - 1, cell + 1], axis=1), 0, LENGTH - 1)
    features = np.zeros((LENGTH, 2, len(FEATURES)))
    features[..., FEATURES.index("step")] = 1.0
    features[1, 0, FEATURES.index(left)] = features[LENGTH - 2, 1, FEATURES.index(right)] = 1.0
    ends = (cell == 0) | (cell == LENGTH - 1)
    moves = sp.csr_matrix((np.ones(step.size), (np.arange(step.size), step.ravel())), shape=(step.size, LENGTH))
    there = np.array([[float(name == end) for end in (left, right) for name in FEATURES[:-1]]] * LENGTH)
    looks = np.tile(np.concatenate([np.eye(LENGTH), there], axis=1).astype(np.float32), (levels, 1))
    return TabularModel(
        transitions=sp.block_diag([moves] * levels, format="csr"),
        features=np.tile(features.reshape(step.size, -1), (levels, 1)),
        start=np.eye(LENGTH)[1 : LENGTH - 1].ravel() / levels,
        terminal=np.tile(ends, levels),
        discount=0.9,
        feature_names=FEATURES,
        level=np.repeat(np.arange(levels), LENGTH),
        observe=lambda ids: looks[ids],
    )


def seeker(model: TabularModel) -> FloatArray:
    """A door-seeker, soft-optimal but for some noise of its own in every state, [S, A]."""
    noise = np.random.default_rng(0).dirichlet(np.ones(model.n_actions), size=model.n_states)
    return (1 - NOISE) * soft_plan(model, reward_vector(model, WANTS)).policy + NOISE * noise


def behaviors() -> tuple[Behavior, ...]:
    """The door-seeker in training (red door, blue ball) and under shift (blue door, red ball)."""
    train, shift = corridors("touch:door&red", "touch:ball&blue"), corridors("touch:door&blue", "touch:ball&red")
    return (observed("train", train, seeker(train)), observed("shift", shift, seeker(shift)))


def greedy(behavior: Behavior) -> Behavior:
    """The same behaviour with nothing left to chance: probabilities of 0 and 1."""
    table = np.eye(behavior.model.n_actions)[behavior.policy.argmax(axis=1)]
    return observed(behavior.distribution, behavior.model, table)


def with_only(behavior: Behavior, has: Collection[str]) -> AnyBehavior:
    """The same behaviour with nothing to use but some of `model`, `policy`, `simulator`, `trajectories` and `critic`.

    A model is a simulator too, so the two go together; and a critic comes with its policy.
    """
    behavior = replace(behavior, critic=behavior.critic if {"policy", "critic"} <= set(has) else None)
    episodes = behavior.trajectories if "trajectories" in has else ()
    if "model" in has:
        return replace(behavior, policy_known="policy" in has, trajectories=episodes)
    found = as_sampled(behavior)
    return replace(
        found,
        policy=found.policy if "policy" in has else None,
        simulator=found.simulator if "simulator" in has else None,
        trajectories=episodes,
    )


def renaming(model: TabularModel, rng: np.random.Generator) -> Renaming:
    """Any other order of states and levels."""
    return Renaming(states=rng.permutation(model.n_states), levels=rng.permutation(model.n_levels))


def renamed(behavior: Behavior, names: Renaming) -> Behavior:
    """The same behaviour, its episodes included, with its states reordered and its levels renumbered."""
    model, now = _reordered(behavior.model, names), np.argsort(names.states)
    found = observed(behavior.distribution, model, behavior.policy[names.states])
    return replace(found, trajectories=tuple(replace(t, states=now[t.states]) for t in behavior.trajectories))


def observed(name: str, model: TabularModel, policy: FloatArray) -> Behavior:
    """A table [S, A] as a behaviour, with a few episodes and a critic for methods that want them."""
    where = Distribution(name, model, shift="train" if name == "train" else "feature", time_limit=TIME_LIMIT)
    found = observe(TabularPolicy({name: policy}), where, rng=np.random.default_rng(0), episodes=EPISODES)
    return replace(found, critic=ActionValues(network=beliefs(model), discount=model.discount))


def beliefs(model: TabularModel) -> Callable[[Any], FloatArray]:
    """The door-seeker's true action values as a function of observations, [B, A]."""

    def values(observations: Any) -> FloatArray:
        assert model.observe is not None
        looks = model.observe(np.arange(model.n_states))
        q = hard_plan(model, reward_vector(model, WANTS)).q
        nearest = np.abs(np.asarray(observations)[:, None] - looks).sum(axis=2).argmin(axis=1)
        return q[nearest]  # levels look alike, and are worth the same

    return values


def _reordered(model: TabularModel, names: Renaming) -> TabularModel:
    states, observe = names.states, model.observe
    rows = (states[:, None] * model.n_actions + np.arange(model.n_actions)).ravel()
    return replace(
        model,
        transitions=model.transitions[rows][:, states],
        features=model.features[rows],
        start=model.start[states],
        terminal=model.terminal[states],
        level=names.levels[model.level[states]],
        observe=None if observe is None else (lambda ids: observe(states[ids])),
        valid_actions=model.valid_actions[states],
    )
