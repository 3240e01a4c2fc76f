"""The middle of the set: planted rewards for greedy policies, signs, bounds, exceptions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.irl import BOUNDED, IDENTIFIED, UNIDENTIFIED, MaxMargin
from birl.irl.base import HELD
from birl.tabular import PolicyChain, hard_plan
from birl.testing import check_estimator
from birl.types import BirlError
from tests.behaviors import behave, boltzmann_agent, permuted, soft_agent
from tests.worlds import corridor, gridworld, random_model, two_ends

SEEDS = st.integers(0, 10_000)
TRAIN = two_ends(("touch:door", "touch:red"), ("touch:ball",))
SHIFT = two_ends(("touch:door",), ("touch:ball", "touch:red"))
ALWAYS_LEFT, ALWAYS_RIGHT = (np.tile(row, (TRAIN.n_states, 1)) for row in ([1.0, 0.0], [0.0, 1.0]))


def check(estimate, name):
    return next(c for c in estimate.checks if c.name == name)


def planner(model, weights, name="train"):
    return behave(model, hard_plan(model, model.features @ weights).greedy, name)


def cosine(found, known):
    return float(found @ known / np.linalg.norm(found) / np.linalg.norm(known))


# --- planted ----------------------------------------------------------------------------------------------------------


@settings(max_examples=6)
@given(SEEDS)
def test_a_greedy_policy_is_optimal_under_the_recovered_reward(seed):
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_levels=2, invalid=True), rng.normal(size=4)
    agent = planner(model, weights)
    estimate = MaxMargin(coverage="all").fit([agent])
    reward = estimate.on(model)
    own = PolicyChain(model, agent.policy).policy_values(reward)
    assert model.start @ (hard_plan(model, reward).values - own) < 1e-9
    assert check(estimate, "exceptions").value == 0.0
    assert estimate.nuisance["eps"] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("agent", [planner, soft_agent, lambda m, w: boltzmann_agent(m, w, 0.05)])
def test_many_choices_pin_the_direction_down_whatever_the_rationality(rng, agent):
    model, weights = random_model(rng, n_states=40, n_levels=3), rng.normal(size=4)
    estimate = MaxMargin().fit([agent(model, weights)])
    assert cosine(estimate.vector, weights) > 0.98
    assert set(estimate.status.values()) <= {IDENTIFIED, UNIDENTIFIED, BOUNDED}
    for name, weight in zip(model.feature_names, weights, strict=True):
        if estimate.status[name] == IDENTIFIED:
            assert np.sign(estimate.weights[name]) == np.sign(weight)
    assert list(estimate.status.values()).count(IDENTIFIED) >= 3


@settings(max_examples=4)
@given(SEEDS, st.floats(0.01, 100.0))
def test_the_scale_of_the_planted_reward_leaves_no_trace(seed, scale):
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng), rng.normal(size=4)
    first, second = (MaxMargin().fit([planner(model, w)]).vector for w in (weights, scale * weights))
    assert np.array_equal(first, second)


@settings(max_examples=3)
@given(SEEDS)
def test_names_of_states_and_levels_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=3, invalid=True)
    table = np.where(model.valid_actions, rng.random(model.valid_actions.shape), 0.0)
    table /= table.sum(axis=1, keepdims=True)
    states = rng.permutation(model.n_states)
    other = permuted(model, states, rng.permutation(3))
    first, second = MaxMargin().fit([behave(model, table)]), MaxMargin().fit([behave(other, table[states])])
    assert np.allclose(first.vector, second.vector, atol=1e-6)
    assert dict(first.status) == dict(second.status)


def test_the_contract_of_estimators_is_kept():  # with default settings, with every other method's
    check_estimator(MaxMargin(greedy=False, coverage="all"))


# --- what is known of each weight -------------------------------------------------------------------------------------


def test_door_and_red_are_told_apart_only_by_the_shift():
    train = behave(TRAIN, ALWAYS_LEFT)
    alone = MaxMargin().fit([train])
    assert alone.status["touch:red"] == UNIDENTIFIED
    assert alone.weights["touch:door"] + alone.weights["touch:red"] > alone.weights["touch:ball"]
    red = MaxMargin().fit([train, behave(SHIFT, ALWAYS_RIGHT, "shift")])
    assert red.status["touch:red"] == IDENTIFIED
    assert red.weights["touch:red"] > 0
    door = MaxMargin().fit([train, behave(SHIFT, ALWAYS_LEFT, "shift")])
    assert door.status["touch:door"] == IDENTIFIED
    assert door.status["touch:red"] != IDENTIFIED


def test_what_is_passed_by_is_bounded_by_what_is_chosen():
    estimate = MaxMargin().fit([behave(SHIFT, ALWAYS_LEFT)])
    assert estimate.status["touch:ball"] in (BOUNDED, UNIDENTIFIED)
    assert estimate.status["step"] == HELD
    assert estimate.weights["step"] == 0.0
    assert "step held at 0" in estimate.identifiability.selector
    assert "touch:door over decisive rewards" in estimate.provenance
    assert "step over decisive rewards" not in estimate.provenance
    for name, upper in estimate.upper.items():
        assert estimate.status[name] == BOUNDED
        assert estimate.weights[name] <= upper < 1


def test_the_set_itself_is_at_hand():
    agents = [behave(TRAIN, ALWAYS_LEFT), behave(SHIFT, ALWAYS_RIGHT, "shift")]
    feasible = MaxMargin().set_of(agents)
    assert feasible.excludes({"touch:red": 1.0})
    assert not feasible.excludes({"touch:ball": 1.0})
    assert feasible.contains(MaxMargin().fit(agents).vector)


def test_zero_is_reported_to_be_in_every_set():
    told = check(MaxMargin().fit([behave(TRAIN, ALWAYS_LEFT)]), "zero reward")
    assert told.passed
    assert told.message.startswith("R = 0 is in the set, as it always is; the greatest margin of another reward is 0.")


# --- policies that no reward explains ---------------------------------------------------------------------------------


def test_a_random_walk_is_explained_by_zero_alone():
    estimate = MaxMargin().fit([behave(TRAIN, TRAIN.uniform)])
    assert np.allclose(estimate.vector, 0.0)
    told = check(estimate, "zero reward")
    assert told.required
    assert not told.passed
    assert "no other makes the choices strictly better" in told.message
    assert {s for n, s in estimate.status.items() if n != "step"} == {UNIDENTIFIED}
    assert not check(estimate, "exceptions").passed
    assert check(estimate, "greedy").value == pytest.approx(0.0)  # every action is as probable as the most probable


def test_a_policy_without_sense_leaves_out_more_than_it_may(rng):
    model = random_model(rng, n_states=30, n_levels=3)
    estimate = MaxMargin().fit([behave(model, np.eye(3)[rng.integers(3, size=90)])])
    told = check(estimate, "exceptions")
    assert not told.passed
    assert told.value > 0.2
    assert "(limit 0.05): the policy is not greedy for any such reward" in told.message


def test_a_few_blunders_are_left_out_and_stated(rng):
    model, weights = random_model(rng, n_states=30, n_levels=3), rng.normal(size=4)
    policy = planner(model, weights).policy
    policy[rng.choice(90, 2, replace=False)] = np.eye(3)[rng.integers(3, size=2)]
    estimate = MaxMargin().fit([behave(model, policy)])
    told = check(estimate, "exceptions")
    assert told.passed
    assert 0 < told.value < 0.05
    assert "of all decisions go against the answer (slack at a price of " in told.message
    assert cosine(estimate.vector, weights) > 0.98


def test_how_much_is_not_the_most_probable_action_is_measured():
    noisy = behave(TRAIN, 0.8 * ALWAYS_LEFT + 0.2 * TRAIN.uniform)
    told = check(MaxMargin().fit([noisy]), "greedy")
    assert told.value == pytest.approx(0.1)
    assert told.message.startswith("0.1 of all actions are not the most probable one, and count as if they were (limit")
    assert "count as if" not in check(MaxMargin(greedy=False).fit([noisy]), "greedy").message
    estimate = MaxMargin().fit([noisy])
    assert estimate.nuisance["eps"] == pytest.approx(0.2, abs=1e-3)
    assert estimate.log_likelihood == pytest.approx(0.9 * np.log(0.9) + 0.1 * np.log(0.1), abs=1e-6)
    assert np.allclose(MaxMargin().predict(estimate, TRAIN)[~TRAIN.terminal], noisy.policy[~TRAIN.terminal], atol=1e-3)


# --- rewards by state -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["state", "state-action"])
def test_a_table_makes_the_policy_optimal_too(kind, tmp_path):
    model = gridworld(3)
    agent = planner(model, np.array([1.0, 0.0]))
    estimate = MaxMargin(reward=kind, coverage="all").fit([agent])
    assert estimate.weights == {}
    reward = estimate.on(model)
    own = PolicyChain(model, agent.policy).policy_values(reward)
    assert np.abs((hard_plan(model, reward).values - own)[~model.terminal]).max() < 1e-8
    if kind == "state":
        table = estimate.table[~model.terminal]
        assert (table == table[:, :1]).all()
    assert estimate.identifiability.nullity > 0
    with pytest.raises(BirlError, match="belongs to one model"):
        MaxMargin(reward=kind).fit([agent, replace(agent, distribution="b")])


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reward": "linear"}, "unknown reward 'linear'"),
        ({"coverage": "most"}, "unknown coverage 'most'"),
        ({"price": 1.0}, r"max-margin: price 1: at 1 exceptions are free, give 1\.25 or more"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, said):
    with pytest.raises(BirlError, match=said):
        MaxMargin(**options)


def test_episodes_are_enough_where_a_policy_cannot_be_asked():
    counted = replace(behave(corridor(), np.tile([0.0, 1.0], (5, 1))), policy_known=False)
    assert MaxMargin().fit([counted]).weights["goal"] > 0
