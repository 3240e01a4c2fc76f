"""A simulator as a Gymnasium environment."""

from __future__ import annotations

import numpy as np
import pytest

from birl.simulated_env import SimulatedEnv
from birl.simulator import ModelSimulator
from birl.types import BirlError
from tests.worlds import corridor


def test_an_episode_is_the_models():
    model = corridor(5)
    env = SimulatedEnv(ModelSimulator(model))
    seen, info = env.reset(seed=0)
    path = [int(seen.argmax())]
    for _ in range(4):
        seen, paid, terminated, truncated, info = env.step(1)
        path.append(int(seen.argmax()))
    assert path == [0, 1, 2, 3, 4]
    assert (paid, terminated, truncated) == (0.0, True, False)
    assert {name: info[name] for name in model.feature_names} == dict(
        zip(model.feature_names, model.features[3 * 2 + 1].toarray()[0].tolist(), strict=True)
    )


def test_the_spaces_are_the_models():
    env = SimulatedEnv(ModelSimulator(corridor(5)))
    assert env.observation_space.contains(env.reset(seed=0)[0])
    assert env.action_space.n == 2


def test_the_first_seed_decides_everything():
    env = SimulatedEnv(ModelSimulator(corridor(5)))

    def run():
        return [env.reset(seed=3)[0]] + [env.step(int(a))[0] for a in (1, 0, 1, 1)]

    np.testing.assert_array_equal(run(), run())


def test_a_model_without_observations_is_refused():
    from dataclasses import replace

    with pytest.raises(BirlError, match="no `observe`"):
        SimulatedEnv(ModelSimulator(replace(corridor(5), observe=None)))
