"""The closed form: what was planted comes back, and what cannot be told is refused or said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.irl import InverseBellman, MaxCausalEntropy, RewardEstimate
from birl.irl.base import HELD
from birl.tabular import hard_plan, soft_plan
from birl.testing import check_estimator
from birl.types import BirlError
from tests.behaviors import behave, boltzmann_agent, permuted, relative_error, soft_agent
from tests.worlds import corridor, random_model, two_ends

SEEDS = st.integers(0, 10_000)


def check(estimate, name):
    return next(c for c in estimate.checks if c.name == name)


def dynamics(rng, count=2):
    """Models that are matched state by state and differ in their dynamics; nothing ends."""
    return [random_model(rng, n_states=10, terminal=False) for _ in range(count)]


def adapted(models, reward):
    """A soft-optimal agent that re-optimises in each."""
    return [
        behave(m, soft_plan(m, reward, tolerance=1e-14).policy, f"d{i}", shift="dynamics") for i, m in enumerate(models)
    ]


# --- linear in features -----------------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(SEEDS, st.sampled_from(["visited", "all"]))
def test_planted_weights_come_back(seed, coverage):
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_levels=2, invalid=True), rng.normal(size=4)
    estimate = InverseBellman(coverage=coverage).fit([soft_agent(model, weights)])
    assert np.allclose(estimate.vector, weights, atol=1e-7)
    assert estimate.identifiability.nullity == 0
    assert check(estimate, "Bellman equation").value == pytest.approx(1.0)


def test_weights_of_a_boltzmann_policy_come_back(rng):
    model, weights = random_model(rng, n_levels=2, invalid=True), rng.normal(size=4)
    agent = boltzmann_agent(model, weights, eps=0.0)
    method = InverseBellman(rationality="boltzmann")
    estimate = method.fit([agent])
    assert np.allclose(estimate.vector, weights, atol=1e-9)
    assert np.allclose(method.predict(estimate, model)[~model.terminal], agent.policy[~model.terminal], atol=1e-9)
    assert estimate.log_likelihood == pytest.approx(float(model.level_starts @ agent.log_likelihood(agent.policy)))
    soft = InverseBellman().fit([agent])
    assert check(soft, "Bellman equation").value < 1 - 1e-4  # it is not soft-optimal, and the equation notices


def test_the_temperature_is_the_scale_of_the_reward(rng):
    model, weights = random_model(rng), rng.normal(size=4)
    warm = InverseBellman(temperature=3.0)
    estimate = warm.fit([soft_agent(model, weights)])
    assert np.allclose(estimate.vector, 3 * weights, atol=1e-7)
    assert np.allclose(warm.predict(estimate, model), soft_agent(model, weights).policy, atol=1e-8)


def test_several_distributions_are_tied_through_their_features(rng):
    weights = rng.normal(size=4)
    agents = [soft_agent(random_model(rng), weights, name) for name in ("train", "shift")]
    estimate = InverseBellman().fit(agents)
    assert estimate.distributions == ("train", "shift")
    assert np.allclose(estimate.vector, weights, atol=1e-7)


def test_near_soft_optimal_it_agrees_with_maximum_causal_entropy(rng):
    # weighed as the policy visits and acts, squared errors are the second-order likelihood: an error of 10 % in pi
    # moves both estimates and hardly parts them; weighing everything alike does not keep that
    model, weights = random_model(rng, n_states=20, n_levels=4), rng.normal(size=4)
    policy = soft_agent(model, weights).policy * np.exp(0.1 * rng.normal(size=(80, 3)))
    agent = behave(model, policy / policy.sum(axis=1, keepdims=True))
    likeliest = MaxCausalEntropy(prior=0.0, tolerance=1e-10).fit([agent]).vector
    visited, alike = (InverseBellman(coverage=c).fit([agent]).vector for c in ("visited", "all"))
    assert relative_error(visited, likeliest) < 5e-3
    assert relative_error(alike, likeliest) > 2 * relative_error(visited, likeliest)
    assert relative_error(weights, likeliest) > 2 * relative_error(visited, likeliest)


def test_covariance_is_over_levels_and_none_for_a_soft_optimal_policy(rng):
    model, weights = random_model(rng, n_levels=8), rng.normal(size=4)
    exact = InverseBellman().fit([soft_agent(model, weights)])
    assert np.abs(exact.covariance).max() < 1e-12
    noisy = InverseBellman().fit([behave(model, rng.dirichlet(np.ones(3), size=model.n_states))])
    assert (np.diag(noisy.covariance) > 1e-6).all()
    assert set(noisy.intervals) == {n for n, s in noisy.status.items() if s in ("identified", "upper bound")}
    weights_by_level = {"train": rng.multinomial(8, np.full(8, 1 / 8), size=400).astype(float)}
    spread = noisy.redraw(weights_by_level).std(axis=0)
    known = [i for i, s in enumerate(noisy.status.values()) if s == "identified"]
    ratio = spread[known] / np.sqrt(np.diag(noisy.covariance))[known]
    assert ((ratio > 0.75) & (ratio < 1.25)).all()  # 400 draws of 8 levels: within a fifth of sqrt(7 / 8)


def test_a_redundant_step_is_held_at_0():
    agent = soft_agent(corridor(), {"goal": 2.0, "step": -0.5})
    estimate = InverseBellman().fit([agent])
    assert estimate.status["step"] == HELD
    assert estimate.weights["step"] == 0.0
    assert np.allclose(InverseBellman().predict(estimate, agent.model), agent.policy, atol=1e-8)


def test_a_policy_that_its_features_do_not_explain_fails_the_bellman_equation(rng):
    model = random_model(rng, n_states=30)
    estimate = InverseBellman().fit([behave(model, rng.dirichlet(np.ones(3), size=30))])
    told = check(estimate, "Bellman equation")
    assert not told.passed
    assert "the features account for 0." in told.message


@settings(max_examples=5)
@given(SEEDS)
def test_names_of_states_and_levels_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=3, invalid=True)
    table = np.where(model.valid_actions, rng.random(model.valid_actions.shape), 0.0)
    table /= table.sum(axis=1, keepdims=True)
    states = rng.permutation(model.n_states)
    other = permuted(model, states, rng.permutation(3))
    first = InverseBellman().fit([behave(model, table)]).vector
    assert np.allclose(InverseBellman().fit([behave(other, table[states])]).vector, first, atol=1e-9)


def test_the_contract_of_estimators_is_kept():  # with default settings, with every other method's
    check_estimator(InverseBellman(rationality="boltzmann", coverage="all"))


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("selector", ["habit", "mean-zero", "anchor:0"])
def test_a_table_explains_the_policy_it_was_read_off(rng, selector):
    model = random_model(rng, invalid=True)
    agent = soft_agent(model, rng.normal(size=4))
    method = InverseBellman(selector=selector)
    estimate = method.fit([agent])
    assert estimate.weights == {}
    assert estimate.table.shape == agent.policy.shape
    assert estimate.identifiability.selector == selector
    assert estimate.identifiability.nullity == 5
    assert estimate.identifiability.rank == int(model.live.sum()) - 5
    live = ~model.terminal
    assert np.allclose(method.predict(estimate, model)[live], agent.policy[live], atol=1e-9)
    assert estimate.log_likelihood == pytest.approx(float(model.level_starts @ agent.log_likelihood(agent.policy)))


def test_a_table_is_saved_and_comes_back(rng, tmp_path):
    agent = soft_agent(random_model(rng), rng.normal(size=4))
    estimate = InverseBellman(selector="mean-zero").fit([agent])
    estimate.save(tmp_path / "estimate.npz")
    again = RewardEstimate.load(tmp_path / "estimate.npz")
    assert np.array_equal(again.table, estimate.table)
    assert again.checks == estimate.checks
    assert np.array_equal(again.on(agent.model), estimate.on(agent.model))


def test_the_table_nearest_to_a_candidate_says_how_near(rng):
    model, weights = random_model(rng), rng.normal(size=4)
    agent = soft_agent(model, weights)
    candidates = {"base": 0.5 * model.features @ weights, "other": {"f0": 1.0}}
    near = InverseBellman(selector="closest-to:base").fit([agent], candidates=candidates)
    assert near.nuisance["gap"] == pytest.approx(0.0, abs=1e-8)
    assert near.nuisance["scale"] == pytest.approx(2.0)
    far = InverseBellman(selector="closest-to:other").fit([agent], candidates=candidates)
    assert far.nuisance["gap"] > 0.3
    with pytest.raises(BirlError, match="unknown candidate 'bas': did you mean base"):
        InverseBellman(selector="closest-to:bas").fit([agent], candidates=candidates)


def test_a_table_by_state_alone_is_flagged_where_the_reward_needs_actions(rng):
    model = random_model(rng, n_states=20, terminal=False)
    by_state = np.repeat(rng.normal(size=20), 3)
    fits = InverseBellman(selector="state-only").fit([behave(model, soft_plan(model, by_state).policy)])
    assert check(fits, "Bellman equation").passed
    assert fits.identifiability.nullity == 1
    assert fits.identifiability.rank == 19
    misfits = InverseBellman(selector="state-only").fit([soft_agent(model, rng.normal(size=4))])
    assert not check(misfits, "Bellman equation").passed


# --- several contexts -------------------------------------------------------------------------------------------------


def test_two_contexts_give_the_reward_but_for_a_constant(rng):
    truth = rng.normal(size=30)
    estimate = InverseBellman(selector="habit").fit(adapted(dynamics(rng), truth))
    assert np.ptp(estimate.table.ravel() - truth) < 1e-8
    assert (estimate.identifiability.rank, estimate.identifiability.nullity) == (29, 1)
    told = check(estimate, "contexts")
    assert told.passed
    assert "rank 19 of 20 potentials, second smallest principal angle" in told.message
    assert check(estimate, "adaptation").passed


def test_a_frozen_policy_is_refused_a_table(rng):
    models = dynamics(rng)
    policy = soft_plan(models[0], rng.normal(size=30)).policy
    frozen = [behave(m, policy, f"d{i}", shift="dynamics") for i, m in enumerate(models)]
    with pytest.raises(BirlError, match="does not notice, so the second context identifies nothing: a joint table"):
        InverseBellman(selector="mean-zero").fit(frozen)
    tied = InverseBellman().fit(frozen)  # through features it is an ordinary fit, and the check is there to be read
    assert not check(tied, "adaptation").passed


def test_contexts_that_are_not_matched_are_refused_a_table(rng):
    agents = [soft_agent(random_model(rng), rng.normal(size=4), name) for name in ("train", "shift")]
    with pytest.raises(BirlError, match="not matched state by state"):
        InverseBellman(selector="mean-zero").fit(agents)


def test_contexts_that_are_named_a_pair_are_matched(rng):
    first, second = dynamics(rng)
    truth = rng.normal(size=30)
    agents = [
        behave(first, soft_plan(first, truth).policy),
        behave(second, soft_plan(second, truth).policy, "cue", shift="cue", pair="train"),
    ]
    estimate = InverseBellman(selector="habit").fit(agents)
    assert np.ptp(estimate.table.ravel() - truth) < 1e-6


# --- zero probabilities -----------------------------------------------------------------------------------------------


def test_for_a_greedy_policy_the_floor_sets_the_size_and_a_check_says_so(rng):
    model, weights = random_model(rng, n_states=20), rng.normal(size=4)
    agent = behave(model, hard_plan(model, model.features @ weights).greedy)
    estimate = InverseBellman(coverage="all").fit([agent])
    told = check(estimate, "zero probabilities")
    assert not told.passed
    assert told.value == pytest.approx(2 / 3)
    assert "38 of 57 probabilities are below 1e-12" in told.message
    assert "1.08 times as large (cosine 1.000)" in told.message  # 13 decades instead of 12
    assert not check(estimate, "cardinal information").passed


def test_a_table_with_zeros_is_flagged_too(rng):
    model = random_model(rng, n_states=20)
    agent = behave(model, hard_plan(model, model.features @ rng.normal(size=4)).greedy)
    told = check(InverseBellman(selector="mean-zero").fit([agent]), "zero probabilities")
    assert not told.passed
    assert "(cosine 1.000)" in told.message
    models = dynamics(rng)
    greedy = [
        behave(m, hard_plan(m, np.arange(30.0) % 7).greedy, f"d{i}", shift="dynamics") for i, m in enumerate(models)
    ]
    assert not check(InverseBellman(selector="habit").fit(greedy), "zero probabilities").passed


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("selector", ["feature", "anchor", "anchor:left", "closest-to", "habit:2", ""])
def test_selectors_that_mean_nothing_are_refused(selector):
    with pytest.raises(BirlError, match=r"inverse-bellman: selector .*: use one of features, habit, mean-zero"):
        InverseBellman(selector=selector)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rationality": "hard"}, "unknown rationality 'hard'"),
        ({"coverage": "most"}, "unknown coverage 'most'"),
        ({"temperature": 0.0}, "temperature must be above 0"),
        ({"floor": 0.0}, "the floor between 0 and 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, said):
    with pytest.raises(BirlError, match=said):
        InverseBellman(**options)


def test_behaviour_counted_from_episodes_is_refused():
    model = two_ends(("touch:door",), ("touch:ball",))
    counted = replace(behave(model, model.uniform), policy_known=False)
    with pytest.raises(BirlError, match="inverse-bellman needs policy"):
        InverseBellman().fit([counted])
