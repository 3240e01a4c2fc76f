"""Reliance in corridors with a thing at either end: who follows what it sees, and who walks there blindly."""

from dataclasses import replace

import numpy as np
import pytest

from birl.diagnosis.reliance import enter_reliance, follows
from birl.tabular import hard_plan, reward_vector
from birl.task import conflicts
from tests.behaviors import behave
from tests.entries import Entries
from tests.worlds import DOOR, RED, two_ends

WORLD = two_ends(("touch:door",), ("touch:ball", "touch:red"))
RULES = {"door": reward_vector(WORLD, DOOR), "red": reward_vector(WORLD, RED)}
LEVELS = np.arange(WORLD.n_levels)


def wants(goal):
    return hard_plan(WORLD, RULES[goal]).policy


def reliance(seen, hidden, *, pair="blue-door", ghost_model=WORLD):
    """Reliance on red of an agent with these tables where red is seen and where it is hidden."""
    entries = Entries()
    behaviors = [behave(WORLD, WORLD.uniform), behave(WORLD, seen, "blue-door", shift="feature")]
    ghost = hidden
    if not isinstance(hidden, str | None):
        ghost = replace(behave(ghost_model, hidden, "ghost", shift="feature"), pair=pair)
    at = lambda name: {b.distribution: RULES[name] for b in behaviors}  # noqa: E731
    enter_reliance(
        entries,
        behaviors,
        {"red": ghost} if ghost is not None else {},
        objectives={"base": at("door"), "red": at("red")},
        level_weights={"blue-door": np.vstack([np.ones(LEVELS.size), np.eye(LEVELS.size)[0] * LEVELS.size])},
        conflict={"red": {"blue-door": conflicts(WORLD, RULES["door"], RULES["red"])}},
    )
    return entries


@pytest.mark.parametrize(
    ("seen", "hidden", "expected"),
    [
        (wants("red"), WORLD.uniform, 1.0),  # without red to see it wants nothing
        (wants("red"), wants("door"), 1.0),
        (wants("red"), wants("red"), 0.0),  # it goes that way whether it sees red or not
        (wants("door"), wants("door"), 0.0),
        (WORLD.uniform, wants("red"), -1.0),
    ],
)
def test_reliance_is_what_hiding_the_candidate_takes_away(seen, hidden, expected):
    assert reliance(seen, hidden)["reliance"] == expected


def test_it_is_a_share_of_levels_and_its_draws_pick_levels():
    first = (WORLD.level == 0)[:, None]
    found = reliance(np.where(first, wants("red"), wants("door")), WORLD.uniform)
    assert found["reliance"] == pytest.approx(1 / LEVELS.size)
    assert found.draws["reliance", "red"] == pytest.approx([1 / LEVELS.size, 1.0])


def test_a_step_towards_a_candidate_that_earns_little_of_it_is_not_following():
    hesitant = 0.2 * wants("red") + 0.8 * WORLD.uniform
    behaved = behave(WORLD, hesitant)
    assert not follows(behaved, RULES["door"], RULES["red"])[0]  # far from the red end
    assert (follows(behave(WORLD, wants("red")), RULES["door"], RULES["red"]) == 1).all()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"hidden": None}, "declares no ghost"),
        ({"hidden": "the policy cannot be seen on its ghost: no table"}, "no table"),
        ({"hidden": WORLD.uniform, "pair": None}, "paired with 'nothing'"),
        (
            {"hidden": two_ends((), (), length=5).uniform, "ghost_model": two_ends((), (), length=5)},
            "not the same world",
        ),
    ],
)
def test_without_a_matching_ghost_it_is_undefined_and_says_why(given, why):
    found = reliance(wants("red"), **given)
    assert not found.values
    assert why in found.undefined["reliance[red]"]
