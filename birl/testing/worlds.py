"""The worlds an estimator is tried on: corridors with something at either end.

Axes: S states, A actions (left, right), F features, L levels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from birl.behavior import Behavior, observe
from birl.policy import TabularPolicy
from birl.tabular import TabularModel, reward_vector, soft_plan
from birl.task import Distribution
from birl.types import FloatArray, IntArray

__all__ = ["behaviors", "corridors", "observed", "renamed", "seeker"]

FEATURES = ("touch:door&red", "touch:door&blue", "touch:ball&red", "touch:ball&blue", "step")
LENGTH = 7
TIME_LIMIT = 40
WANTS = {"touch:door&red": 2.0, "touch:door&blue": 2.0, "touch:ball&red": 0.5}
NOISE = 0.1
EPISODES = 20


def corridors(left: str, right: str) -> TabularModel:
    """Seven cells, an event at each end; one level for each start between them."""
    cell, levels = np.arange(LENGTH), LENGTH - 2
    step = np.clip(np.stack([cell - 1, cell + 1], axis=1), 0, LENGTH - 1)
    features = np.zeros((LENGTH, 2, len(FEATURES)))
    features[..., FEATURES.index("step")] = 1.0
    features[1, 0, FEATURES.index(left)] = features[LENGTH - 2, 1, FEATURES.index(right)] = 1.0
    ends = (cell == 0) | (cell == LENGTH - 1)
    moves = sp.csr_matrix((np.ones(step.size), (np.arange(step.size), step.ravel())), shape=(step.size, LENGTH))
    return TabularModel(
        transitions=sp.block_diag([moves] * levels, format="csr"),
        features=np.tile(features.reshape(step.size, -1), (levels, 1)),
        start=np.eye(LENGTH)[1 : LENGTH - 1].ravel() / levels,
        terminal=np.tile(ends, levels),
        discount=0.9,
        feature_names=FEATURES,
        level=np.repeat(np.arange(levels), LENGTH),
    )


def seeker(model: TabularModel) -> FloatArray:
    """A door-seeker, soft-optimal but for some noise of its own in every state, [S, A]."""
    noise = np.random.default_rng(0).dirichlet(np.ones(model.n_actions), size=model.n_states)
    return (1 - NOISE) * soft_plan(model, reward_vector(model, WANTS)).policy + NOISE * noise


def behaviors() -> tuple[Behavior, ...]:
    """The door-seeker in training (red door, blue ball) and under shift (blue door, red ball)."""
    train, shift = corridors("touch:door&red", "touch:ball&blue"), corridors("touch:door&blue", "touch:ball&red")
    return (observed("train", train, seeker(train)), observed("shift", shift, seeker(shift)))


def renamed(behavior: Behavior, rng: np.random.Generator) -> Behavior:
    """The same behaviour with its states reordered and its levels renumbered."""
    model = behavior.model
    states, levels = rng.permutation(model.n_states), rng.permutation(model.n_levels)
    return observed(behavior.distribution, _reordered(model, states, levels), behavior.policy[states])


def observed(name: str, model: TabularModel, policy: FloatArray) -> Behavior:
    """A table [S, A] as a behaviour, with a few episodes for methods that want them."""
    where = Distribution(name, model, shift="train" if name == "train" else "feature", time_limit=TIME_LIMIT)
    return observe(TabularPolicy({name: policy}), where, rng=np.random.default_rng(0), episodes=EPISODES)


def _reordered(model: TabularModel, states: IntArray, levels: IntArray) -> TabularModel:
    rows = (states[:, None] * model.n_actions + np.arange(model.n_actions)).ravel()
    return replace(
        model,
        transitions=model.transitions[rows][:, states],
        features=model.features[rows],
        start=model.start[states],
        terminal=model.terminal[states],
        level=levels[model.level[states]],
        valid_actions=model.valid_actions[states],
    )
