"""Tables of dynamics as levels: the environment that plays them, and what changes them.

A level keeps Gymnasium's own form, `P[state][action] = [(probability, next state, reward, terminated), ...]`, so that
the environment steps Gymnasium's code and the model reads the very same numbers (`birl.enumerate.from_p`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from birl.enumerate import Edges, from_p
from birl.task import Distribution, Task
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Rules", "Table", "TableEnv", "board_planes", "pay", "registered", "slip"]

Outcomes = list[tuple[float, int, float, bool]]
Look = Callable[[IntArray, IntArray], Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """One level.

    Attributes:
        P: the dynamics.
        initial_state_distrib: where episodes start, [S].
        desc: letters of the board as its environment draws them, if it draws any.
    """

    P: Mapping[int, Mapping[int, Outcomes]]
    initial_state_distrib: FloatArray
    desc: Any = None


def registered(name: str) -> str:
    """The newest registered version of an environment: `Taxi` is `Taxi-v3` in gymnasium 0.29 and `Taxi-v4` in 1.x."""
    versions = [spec.version or 0 for spec in gymnasium.registry.values() if spec.name == name and not spec.namespace]
    if not versions:
        raise BirlError(f"gymnasium {gymnasium.__version__} has no environment {name!r}: install a version that has it")
    return f"{name}-v{max(versions)}"


def pay(dynamics: Mapping[int, Mapping[int, Outcomes]], rule: Callable[[int, int, float], tuple[float, bool]]) -> Any:
    """The same moves with other rewards and ends.

    Args:
        dynamics: P.
        rule: (state, next state, reward) -> (reward, terminated).
    """
    return {
        state: {
            action: [(p, int(after), *rule(state, int(after), reward)) for p, after, reward, _ in entries]
            for action, entries in actions.items()
        }
        for state, actions in dynamics.items()
    }


def slip(
    dynamics: Mapping[int, Mapping[int, Outcomes]], aside: Mapping[int, tuple[int, int]], chance: float
) -> dict[int, dict[int, Outcomes]]:
    """The same world on slippery ground: with some chance a move goes to one of its two sides instead, evenly.

    Args:
        dynamics: P.
        aside: move -> the moves to its left and right; actions left out never slip.
        chance: of slipping, in [0, 1]; 2/3 is Gymnasium's slippery lake.

    Raises:
        BirlError: for a chance outside [0, 1].
    """
    if not 0.0 <= chance <= 1.0:
        raise BirlError(f"chance of slipping {chance} is no probability: give one in [0, 1]")

    def mixed(state: int, action: int) -> Outcomes:
        if action not in aside:
            return list(dynamics[state][action])
        shares = {action: 1.0 - chance} | dict.fromkeys(aside[action], chance / 2)
        return [
            (share * p, s, r, t) for move, share in shares.items() if share > 0 for p, s, r, t in dynamics[state][move]
        ]

    return {state: {action: mixed(state, action) for action in actions} for state, actions in dynamics.items()}


def board_planes(boards: Any, letters: str) -> Look:
    """What boards show: a plane of where the agent is, then one for each letter, bool [B, H, W, 1 + letters].

    Args:
        boards: letters of the boards, [L, H, W].
        letters: the kinds of cells that have a plane.
    """
    boards = np.asarray(boards)
    fixed = np.stack([boards == letter for letter in letters], axis=-1)  # [L, H, W, K]
    height, width = boards.shape[1:]
    here = np.eye(height * width, dtype=bool).reshape(-1, height, width, 1)

    def look(level: IntArray, state: IntArray) -> Any:
        return np.concatenate([here[state], fixed[level]], axis=-1)

    return look


class TableEnv(gymnasium.Env[Any, Any]):
    """One level at a time, drawn by the environment's seed, or chosen by `options={"level": i}`; steps a toy-text env.

    `info` has the level's index; `truncated` is the time limit.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": 4}  # noqa: RUF012 - as Gymnasium

    def __init__(
        self,
        make: Callable[..., Any],
        levels: Sequence[Table],
        *,
        look: Look | None = None,
        time_limit: int = 100,
        render_mode: str | None = None,
    ) -> None:
        """Make the environment.

        Args:
            make: builds the toy-text environment whose code steps the levels; called with `render_mode`.
            levels: the pool.
            look: (level [1], state [1]) -> boolean planes [1, ...]; the state's number if left out.
            time_limit: steps.
            render_mode: None, `rgb_array` or `ansi`.
        """
        self.inner = make(render_mode=render_mode).unwrapped
        self.levels, self.look, self.time_limit, self.render_mode = tuple(levels), look, time_limit, render_mode
        self.action_space = self.inner.action_space
        shape = None if look is None else look(np.zeros(1, np.int64), np.zeros(1, np.int64)).shape[1:]
        self.observation_space = self.inner.observation_space if shape is None else spaces.MultiBinary(shape)
        self._level, self._steps = 0, 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Raises:
            BirlError: for a level that is not in the pool.
        """
        super().reset(seed=seed)
        chosen = (options or {}).get("level")
        self._level = int(self.np_random.integers(len(self.levels)) if chosen is None else chosen)
        if not 0 <= self._level < len(self.levels):
            raise BirlError(f"level {self._level} does not exist: choose one of 0..{len(self.levels) - 1}")
        level = self.levels[self._level]
        self.inner.P, self.inner.initial_state_distrib = level.P, level.initial_state_distrib
        if level.desc is not None:
            self.inner.desc = level.desc
        state, _ = self.inner.reset(seed=int(self.np_random.integers(2**31)))
        self._steps = 0
        return self._seen(state), {"level": self._level}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step of Gymnasium's own."""
        state, reward, terminated, _, _ = self.inner.step(int(action))
        self._steps += 1
        truncated = self._steps >= self.time_limit and not terminated
        return self._seen(state), float(reward), bool(terminated), truncated, {"level": self._level}

    def render(self) -> Any:
        """As Gymnasium draws it."""
        return self.inner.render() if self.render_mode else None

    def _seen(self, state: int) -> Any:
        return int(state) if self.look is None else self.look(np.array([self._level]), np.array([state]))[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rules:
    """What the distributions of a task share.

    Attributes:
        name: of the task.
        make: builds the toy-text environment; called with `render_mode`.
        features: levels -> feature name -> callable of `Edges`.
        look: levels -> what is shown; the state's number where None.
        base: the base objective.
        candidates: name -> weights.
        discount: per step.
        time_limit: steps.
        about: one line for listings.
    """

    name: str
    make: Callable[..., Any]
    features: Callable[[Sequence[Table]], Mapping[str, Callable[[Edges], Any]]]
    base: Mapping[str, float]
    candidates: Mapping[str, Mapping[str, float]]
    discount: float
    time_limit: int
    about: str
    look: Callable[[Sequence[Table]], Look] | None = None

    def distribution(self, name: str, levels: Sequence[Table], shift: str) -> Distribution:
        """Model and environment of some levels, from the same numbers."""
        look = self.look and self.look(levels)
        return Distribution(
            name,
            model=from_p(levels, self.features(levels), discount=self.discount, observe=look),
            make_env=partial(TableEnv, self.make, levels, look=look, time_limit=self.time_limit),
            shift=shift,
            time_limit=self.time_limit,
        )

    def task(self, draw: Callable[[Any], Sequence[Table]], train: Any, shifts: Mapping[str, tuple[Any, str]]) -> Task:
        """Training and its shifts.

        Args:
            draw: variation -> its levels.
            train: variation of training.
            shifts: name -> (variation, shift type).
        """
        return Task(
            name=self.name,
            train=self.distribution("train", draw(train), "train"),
            shifts=[self.distribution(name, draw(v), shift) for name, (v, shift) in shifts.items()],
            base=self.base,
            candidates=self.candidates,
            discount=self.discount,
            about=self.about,
        )
