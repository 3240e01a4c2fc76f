"""A square of 16 cells for adversarial methods: its answer is known, and it is quick to step.

Axes: S states, A actions (up, down, left, right).
"""

from __future__ import annotations

from functools import cache

import gymnasium
import numpy as np
from gymnasium import spaces

from birl.behavior import observe
from birl.policy import TabularPolicy
from birl.sampled import SampledBehavior, as_sampled
from birl.tabular import TabularModel, soft_plan
from birl.task import Distribution
from birl.trajectories import Transitions
from tests.worlds import deterministic_model

SIDE, GOAL, DISCOUNT, PAY, TIME_LIMIT = 4, 15, 0.9, 6.0, 20
CELLS = SIDE**2
MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))
EYE = np.eye(CELLS, dtype=np.float32)
ROW, COLUMN = np.divmod(np.arange(CELLS), SIDE)
AFTER = np.stack([np.clip(ROW + r, 0, SIDE - 1) * SIDE + np.clip(COLUMN + c, 0, SIDE - 1) for r, c in MOVES], axis=1)


class Square(gymnasium.Env):
    """Cells, one-hot; started anywhere but at the goal, where it ends."""

    observation_space = spaces.Box(0.0, 1.0, (CELLS,), np.float32)
    action_space = spaces.Discrete(4)
    cell = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell = int(self.np_random.integers(GOAL))
        return EYE[self.cell], {}

    def step(self, action):
        self.cell = int(AFTER[self.cell, action])
        return EYE[self.cell], 0.0, self.cell == GOAL, False, {}


def square() -> TabularModel:
    """The same as a model; its only feature is to arrive at the goal."""
    return deterministic_model(
        AFTER,
        (AFTER == GOAL).astype(float)[..., None],
        start=np.where(np.arange(CELLS) == GOAL, 0.0, 1.0 / (CELLS - 1)),
        terminal=np.arange(CELLS) == GOAL,
        names=("goal",),
        discount=DISCOUNT,
    )


@cache
def behavior(episodes: int = 300, time_limit: int = TIME_LIMIT) -> SampledBehavior:
    """A soft-optimal policy that is paid for arriving at the goal."""
    model = square()
    table = soft_plan(model, PAY * (AFTER == GOAL).ravel()).policy
    where = Distribution("train", model, shift="train", time_limit=time_limit)
    seen = observe(TabularPolicy({"train": table}), where, rng=np.random.default_rng(0), episodes=episodes)
    return as_sampled(seen, make_env=Square)


def arriving() -> Transitions:
    """A step into each cell, from the one above or, at the top, from where it is, [S]."""
    before = np.where(ROW > 0, np.arange(CELLS) - SIDE, np.arange(CELLS))
    return Transitions(
        observations=EYE[before],
        actions=np.ones(CELLS, np.int64),
        next_observations=EYE,
        terminal=np.arange(CELLS) == GOAL,
    )
