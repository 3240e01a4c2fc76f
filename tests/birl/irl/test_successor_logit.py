"""Planted weights come back from branching alone, with the noise of rollouts told apart."""

from __future__ import annotations

from dataclasses import replace

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.irl import BOUNDED, IDENTIFIED, UNIDENTIFIED, SuccessorLogit
from birl.irl.base import HELD
from birl.irl.branching import branches
from birl.irl.successor_fit import SuccessorLikelihood, instrumented
from birl.policy.box import GaussianPolicy, Moments
from birl.sampled import as_sampled
from birl.simulator import Actions, Step
from birl.testing import check_estimator
from birl.types import BirlError
from tests.behaviors import behave, permuted, relative_error, slope, soft_agent
from tests.slide import Slide, slider
from tests.worlds import corridor, random_model, two_ends

EXACT = SuccessorLogit(prior=0.0, tolerance=1e-11)
SEEDS = st.integers(0, 10_000)


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def check(estimate, name):
    return next(c for c in estimate.checks if c.name == name)


def test_the_contract_is_kept():
    check_estimator(SuccessorLogit(states=16, episodes=12))


@given(SEEDS)
def test_exact_successor_features_give_the_planted_weights(seed):
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_levels=2, invalid=True), rng.normal(size=4)
    estimate = EXACT.fit([soft_agent(model, weights)])
    assert np.allclose(estimate.vector / weights, 1.0, atol=1e-6)
    assert check(estimate, "explained").value == pytest.approx(1.0, abs=1e-9)
    assert all(c.passed for c in estimate.checks)
    assert np.abs(estimate.covariance).max() < 1e-12


def test_the_temperature_is_in_the_scale(rng):
    model, weights = random_model(rng, n_states=20), rng.normal(size=4)
    assert np.allclose(EXACT.fit([soft_agent(model, 3.0 * weights)]).vector, 3.0 * weights, atol=1e-6)


def world(seed):
    """The 20 states of the noise study, which start anywhere."""
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_states=20, n_actions=4, terminal=False), rng.normal(size=4)
    return soft_agent(model, weights, time_limit=44), weights, rng


@pytest.mark.parametrize(("rollouts", "least"), [(10, 0.98), (100, 0.995)])
def test_more_rollouts_come_closer(rollouts, least):
    # ten worlds: 10, 100, 1,000 rollouts have median .997, .99996, .99997, in twenty seconds at most
    for seed in range(2):
        agent, weights, rng = world(seed)
        estimate = SuccessorLogit(states=60, rollouts=rollouts).fit([as_sampled(agent)], rng=rng)
        assert cosine(estimate.vector, weights) > least


def test_the_instrument_takes_attenuation_away():
    plain, split = [], []
    for seed in range(6):
        agent, weights, rng = world(seed)
        method = SuccessorLogit(states=200, rollouts=4)
        seen = branches([as_sampled(agent)], method, method.budget, rng=rng)
        pooled = replace(
            seen, psi=np.tile(seen.psi.mean(axis=0), (2, 1, 1, 1)), later=np.tile(seen.later.mean(0), (2, 1, 1))
        )
        length = lambda theta, w=weights: float(theta @ w / (w @ w))  # noqa: E731
        plain.append(length(instrumented(pooled).theta))
        split.append(length(instrumented(seen).theta))
    assert np.mean(plain) < 0.9  # noise in psi pulls its weights towards 0
    assert abs(np.mean(split) - 1.0) < 0.06  # six worlds at a standard error of .02
    assert abs(np.mean(split) - 1.0) < abs(np.mean(plain) - 1.0) / 2


def test_intervals_of_sampled_weights_hold_the_truth():
    held = []
    for seed in range(6):
        agent, weights, rng = world(seed)
        estimate = SuccessorLogit(states=100, rollouts=6).fit([as_sampled(agent)], rng=rng)
        held += [i.low <= w <= i.high for w, i in zip(weights, estimate.intervals.values(), strict=False)]
    assert np.mean(held) > 0.75  # 24 or so intervals of 95 %, clustered by 32 episodes


