"""The contract of distributions without a model, on an environment with one fault at a time."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from birl.task import Distribution, Task
from birl.testing import check_task


class Drift(gymnasium.Env):
    """Walks left or right for five steps; `fault` names what is wrong with it."""

    observation_space = gymnasium.spaces.Box(-10, 10, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, fault=None):
        self.fault = fault

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = float(self.np_random.uniform()), 0
        return self.look(), {}

    def step(self, action):
        self.steps += 1
        self.place += (1 if action else -1) + (np.random.default_rng().uniform() if self.fault == "chance" else 0.0)
        info = {"right": np.nan if self.fault == "nan" and self.steps == 3 else float(action)}
        return self.look(), 0.0, self.steps == 5, False, {} if self.fault == "missing" else info

    def look(self):
        return np.array([self.place], np.float32)


def task(fault=None, base=None, features=("right",)):
    make = lambda: Drift(fault)  # noqa: E731
    train, shift = (Distribution(name, make_env=make, features=features, seeds=[3, 4]) for name in ("train", "moved"))
    return Task("drift", train, [shift], {"right": 1.0} if base is None else base, {}, 0.9)


def test_a_sound_environment_passes():
    check_task(task(), episodes=2)


@pytest.mark.parametrize(
    ("made", "pattern"),
    [
        (lambda: task("chance"), r"'drift', distribution 'train', seed 3: the same actions lead elsewhere"),
        (lambda: task("nan"), r"'train', seed 3, step 2: feature 'right' is nan"),
        (lambda: task("missing"), r"step 0: info has no feature 'right'"),
        (lambda: task(base={"left": 1.0}), r"base objective speaks of 'left', which is none of the features"),
        (
            lambda: task(base=lambda obs, action, after: np.full(len(obs), np.nan)),
            r"base objective: not finite at step 0",
        ),
        (lambda: task(base=lambda obs, action, after: 1.0), r"base objective have shape \(\) for 5 steps"),
        (
            lambda: task(
                base=lambda obs, action, after: np.zeros(len(obs)), features=lambda obs, action, after: obs[:, 0]
            ),
            r"features have shape \(5,\) for 5 steps: return one row each",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(made, pattern):
    with pytest.raises(AssertionError, match=pattern):
        check_task(made(), episodes=1)
