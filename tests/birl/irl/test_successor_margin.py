"""The order of a greedy policy's choices gives back a direction, and says when there is none."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.irl import UNIDENTIFIED, SuccessorMargin
from birl.irl.margin_program import Comparisons, widest_margin
from birl.policy import CallablePolicy, GreedyPolicy
from birl.sampled import as_sampled, watch
from birl.tabular import PolicyChain, hard_plan
from birl.task import Distribution
from birl.testing import check_estimator
from birl.types import BirlError
from tests.behaviors import behave, permuted, soft_agent
from tests.slide import slider
from tests.worlds import random_model, two_ends

SEEDS = st.integers(0, 10_000)
METHOD = SuccessorMargin(draws=0)


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def check(estimate, name):
    return next(c for c in estimate.checks if c.name == name)


def greedy(model, weights, **options):
    return behave(model, hard_plan(model, model.features @ weights).greedy, **options)


def test_the_contract_is_kept():
    check_estimator(SuccessorMargin(states=16, episodes=12, draws=5))


def test_the_direction_of_planted_weights_comes_back():
    # 20 states, 4 actions, 4 features: some 57 comparisons leave a narrow cone; of 20 worlds the median is .995
    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        model, weights = random_model(rng, n_states=20, n_actions=4, terminal=False), rng.normal(size=4)
        estimate = METHOD.fit([greedy(model, weights)])
        assert check(estimate, "feasible").passed
        assert check(estimate, "ordered").value == pytest.approx(1.0)
        assert np.abs(estimate.vector).sum() == pytest.approx(1.0)
        found.append(cosine(estimate.vector, weights))
    assert np.median(found) > 0.99
    assert min(found) > 0.97


@hypothesis.settings(max_examples=10)
@given(SEEDS)
def test_under_the_weights_found_every_choice_is_right(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True, terminal=False)
    agent = greedy(model, rng.normal(size=4))
    estimate = METHOD.fit([agent])
    assert check(estimate, "feasible").passed
    q = PolicyChain(model, agent.policy).successor_features() @ estimate.vector
    q = np.where(model.valid_actions, q.reshape(model.n_states, -1), -np.inf)
    assert (q.argmax(axis=1) == agent.policy.argmax(axis=1)).all()


@hypothesis.settings(max_examples=10)
@given(SEEDS, st.floats(1e-3, 1e3))
def test_units_of_a_feature_change_its_weight_and_nothing_else(seed, unit):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    agent = greedy(model, rng.normal(size=4))
    scale = np.array([unit, 1.0, 1.0, 1.0])
    other = behave(model.with_features(["f0", "f1", "f2", "f3"], np.diag(scale)), agent.policy)
    assert cosine(METHOD.fit([other]).vector * scale, METHOD.fit([agent]).vector) == pytest.approx(1.0, abs=1e-6)


def test_rollouts_find_it_too():
    rng = np.random.default_rng(0)
    model, weights = random_model(rng, n_states=20, n_actions=4, terminal=False), rng.normal(size=4)
    sampled = as_sampled(greedy(model, weights, time_limit=40))
    estimate = SuccessorMargin(rollouts=10, states=100, draws=20).fit([sampled], rng=rng)
    assert cosine(estimate.vector, weights) > 0.97
    assert all(i.low < i.high for i in estimate.intervals.values())


def test_a_random_policy_cannot_be_explained_without_slack(rng):
    model = random_model(rng, n_states=20, n_actions=4)
    estimate = METHOD.fit([behave(model, rng.dirichlet(np.ones(4), size=20))])
    assert check(estimate, "feasible").value == pytest.approx(0.0, abs=1e-9)
    assert "no reward of these features makes every choice right" in check(estimate, "feasible").message
    assert check(estimate, "ordered").value < 0.8
    assert not check(estimate, "ordered").passed


def test_the_random_walk_prefers_nothing(rng):
    model = random_model(rng)
    estimate = METHOD.fit([behave(model, model.uniform)])
    assert np.array_equal(estimate.vector, np.zeros(4))
    assert set(estimate.status.values()) == {UNIDENTIFIED}
    assert "prefers no action" in check(estimate, "choices").message


@hypothesis.settings(max_examples=10)
@given(SEEDS)
def test_renaming_states_and_levels_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=3, n_states=4)
    agent = greedy(model, rng.normal(size=4))
    states, levels = rng.permutation(model.n_states), rng.permutation(3)
    other = behave(permuted(model, states, levels), agent.policy[states])
    assert np.allclose(METHOD.fit([agent]).vector, METHOD.fit([other]).vector, atol=1e-6)


def test_actions_that_change_nothing_are_not_compared():
    model = two_ends(("touch:door",), ("touch:ball",))
    model = model.with_features(["touch:ball", "step"], np.eye(4)[:, [2, 3]])
    leftward = np.tile([1.0, 0.0], (model.n_states, 1))
    estimate = METHOD.fit([behave(model, leftward)])
    assert estimate.weights["touch:ball"] <= 0.0


# --- the programs -----------------------------------------------------------------------------------------------------


def program(gaps):
    gaps = np.array(gaps, float)
    return Comparisons(gaps=gaps, weight=np.ones(len(gaps)), cluster=np.arange(len(gaps)))


def test_the_widest_margin_by_hand():
    # (1, 0) and (0, 1): |a| + |b| = 1 and min(a, b) is widest at a = b = 1/2, however long the two are
    found = widest_margin(program([[1, 0], [0, 1]]), simplicity=0.01)
    assert np.allclose(found.theta, 0.5)
    assert found.hard == pytest.approx(0.5)
    assert found.feasible


def test_contradictions_are_outvoted_and_said():
    found = widest_margin(program([[1, 0]] * 3 + [[-1, 0]]), simplicity=0.01)
    assert not found.feasible
    assert found.hard == pytest.approx(0.0, abs=1e-12)
    assert np.allclose(found.theta, [1.0, 0.0])


def test_the_same_comparison_twice_is_two_votes():
    assert widest_margin(program([[1.0], [-1.0], [-1.0]]), simplicity=0.01).theta[0] == -1.0


# --- policies that only act -------------------------------------------------------------------------------------------


def test_a_callable_over_vectors_is_ordered(rng):
    seen = slider(CallablePolicy(lambda seen: -0.5 * seen))
    estimate = SuccessorMargin(states=24, episodes=4, rollouts=2, draws=4).fit([seen], rng=rng)
    assert check(estimate, "feasible").passed
    assert max(estimate.weights, key=lambda name: estimate.weights[name]) == "near"


def test_a_network_of_greedy_values_on_an_environment_is_branched(rng):
    import gymnasium

    where = Distribution(
        "train",
        make_env=lambda: gymnasium.make("CartPole-v1"),
        features=lambda obs, action, after: np.stack([-np.abs(after[:, 2]), np.asarray(action, float)], axis=1),
        feature_names=("tilt", "right"),
        seeds=tuple(range(4)),
        time_limit=15,
    )
    values = GreedyPolicy(lambda seen: np.stack([-seen[:, 2] - seen[:, 3], seen[:, 2] + seen[:, 3]], axis=1), 0.0)
    seen = watch(values, where, episodes=2, rng=rng, discount=0.8)
    estimate = SuccessorMargin(states=24, episodes=4, rollouts=2, draws=4).fit([seen], rng=rng)
    assert estimate.weights["tilt"] > 0  # righting the pole overshoots, so not every choice is right one step ahead
    assert check(estimate, "ordered").value > 0.5


@pytest.mark.parametrize("settings", [{"simplicity": 0.0}, {"draws": -1}, {"episodes": 1}])
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(BirlError, match="successor-margin: "):
        SuccessorMargin(**settings)


def test_soft_policies_are_read_by_their_likeliest_action(rng):
    model, weights = random_model(rng, n_states=20, terminal=False), rng.normal(size=4)
    assert cosine(METHOD.fit([soft_agent(model, 3 * weights)]).vector, weights) > 0.95
