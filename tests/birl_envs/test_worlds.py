"""What every grid world of this package owes its users, whatever its thesis."""

from __future__ import annotations

import importlib
import json
from types import ModuleType

import numpy as np
import pytest
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.grid import parse_level
from birl_envs.split import layout_hash
from birl_envs.vector import GridVecEnv

from birl.task import Task
from birl.testing import check_task
from birl.types import BirlError

WORLDS = (  # of finite boards; the continuous one has tests of its own
    "red_door",
    "corner",
    "coin_corridor",
    "colour_shape",
    "keys_chests",
    "vacuum",
    "supervisor",
    "two_exit",
    "revealed_choice",
    "fork",
)
FEW = 6


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"birl_envs.{request.param}")


@pytest.fixture(scope="module")
def task(world: ModuleType) -> Task:
    return world.task(FEW)


def test_the_task_keeps_the_contract(world: ModuleType, task: Task):
    assert task.name == world.WORLD.name
    assert task.about
    check_task(task, episodes=6)


def test_some_shift_sets_some_candidate_against_the_base(world: ModuleType):
    if not world.WORLD.candidates:
        pytest.skip("this world measures coherence, it has no candidate")
    drawn = [level for variation, *_ in world.SHIFTS.values() for level in world.make_levels(variation, FEW)]
    assert any(world.conflict(level, name) for name in world.WORLD.candidates for level in drawn)
    with pytest.raises(BirlError, match="unknown candidate"):
        world.conflict(drawn[0], "no such thing")


def test_the_batch_and_the_single_environment_agree_step_by_step(world: ModuleType):
    pool = world.make_levels(world.TRAIN, FEW)
    venv = GridVecEnv(world.WORLD, pool, 4, seed=1, time_limit=12)
    singles = [GridEnv(world.WORLD, pool, time_limit=12) for _ in range(4)]
    rng, seen = np.random.default_rng(0), venv.reset()
    for env, level in zip(singles, venv.level, strict=True):
        env.reset(options={"level": level})
    for _ in range(40):
        actions = rng.integers(len(world.WORLD.actions), size=4)
        seen, rewards, dones, infos = venv.step(actions)
        masks = venv.env_method("action_masks")
        for i, env in enumerate(singles):
            shown, reward, terminated, truncated, info = env.step(actions[i])
            assert rewards[i] == pytest.approx(reward)
            assert dones[i] == (terminated or truncated)
            assert {name: info[name] for name in world.WORLD.events if info[name]} == {
                name: count for name, count in infos[i].items() if name in world.WORLD.events
            }
            if dones[i]:
                shown = env.reset(options={"level": venv.level[i]})[0]
            np.testing.assert_array_equal(seen[i], shown)
            np.testing.assert_array_equal(masks[i], env.action_masks())


def test_training_and_test_levels_share_no_layout(world: ModuleType):
    train, test = (world.make_levels(world.TRAIN, 30, split=split) for split in ("train", "test"))
    look = lambda level: (layout_hash(level.layout), tuple(sorted(level.settings.items())))  # noqa: E731
    assert not {look(level) for level in train} & {look(level) for level in test}


def test_more_levels_keep_the_first_and_a_seed_decides_them(world: ModuleType):
    assert world.make_levels(world.TRAIN, 12)[:5] == world.make_levels(world.TRAIN, 5)
    assert world.make_levels(world.TRAIN, 12, seed=1) != world.make_levels(world.TRAIN, 12)


def test_levels_can_be_written_down_and_read_back(world: ModuleType):
    for variation in (world.TRAIN, *(shift[0] for shift in world.SHIFTS.values())):
        for level in world.make_levels(variation, 3):
            assert parse_level(str(level)) == level


def test_a_training_batch_resumes_bit_for_bit(world: ModuleType):
    first = world.vec_env(3, levels=FEW)
    first.reset()
    actions = np.random.default_rng(1).integers(len(world.WORLD.actions), size=(20, 3))
    for action in actions[:10]:
        first.step(action)
    second = world.vec_env(3, levels=FEW, seed=5)
    second.restore(json.loads(json.dumps(first.state())))
    for action in actions[10:]:
        for one, two in zip(first.step(action)[:3], second.step(action)[:3], strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_picture_changes_when_the_agent_moves(world: ModuleType):
    env = GridEnv(world.WORLD, world.make_levels(world.TRAIN, 1), render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    assert before.dtype == np.uint8
    assert before.ndim == 3
    for action in np.random.default_rng(0).integers(len(world.WORLD.actions), size=30).tolist():
        _, _, terminated, truncated, _ = env.step(action)
        if (env.render() != before).any() or terminated or truncated:
            break
    assert (env.render() != before).any()


def test_a_model_is_as_large_as_promised(world: ModuleType):
    model = tabular_model(world.WORLD, world.make_levels(world.TRAIN, FEW))
    assert model.n_states <= 2_500 * FEW


def test_nonsense_is_refused_in_one_line(world: ModuleType):
    with pytest.raises(BirlError, match="levels: give at least 1"):
        world.make_levels(world.TRAIN, 0)
    with pytest.raises(BirlError, match="unknown split"):
        world.make_levels(world.TRAIN, 1, split="tset")
    with pytest.raises(BirlError, match="seed -1 is negative"):
        world.make_levels(world.TRAIN, 1, seed=-1)
