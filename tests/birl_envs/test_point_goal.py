from __future__ import annotations

import json

import gymnasium
import numpy as np
import pytest
from birl_envs.point_env import PointEnv
from birl_envs.point_goal import BASE, SHIFTS, TRAIN, Field, conflict, make_levels, task, vec_env
from birl_envs.point_world import FORCE, FRICTION, RADIUS, Arena, Disc, move, parse_arena, pool_of

from birl.branch import branch, restore
from birl.testing import check_task
from birl.types import BirlError

LEVEL = Arena(
    side=7.0,
    mass=1.0,
    start=(3.5, 3.5),
    discs=(
        Disc(kind="door", colour="blue", x=6.0, y=3.5),
        Disc(kind="ball", colour="red", x=1.0, y=3.5),
        Disc(kind="key", colour="green", x=3.5, y=6.0),
    ),
)


def run(level, force, steps=30):
    env = PointEnv([level], BASE)
    env.reset()
    for _ in range(steps):
        _, reward, ended, truncated, info = env.step(np.array(force, np.float32))
        if ended or truncated:
            break
    return reward, ended, {name for name, value in info.items() if value and name.startswith("touch")}


def test_pushing_towards_a_disc_touches_it_and_the_door_pays():
    assert run(LEVEL, (1.0, 0.0)) == (1.0, True, {"touch:door&blue"})
    assert run(LEVEL, (-1.0, 0.0)) == (0.0, True, {"touch:ball&red"})
    assert run(LEVEL, (0.0, 0.0))[1:] == (False, set())


def test_a_steady_force_reaches_the_speed_at_which_friction_takes_what_it_gives():
    pool = pool_of(
        [
            Arena(
                side=1000.0,
                mass=2.0,
                start=(0.0, 0.0),
                discs=tuple(Disc(kind="key", colour="green", x=999.0, y=y) for y in (10.0, 20.0, 30.0)),
            )
        ]
    )
    state, level = np.zeros((1, 4)), np.zeros(1, np.int64)
    for _ in range(200):
        state = move(pool, level, state, np.array([[1.0, 0.0]])).state
    assert state[0, 2] == pytest.approx(FORCE / FRICTION / 2.0)


def test_the_border_stops_the_mass():
    pool, level = pool_of([LEVEL]), np.zeros(1, np.int64)
    state = np.array([[0.1, 0.1, -1.0, -1.0]])
    assert move(pool, level, state, np.zeros((1, 2))).state.tolist() == [[0.0, 0.0, 0.0, 0.0]]


def test_kind_and_colour_are_one_in_training_and_part_under_shift():
    for level in make_levels(TRAIN, 60):
        assert {disc.kind for disc in level.discs if disc.colour == "red"} == {"door"}
        assert not conflict(level)
    assert all(conflict(level) for level in make_levels(SHIFTS["blue-door"][0], 30))
    assert conflict(LEVEL)
    with pytest.raises(BirlError, match="did you mean red"):
        conflict(LEVEL, "rd")


def test_the_nearest_thing_conflicts_where_it_is_not_the_door():
    near_key = Arena(
        side=7.0, mass=1.0, start=(3.5, 3.5), discs=(*LEVEL.discs[:2], Disc(kind="key", colour="green", x=3.5, y=4.6))
    )
    assert conflict(near_key, "nearest")


def test_places_do_not_depend_on_colours_and_splits_share_none():
    for one, other in zip(make_levels(TRAIN, 20), make_levels(SHIFTS["blue-door"][0], 20), strict=True):
        assert one.fingerprint == other.fingerprint
    train, test = ({level.fingerprint for level in make_levels(TRAIN, 60, split=split)} for split in ("train", "test"))
    assert not train & test
    assert make_levels(TRAIN, 30)[:5] == make_levels(TRAIN, 5)


def test_an_arena_can_be_written_down_and_read_back():
    for level in make_levels(TRAIN, 5):
        assert parse_arena(str(level)) == level


def test_the_batch_and_the_single_environment_agree_and_a_batch_resumes_bit_for_bit():
    venv = vec_env(4, levels=5, seed=1)
    seen = venv.reset()
    singles = [PointEnv(venv.levels, BASE) for _ in range(4)]
    for env, level, shown in zip(singles, venv.level, seen, strict=True):
        np.testing.assert_array_equal(env.reset(options={"level": level})[0], shown)
    rng = np.random.default_rng(0)
    for _ in range(80):
        actions = rng.uniform(-1, 1, (4, 2)).astype(np.float32)
        seen, rewards, dones, infos = venv.step(actions)
        for i, env in enumerate(singles):
            shown, reward, ended, truncated, _ = env.step(actions[i])
            assert (rewards[i], dones[i]) == (reward, ended or truncated)
            if dones[i]:
                np.testing.assert_array_equal(infos[i]["terminal_observation"], shown)
                shown = env.reset(options={"level": venv.level[i]})[0]
            np.testing.assert_array_equal(seen[i], shown)
    other = vec_env(4, levels=5, seed=9)
    np.testing.assert_array_equal(other.restore(json.loads(json.dumps(venv.state()))), seen)
    np.testing.assert_array_equal(other.step(actions)[0], venv.step(actions)[0])


def test_a_ghost_hides_the_colour_and_nothing_else():
    made = task(3)
    shown, hidden = (d.make_env() for d in (made.distribution("blue-door"), made.ghosts["red"]))
    one, other = (env.reset(options={"level": 0})[0] for env in (shown, hidden))
    changed = np.flatnonzero(one != other)
    assert changed.size == 1  # the red ball's red
    assert one[changed[0]] == 1.0


def test_a_state_can_be_gone_back_to():
    env = gymnasium.make("birl_envs/PointGoal-v0", levels=3, disable_env_checker=True)
    env.reset(seed=0)
    here = branch(env)
    first = env.step(np.array([1.0, 0.5], np.float32))[0]
    restore(env, here)
    np.testing.assert_array_equal(first, env.step(np.array([1.0, 0.5], np.float32))[0])


def test_pictures_show_where_the_mass_is():
    env = PointEnv([LEVEL], BASE, render_mode="rgb_array")
    env.reset()
    before = env.render()
    env.step(np.array([1.0, 1.0], np.float32))
    assert before.shape == (224, 224, 3)
    assert (before != env.render()).any()
    assert len(vec_env(2, levels=2).get_images()) == 2


def test_the_task_keeps_the_contract():
    check_task(task(3), episodes=2)


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (lambda: Field(doors={"mauve": 1.0}), "mauve"),
        (lambda: Field(doors={"red": 0.5}), "must sum to 1"),
        (lambda: Field(side=2.0), "side 2"),
        (lambda: make_levels(TRAIN, 0), "0 levels: give at least 1"),
        (lambda: make_levels(TRAIN, 1, split="tset"), "unknown split"),
        (lambda: make_levels(TRAIN, 1, seed=-1), "seed -1 is negative"),
        (lambda: parse_arena("side=7"), "mend it"),
        (lambda: Disc(kind="moon", colour="red", x=0, y=0), "moon"),
        (lambda: Arena(side=7.0, mass=1.0, start=(6.0 + RADIUS / 2, 3.5), discs=LEVEL.discs), "touches the blue door"),
        (lambda: Arena(side=3.0, mass=1.0, start=(1.0, 1.0), discs=LEVEL.discs), "outside the square"),
        (lambda: PointEnv([LEVEL], BASE, hidden=["mauve"]), "mauve"),
    ],
)
def test_nonsense_is_refused_in_one_line(make, pattern):
    with pytest.raises(BirlError, match=pattern):
        make()
