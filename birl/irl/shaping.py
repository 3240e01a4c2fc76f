"""Potential shaping as a linear operator, and what is left of a reward without it.

A potential V adds (A V)(s, a) = V(s) - g E V(s') to every reward that explains a policy (with V the values, Bellman's
equation). A has one column for each state that is not terminal: potentials of terminal states are 0. It is as sparse as
the dynamics and falls into one block per level.

Axes: S states, A actions, M live states, N rewards in one call.
Source: Ng, Harada & Russell 1999 (potential shaping); Cao, Cohen & Szpruch 2021 (arXiv 2106.03498), theorem 1; Rolland
et al. 2022 (arXiv 2209.11038), section 4 (rank conditions); Bjoerck & Golub 1973 (principal angles).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from birl.tabular import PolicyChain, TabularModel
from birl.types import FloatArray, IntArray

__all__ = [
    "DENSE_STATES",
    "Block",
    "LeastSquares",
    "blocks",
    "constant_is_shaping",
    "explicit_reward",
    "orthonormal",
    "principal_angles",
    "shaping_operator",
]

DENSE_STATES = 600  # up to this many states a level is treated as a dense block: 600 states, 4 actions take a second
RANK = 1e-9  # singular value, relative to the largest, below which a direction counts as lost
RIDGE = 1e-12  # keeps potentials that no weight touches where they are; the refinements undo it elsewhere
REFINEMENTS = 3


def shaping_operator(model: TabularModel) -> sp.csr_matrix:
    """A = E - g P, [S*A, M]; rows of what cannot happen are empty.

    E repeats each state's potential over its actions.
    """
    rows = np.flatnonzero(model.live)
    here = sp.csr_matrix((np.ones(rows.size), (rows, rows // model.n_actions)), shape=model.transitions.shape)
    return sp.csr_matrix(here - model.discount * model.transitions)[:, np.flatnonzero(~model.terminal)]


def explicit_reward(model: TabularModel, policy: FloatArray, values: FloatArray, advantage: FloatArray) -> FloatArray:
    """A V - advantage: the reward with these optimal values, whose alternatives lose this much, [S*A].

    Every reward for which a greedy policy is optimal has this form.

    Args:
        model: the world.
        policy: [S, A]; actions that it takes lose nothing.
        values: V, [S]; terminal states have 0 whatever is given.
        advantage: what is lost by each other action, at least 0, [S, A].

    Source: Metelli, Ramponi, Concetti & Restelli 2021 (ICML), the explicit form of the feasible set.
    """
    lost = np.where((policy > 0).ravel() | ~model.live, 0.0, advantage.ravel())
    return shaping_operator(model) @ values[~model.terminal] - lost


def constant_is_shaping(model: TabularModel) -> bool:
    """Whether the same reward for every step is shaping: so wherever nothing ends, seldom elsewhere."""
    if not model.terminal.any():
        return model.discount < 1.0
    values = PolicyChain(model, model.uniform).values((~model.terminal).astype(np.float64))
    added = shaping_operator(model) @ values[~model.terminal]
    return bool(np.abs(added - 1.0)[model.live].max(initial=0.0) < RANK)


@dataclass(frozen=True, kw_only=True)
class Block:
    """What belongs to one level.

    Attributes:
        level: its number.
        rows: its live state-action rows.
        columns: its columns of a basis.
    """

    level: int
    rows: IntArray
    columns: IntArray


def blocks(model: TabularModel, column_levels: IntArray) -> Iterator[Block]:
    """The levels of a model, as blocks of a basis whose columns belong to `column_levels`, int [N]."""
    rows = np.flatnonzero(model.live)
    row_levels = model.level[rows // model.n_actions]
    for level in range(model.n_levels):
        yield Block(level=level, rows=rows[row_levels == level], columns=np.flatnonzero(column_levels == level))


def orthonormal(columns: FloatArray) -> FloatArray:
    """An orthonormal basis of the span of the columns; columns that add nothing are dropped."""
    if 0 in columns.shape:
        return columns[:, :0]
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, sizes > RANK * sizes[0]]


def principal_angles(first: FloatArray, second: FloatArray) -> FloatArray:
    """Angles between the spans of two sets of columns, in radians, smallest first.

    Between the shaping spaces of two contexts, an angle of 0 is a change of reward that neither context can see. Where
    nothing ends one of them always is: the constant. The next smallest says how well the two identify the rest: errors
    of log pi grow by one over its sine.
    """
    from scipy.linalg import subspace_angles  # a fifth of a second, for matched contexts only

    if 0 in first.shape or 0 in second.shape:
        return np.zeros(0)
    return np.sort(subspace_angles(first, second))


class LeastSquares:
    """Least squares on the columns of a sparse basis, factorised once.

    Args:
        basis: B, [N, M].
        weights: of the rows, [N]; all alike if left out.
    """

    def __init__(self, basis: sp.csr_matrix, weights: FloatArray | None = None) -> None:
        self._root = 1.0 if weights is None else np.sqrt(weights)
        weighted = sp.csr_matrix(basis if weights is None else sp.diags_array(self._root) @ basis)
        size = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel())
        self._scale = np.divide(1.0, size, out=np.ones_like(size), where=size > 0.0)  # columns of length 1
        self._basis = sp.csr_matrix(weighted @ sp.diags_array(self._scale))
        self._across = self._basis.T.tocsr()
        normal = sp.csc_matrix(self._across @ self._basis + RIDGE * sp.eye_array(size.size, format="csr"))
        self._size = size.size
        self._factor = splu(normal, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0) if size.size else None

    def coefficients(self, columns: FloatArray) -> FloatArray:
        """x that minimises || columns - B x || under the weights, [M] or [M, N]."""
        found = np.zeros((self._size, *columns.shape[1:]))
        if self._factor is None:
            return found
        wanted = self._rooted(columns)
        for _ in range(1 + REFINEMENTS):
            found = found + self._factor.solve(self._across @ (wanted - self._basis @ found))
        return (found.T * self._scale).T

    def remainder(self, columns: FloatArray) -> FloatArray:
        """columns - B x for the x above, each row times the root of its weight; like `columns`."""
        return self._rooted(columns) - self._basis @ (self.coefficients(columns).T / self._scale).T

    def _rooted(self, columns: FloatArray) -> FloatArray:
        return (columns.T * self._root).T
