"""STARC: the distance of rewards once everything that cannot change a policy's rank has been projected away.

    VAL  c(s, a) = E_{S'} [R + g V(S')] - V(s), the advantage of R under a fixed policy                (1)
    MIN  c = r - B x,  x = argmin || r - B x ||_D,  B = g P - E: the smallest reward that is R up to shaping (2)
    d = 1/2 || c_a / n(c_a) - c_b / n(c_b) ||_D,  n the same norm                                    (3)

E repeats each state's potential over its actions. Both forms are linear in the reward, and 0 for potential shaping and
for S'-redistribution. Potentials are 0 in terminal states: a reward for every step is not shaping where episodes end. A
pooled distance hides a shift between distributions: report one for each.

The norm of (3) is L2, or L1 or Linf on demand; that of (2) is always L2, whose projection is unique and linear. A form
is divided by the norm that then measures it, so the distance lies in [0, 1]; the paper also pairs different norms.

Axes: S states, A actions, K rewards.
Source: Skalse et al. 2024 (arXiv 2309.15257), definitions 5 and 6, proposition 2; the sparse projection is ours.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp

from birl.distance.base import NORMS, Distance, Norm, half_distance
from birl.distance.coverage import CoverageLike, as_coverage
from birl.distance.projection import unshaped
from birl.distance.rewards import RewardSource, as_reward
from birl.tabular import PolicyChain, TabularModel
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["advantage_form", "minimal_form", "starc"]

POLICY_SUM_TOLERANCE = 1e-6


def starc(  # noqa: PLR0913 - two rewards in a world, and the four choices of the paper
    model: TabularModel,
    a: RewardSource,
    b: RewardSource,
    *,
    coverage: CoverageLike = None,
    canonical: Literal["val", "min"] = "val",
    policy: FloatArray | None = None,
    norm: Norm = "L2",
) -> Distance:
    """The STARC distance of two rewards.

    Args:
        model: the world.
        a: a reward: weights by feature, [S*A], [S, A, S'], or a value for each stored transition.
        b: the other.
        coverage: `feasible` (the default: all state-action pairs alike), or weights [S*A] (a policy's occupancy).
        canonical: `val` or `min`.
        policy: the policy of `val`, [S, A]; uniform over valid actions if left out.
        norm: of equation (3): `L1`, `L2` or `Linf`.

    Raises:
        BirlError: for rewards, coverage or policy that do not fit the model, or an unknown form or norm.
    """
    if norm not in NORMS:
        raise unknown_name("norm", norm, NORMS)
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
        norm=norm,
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
    return unshaped(columns, _shaping(model), weights)


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
