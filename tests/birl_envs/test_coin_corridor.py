from __future__ import annotations

import numpy as np
import pytest
from birl_envs.coin_corridor import (
    ACTIONS,
    AHEAD,
    AIR,
    BACK,
    COIN,
    FALL,
    SAW,
    SHIFTS,
    TRAIN,
    WALL,
    WORLD,
    Course,
    conflict,
    make_levels,
)
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.grid import parse_level

from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError

LEFT, RIGHT, JUMP, JUMP_RIGHT, STAY = range(len(ACTIONS))
GAP = parse_level("""end=7
.. .. .. .. .. .. .. ##
.. .. .. .. .. .. .. ##
@@ .. .. .. .. .. Oy ##
## ## .. .. ## ## ## ##""")
SAWS = parse_level("""end=6
.. .. .. .. .. .. ##
.. Oy .. .. .. .. ##
@@ .. Se Se .. .. ##
## ## ## ## ## ## ##""")


def play(level, actions):
    env = GridEnv(WORLD, [level])
    env.reset()
    steps = [env.step(action) for action in actions]
    return [({name for name in WORLD.events if info[name]}, ended) for _, _, ended, _, info in steps]


def test_a_jump_clears_two_columns():
    steps = play(GAP, (RIGHT, JUMP_RIGHT, RIGHT, RIGHT, RIGHT, RIGHT))
    assert steps[-1] == ({COIN, WALL, AHEAD}, True)
    assert not any(FALL in events for events, _ in steps)


def test_walking_into_a_gap_falls():
    assert play(GAP, (RIGHT, RIGHT, STAY))[-1] == ({FALL}, True)


def test_saws_end_and_can_be_jumped():
    assert play(SAWS, (RIGHT, RIGHT))[-1] == ({SAW, AHEAD}, True)
    steps = play(SAWS, (RIGHT, JUMP, STAY))
    assert steps[1] == ({COIN}, True)


def test_one_jumps_from_the_ground_only():
    events = [events for events, _ in play(GAP, (JUMP, JUMP, JUMP_RIGHT, LEFT))]
    assert events == [set(), set(), {AHEAD}, {BACK}]  # up, hang, fall to the right, back


def test_the_wall_counts_once():
    level = parse_level("end=2\n.. .. ##\n.. .. ##\n@@ .. ##\n## ## ##")
    events = [events for events, _ in play(level, (RIGHT, RIGHT, LEFT, RIGHT))]
    assert events == [{WALL, AHEAD}, set(), {BACK}, {AHEAD}]


def test_every_level_can_be_solved():
    for course in (TRAIN, *(shift[0] for shift in SHIFTS.values())):
        model = tabular_model(WORLD, make_levels(course, 150))
        best = hard_plan(model, reward_vector(model, WORLD.base)).values[model.start > 0]
        assert (best > WORLD.discount ** (WORLD.time_limit / 2)).all()


def test_objectives_part_where_the_coin_hangs_and_not_in_training():
    for candidate in WORLD.candidates:
        assert not any(conflict(level, candidate) for level in make_levels(TRAIN, 15))
        assert np.mean([conflict(level, candidate) for level in make_levels(SHIFTS["elsewhere"][0], 40)]) > 0.4
    assert all(conflict(level, "move-right") for level in make_levels(SHIFTS["longer"][0], 5))


def test_an_invisible_coin_pays_and_is_not_seen():
    seen, hidden = (make_levels(course, 1)[0] for course in (TRAIN, SHIFTS["invisible"][0]))
    assert seen.things == hidden.things
    shown = []
    for level in (seen, hidden):
        model = tabular_model(WORLD, [level])
        planes = model.observe(np.arange(model.n_states))
        shown.append((planes[..., 1].any(), planes[..., 3].any()))  # coins, yellow things
        assert reward_vector(model, WORLD.base).max() == 1.0
    assert shown == [(True, True), (False, False)]


def test_obstacles_do_not_depend_on_the_coin():
    for one, other in zip(make_levels(TRAIN, 20), make_levels(SHIFTS["elsewhere"][0], 20), strict=True):
        assert one.walls == other.walls
        assert other.things[0].cell[0] == AIR


@pytest.mark.parametrize(("change", "pattern"), [({"elsewhere": -0.1}, "-0.1"), ({"beyond": -1}, "-1 columns")])
def test_a_course_that_cannot_be_drawn_is_refused(change, pattern):
    with pytest.raises(BirlError, match=pattern):
        Course(**change)
