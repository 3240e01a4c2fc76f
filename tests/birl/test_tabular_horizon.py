import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.tabular import (
    PolicyChain,
    finite_occupancy,
    hard_plan,
    returns_to_go,
    reward_vector,
    soft_plan,
    soft_plan_finite,
)
from tests.worlds import corridor, random_model

SEEDS = st.integers(0, 2**32 - 1)


def test_the_last_step_looks_no_further_than_itself():
    model = corridor(3)
    plan = soft_plan_finite(model, reward_vector(model, {"goal": 2.0}), horizon=1)
    assert plan.values == pytest.approx(np.array([[0.0, np.log((np.exp(2) + 1) / 2), 0.0]]))
    assert plan.policy[0, 0] == pytest.approx([0.5, 0.5])
    assert plan.policy[0, 1] == pytest.approx([1 / (1 + np.exp(2)), np.exp(2) / (1 + np.exp(2))])


def test_one_step_more_adds_one_backup():
    model = corridor(3)
    plan = soft_plan_finite(model, reward_vector(model, {"goal": 2.0}), horizon=2)
    last = np.log((np.exp(2) + 1) / 2)
    # from cell 0: left stays (worth 0 at the last step), right reaches cell 1
    assert plan.values[0, 0] == pytest.approx(np.log((1 + np.exp(0.9 * last)) / 2))


@given(SEEDS)
def test_a_long_horizon_is_an_endless_one(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True, discount=0.8)
    reward = reward_vector(model, rng.normal(size=model.n_states * model.n_actions))
    endless, long = soft_plan(model, reward), soft_plan_finite(model, reward, horizon=120)
    # 0.8 ** 120 is 2e-12
    assert long.values[0] == pytest.approx(endless.values, abs=1e-8)
    assert long.policy[0] == pytest.approx(endless.policy, abs=1e-8)
    visits = finite_occupancy(model, endless.policy, horizon=120).sum(axis=0)
    assert visits == pytest.approx(endless.chain.occupancy(), abs=1e-8)


def test_a_policy_may_change_with_time():
    model = corridor(4, discount=1.0)
    right, left = np.tile([0.0, 1.0], (4, 1)), np.tile([1.0, 0.0], (4, 1))
    visits = finite_occupancy(model, np.stack([right, right, left]), horizon=3)
    assert visits == pytest.approx(np.eye(4)[[0, 1, 2]])


@given(SEEDS)
def test_visits_step_by_step_are_discounted_shares(seed):
    model = random_model(np.random.default_rng(seed), terminal=False)
    visits = finite_occupancy(model, model.uniform, horizon=5)
    assert visits.sum(axis=1) == pytest.approx(0.9 ** np.arange(5))


@given(SEEDS)
def test_the_return_of_finitely_many_steps_tends_to_the_whole(seed):
    model = random_model(np.random.default_rng(seed), discount=0.5)
    visits = finite_occupancy(model, model.uniform, horizon=60).sum(axis=0)
    assert visits == pytest.approx(PolicyChain(model, model.uniform).occupancy(), abs=1e-12)


def test_what_can_be_had_in_few_steps_is_what_lies_within_them():
    """In a corridor of four cells the goal is three steps from the first, two from the second."""
    model = corridor(4)
    found = returns_to_go(model, reward_vector(model, {"goal": 1.0}), np.array([0, 1]), horizon=4)
    assert found[:, 0] == pytest.approx([0, 0, 0, 0.81, 0.81])
    assert found[:, 1] == pytest.approx([0, 0, 0.9, 0.9, 0.9])


@given(SEEDS)
def test_returns_to_go_for_long_are_those_without_end(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True, discount=0.8)
    reward = reward_vector(model, rng.normal(size=model.n_states * model.n_actions))
    everywhere = np.arange(model.n_states)
    best = returns_to_go(model, reward, everywhere, horizon=120)[-1]
    assert best == pytest.approx(hard_plan(model, reward).values, abs=1e-8)
    walk = returns_to_go(model, reward, everywhere, horizon=120, policy=model.uniform)[-1]
    assert walk == pytest.approx(PolicyChain(model, model.uniform).policy_values(reward), abs=1e-8)
