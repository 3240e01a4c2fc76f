"""One reward behind several contexts that are matched state by state.

Each context k explains the policy by r = y_k + A_k V_k, with potentials of its own; a reward behind all of them lies in
every set. Two contexts leave open what both shape: where nothing ends, range(A_1) and range(A_2) meet in a constant at
least (rank 2 S - 1 of [A_1, -A_2]); where the contexts are the same, they are the same (rank S).
The theorems assume that the agent re-optimises in each context. A frozen policy passes the rank test all the same, with
r = log pi: ask `birl.irl.common.adaptation_check` first.

Axes: S states, A actions, K contexts, M live states.
Source: Cao, Cohen & Szpruch 2021 (arXiv 2106.03498), theorem 2; Rolland et al. 2022 (arXiv 2209.11038), theorem 3;
Schlaginhaufen & Kamgarpour 2024 (arXiv 2406.01793), section 4 (principal angles).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy.sparse as sp

from birl.irl.base import Check
from birl.irl.reward_set import RewardSet
from birl.irl.shaping import DENSE_STATES, RANK, Block, blocks, constant_is_shaping, orthonormal, principal_angles
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray

__all__ = ["ANGLE", "Intersection", "context_check", "intersect"]

ANGLE = 0.01  # radians between two contexts below which errors of log pi grow a hundredfold


@dataclass(frozen=True, kw_only=True, eq=False)
class Intersection:
    """What several contexts say together.

    Attributes:
        rewards: the rewards that explain all of them, as nearly as can be.
        rank: potentials that the contexts pin down, of all theirs together.
        potentials: how many there are, K times the live states.
        angle: smallest principal angle between two shaping spaces that is not the constant's, in radians; 0 where a
            further change of reward goes unseen; None where only the constant could be shaped.
        residual: how far the contexts are from agreeing: root mean square over live rows and contexts.
    """

    rewards: RewardSet
    rank: int
    potentials: int
    angle: float | None
    residual: float

    @property
    def nullity(self) -> int:
        """Directions of the reward that no context sees."""
        return self.rewards.column_levels.size


@dataclass(frozen=True, kw_only=True, eq=False)
class _Level:
    """One level of all contexts, solved."""

    reward: FloatArray  # [R], over its live rows
    null: FloatArray  # [R, N]
    rank: int
    potentials: int
    angle: float | None
    square: float


def intersect(sets: Sequence[RewardSet]) -> Intersection:
    """The rewards in all of several sets: r shared, V each context's own, by joint least squares.

    Args:
        sets: two or more, over models with the same states, actions, ends and levels.

    Raises:
        BirlError: for models that do not match state by state, or levels too large for dense algebra.
    """
    first = sets[0].model
    for other in sets:
        _refuse_unmatched(first, other.model)
    shifts = all(constant_is_shaping(s.model) for s in sets)
    reward, null, levels = np.zeros(first.live.size), [], []
    for parts in zip(*(blocks(s.model, s.column_levels) for s in sets), strict=True):
        solved = _solve(sets, parts, shifts=shifts)
        reward[parts[0].rows] = solved.reward
        whole = np.zeros((reward.size, solved.null.shape[1]))
        whole[parts[0].rows] = solved.null
        null.append(whole)
        levels.append(solved)
    angles = [level.angle for level in levels if level.angle is not None]
    rewards = RewardSet(
        model=first,
        particular=reward,
        basis=sp.csr_matrix(np.concatenate(null, axis=1)),
        column_levels=np.repeat(np.arange(len(null)), [part.shape[1] for part in null]),
    )
    return Intersection(
        rewards=rewards,
        rank=sum(level.rank for level in levels),
        potentials=sum(level.potentials for level in levels),
        angle=min(angles, default=None),
        residual=float(np.sqrt(sum(level.square for level in levels) / (len(sets) * max(int(first.live.sum()), 1)))),
    )


def _solve(sets: Sequence[RewardSet], parts: Sequence[Block], *, shifts: bool) -> _Level:
    """minimise sum_k || y_k + U_k c_k - mean_j (y_j + U_j c_j) ||^2, U_k an orthonormal basis of range(A_k)."""
    known = [s.particular[p.rows] for s, p in zip(sets, parts, strict=True)]
    spans = [orthonormal(s.basis[p.rows][:, p.columns].toarray()) for s, p in zip(sets, parts, strict=True)]
    count, rows = len(spans), known[0].size
    joined = np.concatenate(spans, axis=1)  # [R, sum of M]
    own = np.repeat(np.arange(count), [u.shape[1] for u in spans])
    system = np.concatenate([joined * ((own == k) - 1.0 / count) for k in range(count)])  # [K * R, sum of M]
    wanted = (np.mean(known, axis=0) - np.stack(known)).ravel()
    left, sizes, right = np.linalg.svd(system, full_matrices=False)
    kept = sizes > RANK
    found = right[kept].T @ ((left[:, kept].T @ wanted) / sizes[kept])
    apart = (wanted - system @ found).reshape(count, rows)
    angles = [principal_angles(a, b)[int(shifts) :] for a, b in combinations(spans, 2)]
    return _Level(
        reward=np.mean(known, axis=0) + joined @ found / count,
        null=orthonormal(joined @ right[~kept].T),
        rank=int(kept.sum()),
        potentials=joined.shape[1],
        angle=min((float(a[0]) for a in angles if a.size), default=None),
        square=float((apart**2).sum()),
    )


def _refuse_unmatched(first: TabularModel, other: TabularModel) -> None:
    same = first.valid_actions.shape == other.valid_actions.shape and all(
        np.array_equal(getattr(first, name), getattr(other, name)) for name in ("terminal", "level", "valid_actions")
    )
    if not same:
        raise BirlError(
            "contexts: their states, actions, ends or levels differ, so they are not matched state by state: "
            "tie them through named features instead (selector='features')"
        )
    largest = int(np.bincount(first.level).max())
    if largest > DENSE_STATES:
        raise BirlError(
            f"contexts: a level has {largest} states (limit {DENSE_STATES}): restrict to smaller levels, or tie the "
            "contexts through named features (selector='features')"
        )


def context_check(joint: Intersection) -> Check:
    """Whether the contexts differ enough to tell rewards apart."""
    apart = joint.angle is None or joint.angle >= ANGLE
    seen = "only constants are shaping" if joint.angle is None else f"second smallest principal angle {joint.angle:.2g}"
    return Check(
        name="contexts",
        passed=apart,
        value=joint.angle,
        limit=ANGLE,
        message=f"rank {joint.rank} of {joint.potentials} potentials, {seen}, contexts disagree by {joint.residual:.2g}"
        + ("" if apart else f" (limit {ANGLE} radians): the contexts are too alike to tell rewards apart, add another"),
    )
