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
from birl.irl.base import LevelTerms
from birl.irl.soft_likelihood import by_level, covariance_by_level, successor
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
        plans = [
            soft_plan_finite(s.model, s.model.features @ theta, horizon=self.horizon) for s in self.sides
        ]
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
        return sum(
            (self.terms(i).curvature.sum(axis=0) for i in range(len(self.sides))),
            start=np.zeros((self.theta.size, self.theta.size)),
        )

    def terms(self, i: int) -> LevelTerms:
        """Each level's part of the gradient and of the curvature, for behaviour i."""
        model, plan, visits = self.sides[i].model, self.plans[i], self.visits[i]
        psi = np.zeros((model.n_states, self.theta.size))
        curvature = np.zeros((model.n_levels, self.theta.size, self.theta.size))
        for policy, rho in zip(plan.policy[::-1], visits[::-1], strict=True):
            pairs = successor(model, psi)
            curvature += covariance_by_level(model, policy, pairs, rho)
            psi = np.where(model.terminal[:, None], 0.0, np.einsum("sa,saf->sf", policy, pairs))
        return LevelTerms(
            gradient=self.sides[i].counts - by_level(model, model.start[:, None] * psi), curvature=curvature
        )


def _counts(behavior: Behavior, horizon: int) -> FloatArray:
    model = behavior.model
    visits = finite_occupancy(model, behavior.policy, horizon=horizon).sum(axis=0)
    pairs = (visits[:, None] * behavior.policy).ravel()
    member = sp.csr_matrix(
        (pairs, (np.repeat(model.level, model.n_actions), np.arange(pairs.size))), shape=(model.n_levels, pairs.size)
    )
    return (member @ model.features).toarray()
