"""Every reward that explains a policy exactly, and named ways to choose one of them.

The soft-optimal policy of a reward obeys r = t log(n pi) + V - g P V for some V, n(s) the number of valid actions (see
`log_policy`); a policy that is Boltzmann in Q* obeys the same with log(pi / max pi). V is free: the rewards are an
affine set, and a single one is always somebody's choice. Each selector here is such a choice, under its name.

Axes: S states, A actions, M directions, F features.
Source: Cao, Cohen & Szpruch 2021 (arXiv 2106.03498), theorem 1; Skalse et al. 2023 (arXiv 2203.07475), section 3;
Geng et al. 2020 (arXiv 2007.07443; anchor actions); Amin & Singh 2016 (arXiv 1601.06569; state-only rewards).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from birl.irl.log_policy import FLOOR, Rationality, log_policy
from birl.irl.shaping import DENSE_STATES, RANK, LeastSquares, blocks, shaping_operator
from birl.tabular import RewardLike, TabularModel, reward_vector
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Representative", "RewardSet"]

MEMBER = 1e-8  # distance from the set, relative to the reward, below which a reward is a member


@dataclass(frozen=True, kw_only=True, eq=False)
class Representative:
    """One reward, chosen from a set by name.

    Attributes:
        selector: the name of the choice.
        reward: [S*A]; 0 where nothing can happen.
        residual: distance to the nearest member of the set; 0 where the choice is a member.
        gap: that distance as a share of the set's distance from "no preference"; None where the policy has none.
        nullity: directions that the choice leaves open, with the smallest reward taken; None in levels too large to
            tell.
        weights: of named features, where the choice is linear in them.
        scale: c of the candidate that it is nearest to.
    """

    selector: str
    reward: FloatArray
    residual: float = 0.0
    gap: float | None = None
    nullity: int | None = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    scale: float | None = None

    @property
    def explained(self) -> float:
        """Share of log pi, shaping taken out, that the choice accounts for: 1 - gap^2; 1 where there is nothing."""
        return 1.0 - (self.gap or 0.0) ** 2


@dataclass(frozen=True, kw_only=True, eq=False)
class RewardSet:
    """The rewards y + B x, x free.

    Attributes:
        model: the world.
        particular: y, one of them, [S*A].
        basis: B, directions that change no policy, [S*A, M].
        column_levels: the level each direction belongs to, int [M].
    """

    model: TabularModel
    particular: FloatArray
    basis: sp.csr_matrix
    column_levels: IntArray

    @classmethod
    def of(
        cls,
        model: TabularModel,
        policy: FloatArray,
        *,
        rationality: Rationality = "soft",
        temperature: float = 1.0,
        floor: float = FLOOR,
    ) -> RewardSet:
        """The rewards that a policy [S, A] is exactly optimal for; arguments as in `log_policy`."""
        return cls(
            model=model,
            particular=log_policy(model, policy, rationality=rationality, temperature=temperature, floor=floor),
            basis=shaping_operator(model),
            column_levels=model.level[~model.terminal],
        )

    @cached_property
    def nullity(self) -> int | None:
        """Dimension of the set; None where a level is too large to tell."""
        if self.model.discount < 1.0:
            return self.column_levels.size  # E - g P has full column rank: I - g P_pi is invertible for every policy
        return self._rank(self.basis)

    def member(self, coefficients: FloatArray) -> FloatArray:
        """y + B x, [S*A], for x [M]: one potential for each state that is not terminal."""
        return self.particular + self.basis @ coefficients

    def remainder(self, columns: FloatArray, coverage: FloatArray | None = None) -> FloatArray:
        """What of some rewards the set's directions cannot make, weighted by the root of a coverage [S*A].

        Args:
            columns: [S*A] or [S*A, N].
            coverage: weights of the rows, [S*A]; all that can happen alike if left out.
        """
        weights = self.model.live.astype(np.float64) if coverage is None else np.where(self.model.live, coverage, 0.0)
        return LeastSquares(self.basis, weights).remainder(columns)

    def distance(self, reward: RewardLike) -> float:
        """Distance of a reward from its nearest member, Euclidean over the live rows."""
        return float(np.linalg.norm(self.remainder(reward_vector(self.model, reward) - self.particular)))

    def contains(self, reward: RewardLike, *, tolerance: float = MEMBER) -> bool:
        """Whether a reward explains the policy, at this temperature.

        Args:
            reward: weights by feature, or [S*A].
            tolerance: distance accepted, relative to the reward and y.
        """
        size = np.linalg.norm(reward_vector(self.model, reward)) + np.linalg.norm(self.particular)
        return self.distance(reward) <= tolerance * float(size)

    def habit(self) -> Representative:
        """V = 0: log pi itself. Nothing is wanted but to go on as before; a habit is never wrong about the past."""
        return Representative(selector="habit", reward=self.particular, nullity=0)

    def mean_zero(self, policy: FloatArray | None = None) -> Representative:
        """The member of mean 0 in every state, or as near as can be, under a policy [S, A]; the random walk if none.

        Raises:
            BirlError: for a policy whose rows do not sum to 1.
        """
        chosen = self.model.uniform if policy is None else np.asarray(policy, np.float64)
        sums = np.where(self.model.valid_actions, chosen, 0.0).sum(axis=1)[~self.model.terminal]
        if np.abs(sums - 1.0).max(initial=0.0) > MEMBER:
            raise BirlError("mean-zero: a row of the policy does not sum to 1 over the valid actions: give [S, A]")
        return self._centred("mean-zero", chosen)

    def anchor(self, action: int | IntArray) -> Representative:
        """The member that gives nothing for one action, the same everywhere or one for each state, [S].

        Raises:
            BirlError: where the action is not valid.
        """
        actions = np.broadcast_to(np.asarray(action, np.int64), (self.model.n_states,))
        known = (actions >= 0) & (actions < self.model.n_actions)
        valid = known & self.model.valid_actions[np.arange(actions.size), np.where(known, actions, 0)]
        if not valid.all():
            state = int(np.flatnonzero(~valid)[0])
            raise BirlError(f"anchor: action {actions[state]} is not valid in state {state}: choose one that always is")
        return self._centred("anchor", np.eye(self.model.n_actions)[actions])

    def _centred(self, selector: str, policy: FloatArray) -> Representative:
        live = np.where(self.model.live, policy.ravel(), 0.0)
        states = np.arange(live.size) // self.model.n_actions
        mean = sp.csr_matrix((live, (states, np.arange(live.size))), shape=(self.model.n_states, live.size))
        mean = mean[np.flatnonzero(~self.model.terminal)]
        system, known = sp.csc_matrix(mean @ self.basis), -(mean @ self.particular)
        if known.size == self.column_levels.size and self.model.discount < 1.0:
            return Representative(selector=selector, reward=self.member(splu(system).solve(known)))
        found, _, rank, _ = np.linalg.lstsq(system.toarray(), known, rcond=RANK)
        return Representative(selector=selector, reward=self.member(found), nullity=self.column_levels.size - int(rank))

    def state_only(self) -> Representative:
        """The reward by state alone that is nearest to the set; of several, the one of least norm.

        Its nullity counts the rewards by state that no behaviour here tells apart: 1 (a constant) where nothing ends,
        2 where moves change the colour of a chessboard.
        """
        model, n_actions = self.model, self.model.n_actions
        live = model.live.reshape(model.n_states, n_actions)
        share = live / np.maximum(live.sum(axis=1, keepdims=True), 1)
        repeat = np.repeat(np.arange(model.n_states), n_actions)
        pairs = np.arange(repeat.size)
        mean = sp.csr_matrix((share.ravel(), (repeat, pairs)), shape=(model.n_states, repeat.size))
        across = sp.csr_matrix((live.ravel().astype(np.float64), (pairs, repeat)), shape=(repeat.size, model.n_states))
        uneven = sp.csr_matrix(self.basis - across @ (mean @ self.basis))
        wanted = across @ (mean @ self.particular) - self.particular
        found, null = self._solve(uneven, wanted)
        by_state = mean @ self.member(found)
        if null is not None and null.shape[1]:
            by_state -= _onto(mean @ (self.basis @ null), by_state)
        residual = float(np.linalg.norm(wanted - uneven @ found))
        return Representative(
            selector="state-only",
            reward=across @ by_state,
            residual=residual,
            gap=self._share(residual),
            nullity=None if null is None else null.shape[1],
        )

    def features(
        self, phi: FloatArray | None = None, names: Sequence[str] | None = None, *, coverage: FloatArray | None = None
    ) -> Representative:
        """The reward linear in features that is nearest to the set, by least squares.

        Args:
            phi: features [S*A, F]; the model's if left out.
            names: of the features; the model's, or f0, f1, ...
            coverage: weights of the rows, [S*A]; all that can happen alike if left out.
        """
        given = self.model.features.toarray() if phi is None else np.where(self.model.live[:, None], phi, 0.0)
        labels = self.model.feature_names if phi is None else [f"f{i}" for i in range(given.shape[1])]
        left = self.remainder(np.column_stack([given, self.particular]), coverage)
        weights, _, rank, _ = np.linalg.lstsq(left[:, :-1], left[:, -1], rcond=RANK)
        residual = float(np.linalg.norm(left[:, -1] - left[:, :-1] @ weights))
        return Representative(
            selector="features",
            reward=np.asarray(given @ weights, np.float64),
            residual=residual,
            gap=_ratio(residual, float(np.linalg.norm(left[:, -1]))),
            nullity=given.shape[1] - int(rank),
            weights=dict(zip(labels if names is None else names, weights.tolist(), strict=True)),
        )

    def closest_to(self, base: RewardLike, *, coverage: FloatArray | None = None) -> Representative:
        """The member nearest to a multiple of a given reward: argmin over x and c > 0 of || c base - (y + B x) ||.

        The distance that is left does not change when either is shaped. Its share `gap` is the sine of the angle
        between the two without shaping: 0 where they agree up to shaping and scale, 1 where they have nothing in common
        or c would be negative.
        """
        given = reward_vector(self.model, base)
        left = self.remainder(np.column_stack([given, self.particular]), coverage)
        size = float(left[:, 0] @ left[:, 0])
        seen = size > RANK**2 * float(given @ given)
        scale = max(0.0, float(left[:, 0] @ left[:, 1]) / size) if seen else 0.0
        residual = float(np.linalg.norm(left[:, 1] - scale * left[:, 0]))
        weights = None if coverage is None else np.where(self.model.live, coverage, 0.0)
        nearest = self.member(LeastSquares(self.basis, weights).coefficients(scale * given - self.particular))
        gap = _ratio(residual, float(np.linalg.norm(left[:, 1])))
        return Representative(selector="closest-to", reward=nearest, residual=residual, gap=gap, scale=scale)

    def _share(self, residual: float) -> float | None:
        return _ratio(residual, float(np.linalg.norm(self.remainder(self.particular))))

    def _solve(self, matrix: sp.csr_matrix, wanted: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Least squares level by level, and the null space as columns; None, from a sparse solver, in large levels."""
        if not self._small:
            return LeastSquares(matrix).coefficients(wanted), None
        found, null = np.zeros(self.column_levels.size), []
        for block in blocks(self.model, self.column_levels):
            left, sizes, right = np.linalg.svd(matrix[block.rows][:, block.columns].toarray(), full_matrices=False)
            kept = sizes > RANK * max(1.0, float(sizes.max(initial=0.0)))  # columns of a basis have length 1 or so
            found[block.columns] = right[kept].T @ ((left[:, kept].T @ wanted[block.rows]) / sizes[kept])
            null.append(_embedded(_complement(right[kept]), block.columns, found.size))
        return found, np.concatenate(null, axis=1)

    def _rank(self, matrix: sp.csr_matrix) -> int | None:
        if not self._small:
            return None
        parts = (matrix[b.rows][:, b.columns].toarray() for b in blocks(self.model, self.column_levels))
        return sum(int(np.linalg.matrix_rank(part)) for part in parts)

    @property
    def _small(self) -> bool:
        return int(np.bincount(self.model.level).max()) <= DENSE_STATES


def _complement(rows: FloatArray) -> FloatArray:
    """An orthonormal basis of what orthonormal rows [K, N] leave out, as columns [N, N - K]."""
    return np.linalg.svd(rows, full_matrices=True)[2][rows.shape[0] :].T if rows.size else np.eye(rows.shape[1])


def _embedded(part: FloatArray, places: IntArray, size: int) -> FloatArray:
    """Columns over some places as columns over all."""
    whole = np.zeros((size, part.shape[1]))
    whole[places] = part
    return whole


def _onto(columns: FloatArray, vector: FloatArray) -> FloatArray:
    """The part of a vector in the span of some columns."""
    return columns @ np.linalg.lstsq(columns, vector, rcond=RANK)[0]


def _ratio(residual: float, size: float) -> float | None:
    return residual / size if size > RANK else None
