"""Episodes of one length: what ends early waits, marked as over, until the horizon.

Adversarial methods may read the reward off the length of episodes, and imitation refuses episodes of different lengths.
Here an episode that ends by itself goes on from its last observation, whatever is done, and a last coordinate of the
observation says so: 0 while the episode runs, 1 once it is over. A reward and a potential that are 0 there say the same
as an episode that ends, V(terminal) = 0.

Source: the marked absorbing state is that of Kostrikov et al. 2019 (arXiv 1809.02925), section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from birl.irl.demonstrations import marked
from birl.types import BirlError

__all__ = ["FixedHorizon"]


class FixedHorizon(gymnasium.Wrapper[NDArray[np.float32], Any, Any, Any]):
    """An environment whose episodes all last `horizon` steps, its observations flat and marked."""

    def __init__(self, env: Any, horizon: int, *, seeds: Sequence[int] = (), where: str = "environment") -> None:
        """Wrap an environment.

        Args:
            env: observes arrays of numbers.
            horizon: steps.
            seeds: reset seeds to draw from; none for the environment's own starts.
            where: what to call it in an error.

        Raises:
            BirlError: for observations that are no array.
        """
        super().__init__(env)
        if not isinstance(env.observation_space, spaces.Box | spaces.MultiBinary):
            raise BirlError(
                f"{where}: observations are {env.observation_space}: a Box or MultiBinary space is needed; "
                "wrap the environment so that it shows arrays of numbers"
            )
        self.horizon, self._seeds, self._where = horizon, list(seeds), where
        size = int(np.prod(env.observation_space.shape)) + 1
        self.observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self._draw = np.random.default_rng()
        self._last, self._over, self._steps = np.zeros(size, np.float32), False, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode; `seed` decides this start and all later ones."""
        if seed is not None:
            self._draw = np.random.default_rng(seed)
        start = int(self._draw.choice(self._seeds)) if self._seeds else seed
        seen, info = self.env.reset(seed=start, options=options)
        self._last, self._over, self._steps = marked([seen], False)[0], False, 0
        return self._last, info

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """One step of the environment, or of waiting.

        Raises:
            BirlError: when the environment itself cuts the episode before the horizon.
        """
        self._steps += 1
        info: dict[str, Any] = {}
        reward = 0.0
        if not self._over:
            seen, paid, self._over, cut, info = self.env.step(action)
            if cut and not self._over and self._steps < self.horizon:
                raise BirlError(
                    f"{self._where}: the environment cuts episodes after {self._steps} steps, before its time limit "
                    f"{self.horizon}: give the distribution time_limit={self._steps}"
                )
            reward = float(paid)
            self._last = marked([seen], self._over)[0]
        return self._last, reward, False, self._steps >= self.horizon, info
