"""DARD: EPIC with its shaping averaged over next states the dynamics allow.

    C(s, a, s') = R(s, a, s') + E [g R(s', A, S'') - R(s, A, S') - g R(S', A, S'')]                     (1)
    A uniform, S' ~ P(. | s, A), S'' ~ P(. | s', A); then the Pearson distance on what happens

S'' follows from s', or shaping would not cancel; so R(S', A, S'') still asks for transitions that cannot happen, though
plausible ones. A reward by state and action answers with its value there, and keeps its own shaping. Not invariant to
S'-redistribution; shaping cancels in worlds without terminal states (a terminal state has no rewards to ask for).

Axes: S states, A actions, E stored transitions.
Source: Wulfe et al. 2022 (arXiv 2201.10081), definition 4.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from birl.distance.base import Distance, half_distance
from birl.distance.coverage import CoverageLike, as_coverage, edge_weights
from birl.distance.epic import centred, off_dynamics
from birl.distance.rewards import Reward, RewardSource, as_reward
from birl.tabular import TabularModel
from birl.types import FloatArray

__all__ = ["dard", "dard_columns"]


def dard(model: TabularModel, a: RewardSource, b: RewardSource, *, coverage: CoverageLike = None) -> Distance:
    """The DARD distance of two rewards, exactly.

    Args:
        model: the world.
        a: a reward: weights by feature, [S*A], or [S, A, S'].
        b: the other.
        coverage: `feasible` (the default: all state-action pairs alike, next states by the dynamics), or weights [S*A].

    Raises:
        BirlError: for rewards or coverage that do not fit the model.
    """
    one, two = as_reward(model, a, "a"), as_reward(model, b, "b")
    where = as_coverage(model, coverage)
    about = Distance(
        metric="dard", coverage=where.name, supported=where.supported, policy="uniform", discount=model.discount
    )
    if unknown := off_dynamics(about, one, two):
        return unknown
    weights = edge_weights(model, where)
    forms = [centred(_form(model, reward), weights) for reward in (one, two)]
    return half_distance(forms[0], forms[1], weights, about)


def dard_columns(model: TabularModel, columns: FloatArray) -> FloatArray:
    """Equation (1) for rewards by state and action [S*A, K] on the stored transitions, [E, K]."""
    row, arrival = model.elimination.row, model.transitions.indices
    state, here = row // model.n_actions, (model.n_states, row.size)
    per_state = columns.reshape(model.n_states, model.n_actions, -1)
    mean = np.einsum("sa,sak->sk", model.uniform, per_state)  # E R(s, A)
    reach = model.uniform.ravel()[row] * model.transitions.data
    after = sp.csr_matrix((reach, (state, np.arange(row.size))), shape=here)  # E over A and S'
    ahead = after @ columns[arrival * model.n_actions + row % model.n_actions]
    return columns[row] + model.discount * mean[arrival] - (mean + model.discount * ahead)[state]


def _form(model: TabularModel, reward: Reward) -> FloatArray:
    """Equation (1) on the stored transitions, [E]."""
    state, arrival = model.elimination.row // model.n_actions, model.transitions.indices
    mean = (model.uniform * reward.pairs.reshape(model.uniform.shape)).sum(axis=1)  # E R(s, A, S')
    if reward.table is None:
        ahead = _ahead(model, reward)[state]
    else:
        ahead = _ahead_by_table(model, reward.table)[state, arrival]
    return reward.edges + model.discount * mean[arrival] - mean[state] - model.discount * ahead


def _ahead(model: TabularModel, reward: Reward) -> FloatArray:
    """E R(S', A), [S]."""
    row, arrival = model.elimination.row, model.transitions.indices
    after = reward.pairs[arrival * model.n_actions + row % model.n_actions]
    weights = model.uniform.ravel()[row] * model.transitions.data * after
    return np.asarray(np.bincount(row // model.n_actions, weights=weights, minlength=model.n_states), np.float64)


def _ahead_by_table(model: TabularModel, table: FloatArray) -> FloatArray:
    """E R(S', A, S'') for every s and s', [S, S]; where nothing can happen, the state stays what it is."""
    total = np.zeros((model.n_states, model.n_states))
    for action in range(model.n_actions):
        rows = np.arange(model.n_states) * model.n_actions + action
        onward = model.transitions[rows] + sp.diags_array((~model.live[rows]).astype(np.float64))
        total += model.uniform[:, [action]] * (onward @ (onward @ table[:, action].T).T)
    return total
