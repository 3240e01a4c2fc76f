"""The set of all rewards that explain a greedy policy: members, middle, edges, and what it excludes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.irl.feasible_set import DECISIVE, FeasibleSet, Width
from birl.irl.shaping import explicit_reward
from birl.tabular import PolicyChain, hard_plan
from birl.types import BirlError
from tests.behaviors import behave
from tests.worlds import corridor, random_model, two_ends

SEEDS = st.integers(0, 10_000)
LEFT, RIGHT = [1.0, 0.0], [0.0, 1.0]


def planner(model, weights, name="train"):
    """Optimal for known weights, one action a state."""
    return behave(model, hard_plan(model, model.features @ weights).greedy, name)


def seeks(side, left, right, name="train", length=5):
    """Always to one side, between two events."""
    model = two_ends(left, right, length=length)
    return behave(model, np.tile(side, (model.n_states, 1)), name)


def optimality_gap(agent, reward):
    own = PolicyChain(agent.model, agent.policy).policy_values(reward)
    return float(np.abs((hard_plan(agent.model, reward).values - own)[~agent.model.terminal]).max())


# --- members ----------------------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(SEEDS)
def test_members_make_the_policy_optimal_and_others_do_not(seed):
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_levels=2, invalid=True), rng.normal(size=4)
    agent = planner(model, weights)
    known = FeasibleSet.of([agent], coverage="all")
    assert known.contains(weights)
    for member in (known.centre, known.vertex()):
        assert known.contains(member)
        assert optimality_gap(agent, model.features @ member) < 1e-9
    for other in rng.normal(size=(10, 4)):
        assert known.contains(other) == (optimality_gap(agent, model.features @ other) < 1e-9)


@settings(max_examples=12)
@given(SEEDS)
def test_the_explicit_form_lies_in_the_set_of_rewards_by_state_and_action(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=5, invalid=True)
    policy = np.eye(3)[np.where(model.valid_actions, rng.random((5, 3)), -1.0).argmax(axis=1)]
    known = FeasibleSet.of([behave(model, policy)], reward="state-action", coverage="all")
    member = explicit_reward(model, policy, rng.normal(size=5), rng.exponential(size=(5, 3)))
    assert known.contains(member)
    best = policy.argmax(axis=1)
    state = next(s for s in range(5) if model.valid_actions[s].sum() > 1 and not model.terminal[s])
    worst = next(a for a in range(3) if a != best[state] and model.valid_actions[state, a])
    member[state * 3 + worst] += 100.0
    assert not known.contains(member)


def test_zero_is_always_a_member_and_never_has_a_margin(rng):
    for agent in (planner(random_model(rng), rng.normal(size=4)), behave(corridor(), corridor().uniform)):
        known = FeasibleSet.of([agent])
        assert known.contains(np.zeros(len(known.names)))
        assert known.contains({})
        assert known.margin({}) == 0.0


def test_a_reward_is_asked_for_by_name():
    known = FeasibleSet.of([seeks(LEFT, ("touch:door",), ("touch:ball",), length=3)])
    assert known.contains({"touch:door": 1.0})
    assert not known.contains({"touch:ball": 1.0})
    assert known.against({"touch:ball": 1.0}).all()
    assert not known.against({"touch:door": 1.0}).any()
    with pytest.raises(BirlError, match="unknown feature 'touch:dor': did you mean touch:door"):
        known.contains({"touch:dor": 1.0})


def test_the_centre_is_the_planted_direction_where_many_choices_pin_it_down(rng):
    model, weights = random_model(rng, n_states=60, n_levels=3), rng.normal(size=4)
    known = FeasibleSet.of([planner(model, weights)], coverage="all")
    for member in (known.centre, known.vertex()):
        cosine = member @ weights / np.linalg.norm(member) / np.linalg.norm(weights)
        assert cosine > 0.99
    assert known.margin(known.centre) >= known.radius * (1 - 1e-6)
    assert np.abs(known.centre).max() <= 1 - known.radius + 1e-6


def test_the_largest_ball_of_a_single_choice_is_half_the_box():
    # one cell between door and ball, to the door: one row, door >= ball; with both free in [-1, 1] a ball of radius m
    # around (x, y) needs x <= 1 - m, y >= m - 1 and (x - y) / sqrt(2) >= m, so m = 1 at best, then x = y = 0 fails
    known = FeasibleSet.of(
        [seeks(LEFT, ("touch:door",), ("touch:ball",), length=3)], held=np.array([False, True, False, True])
    )
    radius = 2 / (2 + np.sqrt(2))  # (2 - 2 m) / sqrt(2) = m
    assert known.radius == pytest.approx(radius)
    assert np.allclose(known.centre, [1 - radius, 0.0, radius - 1, 0.0], atol=1e-5)


def test_a_price_on_weights_makes_the_vertex_sparse():
    known = FeasibleSet.of([seeks(LEFT, ("touch:door",), ("touch:ball",), length=3)])
    assert np.allclose(known.vertex(), [1.0, 0.0, -1.0, 0.0])
    assert np.allclose(known.vertex(penalty=1.5), 0.0)  # each unit gains 1 and costs 1.5


# --- what the data exclude --------------------------------------------------------------------------------------------


def test_going_to_the_red_door_does_not_say_whether_it_is_for_the_door_or_the_red():
    seen = seeks(LEFT, ("touch:door", "touch:red"), ("touch:ball",))
    train = FeasibleSet.of([seen])
    assert not train.excludes({"touch:red": 1.0})
    assert not train.excludes({"touch:door": 1.0})
    assert train.excludes({"touch:door": 1.0, "touch:red": 1.0, "touch:ball": -1.0})
    # under the shift it leaves the blue door for the red ball: now red counts, and the door does not have to
    both = FeasibleSet.of([seen, seeks(RIGHT, ("touch:door",), ("touch:ball", "touch:red"), "shift")])
    assert both.excludes({"touch:red": 1.0})
    assert both.width({"touch:red": 1.0}).sign == 1
    assert not both.excludes({"touch:door": 1.0})
    assert both.contains({"touch:red": 1.0})


def test_widths_shrink_as_more_margin_is_asked_and_hold_zero_where_none_is(rng):
    known = FeasibleSet.of([planner(random_model(rng, n_states=20), np.array([1.0, -1.0, 0.5, 0.2]))], coverage="all")
    none, some, most = (known.width({"f0": 1.0}, margin=m) for m in (0.0, DECISIVE, 0.9))
    assert none.low <= some.low + 1e-9 <= most.low + 2e-9
    assert none.high >= some.high - 1e-9 >= most.high - 2e-9
    assert none.low <= 0.0 <= none.high
    assert some.sign == 1
    assert not known.excludes({"f0": 1.0}, margin=0.0)


def test_a_width_is_reached_by_a_reward_of_the_set(rng):
    model, weights = random_model(rng, n_states=20), rng.normal(size=4)
    known = FeasibleSet.of([planner(model, weights)], coverage="all")
    unit = weights / np.abs(weights).max()
    share = known.margin(unit) / known.radius
    width = known.width({"f1": 1.0}, margin=share * 0.999)
    assert width.low <= unit[1] <= width.high


def test_signs_are_known_where_the_whole_width_is_on_one_side():
    assert (Width(low=0.1, high=1.0).sign, Width(low=-1.0, high=-0.1).sign, Width(low=-1.0, high=1.0).sign) == (
        1,
        -1,
        0,
    )


# --- policies that are not greedy -------------------------------------------------------------------------------------


def test_a_policy_of_ties_leaves_only_rewards_without_a_preference():
    model = two_ends(("touch:door",), ("touch:ball",), length=3)
    known = FeasibleSet.of([behave(model, model.uniform)])
    assert known.contains({"touch:door": 1.0, "touch:ball": 1.0})
    assert not known.contains({"touch:door": 1.0})
    assert np.allclose(known.centre, 0.0)


def test_within_its_ties_a_set_still_has_a_middle(rng):
    # a tie between door and ball in training, the door over nothing under the shift
    tied, clear = two_ends(("touch:door",), ("touch:ball",), length=3), seeks(LEFT, ("touch:door",), (), "shift", 3)
    known = FeasibleSet.of([behave(tied, tied.uniform), clear], held=np.array([False, True, False, True]))
    assert known.radius > 0.1
    assert known.centre[0] == pytest.approx(known.centre[2])
    assert known.centre[0] > 0


def test_contradictory_choices_leave_no_margin_and_the_fewest_are_left_out():
    # four times from between a door and a ball to the door, and once to the ball
    seen = [seeks(RIGHT if i == 4 else LEFT, ("touch:door",), ("touch:ball",), f"d{i}", length=3) for i in range(5)]
    known = FeasibleSet.of(seen)
    assert known.radius < 1e-9
    assert np.allclose(known.centre, 0.0)
    assert not known.exceptions(price=3.0).any()  # 3 times a fifth, twice a margin away: more than the margin gained
    left_out = known.exceptions(price=2.0)
    assert left_out.tolist() == [False, False, False, False, True]
    assert known.against({"touch:door": 1.0}).tolist() == left_out.tolist()
    rest = known.without(left_out)
    assert known.choices.share(left_out) == pytest.approx(0.2)
    assert rest.radius > 0.1
    assert rest.width({"touch:door": 1.0, "touch:ball": -1.0}).sign == 1


def test_blunders_in_a_few_states_hardly_turn_the_rest():
    # one state in twenty takes another action than the best; the mean over agents, single ones scatter down to .93
    cosines = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        model, weights = random_model(rng, n_states=30, n_levels=3), rng.normal(size=4)
        policy = planner(model, weights).policy
        policy[rng.choice(90, 5, replace=False)] = np.eye(3)[rng.integers(3, size=5)]
        known = FeasibleSet.of([behave(model, policy)])
        tried = [known.exceptions(price) for price in (10.0, 5.0, 2.5, 1.25)]
        rest = known.without(next(out for out in tried if out.any()))
        assert rest.radius > 1e-6
        cosines.append(rest.centre @ weights / np.linalg.norm(rest.centre) / np.linalg.norm(weights))
    assert np.mean(cosines) > 0.97


# --- what it is made of -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "count"), [("state", 5), ("state-action", 10)])
def test_rewards_by_state_of_a_corridor_make_the_goal_worth_reaching(kind, count):
    model = corridor()
    agent = behave(model, np.tile(RIGHT, (5, 1)))
    known = FeasibleSet.of([agent], reward=kind)
    assert len(known.names) == count
    centre = known.centre if kind == "state-action" else np.repeat(known.centre, 2)
    assert optimality_gap(agent, np.where(model.live, centre, 0.0)) < 1e-9
    with pytest.raises(BirlError, match="belongs to one model: give one behaviour, or features"):
        FeasibleSet.of([agent, replace(agent, distribution="b")], reward=kind)
