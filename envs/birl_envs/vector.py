"""Any grid world as a Stable-Baselines3 `VecEnv` that steps every level in one NumPy call.

Stable-Baselines3 is heavy: import this module only to train.

Axes: B environments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from birl.types import IntArray
from birl_envs.batch import Batch, Stepped
from birl_envs.grid import Level
from birl_envs.picture import draw_state
from birl_envs.sight import View, make_sight
from birl_envs.world import World, useful_actions

__all__ = ["GridVecEnv"]


class GridVecEnv(Batch):
    """B levels at a time; see `Batch` for what a step tells."""

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
        self.world, self.levels = world, tuple(levels)
        self.time_limit = time_limit or world.time_limit
        self.atlas = world.atlas(self.levels)
        self.sight = make_sight(world, self.atlas, view or View())
        seen, acted = spaces.MultiBinary(self.sight.shape), spaces.Discrete(len(world.actions))
        super().__init__(n_envs, len(self.levels), seen, acted, seed=seed)

    @property
    def discount(self) -> float:
        """Per step, what whoever trains here should use."""
        return self.world.discount

    def _begin(self, level: IntArray) -> IntArray:
        return self.world.begin(self.atlas)[level]

    def _step(self, actions: NDArray[Any]) -> Stepped:
        happened = self.world.rule(self.atlas, self._level, self._state, actions.astype(np.int64, copy=False))
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        _tell(infos, self.world, happened.event)
        return Stepped(state=happened.state, reward=self.world.paid(happened.event), ended=happened.ended, infos=infos)

    def _look(self, level: IntArray, state: NDArray[Any]) -> NDArray[np.bool_]:
        return self.sight.look(level, state)

    def action_masks(self) -> NDArray[np.bool_]:
        """Actions that change something or bring something about, bool [B, A]; all of them where none does."""
        return useful_actions(self.world, self.atlas, self._level, self._state)

    def get_images(self) -> list[NDArray[np.uint8]]:
        """Every board with its agent, uint8 [H, W, 3] each."""
        return [
            draw_state(self.world, self.levels, self.atlas, level, state)
            for level, state in zip(self._level.tolist(), self._state.tolist(), strict=True)
        ]

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """What sb3-contrib asks of each environment: its `action_masks`.

        Raises:
            BirlError: for any other method.
        """
        if method_name == "action_masks":
            masks = self.action_masks()
            return [masks[index] for index in self._get_indices(indices)]
        return super().env_method(method_name, *method_args, indices=indices, **method_kwargs)


def _tell(infos: list[dict[str, Any]], world: World, event: NDArray[Any]) -> None:
    """Write what happened into the infos."""
    if event.ndim == 1:  # most worlds, and five times faster than counting
        for index in np.flatnonzero(event >= 0).tolist():
            infos[index][world.events[event[index]]] = 1.0
        return
    for index, number in zip(*(where.tolist() for where in np.nonzero(event)), strict=True):
        infos[index][world.events[number]] = float(event[index, number])
