"""Any grid world as a Stable-Baselines3 `VecEnv` that steps every level in one NumPy call.

Finished episodes begin again at once, on a level drawn from the pool. The state can be written down and put back, so
that a training run resumes bit for bit. Stable-Baselines3 is heavy: import this module only to train.

Axes: B environments.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from birl.types import BirlError, IntArray
from birl_envs.grid import Level
from birl_envs.picture import draw_state
from birl_envs.sight import View, make_sight
from birl_envs.world import World, useful_actions

__all__ = ["GridVecEnv"]


class GridVecEnv(VecEnv):
    """B levels at a time.

    `info` of a step has what happened by name (`{"touch:door&red": 1.0}`; what did not happen is left out), and at the
    end of an episode `terminal_observation`, `TimeLimit.truncated` and `episode` (return r, length l, seconds t).
    """

    def __init__(
        self,
        world: World,
        levels: Sequence[Level],
        n_envs: int,
        *,
        seed: int = 0,
        view: View | None = None,
        time_limit: int | None = None,
    ) -> None:
        """Make the environments.

        Args:
            world: the rule.
            levels: the pool.
            n_envs: B.
            seed: of the draws from the pool.
            view: how it is shown; agent-centred if left out.
            time_limit: steps; the world's own if left out.
        """
        if n_envs < 1:
            raise BirlError(f"{n_envs} environments: give at least 1")
        self.world, self.levels = world, tuple(levels)
        self.time_limit = time_limit or world.time_limit
        self.render_mode = "rgb_array"
        self.atlas = world.atlas(self.levels)
        self.sight = make_sight(world, self.atlas, view or View())
        self._rng = np.random.default_rng(seed)
        self._began = time.time()
        self._level = self._state = self._steps = self._actions = np.zeros(n_envs, np.int64)
        self._returns = np.zeros(n_envs)
        super().__init__(n_envs, spaces.MultiBinary(self.sight.shape), spaces.Discrete(len(world.actions)))

    @property
    def discount(self) -> float:
        """Per step, what whoever trains here should use."""
        return self.world.discount

    @property
    def level(self) -> IntArray:
        """The level each environment plays, [B]."""
        return self._level.copy()

    def observations(self) -> NDArray[np.bool_]:
        """What each environment shows now, [B, ...]."""
        return self.sight.look(self._level, self._state)

    def reset(self) -> NDArray[np.bool_]:
        """Begin an episode in every environment."""
        if self._seeds[0] is not None:  # set by VecEnv.seed; one generator serves all environments
            self._rng = np.random.default_rng(self._seeds[0])
        self._reset_seeds()
        self._level = self._rng.integers(self.atlas.n_levels, size=self.num_envs)
        self._state = self.world.begin(self.atlas)[self._level]
        self._steps, self._returns = np.zeros(self.num_envs, np.int64), np.zeros(self.num_envs)
        return self.observations()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Note the actions, [B]."""
        self._actions = np.asarray(actions, np.int64)

    def step_wait(self) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Apply the rule to every environment, and begin finished ones again."""
        happened = self.world.rule(self.atlas, self._level, self._state, self._actions)
        reward = self.world.paid(happened.event)
        self._state = happened.state.copy()  # written to below; the rule may have answered with an array of its own
        self._steps = self._steps + 1
        self._returns = self._returns + reward
        done = happened.ended | (self._steps >= self.time_limit)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        _tell(infos, self.world, happened.event)
        if done.any():
            self._finish(np.flatnonzero(done), happened.ended, infos)
        return self.observations(), reward.astype(np.float32), done, infos

    def _finish(self, over: IntArray, ended: NDArray[np.bool_], infos: list[dict[str, Any]]) -> None:
        """Report the episodes that are over and begin the next ones."""
        last = self.sight.look(self._level[over], self._state[over])
        seconds = round(time.time() - self._began, 6)
        for position, index in enumerate(over.tolist()):
            infos[index]["terminal_observation"] = last[position]
            infos[index]["TimeLimit.truncated"] = not ended[index]
            length, total = int(self._steps[index]), round(float(self._returns[index]), 6)
            infos[index]["episode"] = {"r": total, "l": length, "t": seconds}
        self._level[over] = self._rng.integers(self.atlas.n_levels, size=over.size)
        self._state[over] = self.world.begin(self.atlas)[self._level[over]]
        self._steps[over] = 0
        self._returns[over] = 0.0

    def state(self) -> dict[str, Any]:
        """All that decides what happens next, as plain lists and numbers that fit in JSON; for `restore`."""
        return {
            "level": self._level.tolist(),
            "state": self._state.tolist(),
            "steps": self._steps.tolist(),
            "returns": self._returns.tolist(),
            "rng": self._rng.bit_generator.state,
        }

    def restore(self, state: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Go back to a state; gives the observations that belong to it, as `reset` does.

        Raises:
            BirlError: when it was written by a different number of environments.
        """
        if len(state["level"]) != self.num_envs:
            raise BirlError(
                f"the state was written by {len(state['level'])} environments, not by {self.num_envs}: make as many"
            )
        self._level, self._state, self._steps = (
            np.array(state[name], np.int64) for name in ("level", "state", "steps")
        )
        self._returns = np.array(state["returns"], np.float64)
        self._rng.bit_generator.state = state["rng"]
        return self.observations()

    def action_masks(self) -> NDArray[np.bool_]:
        """Actions that change something or bring something about, bool [B, A]; all of them where none does."""
        return useful_actions(self.world, self.atlas, self._level, self._state)

    def get_images(self) -> list[NDArray[np.uint8]]:
        """Every board with its agent, uint8 [H, W, 3] each."""
        return [
            draw_state(self.world, self.levels, self.atlas, level, state)
            for level, state in zip(self._level.tolist(), self._state.tolist(), strict=True)
        ]

    def close(self) -> None:
        """Nothing is held open."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute of the whole, once per environment asked for."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the whole."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """What sb3-contrib asks of each environment: its `action_masks`. There are no single environments to call.

        Raises:
            BirlError: for any other method.
        """
        if method_name == "action_masks":
            masks = self.action_masks()
            return [masks[index] for index in self._get_indices(indices)]
        raise BirlError(f"cannot call {method_name!r} on one of these: they are one batch; use `GridEnv`")

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Nothing is wrapped, though episodes are reported as `Monitor` would."""
        from stable_baselines3.common.monitor import Monitor  # loads pandas, and only this question needs it

        return [wrapper_class is Monitor] * len(list(self._get_indices(indices)))


def _tell(infos: list[dict[str, Any]], world: World, event: NDArray[Any]) -> None:
    """Write what happened into the infos."""
    if event.ndim == 1:  # most worlds, and five times faster than counting
        for index in np.flatnonzero(event >= 0).tolist():
            infos[index][world.events[event[index]]] = 1.0
        return
    for index, number in zip(*(where.tolist() for where in np.nonzero(event)), strict=True):
        infos[index][world.events[number]] = float(event[index, number])
