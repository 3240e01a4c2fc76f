"""A reward read off a policy by least squares: where a search with many weights begins.

A soft-optimal policy obeys log(pi / u)(s, a) = phi(s, a).w + g E V(s') - V(s), u the random walk: linear in w and V.
For any other policy the equations hold only nearly, and their least-squares solution, weighted as the policy visits and
acts, is a start from which few steps are left.

Axes: S states, A actions, F features.
Source: Fu, Luo & Levine 2018 (arXiv 1710.11248), appendix A: the discriminator's optimum is log pi.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from birl.behavior import Behavior
from birl.tabular import finite_occupancy
from birl.types import FloatArray

__all__ = ["read_off"]

RIDGE = 1e-6  # relative to the largest diagonal entry: decides what the equations leave open


def read_off(behaviors: Sequence[Behavior], *, horizon: int | None = None) -> FloatArray:
    """Weights whose soft-optimal policy is near these policies, [F].

    Args:
        behaviors: one per distribution; with features in common.
        horizon: weigh states by visits over this many steps; None for the discounted occupancy.
    """
    n_features = behaviors[0].model.n_features
    blocks = [_equations(b, _visits(b, horizon)) for b in behaviors]
    phi = sp.vstack([phi for phi, _, _ in blocks])
    matrix = sp.hstack([phi, sp.block_diag([shaping for _, shaping, _ in blocks])]).tocsc()
    known = np.concatenate([y for _, _, y in blocks])
    normal = matrix.T @ matrix
    ridge = RIDGE * float(normal.diagonal().max()) * sp.eye_array(normal.shape[0])
    return splu(sp.csc_matrix(normal + ridge)).solve(matrix.T @ known)[:n_features]


def _visits(behavior: Behavior, horizon: int | None) -> FloatArray:
    if horizon is None:
        return behavior.occupancy
    return finite_occupancy(behavior.model, behavior.policy, horizon=horizon).sum(axis=0)


def _equations(behavior: Behavior, visits: FloatArray) -> tuple[sp.csr_matrix, sp.csr_matrix, FloatArray]:
    """Features, what V adds, and log(pi / u), each row weighed by the root of how often it happens."""
    model, policy = behavior.model, behavior.policy
    happens = np.sqrt(visits[:, None] * policy).ravel()
    rows = np.flatnonzero(model.live & (happens > 0))
    weight = sp.diags_array(happens[rows])
    here = sp.csr_matrix(
        (np.ones(rows.size), (np.arange(rows.size), rows // model.n_actions)), shape=(rows.size, model.n_states)
    )
    going = sp.diags_array((~model.terminal).astype(np.float64))
    shaping = (model.discount * model.transitions[rows] - here) @ going
    ratio = np.log(policy.ravel()[rows] / model.uniform.ravel()[rows])
    return sp.csr_matrix(weight @ model.features[rows]), sp.csr_matrix(weight @ shaping), happens[rows] * ratio
