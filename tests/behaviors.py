"""Agents with known answers, and derivatives by differences, shared by the tests.

Axes: S states, A actions, F features, K parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from birl.behavior import Behavior, observe
from birl.irl.boltzmann_likelihood import boltzmann_policy
from birl.policy import TabularPolicy
from birl.tabular import TabularModel, hard_plan, reward_vector, soft_plan
from birl.task import Distribution


def behave(model: TabularModel, policy: np.ndarray, name: str = "train", **options) -> Behavior:
    """A table [S, A] observed on a model; `options` are `Distribution`'s and `observe`'s."""
    asked = {key: options.pop(key) for key in ("rng", "deterministic", "episodes") if key in options}
    distribution = Distribution(name, model, **{"shift": "train", **options})
    return observe(TabularPolicy({name: policy}), distribution, **asked)


def soft_agent(model: TabularModel, weights: np.ndarray | Mapping[str, float], name: str = "train", **options):
    """Soft-optimal for known weights."""
    reward = reward_vector(model, weights) if isinstance(weights, Mapping) else model.features @ weights
    return behave(model, soft_plan(model, reward).policy, name, **options)


def boltzmann_agent(model: TabularModel, weights: np.ndarray, eps: float, name: str = "train", **options):
    """Boltzmann on Q* of known weights, with a known share of random actions."""
    plan = hard_plan(model, model.features @ weights)
    return behave(model, boltzmann_policy(model, plan.q, eps), name, **options)


def slope(function: Callable[[np.ndarray], np.ndarray | float], at: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """Derivatives by fourth-order central differences, [..., K]; the error is of order step ** 4."""
    columns = []
    for k in range(at.size):
        move = step * np.eye(at.size)[k]
        near = np.asarray(function(at + move)) - np.asarray(function(at - move))
        far = np.asarray(function(at + 2 * move)) - np.asarray(function(at - 2 * move))
        columns.append((8 * near - far) / (12 * step))
    return np.stack(columns, axis=-1)


def relative_error(found: np.ndarray, known: np.ndarray) -> float:
    """Largest difference, relative to the largest entry."""
    return float(np.abs(found - known).max() / np.abs(known).max())


def permuted(model: TabularModel, states: np.ndarray, levels: np.ndarray) -> TabularModel:
    """The same world with its states reordered and its levels renumbered.

    Args:
        model: the world.
        states: new state i is old state states[i].
        levels: old level l becomes levels[l].
    """
    rows = (states[:, None] * model.n_actions + np.arange(model.n_actions)).ravel()
    return replace(
        model,
        transitions=model.transitions[rows][:, states],
        features=model.features[rows],
        start=model.start[states],
        terminal=model.terminal[states],
        level=levels[model.level[states]],
        valid_actions=model.valid_actions[states],
        observe=None,
    )


def unrolled(model: TabularModel, horizon: int) -> TabularModel:
    """The same world with the time in its states: state t * S + s, over after `horizon` steps."""
    n_states, n_actions = model.n_states, model.n_actions
    edges = model.transitions.tocoo()
    state, action = np.divmod(edges.row, n_actions)
    time = np.arange(horizon)[:, None]
    rows = ((time * n_states + state) * n_actions + action).ravel()
    columns = ((time + 1) * n_states + edges.col).ravel()
    size = (horizon + 1) * n_states
    last = np.arange(size) >= horizon * n_states
    return replace(
        model,
        transitions=sp.csr_matrix((np.tile(edges.data, horizon), (rows, columns)), shape=(size * n_actions, size)),
        features=sp.vstack([model.features] * (horizon + 1)),
        start=np.concatenate([model.start, np.zeros(horizon * n_states)]),
        terminal=last | np.tile(model.terminal, horizon + 1),
        level=np.tile(model.level, horizon + 1),
        valid_actions=np.tile(model.valid_actions, (horizon + 1, 1)),
        observe=None,
    )
