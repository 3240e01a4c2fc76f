"""Tilted episodes give planted weights back where episodes are chosen freely, and what chance does to them is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.counted import from_trajectories
from birl.irl.base import HELD, UNIDENTIFIED
from birl.irl.relative_entropy import RelativeEntropy
from birl.irl.tilted import Tilted
from birl.sampled import as_sampled
from birl.tabular import TabularModel, soft_plan_finite
from birl.task import Distribution
from birl.testing import check_estimator
from birl.types import BirlError
from tests.behaviors import behave, permuted, slope, soft_agent, unrolled
from tests.worlds import deterministic_model, random_model, two_ends

QUICK = RelativeEntropy(starts=30, episodes=80)
HORIZON = 6


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Of the angle between two vectors."""
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def free_world(rng: np.random.Generator) -> TabularModel:
    """Random moves without chance, without an end, without a discount."""
    n_states, n_actions, n_features = 8, 3, 4
    model = deterministic_model(
        rng.integers(n_states, size=(n_states, n_actions)),
        rng.normal(size=(n_states, n_actions, n_features)),
        start=np.full(n_states, 1 / n_states),
        terminal=np.zeros(n_states, bool),
        names=[f"f{i}" for i in range(n_features)],
    )
    return replace(model, discount=1.0)


def planner(model: TabularModel, weights: np.ndarray):
    """Soft-optimal over a finite horizon, on the world with time in its states."""
    plan = soft_plan_finite(model, model.features @ weights, horizon=HORIZON)
    policy = np.concatenate([plan.policy, model.uniform[None]]).reshape(-1, model.n_actions)
    return behave(unrolled(model, HORIZON), policy, time_limit=HORIZON)


def test_a_weight_that_the_prior_puts_to_0_has_no_interval(rng):
    estimate = replace(QUICK, prior=0.5).fit([planner(free_world(rng), np.array([1.0, 1e-3, -1.0, 0.0]))])
    put_to_0 = {name for name, weight in estimate.weights.items() if weight == 0}
    assert put_to_0
    assert estimate.intervals.keys() == estimate.weights.keys() - put_to_0


@pytest.mark.parametrize("seed", range(4))
def test_planted_weights_come_back_where_nothing_is_left_to_chance(seed):
    # without chance and discount the tilt is maximum causal entropy itself: only sampling stands between the two
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=4) / 2
    estimate = RelativeEntropy(prior=0.0).fit([planner(free_world(rng), weights)], rng=rng)
    assert cosine(estimate.vector, weights) > 0.995
    errors = np.sqrt(np.diag(estimate.covariance))
    assert (np.abs(estimate.vector - weights) < 4 * errors).all()  # four standard errors: 1 in 4,000 by chance
    assert errors.max() < 0.1


def test_with_a_discount_the_direction_comes_back_and_the_scale_does_not(rng):
    # the tilt prices a late step's entropy in full, the planner discounts it: weights come out larger
    model = replace(free_world(rng), discount=0.9)
    weights = rng.normal(size=4) / 2
    estimate = RelativeEntropy().fit([soft_agent(model, weights)], rng=rng)
    assert cosine(estimate.vector, weights) > 0.98
    assert np.linalg.norm(estimate.vector) > 1.2 * np.linalg.norm(weights)


def test_where_chance_decides_luck_is_credited_to_the_policy(rng):
    # two actions win with chances .2 and .8; winning is worth 1, so the planner takes the better one with chance
    # 1 / (1 + exp(-.6)) and wins .587 of the time; the tilt, which may choose to win, needs only logit(.587) = .353
    moves = np.array([[0, 0.2, 0.8, 0], [0, 0.8, 0.2, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]])
    model = TabularModel(
        transitions=np.vstack([moves, np.zeros((2, 4))]),
        features=np.repeat([0.0, 1.0, 0.0, 0.0], 2)[:, None],
        start=np.eye(4)[0],
        terminal=np.arange(4) == 3,
        discount=1.0,
        feature_names=["win"],
    )
    agent = soft_agent(model, np.ones(1), time_limit=2)
    estimate = RelativeEntropy(prior=0.0).fit([agent], rng=rng)
    won = 0.2 + 0.6 / (1 + np.exp(-0.6))
    assert np.isclose(agent.feature_counts[0], won)
    assert abs(estimate.weights["win"] - np.log(won / (1 - won))) < 4 * np.sqrt(estimate.covariance[0, 0]) < 0.2


def test_importance_weights_make_up_for_the_base_policy(rng):
    behavior = planner(free_world(rng), rng.normal(size=4) / 2)
    by_walk = RelativeEntropy(noise=(), episodes=400).fit([behavior], rng=rng)
    by_copies = RelativeEntropy(noise=(0.5, 0.1), episodes=400).fit([behavior], rng=rng)
    errors = np.sqrt(np.diag(by_walk.covariance) + np.diag(by_copies.covariance))
    assert (np.abs(by_walk.vector - by_copies.vector) < 4 * errors).all()


def test_the_policy_the_walk_and_the_episodes_agree_on_the_walks_counts(rng):
    behavior = planner(free_world(rng), rng.normal(size=4))
    seen = as_sampled(behavior)
    side = QUICK._side(behavior, seen, rng)
    alone = replace(QUICK, noise=(), episodes=2000)._side(behavior, seen, rng)
    spread = side.base.reshape(-1, 4).std(axis=0)
    assert np.allclose(side.walk, alone.walk, atol=0.3 * spread.max())  # 2,400 weighted episodes against 60,000


