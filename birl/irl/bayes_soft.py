"""The soft-optimal log-likelihood at many rewards near one that is planned already, with few factorisations.

Near a planned reward w0 the values of w are V0 + psi0.d + d'X0 d / 2 to second order in d = w - w0, X0 the discounted
covariance of successor features to come. What that leaves over falls geometrically under
V <- V + (I - g P_0)^-1 (T V - V) with the factors of w0: a simplified Newton method whose step costs two triangular
solves, where Newton's own costs a factorisation. A reward that contracts too slowly gets factors of its own. The
occupancy rho of the policy at V is found in the same way, and with it start.V + rho.(T V - V) is right to second order
in the error of V.

What a reward gets depends on that reward alone, never on what was asked before or beside it: a sampler that follows
these gradients can be reversed.

Axes: S states, A actions, F features, C rewards (columns).
Source: Kelley 1995 ("Iterative methods for linear and nonlinear equations"), section 5.4.1 (the chord method).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from birl.irl.soft_likelihood import SoftPoint
from birl.tabular import PolicyChain, TabularModel
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["SoftField"]

ACCURACY = 1e-4  # nats that a log-likelihood may be off, at worst: a chance of acceptance is off by that share
OCCUPANCY = 1e-4  # share of the visits that may be unaccounted for; gradients only fit a guide
CONTRACTS = 0.35  # share of an error left by one step, above which factors of its own pay
MAX_ITERATIONS = 60
MAX_EXPANSION = 2**24  # numbers kept for the second order; above, the first order has to do
BATCH = 2**13  # rows of states and actions planned at once: more do not fit the cache


class SoftField:
    """Values and gradients of the log-likelihood around a point.

    Args:
        point: planned; the nearer to what will be asked, the faster.
    """

    def __init__(self, point: SoftPoint) -> None:
        self.sides = [_NearSide(point, i) for i in range(len(point.sides))]

    def __call__(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The log-likelihood and its gradient at rewards [C, F]: ([C], [C, F]); -inf where values do not exist."""
        value, gradient = np.zeros(len(theta)), np.zeros_like(theta)
        for side in self.sides:
            for first in range(0, len(theta), side.batch):
                some = slice(first, first + side.batch)
                its_value, its_gradient = side.at(theta[some])
                value[some] += its_value
                gradient[some] += its_gradient
        return value, gradient


