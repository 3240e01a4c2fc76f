"""What a grid world is: names, a base objective, and one pure rule.

A state is one integer per level: the agent's cell, unless the world packs more into it (`numpy.ravel_multi_index`) and
says how by `begin`, `cell` and `n_states`. The Gymnasium environment, the vectorised one and the exact model are all
made from this record, so they cannot disagree.

Axes: L levels, B a batch, C cells, E events, F features, K flags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from birl.types import FloatArray, IntArray, unknown_name
from birl_envs.atlas import MOVES, Atlas, make_atlas
from birl_envs.grid import Level

__all__ = ["STEP", "FeatureView", "Step", "World", "additive", "touch", "touch_ends", "useful_actions"]

STEP = "step"
"""The feature that is 1 on every step."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the rule answers.

    Attributes:
        state: the next states, [B].
        event: index of the event that happened, [B], -1 where none did; or, where several can happen in one step, how
            often each did, [B, E].
        ended: whether the episode is over (`terminated`, never a time limit), bool [B].
    """

    state: IntArray
    event: IntArray | FloatArray
    ended: NDArray[np.bool_]


def _start(atlas: Atlas) -> IntArray:
    return atlas.start


def _state_is_cell(_atlas: Atlas, state: IntArray) -> IntArray:
    return state


def _no_flags(_atlas: Atlas, level: IntArray, _state: IntArray) -> NDArray[np.bool_]:
    return np.zeros((level.size, 0), bool)


def _one_per_cell(atlas: Atlas) -> int:
    return atlas.n_cells


@dataclass(frozen=True, kw_only=True)
class World:
    """A grid world, apart from its levels.

    Attributes:
        name: short name, as in `birl.load_task`.
        kinds: kinds of things, in the order of the observation planes.
        colours: colours of things, likewise.
        events: what can happen, as a reader would say it.
        base: the base objective: weights of events (and of `step`).
        candidates: what the agent might want instead, name -> weights of events.
        rule: (atlas, level [B], state [B], action [B]) -> `Step`; pure.
        time_limit: steps before an episode is truncated.
        discount: per step.
        actions: names of the actions.
        window: side of the agent-centred observation, odd.
        begin: first state of every level, [L].
        cell: (atlas, state [B]) -> where the agent stands, [B].
        n_states: one more than the largest state of any level.
        settings: what can hold on a whole level (a cue, a budget), with its default; `atlas.settings` has it.
        flags: names of what the agent sees apart from the board, a plane each: cues, things carried, counters.
        lit: (atlas, level [B], state [B]) -> which flags are lit, bool [B, K].
        about: one line for listings.
        idle: whether it has levels on which nothing can be earned, on purpose (a floor already clean).
        gone: (atlas, level [B], state [B]) -> cells whose thing has gone, bool [B, C]; None where things stay.
    """

    name: str
    kinds: tuple[str, ...]
    colours: tuple[str, ...]
    events: tuple[str, ...]
    base: Mapping[str, float]
    rule: Callable[[Atlas, IntArray, IntArray, IntArray], Step]
    time_limit: int
    discount: float
    candidates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    actions: tuple[str, ...] = MOVES
    window: int = 13
    begin: Callable[[Atlas], IntArray] = _start
    cell: Callable[[Atlas, IntArray], IntArray] = _state_is_cell
    n_states: Callable[[Atlas], int] = _one_per_cell
    settings: Mapping[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    lit: Callable[[Atlas, IntArray, IntArray], NDArray[np.bool_]] = _no_flags
    gone: Callable[[Atlas, IntArray, IntArray], NDArray[np.bool_]] | None = None
    about: str = ""
    idle: bool = False

    def __post_init__(self) -> None:
        """Check that the objectives speak of this world's events."""
        for objective in (self.base, *self.candidates.values()):
            for name in objective:
                if name not in self.features:
                    raise unknown_name(f"feature of world {self.name!r}", name, self.features)

    @property
    def features(self) -> tuple[str, ...]:
        """The events, then `step`."""
        return (*self.events, STEP)

    @cached_property
    def rewards(self) -> FloatArray:
        """Base reward of a step by its event, [events + 1]; the last entry serves event -1, nothing happened."""
        return np.array([*(self.base.get(event, 0.0) for event in self.events), 0.0]) + self.base.get(STEP, 0.0)

    def paid(self, event: IntArray | FloatArray) -> FloatArray:
        """Base reward of steps in which these events happened (`Step.event`), [B]."""
        if event.ndim == 1:
            return self.rewards[event.astype(np.int64, copy=False)]
        return event @ self.rewards[:-1] + (1.0 - event.sum(axis=1)) * self.rewards[-1]

    def counts(self, event: IntArray | FloatArray) -> FloatArray:
        """How often each event happened, [B, E], whichever way the rule said it."""
        return np.asarray(event[:, None] == np.arange(len(self.events)) if event.ndim == 1 else event, np.float64)

    def atlas(self, levels: Sequence[Level]) -> Atlas:
        """Levels as this world's arrays."""
        return make_atlas(levels, kinds=self.kinds, colours=self.colours, settings=self.settings)


def useful_actions(world: World, atlas: Atlas, level: IntArray, state: IntArray) -> NDArray[np.bool_]:
    """Actions that change the state or bring something about, bool [B, A]; all of them where none does."""
    n_actions = len(world.actions)
    action = np.tile(np.arange(n_actions), level.size)
    after = world.rule(atlas, level.repeat(n_actions), state.repeat(n_actions), action)
    useful = (after.state != state.repeat(n_actions)) | after.ended | world.counts(after.event).any(axis=1)
    useful = useful.reshape(-1, n_actions)
    return useful | ~useful.any(axis=1, keepdims=True)


def touch(kind: str, colour: str) -> str:
    """The name of the event of touching a thing."""
    return f"touch:{kind}&{colour}"


def touch_ends(n_colours: int) -> Callable[[Atlas, IntArray, IntArray, IntArray], Step]:
    """The rule of touching: move; whatever lies there is touched, and that is the end.

    A state is the agent's cell; events are numbered kind by kind, colours within a kind.
    """
    return partial(_touch_ends, n_colours)


def _touch_ends(n_colours: int, atlas: Atlas, level: IntArray, state: IntArray, action: IntArray) -> Step:
    cell = atlas.neighbour[level, state, action]
    kind = atlas.kind[level, cell]
    touched = kind >= 0
    event = np.where(touched, kind * n_colours + atlas.colour[level, cell], -1)
    return Step(state=cell, event=event, ended=touched)


@dataclass(frozen=True, kw_only=True)
class FeatureView:
    """Other features made from a model's: `model.with_features(view.names, view.mixing)`.

    Attributes:
        names: F' names.
        mixing: [F, F'].
    """

    names: tuple[str, ...]
    mixing: FloatArray


def additive(world: World) -> FeatureView:
    """Kind and colour counted apart: `touch:door&red` becomes `touch:door` and `touch:red`; other features stay.

    It cannot tell a taste for red doors from a taste for doors plus a taste for red.
    """
    parts = [_parts(name) for name in world.features]
    names = tuple(dict.fromkeys(part for position in (0, 1) for split in parts for part in split[position:][:1]))
    names = (*(name for name in names if name != STEP), STEP)
    mixing = np.array([[float(name in split) for name in names] for split in parts])
    return FeatureView(names=names, mixing=mixing)


def _parts(name: str) -> tuple[str, ...]:
    verb, _, product = name.partition(":")
    return tuple(f"{verb}:{part}" for part in product.split("&")) if "&" in product else (name,)
