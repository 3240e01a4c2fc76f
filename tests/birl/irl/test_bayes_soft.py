"""Many rewards planned with the factors of one are planned as well as each with its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.irl import bayes_soft
from birl.irl.bayes_soft import SoftField
from birl.irl.soft_likelihood import SoftLikelihood
from tests.behaviors import behave, relative_error, slope, soft_agent
from tests.worlds import deterministic_model, random_model

SEEDS = st.integers(0, 10_000)


def likelihood(rng, *, known: bool = True, **options) -> SoftLikelihood:
    """Two distributions, several levels, some actions closed."""
    behaviors = [
        soft_agent(random_model(rng, n_levels=2, invalid=True, **options), rng.normal(size=4), name) for name in "ab"
    ]
    return SoftLikelihood([replace(b, policy_known=known) for b in behaviors], equal_levels=known)


@settings(max_examples=12)
@given(SEEDS, st.floats(0.0, 3.0), st.booleans())
def test_values_and_gradients_are_those_of_planning_each_reward_by_itself(seed, far, known):
    rng = np.random.default_rng(seed)
    exact = likelihood(rng, known=known)
    origin = rng.normal(size=4)
    theta = origin + far * rng.normal(size=(5, 4))
    value, gradient = SoftField(exact.at(origin))(theta)
    points = [exact.at(one) for one in theta]
    assert np.allclose(value, [p.value for p in points], atol=2 * bayes_soft.ACCURACY)
    assert np.allclose(gradient, [p.gradient for p in points], rtol=1e-3, atol=1e-3)


def test_the_gradient_is_the_slope_of_the_value(rng):
    exact = likelihood(rng)
    field, at = SoftField(exact.at(np.zeros(4))), 0.2 * rng.normal(size=4)
    # values are right to 1e-4 at worst, and to 1e-5 here: over a step of .05, slopes are to a few 1e-4
    numeric = slope(lambda w: field(w[None])[0][0], at, step=0.05)
    assert relative_error(field(at[None])[1][0], numeric) < 1e-3


def test_a_reward_gets_the_same_whatever_is_asked_beside_it(rng):
    field = SoftField(likelihood(rng).at(np.zeros(4)))
    theta = rng.normal(size=(6, 4))
    together = field(theta)
    apart = [field(one[None]) for one in theta]
    assert np.allclose(together[0], [value[0] for value, _ in apart], rtol=1e-12)
    assert np.allclose(together[1], [gradient[0] for _, gradient in apart], rtol=1e-9)


def test_without_room_for_the_second_order_the_first_does(rng, monkeypatch):
    point = likelihood(rng).at(np.zeros(4))
    theta = rng.normal(size=(3, 4))
    whole = SoftField(point)(theta)[0]
    monkeypatch.setattr(bayes_soft, "MAX_EXPANSION", 0)
    assert np.allclose(SoftField(point)(theta)[0], whole, atol=2 * bayes_soft.ACCURACY)


def test_rewards_without_values_have_no_likelihood():
    # one state, stay or leave, undiscounted: e^V = e^r (e^V + 1) / 2 has a solution only for r < log 2
    model = deterministic_model(
        np.array([[0, 1], [1, 1]]),
        np.ones((2, 2, 1)),
        start=np.array([1.0, 0.0]),
        terminal=np.array([False, True]),
        names=("step",),
        discount=1.0,
    )
    field = SoftField(SoftLikelihood([behave(model, model.uniform)], equal_levels=True).at(np.zeros(1)))
    value, gradient = field(np.array([[0.5], [0.8], [-1.0]]))
    values = -np.log(2 * np.exp(-np.array([0.5, -1.0])) - 1)
    assert np.allclose(value[[0, 2]], 2 * np.array([0.5, -1.0]) - values)  # two steps an episode, less V
    assert value[1] == -np.inf
    assert gradient[1] == 0


@pytest.mark.parametrize("levels", [1, 3])
def test_factors_of_ones_own_are_made_only_far_away(rng, levels, monkeypatch):
    model = random_model(rng, n_levels=levels)
    field = SoftField(SoftLikelihood([soft_agent(model, np.ones(4))], equal_levels=True).at(np.ones(4)))
    made = []
    chain = bayes_soft.PolicyChain
    monkeypatch.setattr(bayes_soft, "PolicyChain", lambda *given: made.append(1) or chain(*given))
    field(np.ones((1, 4)) + 0.05)
    assert not made
    field(np.full((1, 4), -4.0))
    assert made
