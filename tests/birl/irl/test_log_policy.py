"""log pi is a reward; what stands in for log 0 is said."""

from __future__ import annotations

import numpy as np
import pytest

from birl.irl.log_policy import floor_check, floored, log_policy
from birl.tabular import hard_plan, soft_plan
from birl.types import BirlError
from tests.behaviors import behave
from tests.worlds import corridor, random_model


def policy_of(model, rng):
    pi = np.where(model.valid_actions, rng.dirichlet(np.ones(model.n_actions), size=model.n_states), 0.0)
    return np.where(model.terminal[:, None], model.uniform, pi / pi.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("temperature", [1.0, 0.1, 7.0])
def test_the_policy_is_soft_optimal_for_its_own_logarithm(rng, temperature):
    model = random_model(rng, invalid=True)
    pi = policy_of(model, rng)
    reward = log_policy(model, pi, temperature=temperature)
    plan = soft_plan(model, reward / temperature)
    assert np.allclose(plan.policy[~model.terminal], pi[~model.terminal], atol=1e-12)
    assert np.abs(plan.values).max() < 1e-12  # V = 0 is what makes it a habit


def test_and_boltzmann_in_the_optimal_values_of_its_logarithm_over_the_largest(rng):
    model = random_model(rng, invalid=True)
    pi = policy_of(model, rng)
    q = hard_plan(model, log_policy(model, pi, rationality="boltzmann", temperature=0.5)).q / 0.5
    found = np.exp(q - q.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    assert np.abs(found - pi)[~model.terminal].max() < 9e-14


def test_log_sum_exp_and_log_mean_exp_differ_by_log_n_a_step(rng):
    # V = log sum_a exp Q, the textbook form, is met by r - log n(s)
    model = random_model(rng, invalid=True)
    pi = policy_of(model, rng)
    counts = np.repeat(np.log(model.valid_counts), model.n_actions)
    textbook = (log_policy(model, pi) - counts).reshape(pi.shape)
    textbook = np.where(model.valid_actions, textbook, -np.inf)
    live = ~model.terminal
    assert np.allclose(np.log(np.exp(textbook[live]).sum(axis=1)), 0.0)  # V = 0 solves it
    assert np.allclose(np.exp(textbook[live]), pi[live])


def test_zeros_become_the_floor_and_are_counted():
    model = corridor()
    always_right = behave(model, np.tile([0.0, 1.0], (5, 1)))
    reward = log_policy(model, always_right.policy, floor=1e-3).reshape(5, 2)
    assert np.allclose(reward[0], [np.log(2e-3), np.log(2.0)])
    assert floored([always_right], 1e-3) == 4
    check = floor_check([always_right], 1e-3, (1.25, 0.5))
    assert not check.passed
    assert check.value == pytest.approx(0.5)
    assert "4 of 8 probabilities are below 0.001 and count as 0.001" in check.message
    assert "1.25 times as large (cosine 0.500)" in check.message


def test_a_policy_without_zeros_passes():
    model = corridor()
    check = floor_check([behave(model, model.uniform)], 1e-12, None)
    assert check.passed
    assert check.message == "0 of 8 probabilities are below 1e-12"


def test_what_is_no_rationality_or_no_table_is_refused(rng):
    model = random_model(rng)
    with pytest.raises(BirlError, match="unknown rationality 'sofft': did you mean soft"):
        log_policy(model, model.uniform, rationality="sofft")  # type: ignore[arg-type]
    with pytest.raises(BirlError, match=r"policy: shape \(2, 3\), not \(6, 3\)"):
        log_policy(model, model.uniform[:2])
