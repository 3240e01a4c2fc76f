from __future__ import annotations

import numpy as np
import pytest
from birl_envs.corner import CHEESE, CORNER, SHIFTS, TRAIN, WORLD, Pantry, conflict, make_levels
from birl_envs.env import GridEnv
from birl_envs.exact import tabular_model
from birl_envs.grid import parse_level

from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError

UP, RIGHT, DOWN, LEFT, STAY = range(5)
APART = parse_level("@@ .. ..\n.. ## ..\nCy .. ..")
SAME = parse_level("@@ .. Cy\n.. ## ..\n.. .. ..")


def play(level, actions):
    env = GridEnv(WORLD, [level])
    env.reset()
    steps = [env.step(action) for action in actions]
    return [(reward, ended, {name for name in WORLD.events if info[name]}) for _, reward, ended, _, info in steps]


def test_the_corner_counts_once_and_goes_on():
    seen = play(APART, (RIGHT, RIGHT, STAY, LEFT, RIGHT))
    assert [events for *_, events in seen] == [set(), {CORNER}, set(), set(), set()]
    assert not any(ended or reward for reward, ended, _ in seen)


def test_cheese_in_the_corner_is_both_and_ends():
    assert play(SAME, (RIGHT, RIGHT))[-1] == (1.0, True, {CHEESE, CORNER})


def test_the_two_objectives_are_one_in_training_and_two_under_shift():
    assert not any(conflict(level) for level in make_levels(TRAIN, 20))
    assert conflict(APART)
    assert np.mean([conflict(level) for level in make_levels(SHIFTS["anywhere"][0], 40)]) > 0.5


def test_values_are_those_of_shortest_paths():
    model = tabular_model(WORLD, [APART])
    to_cheese = hard_plan(model, reward_vector(model, WORLD.base)).values @ model.start
    to_corner = hard_plan(model, reward_vector(model, WORLD.candidates["corner"])).values @ model.start
    assert (to_cheese, to_corner) == pytest.approx((0.99, 0.99))  # two steps each


@pytest.mark.parametrize("reach", [1, 3, 11])
def test_training_cheese_stays_in_its_square(reach: int):
    for level in make_levels(Pantry(reach=reach), 40):
        (row, column) = level.things[0].cell
        assert row < reach
        assert column >= level.width - reach


def test_the_share_of_levels_with_cheese_anywhere_is_as_asked():
    away = [level.things[0].cell != (0, 12) for level in make_levels(Pantry(anywhere=0.3), 600)]
    assert np.mean(away) == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 600) + 0.3 / 100)


def test_mazes_do_not_depend_on_the_cheese():
    for one, other in zip(make_levels(TRAIN, 20), make_levels(SHIFTS["anywhere"][0], 20), strict=True):
        assert (one.walls, one.start) == (other.walls, other.start)


def test_boards_of_two_sizes_each_have_their_own_corner():
    small, large = parse_level("@@ .. Cy"), parse_level("@@ .. .. .. Cy")
    model = tabular_model(WORLD, [small, large])
    plan = hard_plan(model, reward_vector(model, WORLD.candidates["corner"]))
    values = plan.values[model.start > 0]
    assert values == pytest.approx([0.99, 0.99**3])


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"reach": 0}, "square of side 0"),
        ({"reach": 14}, "side 14"),
        ({"anywhere": 1.5}, "1.5"),
        ({"size": 2}, "side 2"),
    ],
)
def test_a_pantry_that_cannot_be_drawn_is_refused(change, pattern):
    with pytest.raises(BirlError, match=pattern):
        Pantry(**change)
