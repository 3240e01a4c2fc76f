"""A Gymnasium environment over a simulator, so that whatever trains in environments can train in an exact model.

Axes: A actions.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from birl.simulator import Places, Simulator
from birl.types import BirlError

__all__ = ["SimulatedEnv"]


class SimulatedEnv(gymnasium.Env[NDArray[Any], Any]):
    """One episode at a time in a `Simulator`; it pays nothing, and never cuts an episode.

    `info` has the features of the step by name and the level it began on. An action that the simulator does not allow
    does there what the simulator says: in an exact model the state stays.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - so annotated in Gymnasium

    def __init__(self, simulator: Simulator, *, where: str = "simulator") -> None:
        """Make the environment.

        Args:
            simulator: what it steps.
            where: what to call it in an error.

        Raises:
            BirlError: where states have no observation but their number.
        """
        self.simulator = simulator
        self._place: Places = simulator.start(1, np.random.default_rng(0))  # only to see what observations look like
        sample = np.asarray(self._place.observations)[0]
        if sample.ndim == 0:
            raise BirlError(f"{where}: the model has no `observe`, so a network cannot be trained in it: give observe=")
        known = simulator.actions
        self.observation_space: Any = (
            spaces.MultiBinary(list(sample.shape))
            if sample.dtype == bool
            else spaces.Box(-np.inf, np.inf, sample.shape, np.float32)
        )
        self.action_space: Any = (
            spaces.Box(known.low.astype(np.float32), known.high.astype(np.float32))
            if known.count is None
            else spaces.Discrete(known.count)
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode where the simulator begins one."""
        super().reset(seed=seed)
        self._place = self.simulator.start(1, self.np_random)
        return self._look(), {"level": int(self._place.level[0])}

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """One step of the simulator."""
        done = self.simulator.step(self._place, np.asarray(action)[None], self.np_random)
        self._place = done.places
        info = dict(zip(self.simulator.feature_names, done.features[0].tolist(), strict=True))
        return self._look(), 0.0, bool(done.places.terminal[0]), False, info | {"level": int(done.places.level[0])}

    def _look(self) -> NDArray[Any]:
        return np.asarray(self._place.observations)[0].astype(self.observation_space.dtype)
