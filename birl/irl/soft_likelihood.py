"""The log-likelihood of a policy under soft-optimal planning, with exact derivatives.

For a policy pi with occupancy rho, sum_s rho(s) sum_a pi(a|s) log pi_w(a|s) telescopes to w.mu - V_w(start), where mu
are pi's expected feature counts: concave in w, its gradient the difference in feature counts, its Hessian minus the
covariance of successor features under pi_w. Giving each level its own weight keeps all of that, because levels never
meet. Behaviour counted from episodes has no exact flow: what its visits leave over takes the place of the start, which
keeps the value the likelihood of the actions seen; the Hessian then has its visits cut at 0.

Axes: S states, A actions, F features, L levels.
Source: Ziebart et al. 2010 (ICML), theorems 1 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from birl.behavior import Behavior
from birl.tabular import PolicyChain, SoftPlan, TabularModel, soft_plan
from birl.types import FloatArray, IntArray

__all__ = ["SoftLikelihood", "SoftPoint", "by_level", "successor", "weighted_covariance"]

FEW_LEVELS = 10  # below so many clusters their spread says too little (Cameron & Miller 2015, section VI)
FIRST_ORDER_FEATURES = 200  # successor features of more than this many cost more than the iterations they save


@dataclass(frozen=True, kw_only=True, eq=False)
class _Side:
    """What one behaviour contributes: its model, weighted start, and feature counts level by level."""

    model: TabularModel
    start: FloatArray  # [S]
    counts: FloatArray  # [L, F]
    seen: _Seen | None = None  # where uncertainty is over episodes, not levels


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """The steps of the episodes a behaviour was counted from."""

    states: IntArray  # [N]
    actions: IntArray  # [N]
    weights: FloatArray  # [N], their shares of the likelihood
    episode: IntArray  # [N]


class SoftLikelihood:
    """The joint log-likelihood of several behaviours under one reward.

    Args:
        behaviors: one per distribution.
        equal_levels: give every level of a distribution the same total occupancy.
        tolerance: of soft planning.
    """

    def __init__(self, behaviors: Sequence[Behavior], *, equal_levels: bool, tolerance: float = 1e-10) -> None:
        self.tolerance = tolerance
        self.sides = [_side(b, equal_levels) for b in behaviors]

    def at(self, theta: FloatArray, near: SoftPoint | None = None) -> SoftPoint:
        """The likelihood at theta, its planning started from a nearby point to first order."""
        plans = []
        for i, side in enumerate(self.sides):
            warm = None
            if near is not None and theta.size <= FIRST_ORDER_FEATURES:
                warm = near.plans[i].values + near.psi[i] @ (theta - near.theta)
            elif near is not None:
                warm = near.plans[i].values
            plans.append(soft_plan(side.model, side.model.features @ theta, warm_start=warm, tolerance=self.tolerance))
        return SoftPoint(sides=self.sides, theta=theta, plans=plans)


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftPoint:
    """The likelihood at one parameter vector."""

    sides: Sequence[_Side]
    theta: FloatArray
    plans: Sequence[SoftPlan]

    @cached_property
    def value(self) -> float:
        """w.mu - V_w(start), summed over behaviours: the log-likelihood over and above the random walk's."""
        return sum(
            float(side.counts.sum(axis=0) @ self.theta - side.start @ plan.values)
            for side, plan in zip(self.sides, self.plans, strict=True)
        )

    @cached_property
    def psi(self) -> list[FloatArray]:
        """Successor features of every state under pi_w, [S, F] each."""
        return [plan.chain.values(plan.chain.features()) for plan in self.plans]

    @cached_property
    def gradient(self) -> FloatArray:
        """Feature counts of the policy minus those of pi_w, [F]."""
        total = np.zeros(self.theta.size)
        for side, plan, rho in zip(self.sides, self.plans, self.rho, strict=True):
            total += side.counts.sum(axis=0) - side.model.features.T @ (rho[:, None] * plan.policy).ravel()
        return total

    @cached_property
    def rho(self) -> list[FloatArray]:
        """Weighted occupancy of pi_w, [S] each."""
        return [plan.chain.occupancy(side.start) for side, plan in zip(self.sides, self.plans, strict=True)]

    @cached_property
    def curvature(self) -> FloatArray:
        """sum_s rho_w(s) Cov_{a ~ pi_w}[Psi(s, a)], [F, F]."""
        total = np.zeros((self.theta.size, self.theta.size))
        for i, plan in enumerate(self.plans):
            total += weighted_covariance(plan.policy, self.action_psi(i), np.maximum(self.rho[i], 0.0))
        return total

    def action_psi(self, i: int) -> FloatArray:
        """Successor features of every state and action in behaviour i, [S, A, F]."""
        return successor(self.sides[i].model, self.psi[i])

    def scores(self, i: int) -> FloatArray:
        """Each level's part of the gradient of behaviour i, [L, F]; each episode's, of few levels that were counted."""
        side = self.sides[i]
        if side.seen is not None:
            return self._episode_scores(i, side.seen)
        return side.counts - by_level(side.model, side.start[:, None] * self.psi[i])

    def _episode_scores(self, i: int, seen: _Seen) -> FloatArray:
        """sum_t weight grad log pi_w(a_t | s_t), [E, F]."""
        steps = seen.weights[:, None] * (self.action_psi(i)[seen.states, seen.actions] - self.psi[i][seen.states])
        total = np.zeros((int(seen.episode[-1]) + 1, self.theta.size))
        np.add.at(total, seen.episode, steps)
        return total


