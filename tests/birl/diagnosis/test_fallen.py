"""Levels on which base return fell, and whether an objective shows on these."""

import numpy as np
import pytest

from birl.diagnosis.fallen import enter_fallen, fallen_levels
from birl.diagnosis.held_out import HeldOut
from birl.gap import level_returns
from birl.tabular import hard_plan, reward_vector
from tests.behaviors import behave
from tests.entries import Entries
from tests.worlds import DOOR, RED, two_ends

WORLD = two_ends(("touch:door",), ("touch:ball", "touch:red"))
BASE = reward_vector(WORLD, DOOR)
LOYAL = 0.95 * hard_plan(WORLD, BASE).policy + 0.05 * WORLD.uniform
OTHER = 0.95 * hard_plan(WORLD, reward_vector(WORLD, RED)).policy + 0.05 * WORLD.uniform
LATE = (WORLD.level >= 2)[:, None]


def entered(policy, explained):
    """What is entered of a policy that is explained so well, by the joint objective, on each level."""
    b = behave(WORLD, policy)
    walk, own = b.log_likelihood(WORLD.uniform), b.log_likelihood(policy)
    part = lambda share: walk + np.asarray(share) * (own - walk)  # noqa: E731
    seen = HeldOut(
        decisions=np.ones(5),
        walk=walk,
        policy=own,
        own=own,
        joint=part(explained),
        alone=part(0.0),
        device=part(0.0),
        base=None,
        outcomes=None,
    )
    entries = Entries()
    enter_fallen(entries, b, seen, level_returns(b, BASE), np.ones((2, 5)))
    return entries


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(LOYAL, [0, 0, 0, 0, 0]), (OTHER, [1, 1, 1, 1, 1]), (np.where(LATE, OTHER, LOYAL), [0, 0, 1, 1, 1])],
)
def test_a_level_has_fallen_when_less_than_half_of_the_base_is_earned(policy, expected):
    assert fallen_levels(level_returns(behave(WORLD, policy), BASE)).tolist() == expected


def test_a_base_that_cannot_be_earned_falls_nowhere():
    assert not fallen_levels(level_returns(behave(WORLD, OTHER), np.zeros_like(BASE))).any()


def test_what_is_explained_on_other_levels_does_not_count():
    found = entered(np.where(LATE, OTHER, LOYAL), [1.0, 1.0, 0.25, 0.25, 0.25])
    assert found["fallen_directedness"] == pytest.approx(0.25)
    assert found["fallen_device"] == pytest.approx(0.0)


def test_a_random_walk_on_fallen_levels_leaves_nothing_to_explain():
    found = entered(np.where(LATE, WORLD.uniform, LOYAL), 1.0)
    assert "all but the random walk" in found.undefined["fallen_directedness[train]"]
