"""Many episodes of one rule at a time, as a Stable-Baselines3 `VecEnv`; what `GridVecEnv` and `PointVecEnv` share.

Finished episodes begin again at once, on a level drawn from the pool. The state can be written down and put back, so
that a training run resumes bit for bit. Stable-Baselines3 is heavy: import this module only to train.

Axes: B environments.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Batch", "Stepped"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stepped:
    """One step of every environment.

    Attributes:
        state: the next states, [B, ...].
        reward: [B].
        ended: bool [B].
        infos: what happened, by name, for each.
    """

    state: NDArray[Any]
    reward: FloatArray
    ended: NDArray[np.bool_]
    infos: list[dict[str, Any]]


class Batch(VecEnv):
    """B episodes at a time.

    `info` of a step has what happened by name (`{"touch:door&red": 1.0}`; what did not happen is left out), and at the
    end of an episode `terminal_observation`, `TimeLimit.truncated` and `episode` (return r, length l, seconds t).
    """

    def __init__(
        self, n_envs: int, n_levels: int, observed: spaces.Space[Any], acted: spaces.Space[Any], *, seed: int
    ) -> None:
        """Make the environments; the subclass has its levels by now.

        Args:
            n_envs: B.
            n_levels: size of the pool.
            observed: space of observations.
            acted: space of actions.
            seed: of the draws from the pool.
        """
        if n_envs < 1:
            raise BirlError(f"{n_envs} environments: give at least 1")
        self.render_mode = "rgb_array"
        self._rng, self._n_levels, self._began = np.random.default_rng(seed), n_levels, time.time()
        self._level = self._steps = np.zeros(n_envs, np.int64)
        self._state: NDArray[Any] = self._begin(self._level)
        self._actions: NDArray[Any] = np.zeros(n_envs)
        self._returns = np.zeros(n_envs)
        super().__init__(n_envs, observed, acted)

    time_limit: int

    @property
    @abstractmethod
    def discount(self) -> float:
        """Per step, what whoever trains here should use."""

    @abstractmethod
    def _begin(self, level: IntArray) -> NDArray[Any]:
        """The first states of levels, [B, ...]."""

    @abstractmethod
    def _step(self, actions: NDArray[Any]) -> Stepped:
        """Apply the rule to every environment."""

    @abstractmethod
    def _look(self, level: IntArray, state: NDArray[Any]) -> NDArray[Any]:
        """The observations in states, [B, ...]."""

    @property
    def level(self) -> IntArray:
        """The level each environment plays, [B]."""
        return self._level.copy()

    def observations(self) -> NDArray[Any]:
        """What each environment shows now, [B, ...]."""
        return self._look(self._level, self._state)

    def reset(self) -> NDArray[Any]:
        """Begin an episode in every environment."""
        if self._seeds[0] is not None:  # set by VecEnv.seed; one generator serves all environments
            self._rng = np.random.default_rng(self._seeds[0])
        self._reset_seeds()
        self._level = self._rng.integers(self._n_levels, size=self.num_envs)
        self._state = self._begin(self._level)
        self._steps, self._returns = np.zeros(self.num_envs, np.int64), np.zeros(self.num_envs)
        return self.observations()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Note the actions, [B, ...]."""
        self._actions = np.asarray(actions)

    def step_wait(self) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Apply the rule to every environment, and begin finished ones again."""
        done = self._step(self._actions)
        self._state = done.state.copy()  # written to below; the rule may have answered with an array of its own
        self._steps = self._steps + 1
        self._returns = self._returns + done.reward
        over = done.ended | (self._steps >= self.time_limit)
        if over.any():
            self._finish(np.flatnonzero(over), done.ended, done.infos)
        return self.observations(), done.reward.astype(np.float32), over, done.infos

    def _finish(self, over: IntArray, ended: NDArray[np.bool_], infos: list[dict[str, Any]]) -> None:
        """Report the episodes that are over and begin the next ones."""
        last = self._look(self._level[over], self._state[over])
        seconds = round(time.time() - self._began, 6)
        for position, index in enumerate(over.tolist()):
            infos[index]["terminal_observation"] = last[position]
            infos[index]["TimeLimit.truncated"] = not ended[index]
            length, total = int(self._steps[index]), round(float(self._returns[index]), 6)
            infos[index]["episode"] = {"r": total, "l": length, "t": seconds}
        self._level[over] = self._rng.integers(self._n_levels, size=over.size)
        self._state[over] = self._begin(self._level[over])
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

    def restore(self, state: Mapping[str, Any]) -> NDArray[Any]:
        """Go back to a state; gives the observations that belong to it, as `reset` does.

        Raises:
            BirlError: when it was written by a different number of environments.
        """
        if len(state["level"]) != self.num_envs:
            raise BirlError(
                f"the state was written by {len(state['level'])} environments, not by {self.num_envs}: make as many"
            )
        self._level, self._steps = (np.array(state[name], np.int64) for name in ("level", "steps"))
        self._state = np.array(state["state"], self._state.dtype)
        self._returns = np.array(state["returns"], np.float64)
        self._rng.bit_generator.state = state["rng"]
        return self.observations()

    def close(self) -> None:
        """Nothing is held open."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute of the whole, once per environment asked for."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of the whole."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """There are no single environments to call.

        Raises:
            BirlError: always.
        """
        raise BirlError(f"cannot call {method_name!r} on one of these: they are one batch; use a single environment")

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Nothing is wrapped, though episodes are reported as `Monitor` would."""
        from stable_baselines3.common.monitor import Monitor  # loads pandas, and only this question needs it

        return [wrapper_class is Monitor] * len(list(self._get_indices(indices)))
