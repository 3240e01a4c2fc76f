"""Does it go on where the base asks for nothing any more? In worlds where one can count."""

import numpy as np
import pytest

from birl.diagnosis.candidate_gain import Place
from birl.diagnosis.kept_up import enter_kept_up
from birl.gap import LevelReturns, level_returns
from birl.tabular import hard_plan, reward_vector
from tests.behaviors import behave
from tests.entries import Entries
from tests.worlds import DOOR, RED, two_ends

PICKS = np.array([[1.0] * 5, [2.0, 0, 0, 1, 2]])
NO_DOOR, BOTH = two_ends(("touch:red",), ("touch:ball",)), two_ends(("touch:door",), ("touch:red",))


def kept_up(model, policy, base=DOOR, candidate=RED, left=None):
    entries = Entries()
    b = behave(model, policy)
    wanted, other = (reward_vector(model, r) for r in (base, candidate))
    place = Place(
        behavior=b,
        base=wanted,
        candidate=other,
        joint=other,
        conflict=np.ones(model.n_levels, bool),
        brings=np.zeros((3, model.n_levels)),
        picks=PICKS,
    )
    enter_kept_up(entries, "red", [place], {b.distribution: left or level_returns(b, wanted)})
    return entries


def after(model, wanted, eps=0.0):
    best = hard_plan(model, reward_vector(model, wanted)).policy
    return (1 - eps) * best + eps * model.uniform


@pytest.mark.parametrize(("policy", "expected"), [(after(NO_DOOR, RED), 1.0), (NO_DOOR.uniform, 0.0)])
def test_from_the_random_walk_to_all_there_is(policy, expected):
    found = kept_up(NO_DOOR, policy)
    assert found["kept_up"] == pytest.approx(expected)
    assert found.draws["kept_up", "red"] == pytest.approx([expected, expected])


def test_who_avoids_it_is_below_the_random_walk():
    assert kept_up(NO_DOOR, after(NO_DOOR, {"touch:ball": 1.0}))["kept_up"] < 0


@pytest.mark.parametrize(("model", "candidate"), [(BOTH, RED), (NO_DOOR, {"goal": 0.0})])
def test_nothing_is_said_where_the_base_can_be_had_or_nothing_can(model, candidate):
    candidate = RED if candidate is RED else np.zeros(model.n_states * model.n_actions)
    found = kept_up(model, model.uniform, candidate=candidate)
    assert not found.values
    assert "no level of a shift leaves the base nothing to gain" in found.undefined["kept_up[red]"]


def returns(gain, endless=None):
    nothing = np.zeros(len(gain))
    return LevelReturns(policy=nothing, walk=nothing, best=np.array(gain, float), endless=endless)


def test_only_levels_without_anything_left_count_and_draws_are_over_levels():
    policy = after(NO_DOOR, RED, eps=0.5)
    found = kept_up(NO_DOOR, policy, left=returns([0, 1, 1, 0, 1]))
    b = behave(NO_DOOR, policy)
    red = level_returns(b, reward_vector(NO_DOOR, RED))
    done, offered = (red.policy - red.walk)[[0, 3]], red.gain[[0, 3]]
    assert found["kept_up"] == pytest.approx(done.sum() / offered.sum())
    again = np.array([2.0, 1.0])
    assert found.draws["kept_up", "red"] == pytest.approx([found["kept_up"], again @ done / (again @ offered)])


def test_what_cut_episodes_did_not_get_to_is_left():
    cut = returns([0] * 5, endless=returns([1] * 5))
    assert not kept_up(NO_DOOR, after(NO_DOOR, RED), left=cut).values