def test_derivatives_are_those_of_the_dual(rng):
    behavior = soft_agent(random_model(rng, n_levels=2), rng.normal(size=4))
    side = QUICK._side(behavior, as_sampled(behavior), rng)
    tilted, theta = (
        Tilted(sides=[side, replace(side, name="shift")], scale=np.array([1.0, 2.0, 0.5, 1.0])),
        rng.normal(size=4) / 2,
    )
    point = tilted.at(theta)
    assert np.allclose(point.gradient, slope(lambda t: tilted.at(t).value, theta), atol=1e-7)
    assert np.allclose(point.curvature, -slope(lambda t: tilted.at(t).gradient, theta), atol=1e-7)
    assert np.allclose(sum(s.sum(axis=0) for s in point.scores().values()), point.gradient)


def test_a_sampled_behaviour_gives_what_the_exact_one_gives(rng):
    behavior = planner(free_world(rng), rng.normal(size=4) / 2)
    exact = RelativeEntropy().fit([behavior], rng=rng)
    rolled = RelativeEntropy(confidence=0.0).fit([as_sampled(behavior)], rng=rng)
    errors = np.sqrt(np.diag(exact.covariance) + np.diag(rolled.covariance))
    assert (np.abs(exact.vector - rolled.vector) < 4 * errors).all()
    assert exact.provenance["counts of the policy"] == "exact"


def test_episodes_alone_are_enough_and_their_counts_are_allowed_slack(rng):
    behavior = soft_agent(two_ends(("touch:door",), ("touch:ball",)), {"touch:door": 2.0}, rng=rng, episodes=200)
    counted = from_trajectories(behavior.trajectories, Distribution("train", behavior.model, time_limit=29))
    estimate = RelativeEntropy().fit([counted], rng=rng)
    wide = RelativeEntropy(confidence=0.9).fit([counted], rng=rng)
    assert estimate.weights["touch:door"] > 0 > estimate.weights["touch:ball"] - 1e-12
    assert np.abs(wide.vector).sum() < np.abs(estimate.vector).sum()
    assert estimate.provenance["counts of the policy"] == "means of episodes"


def test_what_nothing_meets_is_not_identified_and_the_step_is_held(rng):
    estimate = QUICK.fit([soft_agent(two_ends(("touch:door",), ("touch:ball",)), {"touch:door": 2.0})], rng=rng)
    assert estimate.status["touch:red"] == UNIDENTIFIED
    assert estimate.status["step"] == HELD


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_names_and_order_do_not_matter_beyond_sampling(seed):
    rng = np.random.default_rng(seed)
    model, weights, order = free_world(rng), rng.normal(size=4) / 3, rng.permutation(4)
    other = permuted(model, rng.permutation(8), np.arange(1)).with_features(
        [f"f{i}" for i in order], np.eye(4)[:, order]
    )
    found = [planner(m, w) for m, w in ((model, weights), (other, weights[order]))]
    first, second = (RelativeEntropy(prior=0.0).fit([b], rng=np.random.default_rng(0)) for b in found)
    errors = np.sqrt(np.diag(first.covariance)[order] + np.diag(second.covariance))
    assert (np.abs(first.vector[order] - second.vector) < 5 * errors).all()


def test_the_order_of_features_does_not_matter_at_all(rng):
    model, weights, order = free_world(rng), rng.normal(size=4), np.array([2, 0, 3, 1])
    other = model.with_features([f"f{i}" for i in order], np.eye(4)[:, order])
    first = QUICK.fit([soft_agent(replace(model, discount=0.9), weights)], rng=np.random.default_rng(1))
    second = QUICK.fit([soft_agent(replace(other, discount=0.9), weights[order])], rng=np.random.default_rng(1))
    assert np.allclose(first.vector[order], second.vector, atol=1e-6)


def test_the_contract_holds():
    # weights are sampled anew when states are renamed; with 20 starts and 60 episodes they scatter by a tenth
    check_estimator(replace(QUICK, starts=20, episodes=60), tolerance=0.5)


def test_a_z_that_rests_on_a_few_episodes_is_reported(rng):
    behavior = soft_agent(random_model(rng), 30 * rng.normal(size=4))
    estimate = replace(QUICK, episodes=8).fit([behavior], rng=rng)
    (check,) = [c for c in estimate.checks if c.name == "effective episodes"]
    assert not check.passed
    assert check.value < check.limit == 10
    assert "more episodes" in check.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"starts": 1}, "at least 2 starts"),
        ({"episodes": 3}, "more base episodes than kinds of noise"),
        ({"noise": (1.0,)}, r"in \[0, 1\)"),
        ({"prior": -1.0}, "prior must be at least 0"),
        ({"confidence": 1.0}, "confidence in"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, message):
    with pytest.raises(BirlError, match=message):
        RelativeEntropy(**options)


def test_a_world_without_features_is_refused_in_one_line(rng):
    seen = replace(as_sampled(soft_agent(random_model(rng), np.ones(4))), feature_names=())
    with pytest.raises(BirlError, match="relative-entropy: distribution 'train' names no features"):
        QUICK.fit([seen], rng=rng)
