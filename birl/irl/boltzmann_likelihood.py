"""The log-likelihood of a policy that is a softmax of optimal action values, with a share of random actions.

pi_w = (1 - eps) softmax_a Q*_w(s, a) + eps / n(s). Q* is piecewise linear in w: under the greedy policy its slope is
the successor features Psi, so derivatives follow by the chain rule wherever the greedy policy does not change.

Axes: S states, A actions, F features, K = F + 1 parameters (the last is logit eps), L levels.
Source: Ramachandran & Amir 2007 (IJCAI), equation 2, for the softmax of Q*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np
from scipy.special import expit, logit

from birl.behavior import Behavior
from birl.irl.soft_likelihood import by_level, successor
from birl.tabular import HardPlan, TabularModel, hard_plan
from birl.tabular.planning import best_values
from birl.types import FloatArray, IntArray

__all__ = ["BoltzmannLikelihood", "BoltzmannPoint", "boltzmann_policy"]

NEGLIGIBLE = 1e-12  # occupancy below which a state is left out of the sum


def boltzmann_policy(model: TabularModel, q: FloatArray, eps: float) -> FloatArray:
    """(1 - eps) softmax(q) + eps uniform over the valid actions, [S, A]."""
    return (1.0 - eps) * _softmax(q) + eps * model.uniform


def _softmax(q: FloatArray) -> FloatArray:
    weight = np.exp(q - best_values(q)[:, None])
    weight /= reduce(np.add, weight.T)[:, None]
    return weight


@dataclass(frozen=True, kw_only=True, eq=False)
class _Side:
    model: TabularModel
    states: IntArray  # visited states, [V]
    rho: FloatArray  # their weighted occupancy, [V]
    weight: FloatArray  # rho(s) pi(a|s), [V, A]
    uniform: FloatArray  # [V, A]


def _by_level(side: _Side, values: FloatArray) -> FloatArray:
    """Sum values of the visited states [V] within levels, [L]."""
    level = side.model.level[side.states]
    return np.asarray(np.bincount(level, weights=values, minlength=side.model.n_levels), np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Parts:
    centred: FloatArray  # Psi(s, a) minus its mean under softmax Q*, [V, A, F]
    by_q: FloatArray  # (1 - eps) softmax / pi_w, [V, A]
    by_eps: FloatArray  # d log pi_w / d logit eps, [V, A]


class BoltzmannLikelihood:
    """The joint log-likelihood of several behaviours under one reward and one eps."""

    def __init__(self, behaviors: Sequence[Behavior]) -> None:
        self.sides = [_side(b) for b in behaviors]

    def at(self, theta: FloatArray, near: BoltzmannPoint | None = None) -> BoltzmannPoint:
        """The likelihood at theta = (w, logit eps)."""
        weights, plans = theta[:-1], []
        for i, side in enumerate(self.sides):
            # the values of a nearby greedy policy under the new weights are exact: psi . w
            warm = None if near is None else near.psi[i] @ weights
            plans.append(hard_plan(side.model, side.model.features @ weights, warm_start=warm))
        return BoltzmannPoint(sides=self.sides, theta=theta, plans=plans)

    def scaled(self, point: BoltzmannPoint, scale: float, eps: float) -> BoltzmannPoint:
        """The likelihood along the same direction, without planning anew: Q* grows with the weights."""
        plans = [replace(plan, values=scale * plan.values, q=scale * plan.q) for plan in point.plans]
        theta = np.append(scale * point.theta[:-1], logit(eps))
        return BoltzmannPoint(sides=self.sides, theta=theta, plans=plans)

    def wide_curvature(self, point: BoltzmannPoint, active: np.ndarray, *, width: float) -> FloatArray:
        """How fast the gradient falls over a finite distance, kinks included, [K, K].

        At a kink of Q* the gradient jumps, and the Hessian between kinks says nothing of it. Over a distance as wide as
        the sampling error the jumps add up to the curvature that bounds the estimate.

        Args:
            point: the maximum.
            active: parameters to move, bool [K]; the others keep the point's own curvature.
            width: distance to either side, as a share of the largest weight (1 for logit eps).

        Source: Newey & McFadden 1994 (Handbook of Econometrics IV), section 7.3: numerical derivatives of a criterion
        that is not smooth, with a step wider than the rounding of the kinks.
        """
        curvature = point.curvature.copy()
        step = np.full(point.theta.size, width * float(np.abs(point.theta[:-1]).max(initial=0.0)))
        step[-1] = width
        for k in np.flatnonzero(active):
            sides = []
            for sign in (-1.0, 1.0):
                moved = point.theta.copy()
                moved[k] += sign * step[k]
                sides.append(self.at(moved, point).gradient)
            curvature[k, active] = ((sides[0] - sides[1]) / (2 * step[k]))[active]
        block = np.ix_(active, active)
        curvature[block] = _definite((curvature[block] + curvature[block].T) / 2)
        return curvature


def _definite(matrix: FloatArray) -> FloatArray:
    """The symmetric matrix with its negative eigenvalues made positive: a fall is a fall on either side of a kink."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.abs(values)) @ vectors.T