@given(SEEDS)
def test_the_gradient_is_the_slope_of_the_likelihood(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    seen = branches([behave(model, _table(model, rng))], EXACT, EXACT.budget, rng=None)
    likelihood, theta = SuccessorLikelihood(seen), rng.normal(size=4)
    point = likelihood.at(theta)
    assert relative_error(slope(lambda t: likelihood.at(t).value, theta), point.gradient) < 1e-7
    assert relative_error(-slope(lambda t: likelihood.at(t).gradient, theta), point.curvature) < 1e-7
    assert np.allclose(point.scores.sum(axis=0), point.gradient)


def _table(model, rng):
    table = np.where(model.valid_actions, rng.dirichlet(np.ones(model.n_actions), size=model.n_states), 0.0)
    return table / table.sum(axis=1, keepdims=True)


@hypothesis.settings(max_examples=10)
@given(SEEDS)
def test_renaming_states_and_levels_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=3, n_states=4)
    policy = _table(model, rng)
    states, levels = rng.permutation(model.n_states), rng.permutation(3)
    one = EXACT.fit([behave(model, policy)])
    other = EXACT.fit([behave(permuted(model, states, levels), policy[states])])
    assert np.allclose(one.vector, other.vector, atol=1e-6)
    assert np.allclose(one.covariance, other.covariance, rtol=1e-4, atol=1e-8)


# --- actions that are vectors -----------------------------------------------------------------------------------------


class Regulator(Slide):
    """x goes to .9 x + u; x^2 and u^2 cost. The soft-optimal policy is Gaussian, and known by a Riccati equation."""

    feature_names = ("off", "push")
    actions = Actions(low=np.array([-3.0]), high=np.array([3.0]))

    def step(self, places, actions, rng):
        push = np.asarray(actions, float).reshape(-1)
        features = np.stack([-(places.states**2), -(push**2)], axis=1)
        return Step(places=self._at(0.9 * places.states + push, places.terminal), features=features)


@pytest.mark.parametrize("wider", [1.0, 2.0])
def test_a_gaussian_regulator_gives_its_costs_back_and_a_wider_one_is_hotter(rng, wider):
    off, push, g, price = 2.0, 4.0, 0.9, 0.0
    for _ in range(500):  # V(x) = -price x^2 + constant
        price = off + 0.81 * g * price - (0.9 * g * price) ** 2 / (push + g * price)
    gain, std = 0.9 * g * price / (push + g * price), wider * (2 * (push + g * price)) ** -0.5
    moments = lambda seen: Moments(mean=-gain * seen, std=np.full(seen.shape, std))  # noqa: E731
    policy = GaussianPolicy(moments, Regulator.actions.low, Regulator.actions.high)
    agent = slider(policy)
    agent = replace(agent, simulator=Regulator(), feature_names=Regulator.feature_names, actions=Regulator.actions)
    estimate = SuccessorLogit(tail=0.01).fit([agent], rng=rng)
    assert estimate.vector * wider**2 == pytest.approx([off, push], rel=1e-4)
    assert check(estimate, "explained").value == pytest.approx(1.0, abs=1e-6)
    assert estimate.log_likelihood is None  # only some of the vectors were tried


# --- what is said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", [False, True])
def test_a_policy_that_is_not_soft_optimal_is_flagged(rng, sample):
    model = random_model(rng, n_states=20)
    agent = behave(model, rng.dirichlet(np.ones(3), size=20), time_limit=60)
    estimate = SuccessorLogit(states=100, rollouts=20).fit([as_sampled(agent) if sample else agent], rng=rng)
    found = check(estimate, "explained")
    assert not found.passed
    assert found.value < 0.9
    assert "not soft-optimal for these features" in found.message


