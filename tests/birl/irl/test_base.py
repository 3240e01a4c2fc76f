"""Intervals, and the estimate on resampled levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl import BOUNDED, ESTIMATORS, IDENTIFIED, Boltzmann, MaxCausalEntropy, OutcomeChoice
from birl.stats import level_weights
from birl.types import BirlError
from tests.behaviors import behave, boltzmann_agent, soft_agent
from tests.worlds import random_model, two_ends

# a stronger prior would trade weights for eps here: a few levels hardly tell a cooler agent from a noisier one
METHODS = pytest.mark.parametrize(
    "method",
    [MaxCausalEntropy(tolerance=1e-9), Boltzmann(tolerance=1e-9, prior=1e-5), OutcomeChoice()],
    ids=lambda m: m.name,
)


@pytest.fixture
def behaviors(rng):
    """A door-seeker with habits of its own, so that levels disagree, on both sides of a shift."""
    ends = [
        ("train", ("touch:door", "touch:red"), ("touch:ball",)),
        ("shift", ("touch:door",), ("touch:ball", "touch:red")),
    ]
    found = []
    for name, left, right in ends:
        model = two_ends(left, right, length=9)
        pull = boltzmann_agent(model, np.array([9.0, 3.0, 5.0, 0.0]), 0.2).policy
        found.append(behave(model, 0.95 * pull + 0.05 * rng.dirichlet(np.ones(2), size=model.n_states), name))
    return found


def resampled(behaviors, make):
    return {b.distribution: make(b.model.n_levels) for b in behaviors}


@METHODS
def test_drawing_every_level_once_returns_the_estimate(behaviors, method):
    estimate = method.fit(behaviors)
    draws = estimate.redraw(resampled(behaviors, lambda n: np.ones((2, n))))
    assert draws.shape == (2, 4)
    assert np.allclose(draws, estimate.simplest, atol=1e-5)


@METHODS
def test_draws_spread_as_the_sandwich_says(behaviors, method, rng):
    # 8 levels a side, 2,000 draws: the Monte-Carlo error of a standard deviation is 2 %; the rest is the small sample
    estimate = replace(method, prior=0.0).fit(behaviors)
    draws = estimate.redraw(resampled(behaviors, lambda n: level_weights(n, 2000, rng=rng)))
    by_name = zip(estimate.feature_names, np.std(draws, axis=0), np.sqrt(np.diag(estimate.covariance)), strict=True)
    for name, drawn, known in by_name:
        if estimate.status[name] == IDENTIFIED:
            assert drawn == pytest.approx(known, rel=0.15), name


@METHODS
def test_a_level_that_counts_a_little_more_or_less_moves_the_weights_in_proportion(behaviors, method):
    smooth = replace(method, prior=0.0)
    estimate = smooth.fit(behaviors)
    more = estimate.redraw(resampled(behaviors, lambda n: 1 + 0.01 * np.eye(n)[:1]))[0]
    less = estimate.redraw(resampled(behaviors, lambda n: 1 - 0.01 * np.eye(n)[:1]))[0]
    assert np.abs(more - less).max() > 1e-4
    assert np.allclose(more + less, 2 * estimate.simplest, atol=1e-5)


def test_an_avoided_event_is_taken_at_the_value_nearest_0_that_its_bound_allows():
    model = two_ends(("touch:door",), ("touch:ball",))
    estimate = MaxCausalEntropy().fit([soft_agent(model, {"touch:door": 6.0})])
    ball = estimate.feature_names.index("touch:ball")
    assert estimate.status["touch:ball"] == BOUNDED
    for weight, simplest in ((2.0, 0.0), (-3.0, -3.0)):  # without variance the bound is the weight itself
        weights = {**estimate.weights, "touch:ball": weight}
        sure = replace(estimate, weights=weights, covariance=np.zeros((4, 4)))
        assert sure.simplest[ball] == simplest
        assert np.allclose(np.delete(sure.simplest, ball), np.delete(sure.vector, ball))


def test_an_estimate_without_its_scores_cannot_be_redrawn(behaviors):
    estimate = replace(MaxCausalEntropy().fit(behaviors), scores=None)
    with pytest.raises(BirlError, match="mce: this estimate was read from a file"):
        estimate.redraw({})


def test_only_what_is_known_or_bounded_has_an_interval(behaviors):
    estimate = MaxCausalEntropy().fit(behaviors)
    assert "step" not in estimate.intervals  # held at 0
    for name, interval in estimate.intervals.items():
        assert interval.low <= estimate.weights[name] == interval.value <= interval.high
    assert replace(estimate, covariance=None).intervals == {}


def test_a_held_weight_stays_where_it_is_held_in_every_draw(behaviors, rng):
    estimate = MaxCausalEntropy().fit(behaviors)
    draws = estimate.redraw(resampled(behaviors, lambda n: level_weights(n, 20, rng=rng)))
    assert (draws[:, estimate.feature_names.index("step")] == 0).all()


def test_the_estimate_of_some_levels_is_that_of_the_world_of_those_levels(rng):
    model = random_model(rng, n_levels=4)
    policy = rng.dirichlet(np.ones(3), size=model.n_states)
    whole = behave(model, policy)
    states = model.states_of([1, 3])
    apart = behave(model.restrict([1, 3]), policy[states])
    one, other = (MaxCausalEntropy().fit([b]) for b in (whole.restrict([3, 1]), apart))
    assert np.allclose(one.vector, other.vector, atol=1e-6)


def test_the_table_names_every_method_by_its_own_name():
    assert {name: method.name for name, method in ESTIMATORS.items()} == {name: name for name in ESTIMATORS}
