"""`from_p`: dynamics that an environment already holds as a table, as toy-text's `P`, made a model.

`P[state][action]` is a list of (probability, next state, reward, terminated). Chance is kept as it is.

Axes: S states, A actions, E entries of the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Edges", "from_p"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Edges:
    """Every entry of every table; what a feature is computed from.

    Attributes:
        level: which table, [E].
        state: as the table numbers it, [E].
        action: [E].
        probability: in (0, 1], [E].
        next_state: [E].
        reward: the table's own, [E].
        terminated: bool [E].
    """

    level: IntArray
    state: IntArray
    action: IntArray
    probability: FloatArray
    next_state: IntArray
    reward: FloatArray
    terminated: NDArray[np.bool_]


def from_p(
    envs: Any,
    features: Mapping[str, Callable[[Edges], Any]],
    *,
    discount: float = 0.99,
    observe: Callable[[IntArray, IntArray], Any] | None = None,
) -> TabularModel:
    """The exact model of one or several tables of dynamics.

    Args:
        envs: what has `P` and `initial_state_distrib` (toy-text environments do), or a sequence of such, one for each
            level; starts are spread evenly over levels.
        features: name -> callable of `Edges` that returns one number for each entry, [E].
        discount: per step, in (0, 1].
        observe: (level [B], state [B]) -> observations [B, ...]; the state's number if left out.

    Returns:
        A model of the states that can be reached, level by level; one in which an episode has ended is a state of its
        own.

    Raises:
        BirlError: naming environment, level or feature, for no tables, tables without `P`, tables of different sizes,
            entries that lead nowhere, or a feature that is not one finite number for each entry.
    """
    levels = list(envs) if isinstance(envs, Sequence) else [envs]
    if not levels:
        raise BirlError("no tables: give at least one environment with `P`")
    starts = np.stack([_start(env, i) for i, env in enumerate(levels)])
    edges = _read(levels, n_states=starts.shape[1])
    values = np.stack([_evaluate(name, feature, edges) for name, feature in features.items()], axis=1)
    return _model(
        edges, values, starts, partial(TabularModel, discount=discount, feature_names=tuple(features)), observe
    )


def _start(env: Any, level: int) -> FloatArray:
    env = getattr(env, "unwrapped", env)
    table, start = getattr(env, "P", None), getattr(env, "initial_state_distrib", None)
    if table is None or start is None:
        lacks = "P" if table is None else "initial_state_distrib"
        raise BirlError(f"level {level} ({type(env).__name__}) has no `{lacks}`: use birl.enumerate_env, or add it")
    start = np.asarray(start, np.float64)
    if len(table) != start.size or abs(start.sum() - 1.0) > 1e-6:
        raise BirlError(
            f"level {level} ({type(env).__name__}): P has {len(table)} states, initial_state_distrib {start.size} "
            f"that sum to {start.sum():g}: give probabilities of the same states"
        )
    return start


def _read(envs: Sequence[Any], *, n_states: int) -> Edges:
    """All entries in one list; equal tables (the same object) are read once."""
    read: dict[int, FloatArray] = {}
    parts = []
    for level, env in enumerate(envs):
        table = getattr(env, "unwrapped", env).P
        if id(table) not in read:
            read[id(table)] = np.array(
                [
                    (state, action, *entry)
                    for state, actions in table.items()
                    for action, entries in actions.items()
                    for entry in entries
                    if entry[0] > 0
                ],
                np.float64,
            )
        rows = read[id(table)]
        if len(table) != n_states or rows[:, 3].min() < 0 or rows[:, 3].max() >= n_states:
            raise BirlError(f"level {level}: P does not stay within {n_states} states, as the first level's: mend it")
        parts.append(np.column_stack([np.full(len(rows), level), rows]))
    level, state, action, probability, after, reward, ended = np.concatenate(parts).T
    whole = lambda column: column.astype(np.int64)  # noqa: E731 - four times in one expression
    return Edges(
        level=whole(level),
        state=whole(state),
        action=whole(action),
        probability=probability,
        next_state=whole(after),
        reward=reward,
        terminated=ended > 0,
    )


def _evaluate(name: str, feature: Callable[[Edges], Any], edges: Edges) -> FloatArray:
    values = np.asarray(feature(edges), np.float64)
    values = np.broadcast_to(values, edges.state.shape) if values.ndim == 0 else values
    if values.shape != edges.state.shape or not np.isfinite(values).all():
        raise BirlError(
            f"feature {name!r} returned shape {values.shape} (finite: {bool(np.isfinite(values).all())}) "
            f"for {edges.state.size} entries of P: return one finite number each"
        )
    return values


def _model(
    edges: Edges, values: FloatArray, starts: FloatArray, make: Callable[..., TabularModel], observe: Any
) -> TabularModel:
    """A code is (level, state, ended) in one number; only what can be reached becomes a state."""
    (n_levels, n_states), n_actions = starts.shape, int(edges.action.max()) + 1
    here = (edges.level * n_states + edges.state) * 2
    there = (edges.level * n_states + edges.next_state) * 2 + edges.terminated
    n_codes = starts.size * 2
    begun = np.zeros(n_codes)
    begun[::2] = starts.ravel() / n_levels
    codes = _reachable(begun > 0, here, there)
    index = np.full(n_codes, -1)
    index[codes] = np.arange(codes.size)
    kept = index[here] >= 0
    row = index[here[kept]] * n_actions + edges.action[kept]
    shape = (codes.size * n_actions, codes.size)
    chance = edges.probability[kept]
    level, state = np.divmod(codes // 2, n_states)
    look = observe or _number
    return make(
        transitions=sp.csr_matrix((chance, (row, index[there[kept]])), shape=shape),
        features=np.stack([np.bincount(row, chance * column, shape[0]) for column in values[kept].T], axis=1),
        start=begun[codes],
        terminal=codes % 2 == 1,
        level=level,
        observe=lambda states: look(level[states], state[states]),
    )


def _number(level: IntArray, state: IntArray) -> IntArray:
    return state


def _reachable(start: NDArray[np.bool_], here: IntArray, there: IntArray) -> IntArray:
    """Codes that can be reached from the start, increasing."""
    edges = sp.csr_matrix((np.ones(here.size), (there, here)), shape=(start.size, start.size))
    reached = start
    while True:
        further = reached | (edges @ reached.astype(np.float64) > 0)
        if (further == reached).all():
            return np.flatnonzero(reached)
        reached = further
