"""Worlds given as P[s, a, s'] and rewards given as R[s, a, s'], whose distances are known.

Axes: S states, A actions.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

import birl.tabular


def world(
    chance: np.ndarray, *, discount: float, start: np.ndarray | None = None, terminal: np.ndarray | None = None
) -> birl.tabular.TabularModel:
    """A model of transition probabilities [S, A, S]; starts anywhere and never ends if nothing else is said."""
    n_states, n_actions, _ = chance.shape
    return birl.tabular.TabularModel(
        chance.reshape(-1, n_states),
        np.zeros((n_states * n_actions, 1)),
        np.full(n_states, 1 / n_states) if start is None else start,
        np.zeros(n_states, bool) if terminal is None else terminal,
        discount,
        ["nothing"],
    )


def moves(successor: np.ndarray, **given) -> birl.tabular.TabularModel:
    """A world in which each action leads to one state, [S, A]."""
    return world((successor[:, :, None] == np.arange(len(successor))).astype(float), **given)


def switch(*, discount: float = 0.5) -> birl.tabular.TabularModel:
    """States 0 and 1; action 0 stays, action 1 switches."""
    return moves(np.array([[0, 1], [1, 0]]), discount=discount)


def corridor_of_three() -> birl.tabular.TabularModel:
    """Cells 0, 1, 2; left and right, walls block, nothing ends; starts in the middle."""
    return moves(np.array([[0, 1], [0, 2], [1, 2]]), discount=0.9, start=np.array([0.0, 1.0, 0.0]))


def square_of_three() -> birl.tabular.TabularModel:
    """The 3x3 gridworld of the EPIC paper: stay, up, down, left, right."""
    row, column = np.divmod(np.arange(9), 3)
    steps = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
    return moves(
        np.stack([np.clip(row + i, 0, 2) * 3 + np.clip(column + j, 0, 2) for i, j in steps], axis=1), discount=0.99
    )


def arriving(values, n_actions: int = 2) -> np.ndarray:
    """R = values[s'], [S, A, S]."""
    n_states = len(values)
    return np.broadcast_to(np.asarray(values, float), (n_states, n_actions, n_states)).copy()


def shaping(potential: np.ndarray, n_actions: int, *, discount: float) -> np.ndarray:
    """R = g Phi(s') - Phi(s), [S, A, S]."""
    change = discount * potential[None, :] - potential[:, None]
    return np.repeat(change[:, None, :], n_actions, axis=1)


def dense(model: birl.tabular.TabularModel) -> np.ndarray:
    """P[s, a, s']."""
    return model.transitions.toarray().reshape(model.n_states, model.n_actions, model.n_states)


def beside(*models: birl.tabular.TabularModel) -> birl.tabular.TabularModel:
    """Several worlds side by side, a level each."""
    first = models[0]
    return birl.tabular.TabularModel(
        sp.block_diag([model.transitions for model in models], format="csr"),
        sp.vstack([model.features for model in models]),
        np.concatenate([model.start for model in models]) / len(models),
        np.concatenate([model.terminal for model in models]),
        first.discount,
        first.feature_names,
        level=np.repeat(np.arange(len(models)), [model.n_states for model in models]),
        valid_actions=np.concatenate([model.valid_actions for model in models]),
    )


ARRIVE = arriving([0.0, 1.0])
SWITCH = np.zeros((2, 2, 2)) + np.array([0.0, 1.0])[None, :, None]
LANDS = np.zeros((2, 2, 2)) + np.array([[0.0, 1.0], [1.0, 0.0]])[:, :, None]
POTENTIAL = np.array([0.0, 2.0])