@dataclass(frozen=True, kw_only=True, eq=False)
class BoltzmannPoint:
    """The likelihood at one parameter vector."""

    sides: Sequence[_Side]
    theta: FloatArray
    plans: Sequence[HardPlan]

    @property
    def eps(self) -> float:
        """Share of random actions."""
        return float(expit(self.theta[-1]))

    @cached_property
    def softmax(self) -> list[FloatArray]:
        """softmax Q* in the visited states, [V, A] each."""
        return [_softmax(plan.q[side.states]) for side, plan in zip(self.sides, self.plans, strict=True)]

    @cached_property
    def predicted(self) -> list[FloatArray]:
        """pi_w in the visited states, [V, A] each."""
        return [
            np.maximum((1 - self.eps) * m + self.eps * side.uniform, np.finfo(float).tiny)
            for side, m in zip(self.sides, self.softmax, strict=True)
        ]

    @cached_property
    def value(self) -> float:
        """sum_s rho(s) sum_a pi(a|s) log pi_w(a|s), over behaviours."""
        return sum(
            float(side.weight.ravel() @ np.log(p).ravel()) for side, p in zip(self.sides, self.predicted, strict=True)
        )

    @cached_property
    def levels(self) -> list[FloatArray]:
        """Each level's part of the value, [L] for each behaviour."""
        return [
            _by_level(side, reduce(np.add, (side.weight * np.log(p)).T))
            for side, p in zip(self.sides, self.predicted, strict=True)
        ]

    @cached_property
    def psi(self) -> list[FloatArray]:
        """Successor features of every state under the greedy policy, [S, F] each."""
        return [plan.chain.values(plan.chain.features()) for plan in self.plans]

    @cached_property
    def parts(self) -> list[_Parts]:
        """What every derivative is made of."""
        found = []
        for side, psi, m, p in zip(self.sides, self.psi, self.softmax, self.predicted, strict=True):
            pairs = successor(side.model, psi, side.states)
            found.append(
                _Parts(
                    centred=pairs - np.einsum("va,vaf->vf", m, pairs)[:, None, :],
                    by_q=(1 - self.eps) * m / p,
                    by_eps=(side.uniform - m) / p * self.eps * (1 - self.eps),
                )
            )
        return found

    @cached_property
    def gradient(self) -> FloatArray:
        """[K]."""
        total = np.zeros(self.theta.size)
        for side, part in zip(self.sides, self.parts, strict=True):
            total[:-1] += (side.weight * part.by_q).ravel() @ part.centred.reshape(-1, self.theta.size - 1)
            total[-1] += float((side.weight * part.by_eps).sum())
        return total

    @cached_property
    def curvature(self) -> FloatArray:
        """The negative Hessian where it is positive definite, otherwise the Fisher information, [K, K]."""
        observed = self._summed(self._observed)
        return observed if np.linalg.eigvalsh(observed)[0] > 0 else self._summed(self._expected)

    def scores(self, i: int) -> FloatArray:
        """Each level's part of the gradient, for behaviour i, [L, K]."""
        side, part = self.sides[i], self.parts[i]
        per_state = np.zeros((side.model.n_states, self.theta.size))
        per_state[side.states, :-1] = np.einsum("va,vaf->vf", side.weight * part.by_q, part.centred)
        per_state[side.states, -1] = (side.weight * part.by_eps).sum(axis=1)
        return by_level(side.model, per_state)

    def _observed(self, i: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Coefficients of the negative Hessian: of centred psi squared, psi times eps, eps squared, [V, A] each."""
        side, part, m = self.sides[i], self.parts[i], self.softmax[i]
        pulled = side.weight * part.by_q
        squares = pulled * (part.by_q - 1.0) + pulled.sum(axis=1, keepdims=True) * m
        return squares, pulled * (part.by_eps + self.eps), side.weight * part.by_eps * (part.by_eps - 1 + 2 * self.eps)

    def _expected(self, i: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same for the Fisher information sum_s rho(s) sum_a pi_w (d log pi_w)^2."""
        side, part = self.sides[i], self.parts[i]
        weight = side.rho[:, None] * self.predicted[i]
        return weight * part.by_q**2, weight * part.by_q * part.by_eps, weight * part.by_eps**2

    def _summed(self, coefficients: Callable[[int], tuple[FloatArray, FloatArray, FloatArray]]) -> FloatArray:
        total = np.zeros((self.theta.size, self.theta.size))
        for i, part in enumerate(self.parts):
            squares, cross, corner = coefficients(i)
            flat = part.centred.reshape(-1, self.theta.size - 1)
            total[:-1, :-1] += flat.T @ (squares.reshape(-1, 1) * flat)
            total[:-1, -1] += cross.ravel() @ flat
            total[-1, -1] += float(corner.sum())
        total[-1, :-1] = total[:-1, -1]
        return total


def _side(behavior: Behavior) -> _Side:
    model = behavior.model
    rho = behavior.occupancy * behavior.level_weights()[model.level]
    states = np.flatnonzero(rho > NEGLIGIBLE)
    return _Side(
        model=model,
        states=states,
        rho=rho[states],
        weight=rho[states, None] * behavior.policy[states],
        uniform=model.uniform[states],
    )
