"""The soft-optimal log-likelihood over a finite horizon, where the policy knows how many steps are left.

Axes: S states, A actions, F features, L levels, T steps.
Source: Ziebart 2010, algorithms 9.1 and 9.2; the setting of imitation's MCE IRL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from birl.behavior import Behavior
from birl.irl.soft_likelihood import by_level, successor, weighted_covariance
from birl.tabular import FinitePlan, TabularModel, finite_occupancy, soft_plan_finite
from birl.types import FloatArray

__all__ = ["FiniteLikelihood", "FinitePoint"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Side:
    model: TabularModel
    counts: FloatArray  # [L, F]


class FiniteLikelihood:
    """The joint log-likelihood of several behaviours over `horizon` steps."""

    def __init__(self, behaviors: Sequence[Behavior], *, horizon: int) -> None:
        self.horizon = horizon
        self.sides = [_Side(model=b.model, counts=_counts(b, horizon)) for b in behaviors]

    def at(self, theta: FloatArray, near: FinitePoint | None = None) -> FinitePoint:
        """The likelihood at theta."""
        plans = [soft_plan_finite(s.model, s.model.features @ theta, horizon=self.horizon) for s in self.sides]
        return FinitePoint(sides=self.sides, theta=theta, plans=plans)


@dataclass(frozen=True, kw_only=True, eq=False)
class FinitePoint:
    """The likelihood at one parameter vector."""

    sides: Sequence[_Side]
    theta: FloatArray
    plans: Sequence[FinitePlan]

    @cached_property
    def value(self) -> float:
        """w.mu - V_0(start), summed over behaviours."""
        return sum(
            float(side.counts.sum(axis=0) @ self.theta - side.model.start @ plan.values[0])
            for side, plan in zip(self.sides, self.plans, strict=True)
        )

    @cached_property
    def visits(self) -> list[FloatArray]:
        """State visits under pi_w step by step, [T, S] each."""
        return [
            finite_occupancy(side.model, plan.policy, horizon=len(plan.policy))
            for side, plan in zip(self.sides, self.plans, strict=True)
        ]

    @cached_property
    def gradient(self) -> FloatArray:
        """Feature counts of the policy minus those of pi_w, [F]."""
        total = np.zeros(self.theta.size)
        for side, plan, visits in zip(self.sides, self.plans, self.visits, strict=True):
            pairs = np.einsum("ts,tsa->sa", visits, plan.policy).ravel()
            total += side.counts.sum(axis=0) - side.model.features.T @ pairs
        return total

    @cached_property
    def curvature(self) -> FloatArray:
        """sum_t sum_s rho_t(s) Cov_{a ~ pi_t}[Psi_t(s, a)], [F, F]."""
        total = np.zeros((self.theta.size, self.theta.size))
        for i, (side, plan) in enumerate(zip(self.sides, self.plans, strict=True)):
            for policy, rho, later in zip(plan.policy, self.visits[i], self._psi(i)[1:], strict=True):
                total += weighted_covariance(policy, successor(side.model, later), rho)
        return total

    def scores(self, i: int) -> FloatArray:
        """Each level's part of the gradient, for behaviour i, [L, F]."""
        side = self.sides[i]
        return side.counts - by_level(side.model, side.model.start[:, None] * self._psi(i)[0])

    def _psi(self, i: int) -> FloatArray:
        """Successor features of every state with t steps gone, [T + 1, S, F]; few features only."""
        model, policy = self.sides[i].model, self.plans[i].policy
        psi = np.zeros((len(policy) + 1, model.n_states, self.theta.size))
        for t in range(len(policy) - 1, -1, -1):
            now = np.einsum("sa,saf->sf", policy[t], successor(model, psi[t + 1]))
            psi[t] = np.where(model.terminal[:, None], 0.0, now)
        return psi


def _counts(behavior: Behavior, horizon: int) -> FloatArray:
    model = behavior.model
    visits = finite_occupancy(model, behavior.policy, horizon=horizon).sum(axis=0)
    pairs = (visits[:, None] * behavior.policy).ravel()
    member = sp.csr_matrix(
        (pairs, (np.repeat(model.level, model.n_actions), np.arange(pairs.size))), shape=(model.n_levels, pairs.size)
    )
    return (member @ model.features).toarray()
