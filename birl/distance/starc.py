"""STARC: the distance of rewards once everything that cannot change a policy's rank has been projected away.

    VAL  c(s, a) = E_{S'} [R + g V(S')] - V(s), the advantage of R under a fixed policy                (1)
    MIN  c = r - B x,  x = argmin || r - B x ||_D,  B = g P - E: the smallest reward that is R up to shaping (2)
    d = 1/2 || c_a / n(c_a) - c_b / n(c_b) ||_D                                                      (3)

E repeats each state's potential over its actions. Both forms are linear in the reward, and 0 for potential shaping and
for S'-redistribution. Potentials are 0 in terminal states: a reward for every step is not shaping where episodes end. A
pooled distance hides a shift between distributions: report one for each.

Axes: S states, A actions, K rewards.
Source: Skalse et al. 2024 (arXiv 2309.15257), definitions 5 and 6, proposition 2; the sparse projection is ours.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from birl.distance.base import Distance, half_distance
from birl.distance.coverage import CoverageLike, as_coverage
from birl.distance.rewards import RewardSource, as_reward
from birl.tabular import PolicyChain, TabularModel
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["advantage_form", "minimal_form", "starc"]

RIDGE = 1e-10  # keeps potentials that no covered transition touches where they are; the refinements undo it elsewhere
REFINEMENTS = 2
POLICY_SUM_TOLERANCE = 1e-6


def starc(
    model: TabularModel,
    a: RewardSource,
    b: RewardSource,
    *,
    coverage: CoverageLike = None,
    canonical: Literal["val", "min"] = "val",
    policy: FloatArray | None = None,
) -> Distance:
    """The STARC distance of two rewards.

    Args:
        model: the world.
        a: a reward: weights by feature, [S*A], [S, A, S'], or a value for each stored transition.
        b: the other.
        coverage: `feasible` (the default: all state-action pairs alike), or weights [S*A] (a policy's occupancy).
        canonical: `val` or `min`.
        policy: the policy of `val`, [S, A]; uniform over valid actions if left out.

    Raises:
        BirlError: for rewards, coverage or policy that do not fit the model.
    """
    where = as_coverage(model, coverage)
    columns = np.stack([as_reward(model, a, "a").pairs, as_reward(model, b, "b").pairs], axis=1)
    if canonical == "val":
        forms = advantage_form(model, columns, policy=policy)
    elif canonical == "min":
        forms = minimal_form(model, columns, where.weights)
    else:
        raise unknown_name("canonical form", canonical, ("val", "min"))
    named = "none" if canonical == "min" else ("uniform" if policy is None else "given")
    about = Distance(
        metric=f"starc-{canonical}",
        coverage=where.name,
        supported=where.supported,
        policy=named,
        discount=model.discount,
    )
    return half_distance(forms[:, 0], forms[:, 1], where.weights, about)


def advantage_form(model: TabularModel, columns: FloatArray, *, policy: FloatArray | None = None) -> FloatArray:
    """Equation (1) for rewards [S*A, K], from one factorisation; [S*A, K], 0 where nothing can happen."""
    chosen = model.uniform if policy is None else _checked(model, policy)
    per_state = columns.reshape(model.n_states, model.n_actions, -1)
    values = PolicyChain(model, chosen).values(np.einsum("sa,sak->sk", chosen, per_state))
    values[model.terminal] = 0.0
    forms = columns + model.discount * (model.transitions @ values) - np.repeat(values, model.n_actions, axis=0)
    return np.where(model.live[:, None], forms, 0.0)


def minimal_form(model: TabularModel, columns: FloatArray, weights: FloatArray) -> FloatArray:
    """Equation (2) for rewards [S*A, K] under coverage [S*A], from one factorisation; [S*A, K], 0 off coverage."""
    kept = np.flatnonzero(weights > 0.0)
    shaping, root = _shaping(model)[kept], np.sqrt(weights[kept])[:, None]
    data = shaping.data * np.repeat(root[:, 0], np.diff(shaping.indptr))
    size = np.sqrt(np.bincount(shaping.indices, weights=data**2, minlength=shaping.shape[1]))
    scale = np.divide(1.0, size, out=np.ones_like(size), where=size > 0.0)  # columns of length 1: well conditioned
    scaled = sp.csr_matrix((data * scale[shaping.indices], shaping.indices, shaping.indptr), shape=shaping.shape)
    across = scaled.T.tocsr()
    normal = sp.csc_matrix(across @ scaled + RIDGE * sp.eye_array(size.size, format="csr"))
    factor = splu(normal, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    wanted, potential = root * columns[kept], np.zeros((size.size, columns.shape[1]))
    for _ in range(1 + REFINEMENTS):
        potential += factor.solve(across @ (wanted - scaled @ potential))
    forms = np.zeros_like(columns)
    forms[kept] = columns[kept] - shaping @ (scale[:, None] * potential)
    return forms


def _shaping(model: TabularModel) -> sp.csr_matrix:
    """B = g P - E on the potentials that are free, [S*A, live S]."""
    here = np.arange(model.live.size) // model.n_actions
    stay = sp.csr_matrix((np.ones(here.size), here, np.arange(here.size + 1)), shape=model.transitions.shape)
    return sp.csr_matrix(model.discount * model.transitions - stay)[:, np.flatnonzero(~model.terminal)]


def _checked(model: TabularModel, policy: FloatArray) -> FloatArray:
    chosen = np.asarray(policy, np.float64)
    if chosen.shape != model.valid_actions.shape:
        raise BirlError(f"policy: shape {chosen.shape}, not {model.valid_actions.shape}: give [S, A]")
    sums = np.where(model.valid_actions, chosen, 0.0).sum(axis=1)[~model.terminal]
    if not (np.abs(sums - 1.0) <= POLICY_SUM_TOLERANCE).all() or (chosen < 0.0).any():
        raise BirlError(
            "policy: a row is negative or does not sum to 1 over the valid actions: give probabilities [S, A]"
        )
    return chosen
