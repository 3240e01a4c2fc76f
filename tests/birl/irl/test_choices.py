"""What choices gain over their alternatives, on a corridor that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.irl.choices import choices, distinct, most_probable, parametrised
from birl.tabular import PolicyChain
from birl.types import BirlError
from tests.behaviors import behave
from tests.worlds import corridor, random_model, two_ends

RIGHT = np.tile([0.0, 1.0], (4, 1))


def test_going_right_gains_the_goal_one_round_trip_earlier():
    model = corridor(4, discount=0.5)  # cells 0 1 2, goal at 3: worth 1/4, 1/2, 1 on the way right
    found = choices([behave(model, RIGHT)], [model], coverage="visited")
    # left from cells 0, 1 and 2 leads to 0, 0, 1: then the goal is 4, 4 and 3 steps away, not 3, 2 and 1
    goal = [0.25 - 0.125, 0.5 - 0.125, 1.0 - 0.25]
    steps = [1.75 - 1.875, 1.5 - 1.875, 1.0 - 1.75]
    assert np.allclose(found.gains, np.stack([goal, steps], axis=1))
    assert found.state.tolist() == [0, 1, 2]
    assert np.allclose(found.weight, np.array([4, 2, 1]) / 7)  # discounted visits
    assert found.ties.shape == (0, 2)


def test_all_states_count_alike_or_only_those_that_are_met():
    model = replace(corridor(4), start=np.eye(4)[2])
    assert choices([behave(model, RIGHT)], [model], coverage="visited").state.tolist() == [2]
    everywhere = choices([behave(model, RIGHT)], [model], coverage="all")
    assert everywhere.state.tolist() == [0, 1, 2]
    assert np.allclose(everywhere.weight, 1 / 3)


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_for_a_greedy_policy_a_row_is_the_textbooks(seed):
    # Ng & Russell 2000, theorem 3: g (P_pi - P_a)(I - g P_pi)^-1 R for a reward by state
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=6, n_actions=2, terminal=False)
    first, reward = rng.integers(2, size=6), rng.normal(size=6)
    by_state = parametrised(model, "state")
    found = choices([behave(model, np.eye(2)[first])], [by_state], coverage="all")
    table = model.transitions.toarray().reshape(6, 2, 6)
    own, other = table[np.arange(6), first], table[np.arange(6), 1 - first]
    known = 0.9 * (own - other) @ np.linalg.solve(np.eye(6) - 0.9 * own, reward)
    assert np.allclose(found.gains @ reward, known)


def test_behaviours_and_their_levels_weigh_the_same(rng):
    agents = [behave(m, m.uniform, name) for m, name in ((random_model(rng), "a"), (random_model(rng, 8), "b"))]
    agents = [replace(a, policy=np.eye(3)[rng.integers(3, size=a.model.n_states)]) for a in agents]
    found = choices(agents, [a.model for a in agents], coverage="visited")
    assert found.weight.sum() == pytest.approx(1.0)
    assert found.weight[found.state < 6].sum() == pytest.approx(0.5)
    ends = two_ends(("touch:door",), ("touch:ball",))
    one = choices([behave(ends, np.tile([1.0, 0.0], (ends.n_states, 1)))], [ends], coverage="visited")
    assert np.allclose(np.bincount(ends.level[one.state], weights=one.weight), 1 / 5)


def test_actions_that_are_chosen_as_often_are_ties():
    model = two_ends(("touch:door",), ("touch:ball",), length=3)  # one cell between a door and a ball
    agent = behave(model, model.uniform)
    assert most_probable(agent).all()
    found = choices([agent], [model], coverage="visited")
    assert found.gains.shape == (0, 4)
    assert np.allclose(found.ties, [[1.0, 0.0, -1.0, 0.0]])


def test_alternatives_that_no_reward_tells_apart_are_left_out():
    model = corridor(4)
    same = replace(model, transitions=np.repeat(model.transitions.toarray()[1::2], 2, axis=0))
    agent = behave(replace(same, features=np.repeat(model.features.toarray()[1::2], 2, axis=0)), RIGHT)
    assert choices([agent], [agent.model], coverage="all").gains.shape == (0, 2)


def test_parameters_that_are_held_take_their_rows_with_them():
    model = two_ends(("touch:door",), ("touch:ball",), length=3)
    found = choices([behave(model, model.uniform)], [model], coverage="visited")
    assert found.masked(np.array([True, True, False, True])).ties.tolist() == [[1.0, 0.0, 0.0, 0.0]]
    assert found.masked(np.array([False, True, False, True])).ties.shape == (0, 4)


def test_rewards_by_state_and_by_action_are_features_of_their_own(rng):
    model = random_model(rng, n_states=3, n_actions=2)
    agent = behave(model, model.uniform)
    for kind, names in (("state", 3), ("state-action", 6)):
        other = parametrised(model, kind)
        assert other.n_features == names
        reward = rng.normal(size=names)
        table = reward if kind == "state-action" else np.repeat(reward, 2)
        values = PolicyChain(other, agent.policy).policy_values(np.where(model.live, table, 0.0))
        assert np.allclose(
            PolicyChain(other, agent.policy).values(PolicyChain(other, agent.policy).features()) @ reward, values
        )
    assert parametrised(model, "state-action").feature_names[3] == "state 1, action 1"
    assert parametrised(model, "features") is model
    with pytest.raises(BirlError, match="unknown reward 'states': did you mean state"):
        parametrised(model, "states")


def test_equal_directions_become_one_row_whatever_their_length_and_order(rng):
    gains = np.array([[3.0, 4.0], [0.0, -1.0], [0.6, 0.8], [0.0, -7.0]])
    found = distinct(gains, np.array([1.0, 2.0, 3.0, 4.0]))
    assert np.allclose(found.rows, [[0.0, -1.0], [0.6, 0.8]])
    assert found.weight.tolist() == [6.0, 4.0]
    assert found.which.tolist() == [1, 0, 1, 0]
    other = rng.permutation(4)
    assert np.array_equal(distinct(gains[other], np.ones(4)).rows, found.rows)
