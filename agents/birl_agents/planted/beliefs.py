"""Agents that are wrong about the world: in training they plan in a model of their own, under shift in the right one.

Axes: S states, A actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from birl.policy import TabularPolicy
from birl.tabular import TabularModel, hard_plan
from birl.task import Distribution, Objective, Task, objective_vector
from birl.types import FloatArray, unknown_name
from birl_agents.planted.table import EPS, noisy, tabulate, visible

__all__ = ["Belief", "ends", "misbelieving", "overlooks"]

Belief = Callable[[TabularModel], TabularModel]
"""What the agent takes the world for; its states come first and in order, its actions stay."""


def misbelieving(task: Task, weights: Objective, belief: Belief, *, eps: float = EPS) -> TabularPolicy:
    """Pursues an objective that looked like the base only because of what it believed.

    Truth: optimal for the weights in the believed world in training, and in the real one under shift: suboptimality,
    where the belief made the two objectives agree.

    Args:
        task: every distribution needs a model.
        weights: what it pursues.
        belief: real model -> the model it plans in during training; `ends` and `overlooks` make some.
        eps: chance of a random valid action.
    """

    def plan(distribution: Distribution, model: TabularModel) -> FloatArray:
        world = belief(model) if distribution.shift == "train" else model
        reward = objective_vector(world, visible(task, distribution, weights))
        policy = hard_plan(world, reward).policy[: model.n_states]  # a belief may add an end
        return noisy(policy, model, eps)

    return tabulate(task, plan)


def ends(feature: str) -> Belief:
    """The belief that whatever has this feature is the end of everything.

    Raises:
        BirlError: when used on a model without the feature.
    """

    def believed(model: TabularModel) -> TabularModel:
        happens, size, n_actions = _column(model, feature) != 0, model.n_states, model.n_actions
        leads = sp.coo_array(model.transitions)
        kept = ~happens[leads.row]
        finished = np.flatnonzero(np.append(happens, np.ones(n_actions, bool)))  # the new end leads to itself
        rows, columns = np.append(leads.row[kept], finished), np.append(leads.col[kept], np.full(finished.size, size))
        chances = np.append(leads.data[kept], np.ones(finished.size))
        shape = ((size + 1) * n_actions, size + 1)
        return replace(
            model,
            transitions=sp.csr_matrix((chances, (rows, columns)), shape=shape),
            features=sp.vstack([model.features, sp.csr_matrix((n_actions, model.n_features))], format="csr"),
            start=np.append(model.start, 0.0),
            terminal=np.append(model.terminal, True),
            level=np.append(model.level, model.level[-1]),
            valid_actions=np.vstack([model.valid_actions, np.ones((1, n_actions), bool)]),
            observe=None,
        )

    return believed


def overlooks(feature: str) -> Belief:
    """The belief that something never happens, or does not count.

    Raises:
        BirlError: when used on a model without the feature.
    """

    def believed(model: TabularModel) -> TabularModel:
        kept = np.ones(len(model.feature_names))
        _column(model, feature)
        kept[model.feature_names.index(feature)] = 0.0
        return replace(model, features=sp.csr_matrix(model.features @ sp.diags_array(kept)))

    return believed


def _column(model: TabularModel, feature: str) -> FloatArray:
    if feature not in model.feature_names:
        raise unknown_name("feature of the model", feature, model.feature_names)
    return model.features[:, [model.feature_names.index(feature)]].toarray().ravel()
