"""The point mass as a Gymnasium environment and, many at a time, as a Stable-Baselines3 `VecEnv`.

The second is made where it is used, so that importing this module loads no Stable-Baselines3.

Axes: B environments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from birl.types import BirlError, FloatArray, unknown_name
from birl_envs.draw import PALETTE
from birl_envs.point_world import COLOURS, DISCS, EVENTS, KINDS, RADIUS, Arena, move, observe, pool_of

__all__ = ["TIME_LIMIT", "PointEnv", "observation_space"]

TIME_LIMIT = 60
PIXELS = 224
FAR = 100.0  # nothing that is seen is a larger number


def observation_space() -> spaces.Box:
    """Of every arena, whatever its size."""
    return spaces.Box(-FAR, FAR, (6 + 8 * DISCS,), np.float32)


class PointEnv(gymnasium.Env[NDArray[Any], Any]):
    """One arena at a time, drawn from a pool by the environment's seed, or chosen by `options={"level": i}`.

    The reward is that of the weights given; `info` has the level's index and every event of the step by name. The
    state can be taken (`get_state`) and put back (`set_state`).
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012 - so annotated in Gymnasium

    def __init__(
        self,
        levels: Sequence[Arena],
        weights: Mapping[str, float],
        *,
        hidden: Sequence[str] = (),
        time_limit: int = TIME_LIMIT,
        render_mode: str | None = None,
    ) -> None:
        """Make the environment.

        Args:
            levels: the pool.
            weights: what events pay.
            hidden: kinds and colours that are not shown.
            time_limit: steps.
            render_mode: None or `rgb_array`.
        """
        for name in hidden:
            if name not in (*KINDS, *COLOURS):
                raise unknown_name("hidden kind or colour", name, (*KINDS, *COLOURS))
        self.levels, self.pool = tuple(levels), pool_of(levels)
        self.hidden, self.time_limit, self.render_mode = frozenset(hidden), time_limit, render_mode
        self.pay = np.array([*(weights.get(event, 0.0) for event in EVENTS), 0.0])
        self.observation_space = observation_space()
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._level, self._state, self._steps = np.zeros(1, np.int64), np.zeros((1, 4)), 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode.

        Raises:
            BirlError: for a level that is not in the pool.
        """
        super().reset(seed=seed)
        chosen = (options or {}).get("level")
        level = int(self.np_random.integers(len(self.levels)) if chosen is None else chosen)
        if not 0 <= level < len(self.levels):
            raise BirlError(f"level {level} does not exist: choose one of 0..{len(self.levels) - 1}")
        self._level, self._steps = np.array([level]), 0
        self._state = np.hstack([self.pool.start[self._level], np.zeros((1, 2))])
        return self._look(), {"level": level}

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Apply the rule once."""
        moved = move(self.pool, self._level, self._state, np.asarray(action, np.float64)[None])
        self._state, event = moved.state, int(moved.event[0])
        self._steps += 1
        info = dict.fromkeys(EVENTS, 0.0) | {"step": 1.0, "level": int(self._level[0])}
        if event >= 0:
            info[EVENTS[event]] = 1.0
        return self._look(), float(self.pay[event]), event >= 0, self._steps >= self.time_limit and event < 0, info

    def get_state(self) -> tuple[int, FloatArray, int]:
        """Level, position and velocity [4], steps."""
        return int(self._level[0]), self._state[0].copy(), self._steps

    def set_state(self, state: tuple[int, FloatArray, int]) -> NDArray[Any]:
        """Go back to a state; gives its observation."""
        level, place, self._steps = state
        self._level, self._state = np.array([level]), np.array(place, np.float64)[None]
        return self._look()

    def render(self) -> Any:
        """The arena from above, uint8 [224, 224, 3]; None unless `render_mode` is `rgb_array`."""
        if self.render_mode != "rgb_array":
            return None
        level = self.levels[int(self._level[0])]
        y, x = (np.mgrid[:PIXELS, :PIXELS] + 0.5) * level.side / PIXELS
        image = np.empty((PIXELS, PIXELS, 3), np.uint8)
        image[:] = _rgb("floor")
        for disc in level.discs:
            away = np.hypot(x - disc.x, y - disc.y) / RADIUS
            inside = {"door": away <= 1.0, "ball": away <= 0.75, "key": (away <= 1.0) & (away >= 0.6)}[disc.kind]
            image[inside] = _rgb(disc.colour)
        here = self._state[0]
        image[np.hypot(x - here[0], y - here[1]) <= 0.2] = _rgb("agent")
        return image

    def _look(self) -> NDArray[Any]:
        return observe(self.pool, self._level, self._state, self.hidden)[0]


def _rgb(name: str) -> NDArray[np.uint8]:
    return np.array([int(PALETTE[name][i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
