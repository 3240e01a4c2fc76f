"""A finite world: sparse transitions, the expected features of each state and action, a start.

Many levels (mazes) sit side by side in one model as separate blocks; `level` says which state is whose.
Terminal states earn nothing and lead nowhere: whatever rows are given for them are ignored.

Axes: S states, A actions, F features, L levels. A state-action row is s * A + a.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from birl.tabular.blocks import Blocks, blocks_of
from birl.tabular.pattern import Elimination
from birl.types import BirlError, FloatArray, IntArray, unknown_name

__all__ = ["RewardLike", "TabularModel", "reward_vector"]

ROW_SUM_TOLERANCE = 1e-6  # float32 tables sum to 1 within about 1e-7 per entry

RewardLike = Mapping[str, float] | FloatArray
"""A reward on a model: weights by feature name, or values [S*A]."""


@dataclass(frozen=True, eq=False)
class TabularModel:
    """Dynamics and features of a finite world; it carries no reward.

    Attributes:
        transitions: CSR [S*A, S], row s*A+a is the next-state distribution.
        features: [S*A, F], CSR or dense: the expected feature of (s, a), including what happens on arrival.
        start: [S], sums to 1; with several levels it spreads over all of them.
        terminal: bool [S]; the value, the features and every potential are 0 there.
        discount: per step, in (0, 1].
        feature_names: F names, as a reader would say them (`touch:door&red`).
        level: int [S], 0..L-1; one level if left out.
        observe: state indices int[B] -> observations [B, ...]; needed to query a network.
        valid_actions: bool [S, A]; all valid if left out.

    Raises:
        BirlError: for shapes that do not fit, rows that do not sum to 1, features or a start that are not finite.
    """

    transitions: Any
    features: Any
    start: Any
    terminal: Any
    discount: float
    feature_names: Sequence[str]
    level: Any = None
    observe: Callable[[IntArray], Any] | None = None
    valid_actions: Any = None

    def __post_init__(self) -> None:
        """Bring every field to one form, then check it."""
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731 - the dataclass is frozen
        put("start", np.asarray(self.start, np.float64))
        put("terminal", np.asarray(self.terminal, bool))
        put("feature_names", tuple(self.feature_names))
        put("level", np.zeros(self.n_states, np.int64) if self.level is None else np.asarray(self.level, np.int64))
        put("transitions", sp.csr_matrix(self.transitions, dtype=np.float64))
        put("features", sp.csr_matrix(self.features, dtype=np.float64))
        self._check_shapes()
        shape = (self.n_states, self.n_actions)
        valid = np.ones(shape, bool) if self.valid_actions is None else np.asarray(self.valid_actions, bool)
        if valid.shape != shape:
            raise BirlError(f"model: valid_actions has shape {valid.shape}, not {shape}")
        put("valid_actions", valid | self.terminal[:, None])
        put("transitions", _keep_rows(self.transitions, self.live))
        put("features", _keep_rows(self.features, self.live))
        self._check_values()
        self._check_rows()

    def _check_shapes(self) -> None:
        n_states, n_rows = self.n_states, self.transitions.shape[0]
        if not self.start.shape == self.terminal.shape == (n_states,) or self.transitions.shape[1] != n_states:
            raise BirlError(
                f"model: start is {self.start.shape}, terminal {self.terminal.shape}, "
                f"transitions {self.transitions.shape}: give [S], [S] and [S*A, S]"
            )
        if 0 in (n_states, n_rows) or n_rows % n_states:
            raise BirlError(f"model: transitions have {n_rows} rows for {n_states} states: give S*A rows")
        if self.features.shape != (n_rows, self.n_features):
            raise BirlError(
                f"model: features are {self.features.shape} for {n_rows} state-action rows "
                f"and {self.n_features} names: give [S*A, F] and F names"
            )
        if len(set(self.feature_names)) != self.n_features:
            raise BirlError(f"model: feature names repeat: {', '.join(self.feature_names)}")
        if self.level.shape != (n_states,) or self.level.min() < 0:
            raise BirlError(
                f"model: level has shape {self.level.shape}: give a number from 0 up for each of {n_states}"
            )

    def _check_values(self) -> None:
        if not np.isfinite(self.features.data).all():
            column = int(self.features.indices[~np.isfinite(self.features.data)][0])
            raise BirlError(f"model: feature {self.feature_names[column]!r} is not finite: mend the world")
        if not 0.0 < self.discount <= 1.0:
            raise BirlError(f"model: discount {self.discount} is outside (0, 1]")
        if not np.isfinite(self.start).all() or (self.start < 0).any() or abs(self.start.sum() - 1) > ROW_SUM_TOLERANCE:
            raise BirlError(f"model: start sums to {self.start.sum():g}: give probabilities that sum to 1")

    def _check_rows(self) -> None:
        if not self.valid_actions.any(axis=1).all():
            state = int(np.flatnonzero(~self.valid_actions.any(axis=1))[0])
            raise BirlError(f"model: state {state} is not terminal and has no valid action: mark it terminal")
        sums = np.asarray(self.transitions.sum(axis=1)).ravel()
        wrong = self.live & ~(np.abs(sums - 1.0) <= ROW_SUM_TOLERANCE)  # so written, NaN is wrong
        wrong[self.transitions.tocoo().row[self.transitions.data < 0]] = True
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            state, action = divmod(row, self.n_actions)
            raise BirlError(
                f"model: transitions of state {state}, action {action} sum to {sums[row]:g} or are negative: "
                "each row of a state that is not terminal is a distribution"
            )

    @property
    def n_states(self) -> int:
        """S."""
        return self.start.size

    @property
    def n_actions(self) -> int:
        """A."""
        return self.transitions.shape[0] // self.n_states

    @property
    def n_features(self) -> int:
        """F."""
        return len(self.feature_names)

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """Rows that can happen: a valid action of a state that is not terminal, [S*A]."""
        return (self.valid_actions & ~self.terminal[:, None]).ravel()

    @cached_property
    def n_levels(self) -> int:
        """L."""
        return int(self.level.max()) + 1

    @cached_property
    def uniform(self) -> FloatArray:
        """The random walk: uniform over the valid actions, [S, A]."""
        return self.valid_actions / self.valid_counts[:, None]

    @cached_property
    def valid_counts(self) -> IntArray:
        """Valid actions in each state, at least 1, [S]."""
        return np.maximum(self.valid_actions.sum(axis=1), 1)

    @cached_property
    def elimination(self) -> Elimination:
        """The sparsity pattern every policy shares, analysed once."""
        return Elimination(self.transitions, self.n_actions)

    @cached_property
    def blocks(self) -> Blocks | None:
        """Dense blocks of its levels, where these are small; None where they are not."""
        return blocks_of(self.transitions, self.n_actions, self.level, self.discount)

    @cached_property
    def successors(self) -> IntArray | None:
        """The one state each action leads to, [S, A] (a terminal state: itself); None where chance has a say."""
        rows = np.diff(self.transitions.indptr)
        if rows.max(initial=0) > 1:
            return None
        here = np.repeat(np.arange(self.n_states), self.n_actions)
        here[rows == 1] = self.transitions.indices
        return here.reshape(self.n_states, self.n_actions)

    @cached_property
    def falls_apart(self) -> bool:
        """Whether each of several levels can be solved by itself: by what follows for certain, or as a small block."""
        if self.successors is None or self.discount == 1.0:
            return self.n_levels > 1 and self.blocks is not None
        return self.n_levels > 1 and bool((self.level[self.successors] == self.level[:, None]).all())

    @cached_property
    def dense_features(self) -> FloatArray:
        """The features as a dense array, [S, A, F]."""
        return self.features.toarray().reshape(self.n_states, self.n_actions, self.n_features)

    @cached_property
    def level_starts(self) -> FloatArray:
        """Start mass of each level, [L]; sums to 1."""
        return self.per_level(self.start)

    def per_level(self, values: FloatArray) -> FloatArray:
        """Sum state values [S] within each level, [L]."""
        return np.asarray(np.bincount(self.level, weights=values, minlength=self.n_levels), np.float64)

    def states_of(self, levels: Iterable[int]) -> IntArray:
        """Indices of the states of some levels, in order."""
        wanted = np.zeros(self.n_levels, bool)
        wanted[np.asarray(list(levels), np.int64)] = True
        return np.flatnonzero(wanted[self.level])

    def restrict(self, levels: Sequence[int] | NDArray[np.integer]) -> TabularModel:
        """The model of some levels only; they are renumbered 0.. in increasing order.

        Raises:
            BirlError: when no start lies in them, or a transition leaves them.
        """
        states = self.states_of(levels)
        mass = self.start[states].sum()
        if mass <= 0:
            raise BirlError(f"model: no episode starts in levels {list(levels)[:5]}: choose others")
        rows = (states[:, None] * self.n_actions + np.arange(self.n_actions)).ravel()
        observe = self.observe
        return replace(
            self,
            transitions=self.transitions[rows][:, states],
            features=self.features[rows],
            start=self.start[states] / mass,
            terminal=self.terminal[states],
            level=np.unique(self.level[states], return_inverse=True)[1],
            observe=None if observe is None else (lambda ids: observe(states[ids])),
            valid_actions=self.valid_actions[states],
        )

    def with_features(self, names: Sequence[str], mixing: FloatArray) -> TabularModel:
        """The same world seen through other features: `features @ mixing`, mixing [F, F']."""
        return replace(self, features=self.features @ sp.csr_matrix(mixing), feature_names=tuple(names))


def _keep_rows(matrix: sp.csr_matrix, keep: NDArray[np.bool_]) -> sp.csr_matrix:
    """Empty the other rows (multiplying them by 0 would leave their NaN behind), and store no zeros."""
    counts = np.diff(matrix.indptr)
    kept = np.repeat(keep, counts)
    pointer = np.concatenate([[0], np.cumsum(np.where(keep, counts, 0))])
    rows = sp.csr_matrix((matrix.data[kept], matrix.indices[kept], pointer), shape=matrix.shape)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return rows


def reward_vector(model: TabularModel, reward: RewardLike) -> FloatArray:
    """The expected reward of each state and action, [S*A].

    Args:
        model: the world.
        reward: weights by feature name (features left out weigh 0), or values [S*A].

    Raises:
        BirlError: for a feature the model does not have, a wrong shape, or a value that is not finite.
    """
    if isinstance(reward, Mapping):
        return model.features @ _weights(model.feature_names, reward)
    values = np.asarray(reward, dtype=np.float64).ravel()
    if values.size != model.n_states * model.n_actions:
        raise BirlError(
            f"reward: {values.size} values for {model.n_states} states and {model.n_actions} actions: "
            "give [S*A] values or weights by feature name"
        )
    if not np.isfinite(values).all():
        raise BirlError("reward: a value is not finite (NaN or infinity): mend the reward")
    return np.where(model.live, values, 0.0)


def _weights(names: Sequence[str], reward: Mapping[str, float]) -> FloatArray:
    for name, weight in reward.items():
        if name not in names:
            raise unknown_name("feature", name, names)
        if not isinstance(weight, Real):
            raise BirlError(f"reward: the weight of {name!r} is {weight!r}: give a number")
        if not np.isfinite(float(weight)):
            raise BirlError(f"reward: the weight of {name!r} is not finite: give a number")
    return np.array([float(reward.get(name, 0.0)) for name in names])
