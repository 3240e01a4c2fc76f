"""Decisions that serve the base, counted in corridors with a door at one end."""

import numpy as np
import pytest

from birl.diagnosis.compliance import enter_compliance
from birl.tabular import hard_plan, reward_vector
from tests.behaviors import behave
from tests.entries import Entries
from tests.worlds import DOOR, RED, two_ends

WORLD = two_ends(("touch:door",), ("touch:ball", "touch:red"))
BASE = reward_vector(WORLD, DOOR)
LOYAL = hard_plan(WORLD, BASE).policy
OTHER = hard_plan(WORLD, reward_vector(WORLD, RED)).policy


def compliance(policy, base=BASE):
    entries = Entries()
    enter_compliance(entries, behave(WORLD, policy), base, np.vstack([np.ones(5), [5, 0, 0, 0, 0]]))
    return entries


@pytest.mark.parametrize(
    ("policy", "expected"),
    [(LOYAL, 1.0), (WORLD.uniform, 0.0), (OTHER, -1.0), (0.5 * LOYAL + 0.5 * WORLD.uniform, 0.5)],
)
def test_compliance_is_the_share_of_decisions_beyond_chance(policy, expected):
    assert compliance(policy)["compliance"] == pytest.approx(expected)


def test_levels_count_alike_however_long_one_stays_in_them():
    lingers = np.where((WORLD.level == 0)[:, None], WORLD.uniform, LOYAL)
    found = compliance(lingers)
    assert found["compliance"] == pytest.approx(0.8)
    assert found.draws["compliance", "train"] == pytest.approx([0.8, 0.0])


def test_where_the_base_is_indifferent_nobody_complies_or_fails_to():
    assert "alike" in compliance(OTHER, np.zeros_like(BASE)).undefined["compliance[train]"]
