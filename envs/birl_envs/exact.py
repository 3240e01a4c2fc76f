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
from birl.tabular import TabularModel, reward_vector
from birl.task import Board, Distribution, Scenery
from birl.types import BirlError, IntArray
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
        happened: how often each event happens on the way, [S*A, E].
    """

    level: IntArray
    state: IntArray
    ended: NDArray[np.bool_]
    successor: IntArray
    happened: sp.csr_matrix


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
        happened=_happened(step(codes).event, len(world.events)),
    )


def _happened(event: NDArray[Any], n_events: int) -> sp.csr_matrix:
    """What `Step.event` says, as counts [S*A, E]."""
    if event.ndim == 2:
        return sp.csr_matrix(event)
    some = np.flatnonzero(event >= 0)
    return sp.csr_matrix((np.ones(some.size), (some, event[some])), shape=(event.size, n_events))


def _look(states: IntArray, *, sight: Sight, level: IntArray, state: IntArray) -> NDArray[np.bool_]:
    return sight.look(level[states], state[states])


def _model(world: World, atlas: Atlas, found: _States, view: View) -> TabularModel:
    n_states, n_actions = found.successor.shape
    n_rows = n_states * n_actions
    starts = (found.state == world.begin(atlas)[found.level]) & ~found.ended
    return TabularModel(
        transitions=sp.csr_matrix(
            (np.ones(n_rows), found.successor.ravel(), np.arange(n_rows + 1)), shape=(n_rows, n_states)
        ),
        features=sp.hstack([found.happened, np.ones((n_rows, 1))], format="csr"),
        start=starts / atlas.n_levels,
        terminal=found.ended,
        discount=world.discount,
        feature_names=world.features,
        level=found.level,
        observe=partial(_look, sight=make_sight(world, atlas, view), level=found.level, state=found.state),
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

    Raises:
        BirlError: when on some level nothing the agent can do makes a difference to the base objective.
    """
    levels, view = tuple(levels), view or View()
    atlas = world.atlas(levels)
    found = _enumerate(world, atlas)
    model = _model(world, atlas, found, view)
    _refuse_hopeless(world, name, model)
    cell = world.cell(atlas, found.state)
    return Distribution(
        name,
        model=model,
        make_env=partial(GridEnv, world, levels, view=view),
        shift=shift,
        pair=pair,
        time_limit=world.time_limit,
        scenery=Scenery(
            board=partial(_board, levels=levels),
            position=np.stack(np.divmod(cell, atlas.width), axis=1),
        ),
    )


def _refuse_hopeless(world: World, name: str, model: TabularModel) -> None:
    """A level on which every action always pays the same cannot be solved, and says nothing about an objective."""
    paid = reward_vector(model, world.base).reshape(model.n_states, -1)
    live = ~model.terminal
    level = model.level[live]
    low, high = np.full(model.n_levels, np.inf), np.full(model.n_levels, -np.inf)
    np.minimum.at(low, level, paid[live].min(axis=1))
    np.maximum.at(high, level, paid[live].max(axis=1))
    hopeless = np.flatnonzero(low == high)
    if hopeless.size and not world.idle:
        raise BirlError(
            f"world {world.name!r}, distribution {name!r}: on level {hopeless[0]} nothing the agent can reach changes "
            f"the base objective ({', '.join(world.base)}): mend or drop the level"
        )