def test_a_random_walk_wants_nothing_and_there_is_nothing_to_explain(rng):
    model = random_model(rng)
    for agent in (behave(model, model.uniform), as_sampled(behave(model, model.uniform, time_limit=30))):
        estimate = SuccessorLogit(rollouts=20).fit([agent], rng=rng)
        assert np.abs(estimate.vector).max() < 1e-6
        assert "nothing to explain" in check(estimate, "explained").message


def test_a_greedy_policy_is_sent_to_the_ordinal_method(rng):
    agent = soft_agent(random_model(rng), rng.normal(size=4), deterministic=True)
    assert "use successor-margin" in check(SuccessorLogit(prior=0.1).fit([agent]), "cardinal information").message


def test_too_few_rollouts_are_said_to_be_too_few(rng):
    model = random_model(rng, n_states=20, terminal=False)
    agent = soft_agent(model, 0.02 * rng.normal(size=4), time_limit=60)
    estimate = SuccessorLogit(states=4, episodes=2, rollouts=2).fit([as_sampled(agent)], rng=rng)
    found = check(estimate, "noise")
    assert not found.passed
    assert "give more rollouts" in found.message
    assert UNIDENTIFIED in estimate.status.values()


@pytest.mark.parametrize("sample", [False, True])
def test_two_copies_of_a_feature_are_not_told_apart(rng, sample):
    model = random_model(rng, n_states=10, n_features=2).with_features(
        ["a", "b", "b again"], np.eye(3)[[0, 1], :] + np.eye(3)[[2, 2], :] * [[0], [1]]
    )
    agent = soft_agent(model, np.array([1.0, 0.5, 0.5]), time_limit=40)
    estimate = EXACT.fit([agent]) if not sample else SuccessorLogit(rollouts=40).fit([as_sampled(agent)], rng=rng)
    assert estimate.identifiability.nullity == 1
    assert estimate.status["b"] == estimate.status["b again"] == UNIDENTIFIED
    assert estimate.weights["b"] == pytest.approx(estimate.weights["b again"], abs=1e-6)


def test_an_avoided_event_is_a_bound_and_a_redundant_step_is_held():
    agents = [
        soft_agent(two_ends(left, right), {"touch:door": 6.0}, name)
        for name, left, right in (
            ("train", ("touch:door", "touch:red"), ("touch:ball",)),
            ("shift", ("touch:door",), ("touch:ball", "touch:red")),
        )
    ]
    estimate = SuccessorLogit().fit(agents)
    assert estimate.status["touch:ball"] == BOUNDED
    assert estimate.status["touch:door"] == IDENTIFIED
    assert SuccessorLogit().fit([soft_agent(corridor(), {"goal": 2.0})]).status["step"] == HELD


def test_the_estimate_predicts_the_policy_in_another_world(rng):
    weights = rng.normal(size=4)
    other = soft_agent(random_model(rng), weights)
    estimate = EXACT.fit([soft_agent(random_model(rng), weights)])
    assert np.allclose(EXACT.predict(estimate, other.model), other.policy, atol=1e-6)


def test_exact_and_sampled_distributions_are_fitted_together(rng):
    weights = rng.normal(size=4)
    one = soft_agent(random_model(rng, n_levels=4), weights, time_limit=40)
    two = soft_agent(random_model(rng, n_levels=4), weights, "other", time_limit=40)
    estimate = SuccessorLogit(states=100, rollouts=20).fit([one, as_sampled(two)], rng=rng)
    assert estimate.distributions == ("train", "other")
    assert cosine(estimate.vector, weights) > 0.98


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rollouts": 3}, "rollouts 3: give an even number"),
        ({"states": 1}, "at least 2 states"),
        ({"tail": 1.0}, "tail 1.0 is outside"),
        ({"prior": -1.0}, "prior at least 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(BirlError, match=message):
        SuccessorLogit(**settings)
