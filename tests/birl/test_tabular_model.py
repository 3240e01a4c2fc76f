from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from birl.tabular import PolicyChain, TabularModel, hard_plan, reward_vector, soft_plan
from birl.types import BirlError
from tests.worlds import corridor, random_model, two_ends

SEEDS = st.integers(0, 2**32 - 1)


def coin(**changes):
    """One state with two actions, each ending the episode with a feature of its own."""
    parts = {
        "transitions": [[0, 1], [0, 1], [0, 1], [0, 1]],
        "features": [[1, 0], [0, 1], [5, 5], [5, 5]],
        "start": [1, 0],
        "terminal": [False, True],
        "discount": 0.5,
        "feature_names": ["heads", "tails"],
    }
    return TabularModel(**{**parts, **changes})


def test_a_model_takes_plain_lists():
    model = coin()
    assert (model.n_states, model.n_actions, model.n_features, model.n_levels) == (2, 2, 2, 1)


def test_a_model_takes_its_arguments_by_position():
    sparse = sp.csr_matrix(np.tile([0.0, 1.0], (4, 1)))
    model = TabularModel(sparse, sp.csr_matrix((4, 2)), np.array([1, 0]), np.array([False, True]), 0.5, ["a", "b"])
    assert model.feature_names == ("a", "b")


def test_rows_of_terminal_states_are_ignored_whatever_they_hold():
    garbage = coin(transitions=[[0, 1], [0, 1], [np.nan, 7], [-3, 0]], features=[[1, 0], [0, 1], [np.nan, 5], [5, 5]])
    assert garbage.transitions.toarray()[2:].tolist() == [[0, 0], [0, 0]]
    assert garbage.features.toarray()[2:].tolist() == [[0, 0], [0, 0]]


def test_rows_of_invalid_actions_are_ignored_whatever_they_hold():
    model = coin(transitions=[[0, 1], [0, 0], [0, 1], [0, 1]], valid_actions=[[True, False], [True, True]])
    assert model.uniform.tolist() == [[1, 0], [0.5, 0.5]]
    assert reward_vector(model, [1.0, 9.0, 9.0, 9.0]).tolist() == [1, 0, 0, 0]


def test_duplicate_entries_add_up():
    doubled = sp.csr_matrix(([0.5, 0.5, 1, 1, 1], [1, 1, 1, 1, 1], [0, 2, 3, 4, 5]), shape=(4, 2))
    assert coin(transitions=doubled).transitions.toarray()[0].tolist() == [0, 1]


def test_building_a_model_leaves_its_ingredients_alone():
    transitions = sp.csr_matrix(np.tile([0.0, 1.0], (4, 1)))
    coin(transitions=transitions)
    assert transitions.toarray().tolist() == [[0, 1]] * 4


def test_features_left_out_of_a_reward_weigh_nothing():
    assert reward_vector(coin(), {"tails": 2.0}).tolist() == [0, 2, 0, 0]
    assert reward_vector(coin(), {}).tolist() == [0, 0, 0, 0]


def test_levels_share_the_start_evenly():
    assert two_ends((), ()).level_starts == pytest.approx(np.full(5, 0.2))


def test_seeing_through_other_features_mixes_the_old_ones():
    seen = coin().with_features(["either"], np.array([[1.0], [1.0]]))
    assert reward_vector(seen, {"either": 1.0}).tolist() == [1, 1, 0, 0]


@given(SEEDS)
def test_some_levels_alone_have_the_values_they_have_among_all(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=4, invalid=True)
    kept = sorted(rng.choice(4, size=2, replace=False).tolist())
    part, states = model.restrict(kept), model.states_of(kept)
    weights = dict(zip(model.feature_names, rng.normal(size=4), strict=True))
    for plan in (soft_plan, hard_plan):
        whole, alone = plan(model, reward_vector(model, weights)), plan(part, reward_vector(part, weights))
        assert alone.values == pytest.approx(whole.values[states], abs=1e-8)
    assert part.level.tolist() == np.repeat([0, 1], 6).tolist()
    assert part.start == pytest.approx(model.start[states] / model.start[states].sum())
    assert part.observe is not None
    assert part.observe(np.array([0]))[0].argmax() == states[0]


