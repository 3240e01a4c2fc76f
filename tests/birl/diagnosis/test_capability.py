"""Turning up capability, where what it brings is known: door at the left end, prize at the right."""

import numpy as np
import pytest

from birl.diagnosis.capability import enter_slopes
from birl.tabular import hard_plan, reward_vector
from tests.behaviors import behave
from tests.entries import Entries
from tests.worlds import DOOR, RED, two_ends

WORLD = two_ends(("touch:door",), ("touch:ball", "touch:red"))
BASE = reward_vector(WORLD, DOOR)
EPS = 0.05


def table(goal):
    plan = hard_plan(WORLD, reward_vector(WORLD, goal)).policy
    return (1 - EPS) * plan + EPS * WORLD.uniform


def slopes(now, capable, base=BASE):
    entries = Entries()
    enter_slopes(
        entries,
        [behave(WORLD, now)],
        {"train": behave(WORLD, capable)},
        base={"train": base},
        method="boltzmann",
        level_weights={"train": np.ones((3, WORLD.n_levels))},
    )
    return entries


def test_who_wanted_something_else_all_along_loses_base_and_gains_its_own():
    found = slopes(table(DOOR), table(RED))
    assert found["capability_slope"] < -0.9
    assert found["own_slope"] > 0.9


@pytest.mark.parametrize("goal", [DOOR, RED])
def test_who_wants_one_thing_gets_better_at_it(goal):
    found = slopes(0.5 * table(goal) + 0.5 * WORLD.uniform, table(goal))
    assert found["own_slope"] > 0.1
    assert (found["capability_slope"] > 0.1) == (goal is DOOR)


def test_a_knob_that_breaks_the_policy_leaves_nothing_better_pursued():
    found = slopes(table(DOOR), WORLD.uniform)
    assert found["capability_slope"] < -0.9
    assert found.values.get(("own_slope", "train"), 0.0) <= 0.0


def test_a_base_that_cannot_be_earned_has_no_slope_and_says_so():
    found = slopes(table(DOOR), table(RED), np.zeros_like(BASE))
    assert ("capability_slope", "train") not in found.values
    assert "no policy gains" in found.undefined["capability_slope[train]"]
