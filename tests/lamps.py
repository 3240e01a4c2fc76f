"""An environment without a model whose answers are known by hand, shared by the tests: a walk between two lamps.

On a line lie a round and a square lamp, one on each side; touching either ends the episode. Paid for are round ones. In
training the round one is red; on the shift it is blue, and the square one is red. There are two actions, or pushes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from birl.task import Distribution, Task

EVENTS = ("round&red", "square&blue", "round&blue", "square&red")
ROUND, RED = {"round&red": 1.0, "round&blue": 1.0}, {"round&red": 1.0, "square&red": 1.0}
STRIDE, STEPS, DISCOUNT = 0.25, 12, 0.9


class Lamps(gymnasium.Env[Any, Any]):
    """Observations: where one is, on which side the round lamp is, on which the red one (-1 or 1)."""

    def __init__(self, *, round_is_red: bool = True, pushed: bool = False) -> None:
        self.round_is_red = round_is_red
        self.observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32) if pushed else spaces.Discrete(2)
        self.where, self.round = 0.0, 1.0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.where = float(self.np_random.uniform(-0.3, 0.3))
        self.round = float(self.np_random.choice([-1.0, 1.0]))
        return self._see(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        push = 2.0 * int(action) - 1.0 if isinstance(self.action_space, spaces.Discrete) else float(np.ravel(action)[0])
        self.where += STRIDE * float(np.clip(push, -1.0, 1.0))
        touched = None
        if abs(self.where) >= 1.0:
            kind = "round" if self.where * self.round > 0 else "square"
            touched = f"{kind}&{'red' if (kind == 'round') == self.round_is_red else 'blue'}"
        return self._see(), 0.0, touched is not None, False, {name: float(name == touched) for name in EVENTS}

    def _see(self) -> Any:
        return np.array([self.where, self.round, self.round if self.round_is_red else -self.round], np.float32)


@dataclass(frozen=True)
class Steers:
    """Walks to the side that an observation names (1 the round lamp, 2 the red one), by log-odds `firmly`."""

    column: int
    firmly: float = 2.0
    stateful = False

    def action_probabilities(self, seen: Any) -> Any:
        right = 1.0 / (1.0 + np.exp(-self.firmly * np.asarray(seen, np.float64)[:, self.column]))
        return np.stack([1.0 - right, right], axis=1)

    def act(self, seen: Any, *, rng: np.random.Generator, deterministic: bool = False) -> Any:
        right = self.action_probabilities(seen)[:, 1]
        return (right > (0.5 if deterministic else rng.random(len(right)))).astype(np.int64)


@dataclass(frozen=True)
class Leans:
    """Goes right more often than left, whatever it sees."""

    right: float = 0.9
    stateful = False

    def action_probabilities(self, seen: Any) -> Any:
        return np.tile([1.0 - self.right, self.right], (len(seen), 1))

    def act(self, seen: Any, *, rng: np.random.Generator, deterministic: bool = False) -> Any:
        return (self.right > (0.5 if deterministic else rng.random(len(seen)))).astype(np.int64)


def lamps(*, pushed: bool = False, **given: Any) -> Task:
    """The task; `given` replaces its fields."""

    def distribution(name: str, shift: str, round_is_red: bool) -> Distribution:
        return Distribution(
            name,
            make_env=partial(Lamps, round_is_red=round_is_red, pushed=pushed),
            shift=shift,
            features=EVENTS,
            seeds=range(30),
            time_limit=STEPS,
        )

    settings: dict[str, Any] = {
        "train": distribution("train", "train", True),
        "shifts": [distribution("swapped", "feature", False)],
        "base": ROUND,
        "candidates": {"red": RED},
        **given,
    }
    return Task("lamps", discount=DISCOUNT, **settings)
