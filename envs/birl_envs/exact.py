"""Any grid world as an exact model: every state of every level, found breadth first from the same rule.

Axes: S states, A actions, F features, L levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from birl.enumerate import breadth_first
from birl.tabular import TabularModel
from birl.task import Board, Distribution, Scenery
from birl.types import IntArray
from birl_envs.atlas import Atlas
from birl_envs.draw import PALETTE
from birl_envs.env import GridEnv
from birl_envs.grid import FREE, START, WALL, Level
from birl_envs.sight import Sight, View, make_sight
from birl_envs.world import Step, World

__all__ = ["distribution", "tabular_model"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _States:
    """Every reachable state, level by level.

    Attributes:
        level: level of each state, [S].
        state: its state in the world's own numbering, [S].
        ended: whether the episode is over there, bool [S].
        successor: where each action leads, [S, A].
        event: what happens on the way, [S, A]; -1 nothing.
    """

    level: IntArray
    state: IntArray
    ended: NDArray[np.bool_]
    successor: IntArray
    event: IntArray


def _enumerate(world: World, atlas: Atlas) -> _States:
    """Search from the starts. A code is (level, state, ended) in one number; an ended code leads to itself."""
    n_states, n_actions = world.n_states(atlas), len(world.actions)

    def pack(level: IntArray, state: IntArray, ended: Any) -> IntArray:
        return (level * n_states + state) * 2 + ended

    def step(codes: IntArray) -> Step:
        level, state = np.divmod(codes // 2, n_states)
        action = np.tile(np.arange(n_actions), codes.size)
        return world.rule(atlas, level.repeat(n_actions), state.repeat(n_actions), action)

    def following(codes: IntArray) -> IntArray:
        level, over = codes // 2 // n_states, (codes % 2 == 1)[:, None]
        after = step(codes)
        to = pack(level.repeat(n_actions), after.state, after.ended).reshape(-1, n_actions)
        return np.where(over, codes[:, None], to)

    roots = pack(np.arange(atlas.n_levels), world.begin(atlas), 0)
    codes = np.sort(breadth_first(roots, following).codes)
    level, state = np.divmod(codes // 2, n_states)
    return _States(
        level=level,
        state=state,
        ended=codes % 2 == 1,
        successor=np.searchsorted(codes, following(codes)),
        event=step(codes).event.reshape(-1, n_actions),
    )


def _look(states: IntArray, *, sight: Sight, level: IntArray, cell: IntArray) -> NDArray[np.bool_]:
    return sight.look(level[states], cell[states])


def _model(world: World, atlas: Atlas, found: _States, view: View) -> TabularModel:
    n_states, n_actions = found.successor.shape
    rows, n_features = np.arange(n_states * n_actions), len(world.features)
    event = found.event.ravel()
    some = event >= 0
    step = np.full(rows.size, n_features - 1)
    columns = np.concatenate([step, event[some]])
    starts = (found.state == world.begin(atlas)[found.level]) & ~found.ended
    return TabularModel(
        transitions=sp.csr_matrix(
            (np.ones(rows.size), found.successor.ravel(), np.arange(rows.size + 1)), shape=(rows.size, n_states)
        ),
        features=sp.csr_matrix(
            (np.ones(columns.size), (np.concatenate([rows, rows[some]]), columns)), shape=(rows.size, n_features)
        ),
        start=starts / atlas.n_levels,
        terminal=found.ended,
        discount=world.discount,
        feature_names=world.features,
        level=found.level,
        observe=partial(
            _look, sight=make_sight(world, atlas, view), level=found.level, cell=world.cell(atlas, found.state)
        ),
    )


def tabular_model(world: World, levels: Sequence[Level], *, view: View | None = None) -> TabularModel:
    """The exact model of some levels; starts are spread evenly over them.

    A level has one terminal state per way of ending (per thing touched), so that what the model shows there is what
    the environment's last observation shows.
    """
    atlas = world.atlas(levels)
    return _model(world, atlas, _enumerate(world, atlas), view or View())


def _board(index: int, *, levels: Sequence[Level]) -> Board:
    level = levels[index]
    short = {WALL: "#", FREE: ".", START: "@"}
    legend = {thing.token: (f"{thing.colour} {thing.kind}", PALETTE[thing.colour]) for thing in level.things}
    return Board(
        rows=tuple(tuple(short.get(token, token) for token in row) for row in level.tokens),
        legend=legend | {"#": ("wall", PALETTE["wall"]), "@": ("start", PALETTE["agent"])},
    )


def distribution(
    world: World, name: str, levels: Sequence[Level], *, shift: str, view: View | None = None, pair: str | None = None
) -> Distribution:
    """A distribution of some levels: exact model, environment and scenery.

    Args:
        world: the rule.
        name: unique within its task.
        levels: L levels.
        shift: one of `birl.task.SHIFTS`.
        view: how it is shown; agent-centred if left out.
        pair: the distribution it matches level by level.
    """
    levels, view = tuple(levels), view or View()
    atlas = world.atlas(levels)
    found = _enumerate(world, atlas)
    cell = world.cell(atlas, found.state)
    return Distribution(
        name,
        model=_model(world, atlas, found, view),
        make_env=partial(GridEnv, world, levels, view=view),
        shift=shift,
        pair=pair,
        time_limit=world.time_limit,
        scenery=Scenery(
            board=partial(_board, levels=levels),
            position=np.stack(np.divmod(cell, atlas.width), axis=1),
        ),
    )
