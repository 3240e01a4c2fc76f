"""Levels that are solved each by itself: (I - g P_pi)^-1 as one small dense block a level.

In a world of many small levels, a policy seldom differs from the one before on more than a few of them, and only their
blocks are inverted anew. What a level's block is depends on the policy there alone, never on what was asked before.

Axes: S states, A actions, L levels, N states of the largest level, R states of C whole levels, K right-hand sides.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from birl.types import FloatArray, IntArray

__all__ = ["Blocks", "blocks_of"]

LARGEST = 64  # states of a level; above, sparse factors are cheaper than a dense block


class Blocks:
    """The inverse of I - g P of one action a state, level by level.

    Args:
        transitions: CSR [S*A, S]; none leaves its level.
        n_actions: A.
        level: of each state, [S].
        discount: below 1.
    """

    def __init__(self, transitions: sp.csr_matrix, n_actions: int, level: IntArray, discount: float) -> None:
        self._transitions, self._n_actions, self._level, self._discount = transitions, n_actions, level, discount
        self._counts = np.diff(transitions.indptr)
        counts = np.bincount(level)
        by_level = np.argsort(level, kind="stable")
        self._place = np.empty(level.size, np.int64)  # of each state within its level
        self._place[by_level] = np.arange(level.size) - np.repeat(np.cumsum(counts) - counts, counts)
        self._shape = counts.size, int(counts.max())
        self._action: IntArray | None = None
        self._inverse = np.zeros((counts.size, self._shape[1], self._shape[1]))

    def solve(self, action: IntArray, right: FloatArray, *, transposed: bool = False) -> FloatArray:
        """x of (I - g P_pi) x = b, or of its transpose, for b [S] or [S, K], under an action a state [S]."""
        inverse = self._under(action)
        padded = np.zeros((*self._shape, *right.shape[1:]))
        padded[self._level, self._place] = right
        if transposed:
            inverse = inverse.transpose(0, 2, 1)
        found = inverse @ (padded if right.ndim > 1 else padded[:, :, None])
        return found[self._level, self._place].reshape(right.shape)

    def values(self, action: IntArray, rows: IntArray, right: FloatArray) -> FloatArray:
        """x of (I - g P_pi) x = b in the states of some whole levels, in order, for b [R]; nothing is kept."""
        level, place, systems = self._systems(action, rows)
        padded = np.zeros(systems.shape[:2])
        padded[level, place] = right
        return np.asarray(np.linalg.solve(systems, padded[:, :, None])[level, place, 0], np.float64)

    def _under(self, action: IntArray) -> FloatArray:
        """The blocks of a policy, [L, N, N]; those of levels on which it is the one before are there already."""
        differs = np.ones(action.size, bool) if self._action is None else action != self._action
        changed = np.bincount(self._level[differs], minlength=self._shape[0]) > 0
        if changed.any():
            _, _, systems = self._systems(action, np.flatnonzero(changed[self._level]))
            self._inverse[changed] = np.linalg.inv(systems)
            self._action = action.copy()
        return self._inverse

    def _systems(self, action: IntArray, rows: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
        """Of the levels that some states are all of: each state's level and place in it, [R], I - g P, [C, N, N]."""
        here = np.zeros(self._shape[0], bool)
        here[self._level[rows]] = True
        level = (np.cumsum(here) - 1)[self._level[rows]]
        place, size, count = self._place[rows], self._shape[1], int(here.sum())
        pairs = rows * self._n_actions + action[rows]
        first, counts = self._transitions.indptr[pairs], self._counts[pairs]
        entries = np.arange(counts.sum()) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        row, column = np.repeat(level * size + place, counts), self._place[self._transitions.indices[entries]]
        systems = np.zeros((count, size, size))
        systems.ravel()[row * size + column] = -self._discount * self._transitions.data[entries]
        systems[:, np.arange(size), np.arange(size)] += 1.0
        return level, place, systems


def blocks_of(transitions: sp.csr_matrix, n_actions: int, level: IntArray, discount: float) -> Blocks | None:
    """Blocks, where they pay: levels are small, none leads to another, and the future is discounted."""
    here = np.repeat(np.repeat(level, n_actions), np.diff(transitions.indptr))  # level each transition begins on
    if discount == 1.0 or np.bincount(level).max() > LARGEST or (here != level[transitions.indices]).any():
        return None
    return Blocks(transitions, n_actions, level, discount)
