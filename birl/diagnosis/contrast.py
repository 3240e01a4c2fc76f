"""Conflict levels: where base and candidate part, and which of the two behaviour follows there.

Axes: S states, A actions, L levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.rational import fit_rationality
from birl.task import conflicts
from birl.types import FloatArray

__all__ = ["Contrast", "contrasts"]

Objectives = Mapping[str, FloatArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrast:
    """Candidates against the base, level by level.

    Attributes:
        conflict: candidate -> shift -> bool [L].
        odds: candidate -> shift -> log-likelihood of a decision under the candidate minus that under the base, each
            with its own rationality, [L]; 0 on levels without conflict.
    """

    conflict: Mapping[str, Mapping[str, np.ndarray]]
    odds: Mapping[str, Mapping[str, FloatArray]]


def contrasts(shifts: Sequence[Behavior], base: Objectives, candidates: Mapping[str, Objectives]) -> Contrast:
    """Hold every candidate against the base on the levels of the shifts where the two part.

    Args:
        shifts: behaviour on the shifts.
        base: the base objective on each model, [S*A].
        candidates: candidate -> the same.
    """
    conflict: dict[str, dict[str, np.ndarray]] = {}
    odds: dict[str, dict[str, FloatArray]] = {}
    for name, objective in candidates.items():
        conflict[name] = {
            b.distribution: conflicts(b.model, base[b.distribution], objective[b.distribution]) for b in shifts
        }
        odds[name] = _odds(shifts, conflict[name], base, objective)
    return Contrast(conflict=conflict, odds=odds)


def _odds(
    shifts: Sequence[Behavior], conflict: Mapping[str, np.ndarray], base: Objectives, candidate: Objectives
) -> dict[str, FloatArray]:
    found = {b.distribution: np.zeros(b.model.n_levels) for b in shifts}
    where = {b.distribution: np.flatnonzero(conflict[b.distribution]) for b in shifts}
    parts = [b.restrict(where[b.distribution]) for b in shifts if where[b.distribution].size]
    if not parts:
        return found
    explained = []
    for objective in (candidate, base):
        rewards = [
            objective[p.distribution].reshape(-1, p.model.n_actions)[_states(shifts, p, where)].ravel() for p in parts
        ]
        rational = fit_rationality(parts, rewards)
        explained.append([rational.log_likelihood(p, r) for p, r in zip(parts, rewards, strict=True)])
    for part, candidate_fit, base_fit in zip(parts, *explained, strict=True):
        found[part.distribution][where[part.distribution]] = candidate_fit - base_fit
    return found


def _states(shifts: Sequence[Behavior], part: Behavior, where: Mapping[str, np.ndarray]) -> np.ndarray:
    whole = next(b for b in shifts if b.distribution == part.distribution)
    return whole.model.states_of(where[part.distribution])
