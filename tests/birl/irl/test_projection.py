"""The projection finds the direction in which a policy is best, at the rate the paper promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.irl.base import HELD, UNIDENTIFIED
from birl.irl.projection import Projection, project
from birl.sampled import as_sampled
from birl.tabular import PolicyChain, TabularModel, hard_plan
from birl.testing import check_estimator
from birl.types import BirlError
from tests.behaviors import behave, permuted, soft_agent
from tests.worlds import corridor, random_model, two_ends

SEEDS = st.integers(0, 10_000)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Of the angle between two vectors."""
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def best(model: TabularModel, weights: np.ndarray, name: str = "train"):
    """A policy optimal for known weights."""
    return behave(model, hard_plan(model, model.features @ weights).policy, name)


def check(estimate, name: str):
    """The one check of that name."""
    (found,) = [c for c in estimate.checks if c.name == name]
    return found


def test_one_step_is_the_foot_of_a_perpendicular():
    # own (1, 1), first (0, 0), the only policy brings (2, 0): the nearest mixture is (1, 0), 1 away
    path = project(np.ones(2), np.zeros(2), lambda w: np.array([2.0, 0.0]), tolerance=0.5, max_steps=1)
    assert np.allclose(path.margins, [np.sqrt(2), 1.0])
    assert np.allclose(path.directions, [[1.0, 1.0]])
    assert np.allclose(path.mismatch, [np.sqrt(2)])
    assert np.allclose(path.weights, np.sqrt([0.5, 0.5]))


