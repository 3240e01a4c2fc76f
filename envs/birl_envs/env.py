"""Any grid world as a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from birl.types import BirlError
from birl_envs.grid import Level
from birl_envs.picture import draw_state
from birl_envs.sight import View, make_sight
from birl_envs.world import World, useful_actions

__all__ = ["GridEnv"]


class GridEnv(gymnasium.Env[NDArray[Any], Any]):
    """One level at a time, drawn from a pool by the environment's seed, or chosen by `options={"level": i}`.

    The reward is the base objective. `info` has the level's index and every feature of the step by name
    (`info["touch:door&red"]` is 1.0 when it happened); `terminated` is the world's end, `truncated` the time limit.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 8}  # noqa: RUF012 - so annotated in Gymnasium

    def __init__(
        self,
        world: World,
        levels: Sequence[Level],
        *,
        view: View | None = None,
        time_limit: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Make the environment.

        Args:
            world: the rule.
            levels: the pool.
            view: how it is shown; agent-centred if left out.
            time_limit: steps; the world's own if left out.
            render_mode: None or `rgb_array`.
        """
        self.world, self.levels = world, tuple(levels)
        self.render_mode = render_mode
        self.time_limit = time_limit or world.time_limit
        self.atlas = world.atlas(self.levels)
        self.sight = make_sight(world, self.atlas, view or View())
        self.observation_space = spaces.MultiBinary(self.sight.shape)
        self.action_space = spaces.Discrete(len(world.actions))
        self._level = self._state = np.zeros(1, np.int64)
        self._steps = 0

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
        self._level = np.array([level])
        self._state = self.world.begin(self.atlas)[self._level]
        self._steps = 0
        return self._look(), {"level": level}

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Apply the rule once."""
        done = self.world.rule(self.atlas, self._level, self._state, np.array([int(action)]))
        self._state = done.state
        self._steps += 1
        ended = bool(done.ended[0])
        happened = zip(self.world.events, self.world.counts(done.event)[0].tolist(), strict=True)
        info = dict(happened) | {"step": 1.0, "level": int(self._level[0])}
        truncated = self._steps >= self.time_limit and not ended
        return self._look(), float(self.world.paid(done.event)[0]), ended, truncated, info

    def action_masks(self) -> NDArray[np.bool_]:
        """Actions that change something or bring something about, bool [A]; all of them where none does."""
        return useful_actions(self.world, self.atlas, self._level, self._state)[0]

    def render(self) -> Any:
        """The board with the agent on it, uint8 [H, W, 3]; None unless `render_mode` is `rgb_array`."""
        if self.render_mode != "rgb_array":
            return None
        return draw_state(self.world, self.levels, self.atlas, int(self._level[0]), int(self._state[0]))

    def _look(self) -> NDArray[Any]:
        return self.sight.look(self._level, self._state)[0]