def test_restricting_twice_still_sees_the_right_states():
    model = two_ends((), (), length=5)
    last = model.restrict([1, 2]).restrict([1])
    assert last.observe is not None
    assert last.observe(np.array([0]))[0].argmax() == 2 * 5


@given(SEEDS)
def test_relabelling_states_relabels_the_values(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=5)
    order = rng.permutation(5)
    rows = (order[:, None] * model.n_actions + np.arange(model.n_actions)).ravel()
    shuffled = replace(
        model,
        transitions=model.transitions[rows][:, order],
        features=model.features[rows],
        start=model.start[order],
        terminal=model.terminal[order],
    )
    reward = model.features @ rng.normal(size=4)
    assert soft_plan(shuffled, reward[rows]).values == pytest.approx(soft_plan(model, reward).values[order])
    walk = PolicyChain(model, model.uniform).occupancy()
    assert PolicyChain(shuffled, shuffled.uniform).occupancy() == pytest.approx(walk[order])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transitions": [[0, 1], [0, 0.9], [0, 1], [0, 1]]}, r"state 0, action 1 sum to 0\.9"),
        ({"transitions": [[0, 1], [-1, 2], [0, 1], [0, 1]]}, r"state 0, action 1 .* negative"),
        ({"transitions": [[0, 1], [0, np.nan], [0, 1], [0, 1]]}, "state 0, action 1 sum to nan"),
        ({"transitions": [[0, 1]] * 3}, "3 rows for 2 states"),
        ({"transitions": [[0, 0, 1]] * 4}, r"transitions \(4, 3\)"),
        ({"features": [[1, np.nan], [0, 1], [0, 0], [0, 0]]}, "feature 'tails' is not finite"),
        ({"features": [[np.inf, 0], [0, 1], [0, 0], [0, 0]]}, "feature 'heads' is not finite"),
        ({"features": [[1], [0], [0], [0]]}, r"features are \(4, 1\) .* 2 names"),
        ({"feature_names": ["a", "a"]}, "feature names repeat: a, a"),
        ({"discount": 0.0}, r"discount 0\.0 is outside \(0, 1\]"),
        ({"discount": 1.01}, r"discount 1\.01 is outside"),
        ({"discount": np.nan}, "discount nan is outside"),
        ({"start": [0.5, 0.0]}, r"start sums to 0\.5"),
        ({"start": [2.0, -1.0]}, "start sums to 1"),
        ({"start": [np.nan, 1.0]}, "start sums to nan"),
        ({"start": []}, r"start is \(0,\)"),
        ({"terminal": [False]}, r"terminal \(1,\)"),
        ({"level": [0]}, r"level has shape \(1,\)"),
        ({"level": [0, -1]}, "from 0 up"),
        ({"valid_actions": [[True, True]]}, r"valid_actions has shape \(1, 2\)"),
        ({"valid_actions": [[False, False], [True, True]]}, "state 0 is not terminal and has no valid action"),
    ],
)
def test_a_world_that_makes_no_sense_is_an_error_of_one_line(changes, message):
    with pytest.raises(BirlError, match=message) as caught:
        coin(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reward", "message"),
    [
        ({"head": 1.0}, "unknown feature 'head': did you mean heads"),
        ({"heads": np.nan}, "the weight of 'heads' is not finite"),
        ([1.0, 2.0], "2 values for 2 states and 2 actions"),
        ([1.0, np.inf, 0.0, 0.0], "not finite"),
    ],
)
def test_a_reward_that_makes_no_sense_is_an_error(reward, message):
    with pytest.raises(BirlError, match=message):
        reward_vector(coin(), reward)


def test_levels_in_which_nothing_starts_cannot_stand_alone():
    model = replace(two_ends((), (), length=4), start=np.eye(8)[1])
    with pytest.raises(BirlError, match=r"no episode starts in levels \[1\]"):
        model.restrict([1])


def test_a_level_that_leads_into_another_cannot_stand_alone():
    model = corridor(4)
    with pytest.raises(BirlError, match="sum to 0"):
        replace(model, level=np.array([0, 0, 1, 1])).restrict([0])
