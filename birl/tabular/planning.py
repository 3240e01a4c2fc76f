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
from functools import cached_property, reduce

import numpy as np

from birl.tabular.apart import evaluate
from birl.tabular.model import TabularModel
from birl.tabular.solve import PolicyChain, greedy_chain
from birl.types import BirlError, FloatArray

__all__ = ["HardPlan", "SoftPlan", "hard_plan", "q_values", "soft_plan", "soft_policy"]

MAX_ITERATIONS = 200
EXACT = 1e-11  # Bellman residual of a value that is kept as it is, relative to itself and to the largest reward
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


@dataclass(frozen=True, kw_only=True, eq=False)
class HardPlan:
    """The optimal plan of a reward.

    Attributes:
        values: V*, [S].
        q: Q*, [S, A]; -inf on invalid actions.
        chain: the Markov chain of one optimal action a state.
    """

    values: FloatArray
    q: FloatArray
    chain: PolicyChain

    @cached_property
    def policy(self) -> FloatArray:
        """Uniform over the optimal actions, ties kept, [S, A]."""
        tied = self.q >= best_values(self.q)[:, None] - _slack(self.values)
        return tied / tied.sum(axis=1, keepdims=True)

    @property
    def greedy(self) -> FloatArray:
        """One optimal action a state, as probabilities, [S, A]."""
        return self.chain.policy


def best_values(q: FloatArray) -> FloatArray:
    """The largest value over actions, [S]; action by action, several times faster than over a short last axis."""
    return reduce(np.maximum, q.T)


def _slack(values: FloatArray) -> float:
    return TIE * (1.0 + max(float(values.max(initial=0.0)), -float(values.min(initial=0.0))))


def q_values(model: TabularModel, reward: FloatArray, values: FloatArray) -> FloatArray:
    """Q(s, a) = r(s, a) + g E V(s'), [S, A]; -inf on invalid actions."""
    q = (reward + model.discount * (model.transitions @ values)).reshape(model.n_states, model.n_actions)
    return q if model.valid_actions.all() else np.where(model.valid_actions, q, -np.inf)


def soft_policy(model: TabularModel, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """V = log mean_a exp Q over the valid actions, and the policy it belongs to: ([S], [S, A])."""
    top = best_values(q)
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
    values = _guess(model, reward) if warm_start is None else np.array(warm_start, np.float64)
    q, rows = q_values(model, reward, values), np.arange(model.n_states)
    action = q.argmax(axis=1)
    if warm_start is not None:
        off = _off(model, reward, q, values)
        if not off.any():
            return HardPlan(values=values, q=q, chain=greedy_chain(model, action))
        if model.falls_apart:
            rows = model.states_of(model.level[off])  # the other levels are settled
    for _ in range(MAX_ITERATIONS):
        if model.falls_apart:
            values[rows], q[rows] = evaluate(model, reward, action, rows)
        else:
            values = np.where(model.terminal, 0.0, greedy_chain(model, action).policy_values(reward))
            q = q_values(model, reward, values)
        here = q[rows]
        better = best_values(here) > values[rows] + _slack(values)
        if not better.any():
            return HardPlan(values=values, q=q, chain=greedy_chain(model, action))
        action[rows[better]] = here[better].argmax(axis=1)
        if model.falls_apart:
            rows = model.states_of(model.level[rows[better]])
    raise BirlError(f"planning did not settle in {MAX_ITERATIONS} policy iterations: lower the discount")


def _guess(model: TabularModel, reward: FloatArray) -> FloatArray:
    """Values to begin from, [S]; undiscounted, those of the random walk: to be greedy on zeros may lead in circles."""
    return (
        PolicyChain(model, model.uniform).policy_values(reward) if model.discount == 1.0 else np.zeros(model.n_states)
    )


def _off(model: TabularModel, reward: FloatArray, q: FloatArray, values: FloatArray) -> np.ndarray:
    """States in which values do not solve the Bellman optimality equation to rounding, or are no numbers, bool [S]."""
    off = np.abs(np.where(model.terminal, 0.0, best_values(q)) - values)
    return ~(off <= EXACT * (1.0 + np.abs(values) + np.abs(reward).max(initial=0.0)))
