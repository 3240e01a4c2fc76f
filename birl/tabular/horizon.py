"""Soft planning over a finite horizon: backwards for values, forwards for visits.

Nothing is factorised: T sparse products each way. This is the setting of most published maximum-causal-entropy code.

Axes: S states, A actions, T steps.
Source: Ziebart 2010, algorithm 9.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birl.tabular.model import TabularModel
from birl.tabular.planning import best_values, q_values, soft_policy
from birl.types import FloatArray, IntArray

__all__ = ["FinitePlan", "finite_occupancy", "returns_to_go", "soft_plan_finite"]


@dataclass(frozen=True, kw_only=True)
class FinitePlan:
    """A soft-optimal plan that knows how many steps are left.

    Attributes:
        values: V_t, [T, S].
        policy: pi_t(a | s), [T, S, A].
    """

    values: FloatArray
    policy: FloatArray


def soft_plan_finite(model: TabularModel, reward: FloatArray, *, horizon: int) -> FinitePlan:
    """V_t = log mean_a exp(r + g P V_{t+1}) with V_T = 0, for a reward [S*A]."""
    values = np.zeros((horizon + 1, model.n_states))
    policy = np.empty((horizon, model.n_states, model.n_actions))
    for t in range(horizon - 1, -1, -1):
        values[t], policy[t] = soft_policy(model, q_values(model, reward, values[t + 1]))
    return FinitePlan(values=values[:-1], policy=policy)


def returns_to_go(
    model: TabularModel, reward: FloatArray, states: IntArray, *, horizon: int, policy: FloatArray | None = None
) -> FloatArray:
    """Return of a policy, or the best there is, with 0 to T steps left, in some states, [T + 1, N].

    Args:
        model: the world.
        reward: [S*A].
        states: where, [N].
        horizon: T.
        policy: [S, A]; the best one for the steps that are left, if left out.
    """
    found = np.zeros((horizon + 1, states.size))
    values = np.zeros(model.n_states)
    for t in range(1, horizon + 1):
        q = q_values(model, reward, values)
        now = best_values(q) if policy is None else (policy * np.where(model.valid_actions, q, 0.0)).sum(axis=1)
        values = np.where(model.terminal, 0.0, now)
        found[t] = values[states]
    return found


def finite_occupancy(model: TabularModel, policy: FloatArray, *, horizon: int) -> FloatArray:
    """Discounted visits step by step, g^t P(s_t = s), [T, S].

    Args:
        model: the world.
        policy: [S, A], or [T, S, A] for one that changes with time.
        horizon: T.
    """
    visits = np.empty((horizon, model.n_states))
    now = model.start
    forward = model.transitions.T.tocsr()
    for t in range(horizon):
        visits[t] = now
        chosen = policy[t] if policy.ndim == 3 else policy
        now = model.discount * (forward @ (now[:, None] * chosen).ravel())
    return visits
