"""Planted soft-optimal weights come back, and what behaviour cannot say is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.irl import BOUNDED, UNIDENTIFIED, MaxCausalEntropy
from birl.irl.base import HELD
from birl.tabular import TabularModel, soft_plan_finite
from birl.types import BirlError
from tests.behaviors import behave, permuted, soft_agent, unrolled
from tests.worlds import corridor, random_model, two_ends

EXACT = MaxCausalEntropy(prior=0.0, tolerance=1e-10)
SEEDS = st.integers(0, 10_000)
TRAIN = two_ends(("touch:door", "touch:red"), ("touch:ball",))
SHIFT = two_ends(("touch:door",), ("touch:ball", "touch:red"))


@given(SEEDS)
def test_planted_weights_come_back_where_features_are_independent(seed):
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_levels=2, invalid=True), rng.normal(size=4)
    estimate = EXACT.fit([soft_agent(model, weights)])
    assert np.allclose(estimate.vector, weights, atol=1e-5)
    assert estimate.identifiability.nullity == 0


def test_one_reward_is_fitted_to_all_distributions_together(rng):
    weights = rng.normal(size=4)
    behaviors = [soft_agent(random_model(rng), weights, name) for name in ("train", "shift")]
    estimate = EXACT.fit(behaviors)
    assert estimate.distributions == ("train", "shift")
    assert np.allclose(estimate.vector, weights, atol=1e-5)


def one_hot(model: TabularModel) -> TabularModel:
    """Every state its own feature."""
    features = np.repeat(np.eye(model.n_states), model.n_actions, axis=0)
    return replace(model, features=features, feature_names=[f"s{i}" for i in range(model.n_states)])


def test_the_random_worlds_of_the_airl_paper_give_the_reward_back_up_to_a_constant(rng):
    # Fu, Luo & Levine 2018, section 7.1: 16 states, 4 actions, random transitions, reward 1 in one state
    model = one_hot(random_model(rng, n_states=16, n_actions=4, terminal=False))
    truth = np.eye(16)[rng.integers(16)]
    estimate = EXACT.fit([soft_agent(model, truth)])
    assert np.allclose(estimate.vector - estimate.vector.mean(), truth - truth.mean(), atol=1e-5)
    assert estimate.identifiability.nullity == 1
    (null,) = estimate.identifiability.null_directions
    assert np.allclose(np.abs(list(null.values())), 0.25)  # the constant, with norm 1
    assert all(check.passed for check in estimate.checks if check.name == "converged")


def test_a_finite_horizon_gives_the_reward_back_up_to_a_constant(rng):
    model = replace(one_hot(random_model(rng, n_states=5, terminal=False)), discount=1.0)
    truth = rng.normal(size=5)
    plan = soft_plan_finite(model, model.features @ truth, horizon=8)
    policy = np.concatenate([plan.policy, model.uniform[None]]).reshape(-1, 3)
    agent = behave(unrolled(model, 8), policy, time_limit=8)
    found = replace(EXACT, horizon=8, tolerance=1e-8).fit([agent]).vector
    assert np.allclose(found - found.mean(), truth - truth.mean(), atol=1e-5)


def test_for_a_soft_optimal_planner_there_is_no_uncertainty_over_levels(rng):
    estimate = EXACT.fit([soft_agent(random_model(rng, n_levels=5), rng.normal(size=4))])
    assert np.abs(estimate.covariance).max() < 1e-15
    assert all(i.high - i.low < 1e-6 for i in estimate.intervals.values())


def test_for_another_kind_of_agent_there_is(rng):
    model = random_model(rng, n_levels=5)
    estimate = EXACT.fit([behave(model, rng.dirichlet(np.ones(3), size=model.n_states))])
    assert (np.diag(estimate.covariance) > 1e-6).all()
    assert np.allclose(estimate.covariance, estimate.covariance.T)


def test_levels_weigh_the_same_however_often_episodes_start_in_them(rng):
    model = random_model(rng, n_levels=2, n_states=4)
    policy = rng.dirichlet(np.ones(3), size=model.n_states)
    often = np.where(model.level == 0, 9.0, 1.0) * model.start
    fit = lambda start, **o: replace(EXACT, **o).fit([behave(replace(model, start=start), policy)]).vector  # noqa: E731
    assert np.allclose(fit(often / often.sum()), fit(model.start), atol=1e-7)
    assert not np.allclose(
        fit(often / often.sum(), equal_levels=False), fit(model.start, equal_levels=False), atol=0.01
    )


# --- the step feature -------------------------------------------------------------------------------------------------


def test_time_is_neutral_at_weight_0():
    # one end is no event, so the price of time is a preference of its own
    model = two_ends((), ("touch:door",))
    for price in (0.0, -0.3):
        estimate = EXACT.fit([soft_agent(model, {"touch:door": 2.0, "step": price})])
        assert estimate.weights["step"] == pytest.approx(price, abs=1e-5)
        assert estimate.status["step"] == "identified"


def test_a_random_walk_wants_nothing():
    estimate = MaxCausalEntropy().fit([behave(TRAIN, TRAIN.uniform)])
    assert np.allclose(estimate.vector, 0.0)


@pytest.mark.parametrize("price", [0.0, -0.5, 0.2])
def test_a_step_that_shaping_makes_redundant_is_held_at_0_and_said_so(price):
    agent = soft_agent(corridor(), {"goal": 2.0, "step": price})
    estimate = EXACT.fit([agent])
    assert estimate.weights["step"] == 0.0
    assert estimate.status["step"] == HELD
    assert "step held at 0" in estimate.identifiability.selector
    assert "step" not in estimate.intervals
    assert np.allclose(EXACT.predict(estimate, agent.model), agent.policy, atol=1e-6)


def test_over_a_finite_horizon_no_step_is_held():
    estimate = replace(EXACT, horizon=9, tolerance=1e-6).fit([soft_agent(corridor(), {"goal": 1.0})])
    assert HELD not in estimate.status.values()


# --- what behaviour cannot say ----------------------------------------------------------------------------------------


def test_an_avoided_event_is_a_bound_and_an_absent_one_is_not_identified():
    estimate = MaxCausalEntropy().fit([soft_agent(TRAIN, {"touch:door": 8.0})])
    assert estimate.status["touch:ball"] == BOUNDED
    absent = two_ends(("touch:door",), ())
    assert MaxCausalEntropy().fit([soft_agent(absent, {"touch:door": 8.0})]).status["touch:ball"] == UNIDENTIFIED


def test_training_that_shows_only_red_doors_cannot_tell_door_from_red():
    estimate = MaxCausalEntropy().fit([soft_agent(TRAIN, {"touch:door": 4.0})])
    assert estimate.status["touch:door"] == estimate.status["touch:red"] == UNIDENTIFIED
    assert estimate.identifiability.nullity >= 1
    assert "touch:door" not in estimate.intervals


def test_training_and_shift_together_can():
    truth = {"touch:door": 3.0, "touch:red": 1.0}
    agents = [soft_agent(TRAIN, truth), soft_agent(SHIFT, truth, "blue-door")]
    estimate = EXACT.fit(agents)
    assert estimate.status["touch:door"] == estimate.status["touch:red"] == "identified"
    for agent in agents:
        assert np.allclose(EXACT.predict(estimate, agent.model), agent.policy, atol=1e-6)


def test_the_prior_prefers_0_among_equals(rng):
    doubled = random_model(rng).with_features(["f0", "f1", "f2", "f3", "unused"], np.eye(4, 5))
    estimate = MaxCausalEntropy(prior=0.01).fit([soft_agent(doubled, np.array([1.0, -1.0, 0.5, 0.0, 0.0]))])
    assert estimate.weights["unused"] == 0.0
    assert estimate.status["unused"] == UNIDENTIFIED


@given(SEEDS, st.floats(-2, 2))
def test_potential_shaping_within_the_features_leaves_the_predicted_policy_unchanged(seed, amount):
    rng = np.random.default_rng(seed)
    plain = random_model(rng, n_features=3)
    potential = np.where(plain.terminal, 0.0, rng.normal(size=plain.n_states))
    shaping = plain.discount * (plain.transitions @ potential) - np.repeat(potential, plain.n_actions)
    features = np.column_stack([plain.features.toarray(), np.where(plain.live, shaping, 0.0)])
    model = replace(plain, features=features, feature_names=["f0", "f1", "f2", "shaping"])
    weights = rng.normal(size=3)
    agent = soft_agent(model, np.append(weights, amount))
    estimate = EXACT.fit([agent])
    assert estimate.identifiability.nullity == 1
    assert estimate.status["shaping"] == UNIDENTIFIED
    assert np.allclose(EXACT.predict(estimate, model), agent.policy, atol=1e-6)
    assert np.allclose(estimate.vector[:3], weights, atol=1e-5)


@given(SEEDS)
def test_renaming_states_and_levels_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=3, n_states=4)
    policy = rng.dirichlet(np.ones(3), size=model.n_states)
    states, levels = rng.permutation(model.n_states), rng.permutation(3)
    one = EXACT.fit([behave(model, policy)])
    other = EXACT.fit([behave(permuted(model, states, levels), policy[states])])
    assert np.allclose(one.vector, other.vector, atol=1e-7)
    assert np.allclose(one.covariance, other.covariance, rtol=1e-5, atol=1e-10)
    assert one.log_likelihood == pytest.approx(other.log_likelihood)


# --- checks and settings ----------------------------------------------------------------------------------------------


def failed(estimate):
    return {check.name: check.message for check in estimate.checks if not check.passed}


def test_a_greedy_policy_is_flagged(rng):
    model = random_model(rng)
    agent = soft_agent(model, rng.normal(size=4), deterministic=True)
    assert (
        "only the order of its choices is known"
        in failed(MaxCausalEntropy(prior=0.1).fit([agent]))["cardinal information"]
    )


def test_a_fit_that_ran_out_of_steps_says_so(rng):
    agent = soft_agent(random_model(rng), 3 * rng.normal(size=4))
    message = failed(replace(EXACT, max_steps=1).fit([agent]))["converged"]
    assert "after 1 steps (limit 1e-10)" in message


def test_episodes_that_end_without_a_step_feature_are_flagged(rng):
    assert "add `step`" in failed(EXACT.fit([soft_agent(random_model(rng), np.ones(4))]))["step feature"]


def test_starting_elsewhere_ends_in_the_same_place(rng):
    agent = soft_agent(random_model(rng), rng.normal(size=4))
    assert np.allclose(EXACT.fit([agent], start=5 * np.ones(4)).vector, EXACT.fit([agent]).vector, atol=1e-6)


def test_thousands_of_features_do_without_a_hessian(rng):
    model = one_hot(random_model(rng, n_states=210, n_actions=2, terminal=False))
    agent = soft_agent(model, 20 * np.eye(210)[3])
    estimate = MaxCausalEntropy(prior=0.0, tolerance=1e-6).fit([agent])
    assert estimate.covariance is None
    assert estimate.scores is None
    assert estimate.identifiability.rank is None
    assert estimate.intervals == {}
    assert np.abs(EXACT.predict(estimate, model) - agent.policy).max() < 1e-3


@pytest.mark.parametrize("settings", [{"horizon": 0}, {"tolerance": 0.0}, {"prior": -1.0}])
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(BirlError, match="mce: "):
        MaxCausalEntropy(**settings)


def test_no_behaviour_and_mixed_tasks_are_refused(rng):
    with pytest.raises(BirlError, match="no behaviour to fit"):
        EXACT.fit([])
    mixed = [behave(TRAIN, TRAIN.uniform), soft_agent(random_model(rng), np.ones(4), "other")]
    with pytest.raises(BirlError, match="features of 'other' differ from 'train'"):
        EXACT.fit(mixed)
