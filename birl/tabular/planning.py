"""Optimal behaviour for a reward: soft (KL-regularised) and hard.

Soft planning regularises towards the random walk, V(s) = log mean_a exp Q(s, a) over the valid actions, so that being
alive earns nothing by itself and the neutral weight of a `step` feature is 0. The temperature is 1: it is absorbed in
the reward.

Axes: S states, A actions.
Source: Ziebart 2010, section 5 (soft Bellman equation); Todorov 2007 (KL control); Puterman & Brumelle 1979 (policy
iteration is Newton's method on the Bellman equation).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from birl.tabular.model import TabularModel
from birl.tabular.solve import PolicyChain, greedy_chain
from birl.types import BirlError, FloatArray

__all__ = ["HardPlan", "SoftPlan", "hard_plan", "q_values", "soft_plan", "soft_policy"]

MAX_ITERATIONS = 200
TIE = 1e-9  # two actions whose Q differ by less, relative to the largest |Q|, are tied


@dataclass(frozen=True, kw_only=True)
class SoftPlan:
    """The soft-optimal plan of a reward.

    Attributes:
        values: V, [S].
        policy: pi(a | s), [S, A]; 0 on invalid actions.
        chain: the policy's Markov chain, for successor features and occupancy.
        residual: largest |T V - V| left.
    """

    values: FloatArray
    policy: FloatArray
    chain: PolicyChain
    residual: float


@dataclass(frozen=True, kw_only=True)
class HardPlan:
    """The optimal plan of a reward.

    Attributes:
        values: V*, [S].
        q: Q*, [S, A]; -inf on invalid actions.
        policy: uniform over the optimal actions, [S, A].
        greedy: one optimal action a state, as probabilities [S, A].
        chain: the Markov chain of `greedy`.
    """

    values: FloatArray
    q: FloatArray
    policy: FloatArray
    greedy: FloatArray
    chain: PolicyChain


def q_values(model: TabularModel, reward: FloatArray, values: FloatArray) -> FloatArray:
    """Q(s, a) = r(s, a) + g E V(s'), [S, A]; -inf on invalid actions."""
    q = (reward + model.discount * (model.transitions @ values)).reshape(model.n_states, model.n_actions)
    return np.where(model.valid_actions, q, -np.inf)


def soft_policy(model: TabularModel, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """V = log mean_a exp Q over the valid actions, and the policy it belongs to: ([S], [S, A])."""
    top = reduce(np.maximum, q.T)  # action by action: several times faster than a reduction over a short last axis
    weight = np.exp(q - top[:, None])
    total = reduce(np.add, weight.T)
    values = top + np.log(total / model.valid_counts)
    return np.where(model.terminal, 0.0, values), weight / total[:, None]


def soft_plan(
    model: TabularModel,
    reward: FloatArray,
    *,
    warm_start: FloatArray | None = None,
    tolerance: float = 1e-10,
) -> SoftPlan:
    """Soft policy iteration: V <- V + (I - g P_pi)^-1 (T V - V).

    Args:
        model: the world.
        reward: [S*A].
        warm_start: V to begin from, [S]; a nearby reward's values save most of the work.
        tolerance: largest Bellman residual accepted, relative to 1 + max |V|.

    Raises:
        BirlError: when the residual does not fall below the tolerance.
    """
    values = np.zeros(model.n_states) if warm_start is None else warm_start
    residual = np.inf
    for _ in range(MAX_ITERATIONS):
        backup, policy = soft_policy(model, q_values(model, reward, values))
        chain = PolicyChain(model, policy)
        change = backup - values
        residual = float(np.abs(change).max())
        if residual <= tolerance * (1.0 + np.abs(values).max()):
            return SoftPlan(values=backup, policy=policy, chain=chain, residual=residual)
        values = values + chain.values(change)
    raise BirlError(
        f"soft planning stopped at a residual of {residual:.2g} after {MAX_ITERATIONS} iterations "
        f"(limit {tolerance:g}): scale the reward down or lower the discount"
    )


def hard_plan(model: TabularModel, reward: FloatArray, *, warm_start: FloatArray | None = None) -> HardPlan:
    """Policy iteration (Howard 1960), keeping every tied optimal action.

    Args:
        model: the world.
        reward: [S*A].
        warm_start: V to begin from, [S].
    """
    rows = np.arange(model.n_states)
    values = np.zeros(model.n_states) if warm_start is None else warm_start
    if warm_start is None and model.discount == 1.0:
        # greedy on zeros may walk in circles for ever; greedy on the random walk's values does not where steps cost
        values = PolicyChain(model, model.uniform).policy_values(reward)
    action = q_values(model, reward, values).argmax(axis=1)
    for _ in range(MAX_ITERATIONS):
        chain = greedy_chain(model, action)
        values = np.where(model.terminal, 0.0, chain.policy_values(reward))
        q = q_values(model, reward, values)
        slack = TIE * (1.0 + np.abs(values).max())
        best = q.max(axis=1)
        better = best > q[rows, action] + slack
        if not better.any():
            tied = q >= best[:, None] - slack
            return HardPlan(
                values=values, q=q, policy=tied / tied.sum(axis=1, keepdims=True), greedy=chain.policy, chain=chain
            )
        action = np.where(better, q.argmax(axis=1), action)
    raise BirlError(f"planning did not settle in {MAX_ITERATIONS} policy iterations: lower the discount")
