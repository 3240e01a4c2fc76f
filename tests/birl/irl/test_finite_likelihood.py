"""Over a finite horizon: exact derivatives, and the same answers as the world with the time in its states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl.finite_likelihood import FiniteLikelihood
from birl.irl.soft_likelihood import SoftLikelihood
from tests.behaviors import behave, relative_error, slope, unrolled
from tests.worlds import random_model

HORIZON = 7


@pytest.fixture
def behavior(rng):
    model = random_model(rng, n_states=4, n_levels=2, discount=0.95)
    return behave(model, rng.dirichlet(np.ones(3), size=model.n_states))


def test_gradient_and_curvature_are_the_slopes_of_the_value(behavior, rng):
    likelihood, theta = FiniteLikelihood([behavior, behavior], horizon=HORIZON), rng.normal(size=4)
    point = likelihood.at(theta)
    assert relative_error(slope(lambda w: likelihood.at(w).value, theta), point.gradient) < 1e-7
    assert relative_error(-slope(lambda w: likelihood.at(w).gradient, theta), point.curvature) < 1e-7


def test_scores_of_levels_add_up_to_the_gradient(behavior, rng):
    point = FiniteLikelihood([behavior], horizon=HORIZON).at(rng.normal(size=4))
    assert np.allclose(point.scores(0).sum(axis=0), point.gradient)


@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_it_is_the_stationary_likelihood_of_the_world_with_the_time_in_its_states(behavior, rng, discount):
    model = replace(behavior.model, discount=discount)
    short = FiniteLikelihood([behave(model, behavior.policy, time_limit=HORIZON)], horizon=HORIZON)
    long = unrolled(model, HORIZON)
    whole = SoftLikelihood([behave(long, np.tile(behavior.policy, (HORIZON + 1, 1)))], equal_levels=False)
    theta = rng.normal(size=4)
    finite, infinite = short.at(theta), whole.at(theta)
    assert finite.value == pytest.approx(infinite.value, rel=1e-10)
    assert np.allclose(finite.gradient, infinite.gradient, atol=1e-9)
    assert np.allclose(finite.curvature, infinite.curvature, atol=1e-9)
