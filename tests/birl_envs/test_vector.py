from __future__ import annotations

import json

import numpy as np
import pytest
from birl_envs.env import GridEnv
from birl_envs.red_door import WORLD, Maze, make_levels, reliability
from birl_envs.vector import GridVecEnv
from stable_baselines3.common.monitor import Monitor

from birl.types import BirlError

LEVELS = make_levels(Maze(doors=reliability(0.5)), 20)


def batch(n_envs: int = 5, **options: int) -> GridVecEnv:
    return GridVecEnv(WORLD, LEVELS, n_envs, **options)


def test_the_batch_and_the_single_environment_agree_step_by_step():
    venv = batch(time_limit=15)
    singles = [GridEnv(WORLD, LEVELS, time_limit=15) for _ in range(venv.num_envs)]
    rng = np.random.default_rng(0)
    seen = venv.reset()
    for env, level, shown in zip(singles, venv.level, seen, strict=True):
        np.testing.assert_array_equal(env.reset(options={"level": level})[0], shown)
    finished = 0
    for _ in range(200):
        actions = rng.integers(len(WORLD.actions), size=venv.num_envs)
        seen, rewards, dones, infos = venv.step(actions)
        for i, env in enumerate(singles):
            shown, reward, terminated, truncated, info = env.step(actions[i])
            assert (rewards[i], dones[i]) == (reward, terminated or truncated)
            events = {name: info[name] for name in WORLD.events if info[name]}
            assert {name: count for name, count in infos[i].items() if name in WORLD.events} == events
            if dones[i]:
                finished += 1
                np.testing.assert_array_equal(infos[i]["terminal_observation"], shown)
                assert infos[i]["TimeLimit.truncated"] == truncated
                shown = env.reset(options={"level": venv.level[i]})[0]
            np.testing.assert_array_equal(seen[i], shown)
    assert finished > 20


def test_episodes_are_reported_as_monitor_does():
    venv = batch(3, time_limit=4)
    venv.reset()
    stay = np.full(3, WORLD.actions.index("stay"))
    infos = [venv.step(stay)[3] for _ in range(4)]
    assert all("episode" not in info for step in infos[:3] for info in step)
    for info in infos[3]:
        assert info["TimeLimit.truncated"] is True
        assert {name: info["episode"][name] for name in ("r", "l")} == {"r": 0.0, "l": 4}
        assert info["episode"]["t"] >= 0.0
    assert venv.env_is_wrapped(Monitor) == [True] * 3
    assert venv.env_is_wrapped(dict) == [False] * 3


def test_a_restored_batch_goes_on_bit_for_bit_even_by_way_of_json():
    actions = np.random.default_rng(1).integers(5, size=(120, 5))
    first = batch(seed=3, time_limit=20)
    first.reset()
    for action in actions[:60]:
        first.step(action)
    saved = json.loads(json.dumps(first.state()))
    second = batch(seed=99, time_limit=20)
    np.testing.assert_array_equal(second.restore(saved), first.observations())
    for action in actions[60:]:
        one, two = first.step(action), second.step(action)
        for left, right in zip(one[:3], two[:3], strict=True):
            np.testing.assert_array_equal(left, right)
    assert first.state() == second.state()


def test_the_seed_decides_the_levels():
    runs = []
    for seed in (0, 0, 1):
        venv = batch(50)
        venv.seed(seed)
        venv.reset()
        runs.append(venv.level.tolist())
    assert runs[0] == runs[1] != runs[2]


def test_looking_at_the_levels_does_not_let_a_caller_change_them():
    venv = batch()
    venv.reset()
    venv.level[:] = -1
    assert (venv.level >= 0).all()


def test_images_come_one_per_environment():
    venv = batch(2)
    venv.reset()
    assert [image.shape for image in venv.get_images()] == [(224, 224, 3)] * 2


def test_misuse_is_one_clear_line():
    with pytest.raises(BirlError, match="0 environments"):
        batch(0)
    with pytest.raises(BirlError, match="written by 2 environments, not by 5"):
        batch(5).restore(batch(2).state())
    with pytest.raises(BirlError, match="use a single environment"):
        batch().env_method("render")
