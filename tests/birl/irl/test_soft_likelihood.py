"""The gradient and the Hessian are exact, and the value is the log-likelihood it says it is."""

from __future__ import annotations

import numpy as np
import pytest

from birl.irl.soft_likelihood import SoftLikelihood, by_level, successor
from birl.tabular import PolicyChain, soft_plan
from tests.behaviors import behave, relative_error, slope, soft_agent
from tests.worlds import corridor, random_model

STEP = dict(n_states=5, n_actions=3, n_features=4, n_levels=3)


@pytest.fixture
def behaviors(rng):
    """Two worlds and a policy that is soft-optimal for nothing in particular."""
    models = [random_model(rng, **STEP), random_model(rng, **STEP, invalid=True)]
    tables = [m.uniform * rng.random(m.uniform.shape) for m in models]
    tables = [t / t.sum(axis=1, keepdims=True) for t in tables]
    return [behave(m, t, name) for m, t, name in zip(models, tables, ("train", "shift"), strict=True)]


@pytest.mark.parametrize("equal_levels", [True, False])
def test_gradient_and_curvature_are_the_slopes_of_the_value(behaviors, rng, equal_levels):
    likelihood = SoftLikelihood(behaviors, equal_levels=equal_levels, tolerance=1e-13)
    theta = rng.normal(size=4)
    point = likelihood.at(theta)
    assert relative_error(slope(lambda w: likelihood.at(w).value, theta), point.gradient) < 1e-7
    assert relative_error(-slope(lambda w: likelihood.at(w).gradient, theta), point.curvature) < 1e-7


def test_a_warm_start_changes_nothing(behaviors, rng):
    likelihood = SoftLikelihood(behaviors, equal_levels=True)
    theta = rng.normal(size=4)
    near = likelihood.at(theta + 0.1)
    cold, warm = likelihood.at(theta), likelihood.at(theta, near)
    assert warm.value == pytest.approx(cold.value, rel=1e-10)
    assert np.allclose(warm.gradient, cold.gradient, atol=1e-8)


def test_the_value_is_the_log_likelihood_over_that_of_the_random_walk(behaviors, rng):
    theta = rng.normal(size=4)
    expected = 0.0
    for b in behaviors:
        pi = soft_plan(b.model, b.model.features @ theta).policy
        ratio = np.log(np.where(b.policy > 0, pi, 1.0) / np.where(b.policy > 0, b.model.uniform, 1.0))
        expected += b.occupancy @ (b.policy * ratio).sum(axis=1)
    assert SoftLikelihood(behaviors, equal_levels=False).at(theta).value == pytest.approx(expected, rel=1e-9)


def test_scores_of_levels_add_up_to_the_gradient(behaviors, rng):
    point = SoftLikelihood(behaviors, equal_levels=True).at(rng.normal(size=4))
    assert np.allclose(sum(point.scores(i).sum(axis=0) for i in range(2)), point.gradient)


def test_equal_levels_give_every_level_the_same_say(behaviors):
    b = behaviors[0]
    weighted = b.model.per_level(b.occupancy) * b.level_weights()
    assert np.allclose(weighted, weighted[0])


def test_the_gradient_vanishes_for_the_planted_weights(rng):
    model, weights = random_model(rng), rng.normal(size=4)
    point = SoftLikelihood([soft_agent(model, weights)], equal_levels=True).at(weights)
    assert np.abs(point.gradient).max() < 1e-8


def test_successor_features_agree_between_certain_and_chancy_worlds(rng):
    for model in (corridor(), random_model(rng)):
        chain = PolicyChain(model, model.uniform)
        found = successor(model, chain.values(chain.features()))
        assert np.allclose(found.reshape(-1, model.n_features), chain.successor_features())


def test_sums_within_levels(rng):
    model = random_model(rng, n_states=2, n_levels=2)
    assert np.allclose(by_level(model, np.arange(8.0).reshape(4, 2)), [[2, 4], [10, 12]])
