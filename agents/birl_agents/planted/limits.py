"""Planners that look only so far: the objective is known, and so is what keeps them from it.

Axes: S states, A actions, R roots, N nodes of a tree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from birl.policy import TabularPolicy
from birl.stats import generator
from birl.tabular import PolicyChain, TabularModel
from birl.task import Distribution, Objective, Task, objective_vector
from birl.types import BirlError, FloatArray
from birl_agents.planted.table import EPS, noisy, tabulate, visible
from birl_agents.planted.tree import tree_search

__all__ = ["best_actions", "depth_knob", "lookahead", "searcher", "shallow"]

TIE = 1e-9  # two actions whose values differ by less, relative to the largest, are tied


def shallow(task: Task, weights: Objective | None = None, *, depth: int = 2, eps: float = EPS) -> TabularPolicy:
    """Plans some steps ahead, sees nothing beyond, and plans again after every step.

    Truth: optimal for the weights over `depth` steps; what lies further off it does not pursue, so it dithers until
    something comes into reach. Robust or a proxy by its weights where most of what pays is within reach; with a small
    depth undertrained, for it is not good at anything even in training.

    Args:
        task: every distribution needs a model.
        weights: the objective; the base objective if left out.
        depth: steps it looks ahead, at least 1.
        eps: chance of a random valid action.

    Raises:
        BirlError: for a depth below 1, or a distribution without a model.
    """
    if depth < 1:
        raise BirlError(f"a planner of depth {depth} looks at nothing: give at least 1")

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        reward = objective_vector(model, visible(task, distribution, task.base if weights is None else weights))
        return noisy(best_actions(lookahead(model, reward, depth), model), model, eps)

    return tabulate(task, plan)


def searcher(
    task: Task, weights: Objective | None = None, *, simulations: int = 64, eps: float = EPS, seed: int = 0
) -> TabularPolicy:
    """Searches a tree from every state, with so many simulations, and plays what it tried most.

    Truth: as `shallow`, with simulations for depth; leaves are worth what the random walk earns from there, exactly.

    Args:
        task: every distribution needs a model.
        weights: the objective; the base objective if left out.
        simulations: of each search, at least one for each action.
        eps: chance of a random valid action.
        seed: of ties, and of what chance does in a stochastic model.

    Raises:
        BirlError: for too few simulations, or a distribution without a model.
    """
    rng = generator(seed)

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        if simulations < model.n_actions:
            raise BirlError(f"{simulations} simulations cannot try {model.n_actions} actions: give at least as many")
        reward = objective_vector(model, visible(task, distribution, task.base if weights is None else weights))
        leaf = PolicyChain(model, model.uniform).policy_values(reward)
        return noisy(tree_search(model, reward, leaf, simulations=simulations, rng=rng), model, eps)

    return tabulate(task, plan)


def depth_knob(task: Task, weights: Objective | None = None, *, eps: float = EPS) -> Callable[[Any, float], Any]:
    """A `Task.knob`: (policy, setting) -> the shallow planner that looks `setting` steps ahead."""
    return lambda _policy, setting: shallow(task, weights, depth=int(setting), eps=eps)


def lookahead(model: TabularModel, reward: FloatArray, depth: int, leaf: FloatArray | None = None) -> FloatArray:
    """Values of actions when some steps are left, [S, A]; -inf on invalid actions.

    Args:
        model: the world.
        reward: [S*A].
        depth: steps left, at least 1.
        leaf: what a state is worth after the last step, [S]; 0 if left out.
    """
    shape = (model.n_states, model.n_actions)
    values = np.zeros(model.n_states) if leaf is None else np.where(model.terminal, 0.0, leaf)
    q = np.zeros(shape)
    for _ in range(depth):
        q = (reward + model.discount * (model.transitions @ values)).reshape(shape)
        q = np.where(model.valid_actions, q, -np.inf)
        values = np.where(model.terminal, 0.0, q.max(axis=1))
    return q


def best_actions(q: FloatArray, model: TabularModel) -> FloatArray:
    """Uniform over the best actions, ties kept, [S, A]; the random walk on terminal states."""
    best = q.max(axis=1, keepdims=True)
    tied = q >= best - TIE * (1.0 + np.abs(best))
    policy = tied / tied.sum(axis=1, keepdims=True)
    return np.where(model.terminal[:, None], model.uniform, policy)
