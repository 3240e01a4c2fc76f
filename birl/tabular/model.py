"""A finite world: sparse transitions, the expected features of each state and action, a start.

Many levels (mazes) sit side by side in one model as separate blocks; `level` says which state is whose.
Terminal states earn nothing and lead nowhere: whatever rows are given for them are ignored.

Axes: S states, A actions, F features, L levels. A state-action row is s * A + a.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

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
        put("start", np.asarray(self.start, dtype=np.float64))
        put("terminal", np.asarray(self.terminal, dtype=bool))
        n_states = self.start.size
        transitions = sp.csr_matrix(self.transitions, dtype=np.float64)
        if self.terminal.shape != (n_states,) or transitions.shape[1] != n_states:
            raise BirlError(
                f"model: start has {n_states} states, terminal {self.terminal.shape}, "
                f"transitions {transitions.shape}: give [S], [S] and [S*A, S]"
            )
        if n_states == 0 or transitions.shape[0] % n_states or transitions.shape[0] == 0:
            raise BirlError(
                f"model: transitions have {transitions.shape[0]} rows for {n_states} states: give S*A rows"
            )
        n_actions = transitions.shape[0] // n_states
        valid = self.valid_actions
        valid = np.ones((n_states, n_actions), bool) if valid is None else np.asarray(valid, bool)
        put("feature_names", tuple(self.feature_names))
        put("level", np.zeros(n_states, np.int64) if self.level is None else np.asarray(self.level, np.int64))
        live = (valid & ~self.terminal[:, None]).ravel() if valid.shape == (n_states, n_actions) else None
        if live is None:
            raise BirlError(f"model: valid_actions has shape {valid.shape}, not {(n_states, n_actions)}")
        put("valid_actions", valid | self.terminal[:, None])
        keep = sp.diags_array(live.astype(np.float64), format="csr")
        features = self.features if sp.issparse(self.features) else np.asarray(self.features, np.float64)
        put("transitions", sp.csr_matrix(keep @ transitions))
        put("features", sp.csr_matrix(keep @ sp.csr_matrix(features, dtype=np.float64)))
        self._check(live)

    def _check(self, live: np.ndarray) -> None:
        n_rows, n_features = self.features.shape
        if n_rows != self.transitions.shape[0] or n_features != len(self.feature_names):
            raise BirlError(
                f"model: features are {self.features.shape} for {self.transitions.shape[0]} state-action rows "
                f"and {len(self.feature_names)} names: give [S*A, F] and F names"
            )
        if len(set(self.feature_names)) != n_features:
            raise BirlError(f"model: feature names repeat: {', '.join(self.feature_names)}")
        if not np.isfinite(self.features.data).all():
            column = int(self.features.indices[~np.isfinite(self.features.data)][0])
            raise BirlError(f"model: feature {self.feature_names[column]!r} is not finite: mend the world")
        if not 0.0 < self.discount <= 1.0:
            raise BirlError(f"model: discount {self.discount} is outside (0, 1]")
        if not np.isfinite(self.start).all() or (self.start < 0).any() or abs(self.start.sum() - 1) > 1e-6:
            raise BirlError(f"model: start sums to {self.start.sum():g}: give probabilities that sum to 1")
        if self.level.shape != self.start.shape:
            raise BirlError(f"model: level has shape {self.level.shape}, not {self.start.shape}")
        if not self.valid_actions[~self.terminal].any(axis=1).all():
            raise BirlError("model: a state that is not terminal has no valid action")
        sums = np.asarray(self.transitions.sum(axis=1)).ravel()
        wrong = live & ~(np.abs(sums - 1.0) <= ROW_SUM_TOLERANCE)
        if wrong.any() or (self.transitions.data < 0).any():
            row = int(np.flatnonzero(wrong)[0]) if wrong.any() else -1
            state, action = divmod(row, self.n_actions)
            raise BirlError(
                f"model: transitions of state {state}, action {action} sum to {sums[row]:g}: "
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
    def n_levels(self) -> int:
        """L."""
        return int(self.level.max()) + 1

    @cached_property
    def uniform(self) -> FloatArray:
        """The random walk: uniform over the valid actions, [S, A]."""
        return self.valid_actions / np.maximum(self.valid_actions.sum(axis=1, keepdims=True), 1)

    @cached_property
    def level_starts(self) -> FloatArray:
        """Start mass of each level, [L]; sums to 1."""
        return np.bincount(self.level, weights=self.start, minlength=self.n_levels)

    def per_level(self, values: FloatArray) -> FloatArray:
        """Sum state values [S] within each level, [L]."""
        return np.bincount(self.level, weights=values, minlength=self.n_levels)

    def states_of(self, levels: Iterable[int]) -> IntArray:
        """Indices of the states of some levels, in order."""
        wanted = np.zeros(self.n_levels, bool)
        wanted[np.asarray(list(levels), np.int64)] = True
        return np.flatnonzero(wanted[self.level])

    def restrict(self, levels: Sequence[int]) -> TabularModel:
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


def reward_vector(model: TabularModel, reward: RewardLike) -> FloatArray:
    """The expected reward of each state and action, [S*A].

    Args:
        model: the world.
        reward: weights by feature name (features left out weigh 0), or values [S*A].

    Raises:
        BirlError: for a feature the model does not have, a wrong shape, or a value that is not finite.
    """
    if isinstance(reward, Mapping):
        for name in reward:
            if name not in model.feature_names:
                raise unknown_name("feature", name, model.feature_names)
        weights = np.array([float(reward.get(name, 0.0)) for name in model.feature_names])
        if not np.isfinite(weights).all():
            bad = model.feature_names[int(np.flatnonzero(~np.isfinite(weights))[0])]
            raise BirlError(f"reward: the weight of {bad!r} is not finite: give a number")
        return model.features @ weights
    values = np.asarray(reward, dtype=np.float64).ravel()
    if values.size != model.n_states * model.n_actions:
        raise BirlError(
            f"reward: {values.size} values for {model.n_states} states and {model.n_actions} actions: "
            "give [S*A] values or weights by feature name"
        )
    if not np.isfinite(values).all():
        raise BirlError("reward: a value is not finite (NaN or infinity): mend the reward")
    return np.where((model.valid_actions & ~model.terminal[:, None]).ravel(), values, 0.0)
