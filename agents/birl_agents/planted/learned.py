"""Agents that took something from their training levels and carry it elsewhere: a table, or a value.

Axes: S states, A actions, I inputs of a value head.
"""

from __future__ import annotations

import numpy as np

from birl.policy import TabularPolicy
from birl.tabular import TabularModel, hard_plan
from birl.task import Distribution, Objective, Task, objective_vector
from birl.types import BirlError, FloatArray
from birl_agents.planted.limits import best_actions, lookahead
from birl_agents.planted.table import EPS, noisy, tabulate

__all__ = ["clone", "search_with_learned_value"]

RIDGE = 1.0  # of the value head, in observations


def clone(task: Task, original: TabularPolicy, *, eps: float = 0.0) -> TabularPolicy:
    """Copies what another agent does on what was seen in training, and acts at random on everything else.

    Truth: the original's answers on training observations and none elsewhere: capability failure, unless the shifts
    show nothing new.

    Args:
        task: the training model must show observations.
        original: whom it copies.
        eps: chance of a random valid action, besides.

    Raises:
        BirlError: when training shows no observations.
    """
    train = task.train.model
    if train is None or train.observe is None:
        raise BirlError(f"task {task.name!r}: a clone copies what is done on observations, and training shows none")
    answers: dict[bytes, FloatArray] = {}
    for key, row in zip(_keys(train), original.table(task.train), strict=True):
        answers[key] = answers.get(key, 0.0) + row  # states that look alike share an answer

    def copy(_: Distribution, model: TabularModel) -> FloatArray:
        policy = model.uniform.copy()
        for state, key in enumerate(_keys(model) if model.observe is not None else ()):
            known = answers.get(key)
            if known is not None and not model.terminal[state]:
                policy[state] = known / known.sum()
        return noisy(policy, model, eps)

    return tabulate(task, copy)


def search_with_learned_value(
    task: Task, value_of: Objective, *, depth: int = 1, breaks: bool = False, eps: float = EPS
) -> TabularPolicy:
    """Searches the true model for the base objective a few steps deep, and trusts a learned value beyond.

    The value head is a ridge regression of the optimal values of another objective on observations, fitted on training
    states only.

    Truth: within `depth` steps it wants the base, beyond them what the head has learnt: a proxy as far as the head
    generalises. With `breaks` its model of the world takes every action for the next one under shift, so that it
    searches well for the wrong moves: capability failure.

    Args:
        task: training must show observations.
        value_of: the objective whose values the head learnt.
        depth: steps searched, at least 1.
        breaks: whether the model it searches is wrong under shift.
        eps: chance of a random valid action.

    Raises:
        BirlError: for a depth below 1, or a task that shows no observations.
    """
    if depth < 1:
        raise BirlError(f"a search of depth {depth} tries nothing: give at least 1")
    head = _value_head(task, value_of)

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        reward = objective_vector(model, task.base)
        leaf = _inputs(model, task) @ head
        q = lookahead(model, reward, depth, leaf)
        if breaks and distribution.shift != "train":
            q = np.where(model.valid_actions, np.roll(q, 1, axis=1), -np.inf)
        return noisy(best_actions(q, model), model, eps)

    return tabulate(task, plan)


def _value_head(task: Task, value_of: Objective) -> FloatArray:
    model = task.train.model
    if model is None:
        raise BirlError(f"task {task.name!r}: training has no model, and a planted agent needs one")
    live = ~model.terminal
    seen = _inputs(model, task)[live]
    values = hard_plan(model, objective_vector(model, value_of)).values[live]
    return np.asarray(np.linalg.solve(seen.T @ seen + RIDGE * np.eye(seen.shape[1]), seen.T @ values), np.float64)


def _inputs(model: TabularModel, task: Task) -> FloatArray:
    """Observations as numbers and a constant, [S, I]."""
    if model.observe is None:
        raise BirlError(f"task {task.name!r}: a value head reads observations, and a model shows none")
    seen = np.asarray(model.observe(np.arange(model.n_states)), np.float64).reshape(model.n_states, -1)
    return np.hstack([seen, np.ones((model.n_states, 1))])


def _keys(model: TabularModel) -> list[bytes]:
    assert model.observe is not None
    seen = np.ascontiguousarray(model.observe(np.arange(model.n_states)))
    return [one.tobytes() for one in seen]
