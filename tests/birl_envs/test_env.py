from __future__ import annotations

import birl_envs
import gymnasium
import numpy as np
import pytest
from birl_envs.env import GridEnv
from birl_envs.grid import parse_level
from birl_envs.red_door import WORLD
from gymnasium.utils.env_checker import check_env

from birl.types import BirlError

RIGHT, STAY = WORLD.actions.index("right"), WORLD.actions.index("stay")


def corridor(**options: object) -> GridEnv:
    return GridEnv(WORLD, [parse_level("@@ .. Bb"), parse_level("@@ Dr ..")], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("env_id", sorted(birl_envs.ENV_IDS))
def test_registered_worlds_pass_gymnasiums_checker_without_warnings(env_id: str):
    env = gymnasium.make(env_id, render_mode="rgb_array", levels=20)
    check_env(env.unwrapped)
    env.close()


def test_touching_the_door_pays_and_ends():
    env = corridor()
    seen, info = env.reset(options={"level": 1})
    assert seen.dtype == bool
    assert seen in env.observation_space
    assert info == {"level": 1}
    _, reward, terminated, truncated, info = env.step(RIGHT)
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert {name for name in WORLD.features if info[name]} == {"touch:door&red", "step"}


def test_touching_a_distractor_ends_without_pay():
    env = corridor()
    env.reset(options={"level": 0})
    assert env.step(RIGHT)[1:4] == (0.0, False, False)
    _, reward, terminated, _, info = env.step(RIGHT)
    assert (reward, terminated, info["touch:ball&blue"]) == (0.0, True, 1.0)


def test_the_time_limit_truncates_and_does_not_terminate():
    env = corridor(time_limit=2)
    env.reset(seed=0)
    assert env.step(STAY)[2:4] == (False, False)
    assert env.step(STAY)[2:4] == (False, True)


def test_an_end_on_the_last_step_is_no_truncation():
    env = corridor(time_limit=1)
    env.reset(options={"level": 1})
    assert env.step(RIGHT)[2:4] == (True, False)


def test_the_same_seed_gives_the_same_levels():
    env = gymnasium.make("birl_envs/RedDoor-v0", levels=50).unwrapped
    drawn = []
    for _ in range(2):
        first = env.reset(seed=7)
        drawn.append([first, *(env.reset() for _ in range(5))])
    for (one, info_one), (two, info_two) in zip(*drawn, strict=True):
        np.testing.assert_array_equal(one, two)
        assert info_one == info_two


def test_a_level_outside_the_pool_is_refused():
    with pytest.raises(BirlError, match="level 5 does not exist"):
        corridor().reset(options={"level": 5})


def test_rendering_is_an_image_of_the_board_and_none_unless_asked_for():
    env = corridor(render_mode="rgb_array")
    env.reset(seed=0)
    image = env.render()
    assert image.shape == (32, 96, 3)
    assert image.dtype == np.uint8
    silent = corridor()
    silent.reset(seed=0)
    assert silent.render() is None
