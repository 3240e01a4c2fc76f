"""Exact derivatives away from the kinks of Q*."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from birl.irl.boltzmann_likelihood import BoltzmannLikelihood, boltzmann_policy
from birl.tabular import hard_plan
from tests.behaviors import behave, boltzmann_agent, relative_error, slope
from tests.worlds import random_model

AWAY = 1e-4  # steps of differences: small enough that no greedy action changes between them


@pytest.fixture
def model(rng):
    return random_model(rng, n_states=5, n_levels=2, invalid=True)


def test_the_gradient_is_the_slope_of_the_value(model, rng):
    table = model.uniform * rng.random(model.uniform.shape)
    likelihood = BoltzmannLikelihood([behave(model, table / table.sum(axis=1, keepdims=True))] * 2)
    theta = np.append(rng.normal(size=4), logit(0.1))
    found = slope(lambda w: likelihood.at(w).value, theta, AWAY)
    assert relative_error(found, likelihood.at(theta).gradient) < 1e-7


def test_the_information_is_the_curvature_where_the_model_is_true(model, rng):
    weights = rng.normal(size=4)
    likelihood = BoltzmannLikelihood([boltzmann_agent(model, weights, 0.1)])
    theta = np.append(weights, logit(0.1))
    point = likelihood.at(theta)
    assert np.abs(point.gradient).max() < 1e-9
    assert relative_error(-slope(lambda w: likelihood.at(w).gradient, theta, AWAY), point.curvature) < 1e-7


def test_a_warm_start_changes_nothing(model, rng):
    likelihood = BoltzmannLikelihood([behave(model, model.uniform)])
    theta = np.append(rng.normal(size=4), -2.0)
    near = likelihood.at(theta * 1.3)
    assert likelihood.at(theta, near).value == pytest.approx(likelihood.at(theta).value, rel=1e-12)


def test_scores_of_levels_add_up_to_the_gradient(model, rng):
    point = BoltzmannLikelihood([behave(model, model.uniform)]).at(np.append(rng.normal(size=4), -2.0))
    assert np.allclose(point.scores(0).sum(axis=0), point.gradient)


def test_the_curvature_is_the_hessian_where_that_leads_up_and_positive_everywhere(model, rng):
    weights = rng.normal(size=4)
    policy = boltzmann_agent(model, weights, 0.1).policy
    noise = rng.dirichlet(np.ones(3), size=model.n_states) * model.valid_actions
    noise /= noise.sum(axis=1, keepdims=True)
    likelihood = BoltzmannLikelihood([behave(model, 0.98 * policy + 0.02 * noise)])
    near = np.append(1.05 * weights, logit(0.1))
    assert relative_error(-slope(lambda w: likelihood.at(w).gradient, near, AWAY), likelihood.at(near).curvature) < 1e-7
    for _ in range(5):
        far = likelihood.at(np.append(5 * rng.normal(size=4), rng.normal()))
        assert np.linalg.eigvalsh(far.curvature)[0] > -1e-9 * np.linalg.eigvalsh(far.curvature)[-1]


def test_away_from_kinks_the_wide_curvature_is_the_curvature(model, rng):
    weights = rng.normal(size=4)
    likelihood = BoltzmannLikelihood([boltzmann_agent(model, weights, 0.1)])
    point = likelihood.at(np.append(weights, logit(0.1)))
    wide = likelihood.wide_curvature(point, np.ones(5, bool), width=AWAY)
    assert relative_error(wide, point.curvature) < 1e-4  # second-order differences
    assert np.allclose(wide, wide.T)


def test_a_scaled_point_is_the_point_of_the_scaled_weights(model, rng):
    weights = rng.normal(size=4)
    likelihood = BoltzmannLikelihood([behave(model, model.uniform)])
    scaled = likelihood.scaled(likelihood.at(np.append(weights, 0.0)), 3.0, 0.2)
    whole = likelihood.at(np.append(3 * weights, logit(0.2)))
    assert scaled.value == pytest.approx(whole.value)
    assert np.allclose(scaled.gradient, whole.gradient)


def test_the_policy_mixes_a_softmax_with_the_random_walk_over_valid_actions(model, rng):
    q = hard_plan(model, model.features @ rng.normal(size=4)).q
    policy = boltzmann_policy(model, q, 0.2)
    assert np.allclose(policy.sum(axis=1), 1.0)
    assert (policy[~model.valid_actions] == 0).all()
    assert (policy[model.valid_actions] >= 0.2 * model.uniform[model.valid_actions]).all()
    assert np.allclose(boltzmann_policy(model, q, 1.0), model.uniform)


def test_states_the_policy_never_visits_are_left_out(rng):
    model = random_model(rng, n_levels=2)
    start = np.where(model.level == 0, model.start, 0.0)
    behavior = behave(replace(model, start=start / start.sum()), model.uniform)
    (side,) = BoltzmannLikelihood([behavior]).sides
    assert (model.level[side.states] == 0).all()