@settings(max_examples=10)
@given(SEEDS)
def test_the_margin_falls_at_the_rate_of_the_paper(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    model = replace(model, features=abs(model.features) / abs(model.features).max())  # the paper's features: [0, 1]
    own = behave(model, rng.dirichlet(np.ones(3), size=model.n_states)).feature_counts
    counts = lambda chain: chain.occupancy() @ chain.features()  # noqa: E731
    plan = lambda w: counts(hard_plan(model, model.features @ w).chain)  # noqa: E731
    path = project(own, counts(PolicyChain(model, model.uniform)), plan, tolerance=1e-6, max_steps=30)
    before, after = path.margins[:-1], path.margins[1:]
    assert (after <= before + 1e-12).all()
    gap = path.mismatch
    assert (after <= before * gap / np.sqrt(gap**2 + before**2) + 1e-9).all()  # the geometry of lemma 3, as it is
    k, room = 4, 1 - model.discount
    assert (after <= before * k / np.sqrt(k**2 + (room * before) ** 2) + 1e-9).all()  # lemma 3 as the paper bounds it


@pytest.mark.parametrize("seed", range(5))
def test_the_direction_of_an_optimal_policy_comes_back(seed):
    # a policy that is optimal for a whole cone of rewards says no more; with 36 states the cone is narrow
    rng = np.random.default_rng(seed)
    model, weights = random_model(rng, n_states=12, n_levels=3), rng.normal(size=4)
    estimate = Projection().fit([best(model, weights)])
    assert cosine(estimate.vector, weights) > 0.95  # measured: .963 to .9997
    assert check(estimate, "matched").value < 1e-3
    assert np.isclose(np.linalg.norm(estimate.vector * abs(model.features).max(axis=0).toarray().ravel()), 1.0)


def test_the_policy_of_the_answer_is_the_policy_itself(rng):
    model, weights = random_model(rng, n_states=12), rng.normal(size=4)
    agent = best(model, weights)
    again = best(model, Projection().fit([agent]).vector)
    assert np.allclose(again.feature_counts, agent.feature_counts)


def test_a_noisy_policy_is_matched_by_a_mixture_and_its_direction_is_blurred(rng):
    model, weights = random_model(rng, n_states=12, n_levels=3), rng.normal(size=4)
    estimate = Projection().fit([soft_agent(model, weights)])
    assert check(estimate, "matched").passed
    assert cosine(estimate.vector, weights) > 0.7  # measured over ten seeds: .85 to .99


def test_distributions_are_fitted_together(rng):
    weights = rng.normal(size=4)
    agents = [best(random_model(rng, n_states=12, n_levels=2), weights, name) for name in ("train", "shift")]
    estimate = Projection().fit(agents)
    assert estimate.distributions == ("train", "shift")
    assert cosine(estimate.vector, weights) > 0.9


def test_with_a_simulator_only_the_pool_is_named_and_the_direction_is_that_of_its_best(rng):
    model, weights = random_model(rng, n_states=12), rng.normal(size=4)
    seen = as_sampled(best(model, weights))
    estimate = Projection(episodes=200).fit([seen], rng=rng)
    planning = check(estimate, "planning")
    assert not planning.passed
    assert "best of 24 policies" in planning.message
    assert estimate.provenance["planner"].startswith("the best of")
    assert cosine(estimate.vector, weights) > 0.5
    assert np.isfinite(estimate.covariance).all()


def test_episodes_alone_are_held_against_the_pool(rng):
    behavior = behave(corridor(), np.tile([0.1, 0.9], (5, 1)), rng=rng, episodes=50)
    seen = replace(as_sampled(behavior), policy=None)
    estimate = Projection().fit([seen], rng=rng)
    assert estimate.weights["goal"] > 0
    assert estimate.covariance is not None


def test_one_level_has_no_interval_and_says_why(rng):
    estimate = Projection().fit([best(random_model(rng), rng.normal(size=4))])
    assert estimate.covariance is None
    assert not check(estimate, "resampling").passed
    assert estimate.intervals == {}


def test_the_random_walk_wants_nothing():
    model = two_ends(("touch:door",), ("touch:ball",))
    estimate = Projection().fit([behave(model, model.uniform)])
    assert not estimate.vector.any()
    assert "random walk" in check(estimate, "matched").message


def test_what_nothing_meets_is_not_identified_and_the_step_is_held():
    model = two_ends(("touch:door",), ("touch:ball",))
    estimate = Projection().fit([soft_agent(model, {"touch:door": 2.0})])
    assert estimate.status["touch:red"] == UNIDENTIFIED
    assert estimate.status["step"] == HELD
    assert estimate.weights["touch:door"] > 0 > estimate.weights["touch:ball"]


@settings(max_examples=5)
@given(SEEDS)
def test_names_of_states_and_order_of_features_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    model, weights, order = random_model(rng, n_levels=2), rng.normal(size=4), rng.permutation(4)
    states, levels = rng.permutation(12), rng.permutation(2)
    agent = best(model, weights)
    other = permuted(model, states, levels).with_features([f"f{i}" for i in order], np.eye(4)[:, order])
    first, second = Projection().fit([agent]), Projection().fit([behave(other, agent.policy[states])])
    assert np.allclose(first.vector[order], second.vector, atol=1e-6)


def test_the_units_of_a_feature_do_not_matter(rng):
    model, weights = random_model(rng, n_levels=2), rng.normal(size=4)
    agent, units = best(model, weights), np.array([1.0, 10.0, 0.1, 3.0])
    other = model.with_features(model.feature_names, np.diag(units))
    first, second = Projection().fit([agent]), Projection().fit([behave(other, agent.policy)])
    assert np.allclose(first.vector, second.vector * units, atol=1e-6)


def test_the_contract_holds():
    check_estimator(Projection(max_steps=8))


@pytest.mark.parametrize("options", [{"tolerance": 0.0}, {"max_steps": 0}, {"episodes": 1}, {"pool": -1}])
def test_settings_that_mean_nothing_are_refused(options):
    with pytest.raises(BirlError, match="projection: give tolerance above 0"):
        Projection(**options)


def test_a_world_without_features_is_refused_in_one_line(rng):
    seen = replace(as_sampled(behave(corridor(), np.full((5, 2), 0.5))), feature_names=())
    with pytest.raises(BirlError, match="projection: distribution 'train' names no features"):
        Projection().fit([seen], rng=rng)
