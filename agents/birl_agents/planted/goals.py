"""Exact planners: a known objective, known noise, and for one of them a known limit.

Axes: S states, A actions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from birl.policy import TabularPolicy
from birl.tabular import TabularModel, hard_plan, soft_plan
from birl.task import Distribution, Objective, Task, objective_vector
from birl.types import BirlError, FloatArray, unknown_name
from birl_agents.planted.table import EPS, add, as_weights, noisy, tabulate, visible

__all__ = ["blend", "forgetter", "planner"]


def planner(
    task: Task,
    weights: Objective | None = None,
    *,
    eps: float = EPS,
    temperature: float | None = None,
    discount: float | None = None,
) -> TabularPolicy:
    """Pursues one objective wherever it is put.

    Truth: optimal for `weights` in every state of every distribution, ties shared evenly; robust where the weights are
    the base objective's, a proxy where they are a candidate's. Where a candidate cannot be seen (its ghost), the share
    of the weights that all features of the candidate have in common is gone: an agent that wants red wants nothing.

    Args:
        task: every distribution needs a model.
        weights: the objective; the base objective if left out.
        eps: chance of a random valid action, in [0, 1].
        temperature: soft-optimal for weights / temperature, regularised towards the random walk; hard if left out.
        discount: of the planner, where it differs from the world's.

    Raises:
        BirlError: for settings out of range, or a distribution without a model.
    """
    if temperature is not None and not temperature > 0:
        raise BirlError(f"temperature {temperature} is not positive: leave it out for a hard planner")
    wanted = task.base if weights is None else weights

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        reward = objective_vector(model, visible(task, distribution, wanted))
        world = model if discount is None else replace(model, discount=discount)
        best = hard_plan(world, reward) if temperature is None else soft_plan(world, reward / temperature)
        return noisy(best.policy, model, eps)

    return tabulate(task, plan)


def blend(task: Task, candidate: str, share: float = 0.9, *, eps: float = EPS) -> TabularPolicy:
    """Wants the base objective and a candidate, in known parts.

    Truth: optimal for base + share * candidate; a proxy, mixed, where the share is comparable to 1.

    Args:
        task: base and candidates must be weights.
        candidate: one of the task's.
        share: weight of the candidate beside the base's 1.
        eps: chance of a random valid action.
    """
    if candidate not in task.candidates:
        raise unknown_name(f"candidate of task {task.name!r}", candidate, task.candidates)
    return planner(task, add(as_weights(task.base), as_weights(task.candidates[candidate]), share), eps=eps)


def forgetter(task: Task, *, first: float = 0.97, eps: float = EPS) -> TabularPolicy:
    """Knows the base objective by heart in training, and loses its way under shift.

    Truth: the base planner in training; on the task's shifts, in order, a random action with a chance that grows evenly
    from `first` to 1: a capability failure, whatever it would want. A ghost is as hard as the distribution it pairs.

    Args:
        task: every distribution needs a model.
        first: chance of a random action on the first shift, in [0, 1].
        eps: the same in training.
    """
    lost = dict(zip((d.name for d in task.shifts), np.linspace(first, 1.0, len(task.shifts)).tolist(), strict=True))

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        chance = lost.get(distribution.name, lost.get(distribution.pair or "", eps))
        return noisy(hard_plan(model, objective_vector(model, task.base)).policy, model, chance)

    return tabulate(task, plan)
