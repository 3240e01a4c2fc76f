"""The point mass as a Stable-Baselines3 `VecEnv`. Stable-Baselines3 is heavy: import this module only to train.

Axes: B environments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from birl.types import FloatArray, IntArray
from birl_envs.batch import Batch, Stepped
from birl_envs.point_env import TIME_LIMIT, PointEnv, observation_space
from birl_envs.point_world import EVENTS, Arena, move, observe, pool_of

__all__ = ["PointVecEnv"]


class PointVecEnv(Batch):
    """B arenas at a time; see `Batch` for what a step tells."""

    def __init__(
        self,
        levels: Sequence[Arena],
        weights: Mapping[str, float],
        n_envs: int,
        *,
        discount: float,
        seed: int = 0,
        time_limit: int = TIME_LIMIT,
    ) -> None:
        """Make the environments.

        Args:
            levels: the pool.
            weights: what events pay.
            n_envs: B.
            discount: per step.
            seed: of the draws from the pool.
            time_limit: steps.
        """
        self.levels, self.pool, self.time_limit = tuple(levels), pool_of(levels), time_limit
        self.weights, self._discount = weights, discount
        self.pay = np.array([*(weights.get(event, 0.0) for event in EVENTS), 0.0])
        acted = spaces.Box(-1.0, 1.0, (2,), np.float32)
        super().__init__(n_envs, len(self.levels), observation_space(), acted, seed=seed)

    @property
    def discount(self) -> float:
        """Per step, what whoever trains here should use."""
        return self._discount

    def get_images(self) -> list[NDArray[np.uint8]]:
        """Every arena from above, uint8 [H, W, 3] each."""
        one = PointEnv(self.levels, self.weights, render_mode="rgb_array")
        images = []
        for level, state in zip(self._level.tolist(), self._state, strict=True):
            one.set_state((level, state, 0))
            images.append(one.render())
        return images

    def _begin(self, level: IntArray) -> FloatArray:
        return np.hstack([self.pool.start[level], np.zeros((level.size, 2))])

    def _step(self, actions: NDArray[Any]) -> Stepped:
        moved = move(self.pool, self._level, self._state, actions)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for index in np.flatnonzero(moved.event >= 0).tolist():
            infos[index][EVENTS[moved.event[index]]] = 1.0
        return Stepped(state=moved.state, reward=self.pay[moved.event], ended=moved.event >= 0, infos=infos)

    def _look(self, level: IntArray, state: NDArray[Any]) -> NDArray[np.float32]:
        return observe(self.pool, level, state)
