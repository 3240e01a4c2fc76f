"""The Markov chain of a policy: values, occupancy and successor features from one factorisation.

Everything about a fixed policy is one linear system, (I - g P_pi) x = b, or its transpose. The matrix is sparse and
falls into one block per level, so a sparse LU costs time linear in its nonzeros.

Axes: S states, A actions, K right-hand sides.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from birl.tabular.blocks import Blocks
from birl.tabular.model import TabularModel
from birl.tabular.pattern import Factor
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["BlockChain", "GreedyChain", "PolicyChain", "greedy_chain"]


NEGLIGIBLE = 1e-16  # weight of the far future below which a sum over time has converged in double precision
DENSE_FEATURES = 64  # up to this many, features are kept dense: gathering rows is then several times faster


class PolicyChain:
    """P_pi of one model and policy [S, A], factorised once and solved many times."""

    def __init__(self, model: TabularModel, policy: FloatArray) -> None:
        """Keep both; nothing is computed before it is asked for."""
        self.model, self._policy = model, policy

    def __getstate__(self) -> dict[str, Any]:
        """Without the factors, which cannot go to another process: made again there, they are the same."""
        return {name: value for name, value in self.__dict__.items() if name != "_factor"}

    @cached_property
    def policy(self) -> FloatArray:
        """pi(a | s), [S, A]."""  # cached, so that a chain that has to make it can override it
        return self._policy

    @cached_property
    def _factor(self) -> Factor:
        elimination = self.model.elimination
        weights = self.model.discount * self.model.transitions.data * self.policy.ravel()[elimination.row]
        try:
            return elimination.factor(weights)
        except RuntimeError as error:
            raise BirlError(
                "model: undiscounted values of this policy do not exist (some states are never left): "
                "set a discount below 1 or a finite horizon"
            ) from error

    def values(self, rewards: FloatArray) -> FloatArray:
        """x = r + g P_pi x for rewards by state, [S] or [S, K]."""
        return self._factor.solve(rewards)

    def occupancy(self, start: FloatArray | None = None) -> FloatArray:
        """Expected discounted visits, sum_t g^t P(s_t = s), [S]; terminal states count their arrival."""
        return self._factor.solve(self.model.start if start is None else start, transposed=True)

    def policy_values(self, rewards: FloatArray) -> FloatArray:
        """State values of a reward under the policy: [S*A] to [S], or [S*A, K] to [S, K]."""
        return self.values(
            np.einsum("sa,sa...->s...", self.policy, rewards.reshape(*self.policy.shape, *rewards.shape[1:]))
        )

    def features(self) -> FloatArray:
        """Expected features of a step in each state, phi_pi, [S, F]."""
        phi, n_states = self.model.features, self.model.n_states
        if self.model.n_features <= DENSE_FEATURES:
            return np.einsum("sa,saf->sf", self.policy, self.model.dense_features)
        rows = sp.csr_matrix(
            (self.policy.ravel(), np.arange(phi.shape[0]), np.arange(n_states + 1) * self.model.n_actions),
            shape=(n_states, phi.shape[0]),
        )
        return (rows @ phi).toarray()

    def successor_features(self) -> FloatArray:
        """psi(s, a) = phi(s, a) + g sum_s' P(s' | s, a) psi(s'), [S*A, F] (Barreto et al. 2017, equation 3)."""
        psi = self.values(self.features())
        return self.model.features.toarray() + self.model.discount * (self.model.transitions @ psi)


class OneActionChain(PolicyChain):
    """The chain of one action per state; its table of probabilities is made only when asked for."""

    def __init__(self, model: TabularModel, action: IntArray) -> None:
        """Follow `action` [S]."""
        self.model, self.action = model, action

    @cached_property
    def policy(self) -> FloatArray:
        """One on each state's action, [S, A]."""
        policy = np.zeros((self.model.n_states, self.model.n_actions))
        policy[np.arange(self.model.n_states), self.action] = 1.0
        return policy

    def policy_values(self, rewards: FloatArray) -> FloatArray:
        """State values of a reward under the policy: [S*A] to [S], or [S*A, K] to [S, K]."""
        return self.values(rewards[np.arange(self.model.n_states) * self.model.n_actions + self.action])

    def features(self) -> FloatArray:
        """Features of the step each state takes, [S, F]."""
        rows = np.arange(self.model.n_states)
        if self.model.n_features <= DENSE_FEATURES:
            return self.model.dense_features[rows, self.action]
        return self.model.features[rows * self.model.n_actions + self.action].toarray()


class GreedyChain(OneActionChain):
    """The chain of one action per state in a deterministic world: a function from state to state.

    Sums over time then need no factorisation. With M the discounted step, (I - M)^-1 is the product of I + M^(2^k), and
    M^(2^k) is again a function with a weight: ten doublings reach double precision at a discount of .95.
    """

    @cached_property
    def _doublings(self) -> int:
        """How many doublings of the time looked ahead it takes until nothing is left to come."""
        discount = self.model.discount
        if discount < 1.0:
            return max(1, math.ceil(math.log2(math.log(NEGLIGIBLE) / math.log(discount))))
        count = max(1, math.ceil(math.log2(self.model.n_states + 1)))
        if not self.model.terminal[self._after(count)].all():
            raise BirlError(
                "model: undiscounted values of this policy do not exist (some states are never left): "
                "set a discount below 1 or a finite horizon"
            )
        return count

    @cached_property
    def _known(self) -> list[IntArray]:
        successors = self.model.successors
        assert successors is not None
        return [successors[np.arange(self.model.n_states), self.action]]

    def _after(self, k: int) -> IntArray:
        """Where each state is after 2^k steps, [S]; a terminal state stays."""
        while len(self._known) <= k:
            self._known.append(self._known[-1][self._known[-1]])
        return self._known[k]

    def values(self, rewards: FloatArray) -> FloatArray:
        """x = r + g P_pi x for rewards by state, [S] or [S, K].

        Args:
            rewards: 0 in terminal states, as a model's are.
        """
        total, weight = rewards, self.model.discount
        for k in range(self._doublings):
            later = weight * total[self._after(k)]
            if not later.any():  # nothing is earned where anything ends up
                break
            total = total + later
            weight *= weight
        return total

    def occupancy(self, start: FloatArray | None = None) -> FloatArray:
        """Expected discounted visits, [S]."""
        given = self.model.start if start is None else start
        terminal, weight = self.model.terminal, self.model.discount
        total = np.where(terminal, 0.0, given)
        for k in range(self._doublings):
            total = total + np.where(terminal, 0.0, self._land(self._after(k), weight * total))
            weight *= weight
        arrived = given + self._land(self._after(0), self.model.discount * total)
        return np.where(terminal, arrived, total)

    def _land(self, onward: IntArray, mass: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(onward, weights=mass, minlength=mass.size), np.float64)


class BlockChain(OneActionChain):
    """The chain of one action per state in a world of small levels, by a dense block for each."""

    def __init__(self, model: TabularModel, blocks: Blocks, action: IntArray) -> None:
        """Follow `action` [S]."""
        super().__init__(model, action)
        self._blocks = blocks

    def values(self, rewards: FloatArray) -> FloatArray:
        """x = r + g P_pi x for rewards by state, [S] or [S, K]."""
        return self._blocks.solve(self.action, rewards)

    def occupancy(self, start: FloatArray | None = None) -> FloatArray:
        """Expected discounted visits, [S]."""
        return self._blocks.solve(self.action, self.model.start if start is None else start, transposed=True)


def greedy_chain(model: TabularModel, action: IntArray) -> PolicyChain:
    """The chain of one action per state, [S], by the cheapest exact way the model allows."""
    if model.successors is not None:
        return GreedyChain(model, action)
    if model.blocks is not None:
        return BlockChain(model, model.blocks, action)
    return OneActionChain(model, action)