class _NearSide:
    """One behaviour. Rows of dynamics and features are sorted by action, so that each action is one block of memory."""

    def __init__(self, point: SoftPoint, i: int) -> None:
        side, self.plan, self.rho = point.sides[i], point.plans[i], point.rho[i]
        self.model, self.start, self.counts = side.model, side.start, side.counts.sum(axis=0)
        self.dynamics = _ByAction(self.model)
        self.origin, self.slopes = point.theta, point.psi[i]
        self.bends = self._bends(point, i)
        self.mass = float(np.abs(self.rho).sum())
        self.batch = max(1, BATCH // (self.model.n_states * self.model.n_actions))

    def at(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Value and gradient at rewards [C, F]: ([C], [C, F])."""
        near = _Columns(self, theta)
        with np.errstate(over="ignore", invalid="ignore"):  # values that do not exist grow until they are seen not to
            near.plan()
            near.visit()
            value = theta @ self.counts - self.start @ near.values - (near.rho * near.change).sum(axis=0)
        gradient = self.counts - self.dynamics.counts(near.policy * near.rho)
        exists = near.found
        return np.where(exists, value, -np.inf), np.where(exists[:, None], gradient, 0.0)

    def expected(self, theta: FloatArray) -> FloatArray:
        """V to second order, [S, C]."""
        move = theta - self.origin
        values = self.plan.values[:, None] + self.slopes @ move.T
        if self.bends is not None:
            i, j = np.triu_indices(move.shape[1])
            values += self.bends @ (np.where(i == j, 0.5, 1.0) * move[:, i] * move[:, j]).T
        return values

    def _bends(self, point: SoftPoint, i: int) -> FloatArray | None:
        """Second derivatives of V by two weights, [S, F (F + 1) / 2]; None where they are too many."""
        if self.slopes.shape[0] * self.slopes.shape[1] ** 2 > MAX_EXPANSION:
            return None
        policy, pairs = self.plan.policy, point.action_psi(i)
        pairs -= np.einsum("sa,saf->sf", policy, pairs)[:, None, :]
        square = np.einsum("sa,saf,sag->sfg", policy, pairs, pairs, optimize=True)
        row, column = np.triu_indices(square.shape[1])
        return self.plan.chain.values(square[:, row, column])


class _ByAction:
    """Dynamics and features with row a * S + s, discounted.

    Args:
        model: the world.
    """

    def __init__(self, model: TabularModel) -> None:
        self.shape = (model.n_actions, model.n_states)
        order = np.arange(model.n_states * model.n_actions).reshape(model.n_states, model.n_actions).T.ravel()
        self._onward = (model.discount * model.transitions[order]).tocsr()
        self._back = self._onward.T.tocsr()
        self._features = model.features[order].tocsr()
        self._counted = self._features.T.tocsr()
        closed = np.where(model.valid_actions, 0.0, -np.inf).T[:, :, None]
        self._closed = None if model.valid_actions.all() else closed
        self._alive = (~model.terminal)[:, None]
        self._log_counts = np.log(model.valid_counts)[:, None]

    def reward(self, theta: FloatArray) -> FloatArray:
        """Of rewards [C, F], [A, S, C]."""
        return (self._features @ theta.T).reshape(*self.shape, len(theta))

    def backup(self, reward: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The softmax policy of Q, [A, S, C], and T V - V, [S, C]."""
        q = (self._onward @ values).reshape(reward.shape)
        q += reward
        if self._closed is not None:
            q += self._closed
        top = q.max(axis=0)
        q -= top
        policy = np.exp(q, out=q)
        total = policy.sum(axis=0)
        policy /= total
        return policy, np.where(self._alive, np.log(total) + top - self._log_counts - values, 0.0)

    def arrivals(self, happens: FloatArray) -> FloatArray:
        """Discounted visits that follow from visits of states and actions [A, S, C], [S, C]."""
        return self._back @ happens.reshape(-1, happens.shape[2])

    def counts(self, happens: FloatArray) -> FloatArray:
        """Features of visits [A, S, C], [C, F]."""
        return (self._counted @ happens.reshape(-1, happens.shape[2])).T


class _Columns:
    """Rewards on their way to being planned.

    Attributes:
        reward: [A, S, C].
        values: V, [S, C].
        policy: the softmax of Q of these values, [A, S, C].
        change: T V - V, [S, C].
        rho: visits under the policy, [S, C].
        chains: whose factors each column uses.
        found: whether the values exist, bool [C].
    """

    def __init__(self, side: _NearSide, theta: FloatArray) -> None:
        self.side = side
        self.reward = side.dynamics.reward(theta)
        self.values = side.expected(theta)
        self.policy, self.change = np.zeros_like(self.reward), np.zeros_like(self.values)
        self.rho = np.repeat(side.rho[:, None], len(theta), axis=1)
        self.chains: list[Any] = [side.plan.chain] * len(theta)
        self.found = np.zeros(len(theta), bool)

    def plan(self) -> None:
        """Bring V within reach of the accuracy, column by column."""
        going, last = np.arange(self.found.size), np.ones(self.found.size)
        reward, values = self.reward, self.values
        for _ in range(MAX_ITERATIONS):
            policy, change = self.side.dynamics.backup(reward, values)
            steps, size = self._steps(going, policy, change, last)
            done = self.side.mass * size**2 / 2 <= ACCURACY  # the second order of a log-sum-exp is half a variance
            left = ~done & np.isfinite(size)
            if not left.all():
                ends = going[done]
                self.policy[:, :, ends], self.change[:, ends] = policy[:, :, done], change[:, done]
                self.values[:, ends], self.found[ends] = values[:, done], True
                going, last, size, steps = going[left], last[left], size[left], steps[:, left]
                reward, values = reward[:, :, left], values[:, left]
            if not going.size:
                return
            values, last = values + steps, size

    def _steps(
        self, going: IntArray, policy: FloatArray, change: FloatArray, last: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """What each column moves, [S, C], and its largest entry, [C]; new factors for those that contract slowly."""
        steps = _solved([self.chains[c] for c in going], change)
        size = np.abs(steps).max(axis=0)
        slow = (size > CONTRACTS * last) & (self.side.mass * size**2 / 2 > ACCURACY)
        for i in np.flatnonzero(slow):
            chain = PolicyChain(self.side.model, np.ascontiguousarray(policy[:, :, i].T))
            try:
                steps[:, i] = chain.values(np.ascontiguousarray(change[:, i]))
            except BirlError:  # an undiscounted world that is never left
                steps[:, i] = np.nan
            else:
                self.chains[going[i]] = chain
            size[i] = np.abs(steps[:, i]).max()
        return steps, size

    def visit(self) -> None:
        """Bring the visits within reach of theirs."""
        side = self.side
        limit = OCCUPANCY * np.abs(side.start).sum()
        for _ in range(MAX_ITERATIONS):
            left = side.start[:, None] - self.rho + side.dynamics.arrivals(self.policy * self.rho)
            off = self.found & (np.abs(left).sum(axis=0) > limit)
            if not off.any():
                return
            self.rho += _solved(self.chains, np.where(off, left, 0.0), transposed=True)


def _solved(chains: list[Any], right: FloatArray, *, transposed: bool = False) -> FloatArray:
    """Each column's system solved with its own factors; columns that share factors together."""
    found = np.empty_like(right)
    for chain in dict.fromkeys(chains):
        mine = np.array([c is chain for c in chains])
        columns = right if mine.all() else np.ascontiguousarray(right[:, mine])
        found[:, mine] = chain.occupancy(columns) if transposed else chain.values(columns)
    return found
