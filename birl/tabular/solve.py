"""The Markov chain of a policy: values, occupancy and successor features from one factorisation.

Everything about a fixed policy is one linear system, (I - g P_pi) x = b, or its transpose. The matrix is sparse and
falls into one block per level, so a sparse LU costs time linear in its nonzeros.

Axes: S states, A actions, K right-hand sides.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from birl.tabular.model import TabularModel
from birl.types import BirlError, FloatArray

__all__ = ["PolicyChain"]


class PolicyChain:
    """P_pi of one model and policy [S, A], factorised once and solved many times."""

    def __init__(self, model: TabularModel, policy: FloatArray) -> None:
        """Merge each state's action rows, weighted by the policy."""
        self.model, self.policy = model, policy
        joint, n_states = model.transitions, model.n_states
        data = joint.data * np.repeat(policy.ravel(), np.diff(joint.indptr))
        # a state's action rows are neighbours in CSR, so joining them is a coarser row pointer
        self.matrix = sp.csr_matrix(
            (data, joint.indices, joint.indptr[:: model.n_actions]), shape=(n_states, n_states)
        )  # [S, S]; duplicates are summed by the conversion below

    @cached_property
    def _factor(self) -> Any:
        # an explicit conversion sums the duplicate entries that two actions with one successor leave
        system = sp.eye_array(self.model.n_states, format="csc") - self.model.discount * self.matrix.tocsc()
        try:
            return splu(sp.csc_matrix(system))
        except RuntimeError as error:
            raise BirlError(
                "model: undiscounted values of this policy do not exist (some states are never left): "
                "set a discount below 1 or a finite horizon"
            ) from error

    def values(self, rewards: FloatArray) -> FloatArray:
        """Solve x = r + g P_pi x for rewards by state, [S] or [S, K]."""
        return self._factor.solve(rewards)

    def policy_values(self, rewards: FloatArray) -> FloatArray:
        """State values of a reward [S*A] under the policy, [S]."""
        return self.values((self.policy * rewards.reshape(self.policy.shape)).sum(axis=1))

    def occupancy(self, start: FloatArray | None = None) -> FloatArray:
        """Expected discounted visits, sum_t g^t P(s_t = s), [S]; terminal states count their arrival."""
        return self._factor.solve(self.model.start if start is None else start, trans="T")

    def features(self) -> FloatArray:
        """Expected features of a step in each state, phi_pi, [S, F]."""
        phi, n_states = self.model.features, self.model.n_states
        rows = sp.csr_matrix(
            (self.policy.ravel(), np.arange(phi.shape[0]), np.arange(n_states + 1) * self.model.n_actions),
            shape=(n_states, phi.shape[0]),
        )
        return (rows @ phi).toarray()

    def successor_features(self) -> FloatArray:
        """psi(s, a) = phi(s, a) + g sum_s' P(s' | s, a) psi(s'), [S*A, F] (Barreto et al. 2017, equation 3)."""
        psi = self.values(self.features())
        return self.model.features.toarray() + self.model.discount * (self.model.transitions @ psi)
