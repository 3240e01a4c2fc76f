"""Agents of more than one plan: by level, or weighed against each other at every step.

Axes: S states, A actions, L levels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from birl.policy import TabularPolicy
from birl.stats import generator
from birl.tabular import PolicyChain, TabularModel, hard_plan
from birl.task import Distribution, Objective, Task, objective_vector
from birl.types import BirlError, FloatArray
from birl_agents.planted.table import EPS, noisy, tabulate, visible

__all__ = ["mixture", "two_proposals"]


def mixture(
    task: Task,
    goals: Sequence[Objective],
    shares: Sequence[float] | None = None,
    *,
    eps: float = EPS,
    seed: int = 0,
) -> TabularPolicy:
    """Has several goals, and pursues one of them on each level.

    Truth: on every level optimal for one goal, drawn once for good; a proxy, mixed, where one of the goals is a
    candidate, for no single objective gives each level's answer.

    Args:
        task: every distribution needs a model; levels are matched by their number.
        goals: what it may pursue.
        shares: how often each; evenly if left out.
        eps: chance of a random valid action.
        seed: of the draw.

    Raises:
        BirlError: for no goals, or shares that are no distribution over them.
    """
    chances = np.full(len(goals), 1.0 / max(len(goals), 1)) if shares is None else np.asarray(shares, np.float64)
    if not goals or chances.shape != (len(goals),) or chances.min() < 0 or abs(chances.sum() - 1.0) > 1e-9:
        raise BirlError(f"{len(goals)} goals with shares {chances.tolist()}: give each goal a share, summing to 1")
    draws = generator(seed).random(max(d.model.n_levels for d in _everywhere(task) if d.model is not None))
    last = len(goals) - 1
    chosen = np.minimum(np.searchsorted(np.cumsum(chances), draws, side="right"), last)

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        seen = [objective_vector(model, visible(task, distribution, goal)) for goal in goals]
        plans = np.array([hard_plan(model, reward).policy for reward in seen])
        return noisy(plans[chosen[model.level], np.arange(model.n_states)], model, eps)

    return tabulate(task, plan)


def two_proposals(
    task: Task, proposals: tuple[Objective, Objective], scorer: Objective | None = None, *, eps: float = EPS
) -> TabularPolicy:
    """The smallest optimizer: makes two plans, scores both, and takes a step of the better one.

    Truth: its objective is the scorer's, its search no wider than the two plans: robust where the scorer is the base
    objective and one of the plans serves it, a proxy where it scores by a candidate. By the policy improvement
    theorem it never does worse, by its scorer, than either plan.

    Args:
        task: every distribution needs a model.
        proposals: the objectives whose optimal plans it considers.
        scorer: the objective that chooses; the base objective if left out.
        eps: chance of a random valid action.
    """

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        scored, *proposed = (
            objective_vector(model, visible(task, distribution, goal))
            for goal in (task.base if scorer is None else scorer, *proposals)
        )
        plans = [hard_plan(model, reward).policy for reward in proposed]
        first, second = (PolicyChain(model, one).policy_values(scored) for one in plans)
        return noisy(np.where((first >= second)[:, None], *plans), model, eps)

    return tabulate(task, plan)


def _everywhere(task: Task) -> tuple[Distribution, ...]:
    return (*task.distributions, *task.ghosts.values())
