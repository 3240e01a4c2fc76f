"""Rewards in every form a distance accepts, brought to one.

No metric depends on a reward's scale, so each is scaled to a largest magnitude of 1.

Axes: S states, A actions, E stored transitions (the nonzeros of `model.transitions`, in CSR order).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from birl.tabular import TabularModel, reward_vector
from birl.types import BirlError, FloatArray

__all__ = ["Recovered", "Reward", "RewardSource", "as_reward"]


class Recovered(Protocol):
    """A recovered reward: weights by feature or, where it has none, values in a model."""

    @property
    def weights(self) -> Mapping[str, float]:
        """Feature name -> weight; empty where the reward is no sum of features."""
        ...

    def on(self, model: TabularModel) -> FloatArray:
        """Values [S*A], or [E] of each stored transition."""
        ...


RewardSource = Mapping[str, float] | Recovered | FloatArray
"""A reward: weights by feature, something that has a value in models, or values [S*A], [S, A], [S, A, S'] or [E]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reward:
    """A reward on a model, scaled to a largest magnitude of 1; 0 in terminal states.

    Attributes:
        pairs: expected reward of each state and action, [S*A].
        edges: reward of each stored transition, [E].
        table: R(s, a, s') whether or not it can happen, [S, A, S]; None where it was not given.
        by_pair: whether the reward depends on state and action only.
    """

    pairs: FloatArray
    edges: FloatArray
    table: FloatArray | None = None
    by_pair: bool = False

    @property
    def knows_the_impossible(self) -> bool:
        """Whether it has a value for transitions that never happen."""
        return self.by_pair or self.table is not None


def as_reward(model: TabularModel, reward: RewardSource, name: str) -> Reward:
    """One reward, from any form of it.

    Args:
        model: the world.
        reward: weights by feature, or values. Values by transition are R(s, a, s') as a dense [S, A, S'] array, or one
            for each stored transition in CSR order. A flat array that fits both [S*A] and [E] is an error, except where
            nothing is left to chance: the two are then one.
        name: what to call it in an error.

    Raises:
        BirlError: for a feature the model does not have, a wrong shape, a value that is not finite.
    """
    given = _values(model, reward)
    if isinstance(given, Mapping):
        return _from_pairs(model, given, name)
    values = np.asarray(given, np.float64)
    n_states, n_actions, n_edges = model.n_states, model.n_actions, model.transitions.nnz
    if values.shape in ((n_states * n_actions,), (n_states, n_actions)):
        if values.shape == (n_edges,) and model.successors is None:
            raise BirlError(
                f"reward {name}: {n_edges} values fit both [S*A] and the transitions: give [S, A] or [S, A, S']"
            )
        return _from_pairs(model, values, name)
    if not np.isfinite(values).all():
        raise BirlError(f"reward {name}: a value is not finite (NaN or infinity): mend the reward")
    if values.shape == (n_states, n_actions, n_states):
        return _from_table(model, values)
    if values.shape == (n_edges,):
        return _from_edges(model, values)
    raise BirlError(
        f"reward {name}: shape {values.shape} for {n_states} states, {n_actions} actions and {n_edges} transitions: "
        "give weights by feature, [S*A], [S, A, S'], or a value for each stored transition"
    )


def _values(model: TabularModel, reward: Any) -> Any:
    """Weights where there are any, otherwise values."""
    if isinstance(reward, Mapping):
        return reward
    weights = getattr(reward, "weights", reward)
    return reward.on(model) if isinstance(weights, Mapping) and not weights else weights


def _from_pairs(model: TabularModel, given: Any, name: str) -> Reward:
    try:
        pairs = _unit(reward_vector(model, given))
    except BirlError as error:
        raise BirlError(f"reward {name}: {str(error).removeprefix('reward: ')}") from error
    return Reward(pairs=pairs, edges=pairs[model.elimination.row], by_pair=True)


def _from_table(model: TabularModel, values: FloatArray) -> Reward:
    rows = values.reshape(-1, model.n_states)
    table = _unit(np.where(model.live[:, None], rows, 0.0))
    edges = table[model.elimination.row, model.transitions.indices]
    return Reward(pairs=_expected(model, edges), edges=edges, table=table.reshape(values.shape))


def _from_edges(model: TabularModel, values: FloatArray) -> Reward:
    edges = _unit(values)
    return Reward(pairs=_expected(model, edges), edges=edges, by_pair=model.successors is not None)


def _expected(model: TabularModel, edges: FloatArray) -> FloatArray:
    weighted = model.transitions.data * edges
    return np.asarray(np.bincount(model.elimination.row, weights=weighted, minlength=model.live.size), np.float64)


def _unit(values: FloatArray) -> FloatArray:
    scale = np.abs(values).max(initial=0.0)
    return values / scale if scale > 0.0 else values