def _side(behavior: Behavior, equal_levels: bool) -> _Side:
    model = behavior.model
    weights = behavior.level_weights() if equal_levels else np.ones(model.n_levels)
    chain = PolicyChain(model, behavior.policy)
    visits = behavior.occupancy * weights[model.level]
    if behavior.policy_known:
        start = model.start * weights[model.level]
    else:  # of counted visits only this flow makes the likelihood that of the actions that were seen
        pairs = (visits[:, None] * behavior.policy).ravel()
        start = np.where(model.terminal, 0.0, visits - model.discount * (model.transitions.T @ pairs))
    return _Side(
        model=model,
        start=start,
        counts=by_level(model, visits[:, None] * chain.features()),
        seen=None if behavior.policy_known else _seen(behavior, weights),
    )


def _seen(behavior: Behavior, weights: FloatArray) -> _Seen | None:
    """The episodes of a behaviour counted on few levels; those weigh by `weights`, [L]."""
    model, episodes = behavior.model, behavior.trajectories
    if model.n_levels >= FEW_LEVELS or len(episodes) <= model.n_levels:
        return None
    lengths = np.array([len(t.actions) for t in episodes])
    states = np.concatenate([np.asarray(t.states)[:-1] for t in episodes])
    time = np.concatenate([np.arange(n) for n in lengths])
    return _Seen(
        states=states,
        actions=np.concatenate([np.asarray(t.actions, np.int64).ravel() for t in episodes]),
        weights=model.discount**time * weights[model.level[states]] / lengths.size,
        episode=np.repeat(np.arange(lengths.size), lengths),
    )


def by_level(model: TabularModel, values: FloatArray) -> FloatArray:
    """Sum [S, K] within levels, [L, K]."""
    return np.stack([model.per_level(column) for column in values.T], axis=1)


def successor(model: TabularModel, psi: FloatArray, states: IntArray | slice = slice(None)) -> FloatArray:
    """Psi(s, a) = phi(s, a) + g E psi(s'), [S, A, F]; of some states only if given."""
    if model.successors is not None:
        onward = np.where(model.terminal, 0.0, model.discount)[states]
        later = psi[model.successors[states]]
        later *= onward[:, None, None]
    else:
        later = (model.discount * (model.transitions @ psi)).reshape(model.n_states, model.n_actions, -1)[states]
    later += model.dense_features[states]
    return later


def weighted_covariance(policy: FloatArray, psi: FloatArray, rho: FloatArray) -> FloatArray:
    """sum_s rho(s) Cov_{a ~ policy}[psi(s, a)], [F, F]."""
    centred = psi - np.einsum("sa,saf->sf", policy, psi)[:, None, :]
    flat = centred.reshape(-1, psi.shape[2])
    return flat.T @ ((rho[:, None] * policy).reshape(-1, 1) * flat)
