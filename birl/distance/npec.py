"""NPEC: how near to one reward the other can be brought by what changes no preference.

    U(a, b) = min over lambda >= 0, Phi of || lambda R_a + g Phi(s') - Phi(s) - R_b ||_D             (1)
    d = U(a, b) / U(0, b)                                                                            (2)

In L2 both minima are projections: with c what shaping leaves of a reward, d is the sine of the angle between c_a and
c_b, and 1 from a right angle on. So it is symmetric, and it cannot tell an opposite reward from an unrelated one: what
cannot help is scaled to 0. In L1 they are linear programs, and d(a, b) is not d(b, a): it is b that is approached.

A constant is shaping where nothing ends; where episodes end it is not (potentials are 0 there), and it is not taken
out. S'-redistribution stays too: use STARC for that. A reward that is nothing but shaping has no distance here, where
the paper has 0 to it and 1 from it.

Axes: S states, E stored transitions.
Source: Gleave et al. 2021 (arXiv 2006.13900), section 4.3; the closed form is ours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from birl.distance.base import NO_PREFERENCE, Distance, length, no_preference
from birl.distance.coverage import CoverageLike, as_coverage, edge_weights
from birl.distance.projection import unshaped
from birl.distance.rewards import RewardSource, as_reward
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["edge_form", "npec", "sine"]


def npec(
    model: TabularModel,
    a: RewardSource,
    b: RewardSource,
    *,
    coverage: CoverageLike = None,
    norm: Literal["L1", "L2"] = "L2",
) -> Distance:
    """The NPEC distance of reward a to reward b.

    Args:
        model: the world.
        a: the reward that is scaled and shaped: weights by feature, [S*A], [S, A, S'], or one value for each stored
            transition.
        b: the reward that is approached.
        coverage: `feasible` (the default: all state-action pairs alike, next states by the dynamics), or weights [S*A].
        norm: `L2`, twentieths of a second for tens of thousands of states, or `L1`, seconds.

    Raises:
        BirlError: for rewards or coverage that do not fit the model, an unknown norm, or a program the solver does not
            finish.
    """
    if norm not in ("L1", "L2"):
        raise unknown_name("norm", norm, ("L1", "L2"))
    where = as_coverage(model, coverage)
    weights = edge_weights(model, where)
    edges = np.stack([as_reward(model, a, "a").edges, as_reward(model, b, "b").edges], axis=1)
    about = Distance(metric="npec", coverage=where.name, supported=where.supported, norm=norm, discount=model.discount)
    forms = edge_form(model, edges, weights)
    norms = [length(form, weights, "L2") for form in forms.T]
    idle = [name for name, size in zip("ab", norms, strict=True) if size <= NO_PREFERENCE]
    if idle:
        return no_preference(about, idle)
    if norm == "L1":
        return replace(about, value=_nearest(model, forms, weights))
    half = 0.5 * length(forms[:, 0] / norms[0] - forms[:, 1] / norms[1], weights, "L2")
    return replace(about, value=float(sine(np.array(half))))


def edge_form(model: TabularModel, edges: FloatArray, weights: FloatArray) -> FloatArray:
    """What the shaping nearest in L2 leaves of rewards by transition, [E, K] both; 0 off coverage."""
    return unshaped(edges, _shaping(model), weights)


def sine(half: FloatArray) -> FloatArray:
    """Equation (2) in L2 from half the distance of two forms of length 1, sin(angle / 2)."""
    acute = np.minimum(half, np.sqrt(0.5))
    return 2.0 * acute * np.sqrt(1.0 - acute**2)


def _shaping(model: TabularModel) -> sp.csr_matrix:
    """g Phi(s') - Phi(s) on the potentials that are free, [E, live S]."""
    arrival = model.transitions.indices
    lines, rows = np.arange(arrival.size), model.elimination.row // model.n_actions
    pick = lambda column: sp.csr_matrix((np.ones(lines.size), (lines, column)), shape=(lines.size, model.n_states))  # noqa: E731
    return sp.csr_matrix(model.discount * pick(arrival) - pick(rows))[:, np.flatnonzero(~model.terminal)]


def _nearest(model: TabularModel, forms: FloatArray, weights: FloatArray) -> float:
    """Equation (2) in L1, from forms that are equivalent to the rewards, [E, 2]."""
    kept = np.flatnonzero(weights > 0.0)
    mass = weights[kept] / weights.max()
    flow = sp.csr_matrix(_shaping(model)[kept].T @ sp.diags_array(mass))
    a, b = (mass * form / np.abs(form).max() for form in forms[kept].T)
    return min(1.0, max(0.0, _cheapest(flow, b, given=a) / _cheapest(flow, b)))


def _cheapest(flow: sp.csr_matrix, b: FloatArray, *, given: FloatArray | None = None) -> float:
    """U in L1 by its dual: max b . y with B' y = 0, |y| <= 1 and, given a, a . y <= 0; all weighed by coverage."""
    solved = linprog(
        -b,
        A_ub=None if given is None else sp.csr_matrix(given.reshape(1, -1)),
        b_ub=None if given is None else [0.0],
        A_eq=flow,
        b_eq=np.zeros(flow.indptr.size - 1),
        bounds=(-1.0, 1.0),
        method="highs-ds",
    )
    if not solved.success:
        raise BirlError(f"npec in L1: {solved.message.rstrip('.')}: use L2 or fewer levels")
    return -float(solved.fun)
