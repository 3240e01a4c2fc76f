"""Planted Boltzmann agents come back with their share of random actions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import birl
from birl.behavior import observe
from birl.irl import BOUNDED, IDENTIFIED, UNIDENTIFIED, Boltzmann, MaxCausalEntropy
from birl.irl.base import HELD
from birl.irl.boltzmann import FARTHEST, WIDTH
from birl.irl.boltzmann_likelihood import BoltzmannLikelihood
from birl.stats import level_weights
from birl.types import BirlError
from tests.behaviors import behave, boltzmann_agent, permuted, soft_agent
from tests.orchard import FRUIT, gardener, orchard
from tests.orchard import RED as ORCHARD_RED
from tests.worlds import EVENTS, corridor, random_model, two_ends

EXACT = Boltzmann(prior=0.0, tolerance=1e-10, max_steps=200)
SEEDS = st.integers(0, 10_000)
TRAIN = two_ends(("touch:door", "touch:red"), ("touch:ball",))
SHIFT = two_ends(("touch:door",), ("touch:ball", "touch:red"))


def weights(**events):
    return np.array([float(events.get(name.removeprefix("touch:"), 0.0)) for name in EVENTS])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("eps", [0.02, 0.3])
def test_planted_weights_and_noise_come_back_where_features_are_independent(seed, eps):
    rng = np.random.default_rng(seed)
    model, truth = random_model(rng, n_levels=2), 2 * rng.normal(size=4)
    estimate = EXACT.fit([boltzmann_agent(model, truth, eps)])
    assert np.allclose(estimate.vector, truth, atol=1e-5)
    assert estimate.nuisance["eps"] == pytest.approx(eps, abs=1e-5)
    assert np.allclose(EXACT.predict(estimate, model), boltzmann_agent(model, truth, eps).policy, atol=1e-6)


def test_it_explains_its_own_kind_better_than_mce_and_the_other_way_round(rng):
    model, truth = random_model(rng, n_levels=2), 3 * rng.normal(size=4)
    hard, soft = boltzmann_agent(model, truth, 0.1), soft_agent(model, truth)
    mce = MaxCausalEntropy(prior=0.0)
    assert EXACT.fit([hard]).log_likelihood > mce.fit([hard]).log_likelihood
    assert mce.fit([soft]).log_likelihood > EXACT.fit([soft]).log_likelihood


def test_for_its_own_kind_there_is_no_uncertainty_over_levels(rng):
    estimate = EXACT.fit([boltzmann_agent(random_model(rng, n_levels=5), rng.normal(size=4), 0.1)])
    assert np.abs(estimate.covariance).max() < 1e-15


def test_a_step_that_shaping_makes_redundant_is_held_at_0():
    agent = boltzmann_agent(corridor(), np.array([5.0, -0.2]), 0.05)
    estimate = Boltzmann(prior=0.0).fit([agent])
    assert estimate.weights["step"] == 0.0
    assert estimate.status["step"] == HELD


def test_training_cannot_tell_door_from_red_and_shift_can():
    train, shift = (boltzmann_agent(m, weights(door=20), 0.05, n) for m, n in ((TRAIN, "train"), (SHIFT, "shift")))
    alone, together = Boltzmann().fit([train]), Boltzmann().fit([train, shift])
    assert alone.status["touch:door"] == UNIDENTIFIED
    assert together.status["touch:door"] == IDENTIFIED
    assert together.status["touch:ball"] == BOUNDED
    assert together.weights["touch:door"] > 10 * abs(together.weights["touch:ball"])


def test_a_candidate_is_a_start_and_never_a_constraint(rng):
    model, truth = random_model(rng), 2 * rng.normal(size=4)
    agent = boltzmann_agent(model, truth, 0.1)
    wrong = {"wrong": dict(zip(model.feature_names, -truth, strict=True)), "array": np.zeros(18)}
    assert np.allclose(EXACT.fit([agent], candidates=wrong).vector, truth, atol=1e-5)


def test_an_earlier_fit_is_gone_on_from(rng):
    model, truth = random_model(rng), 2 * rng.normal(size=4)
    agent = boltzmann_agent(model, truth, 0.1)
    assert np.allclose(EXACT.fit([agent], start=1.1 * truth).vector, truth, atol=1e-5)


@settings(max_examples=5)
@given(SEEDS)
def test_renaming_states_and_levels_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=3, n_states=4)
    truth, noise = rng.normal(size=4), rng.dirichlet(np.ones(3), size=model.n_states)
    policy = 0.9 * boltzmann_agent(model, truth, 0.1).policy + 0.1 * noise
    states, levels = rng.permutation(model.n_states), rng.permutation(3)
    one = EXACT.fit([behave(model, policy)])
    other = EXACT.fit([behave(permuted(model, states, levels), policy[states])])
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-6)
    assert np.allclose(one.vector, other.vector, rtol=1e-3, atol=1e-3)


def failed(estimate):
    return {check.name for check in estimate.checks if not check.passed}


def test_a_greedy_policy_is_flagged(rng):
    agent = boltzmann_agent(random_model(rng), rng.normal(size=4), 0.1, deterministic=True)
    assert "cardinal information" in failed(Boltzmann().fit([agent]))


def test_a_fit_that_ran_out_of_steps_says_so(rng):
    agent = boltzmann_agent(random_model(rng), 3 * rng.normal(size=4), 0.1)
    assert "converged" in failed(replace(EXACT, max_steps=1).fit([agent], start=np.zeros(4)))


def test_no_behaviour_is_refused():
    with pytest.raises(BirlError, match="no behaviour to fit"):
        EXACT.fit([])


def test_no_draw_goes_where_the_resampled_levels_would_not():
    """Of a greedy policy with little noise some Newton steps on resampled levels are ten times the weights."""
    task = orchard(levels=12)
    seen = [observe(gardener(task, ORCHARD_RED), d) for d in task.distributions]
    method = Boltzmann()
    estimate = method.fit(seen, candidates={"base": FRUIT, "red": ORCHARD_RED})
    picks = {b.distribution: level_weights(12, 40, rng=np.random.default_rng(0)) for b in seen}
    draws, point = method.redraw(estimate, seen, picks), estimate.simplest
    size, steps = np.abs(point).max(), np.abs(draws - point).max(axis=1)
    assert np.abs(estimate.redraw(picks) - point).max() > FARTHEST * size  # there is something to hold back
    assert steps.max() <= FARTHEST * size * (1 + 1e-9)
    assert (steps > 0).any()
    for d in np.flatnonzero(steps > WIDTH * size):
        likelihood = [
            picks[b.distribution][d] @ (b.model.per_level(b.occupancy) * b.log_likelihood(method.predict(e, b.model)))
            for e in (replace(estimate, weights=dict(zip(estimate.weights, draws[d], strict=True))), estimate)
            for b in seen
        ]
        assert sum(likelihood[:2]) >= sum(likelihood[2:]) - 1e-6


def test_of_several_hills_the_highest_is_found():
    # a mixed agent: a hill with the base alone begins higher than the one with red beside it ends lower
    task = birl.load_task("red-door", levels=80).block(1, 40)
    policy = birl.zoo.agent("red-door-ppo-rho1-s0").policy(task)
    seen = [birl.observe(policy, task.distribution(name)) for name in ("train", "blue-door", "half-red")]
    candidates = {"base": task.base, **task.candidates}
    reached = Boltzmann().fit(seen, candidates=candidates)
    likelihood = BoltzmannLikelihood(seen)
    for direction in (["base"], ["red"], ["base", "red"]):
        start = np.sum([[candidates[d].get(n, 0.0) for n in reached.feature_names] for d in direction], axis=0)
        other = Boltzmann().fit(seen, start=100 * start)
        assert likelihood.at(reached.theta).value > likelihood.at(other.theta).value - 0.02
