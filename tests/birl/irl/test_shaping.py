"""Shaping is a linear operator: what it adds changes no policy, and what it cannot make is left over."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from birl.irl.shaping import (
    LeastSquares,
    blocks,
    constant_is_shaping,
    explicit_reward,
    orthonormal,
    principal_angles,
    shaping_operator,
)
from birl.tabular import PolicyChain, hard_plan, soft_plan
from tests.worlds import corridor, deterministic_model, random_model

SEEDS = st.integers(0, 10_000)


def test_in_a_corridor_the_potential_of_a_cell_is_paid_on_leaving_and_its_discount_on_arriving():
    model = corridor(4, discount=0.5)  # cells 0 1 2, then the goal
    added = shaping_operator(model) @ np.array([1.0, 10.0, 100.0])
    left, right = [1 - 0.5, 10 - 0.5, 100 - 5], [1 - 5, 10 - 50, 100]
    assert np.allclose(added.reshape(4, 2)[:3], np.stack([left, right], axis=1))
    assert (added.reshape(4, 2)[3] == 0).all()


@given(SEEDS)
def test_shaping_moves_values_by_the_potential_and_no_policy(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2, invalid=True)
    reward, potential = rng.normal(size=model.live.size) * model.live, rng.normal(size=int((~model.terminal).sum()))
    plain, shaped = soft_plan(model, reward), soft_plan(model, reward + shaping_operator(model) @ potential)
    assert np.allclose(shaped.policy, plain.policy, atol=1e-8)
    assert np.allclose((shaped.values - plain.values)[~model.terminal], potential, atol=1e-8)


@given(SEEDS)
def test_values_and_losses_of_ones_choice_make_any_greedy_policy_optimal(seed):
    # the explicit form of the feasible set: every choice of V and of advantages >= 0 is a member
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=12, n_actions=3, invalid=True)
    choice = np.where(model.valid_actions, rng.random(model.valid_actions.shape), -1.0).argmax(axis=1)
    policy = np.eye(3)[choice]
    reward = explicit_reward(model, policy, rng.normal(size=12), rng.exponential(size=(12, 3)))
    own = PolicyChain(model, policy).policy_values(reward)
    best = hard_plan(model, reward).values
    assert np.abs((best - own)[~model.terminal]).max() < 9e-13


def test_a_constant_is_shaping_where_nothing_ends_and_not_where_something_does(rng):
    assert constant_is_shaping(random_model(rng, terminal=False))
    assert not constant_is_shaping(random_model(rng))
    assert not constant_is_shaping(random_model(rng, terminal=False, discount=1.0))


def test_a_constant_is_shaping_where_all_ways_are_equally_long():
    assert not constant_is_shaping(corridor(3))  # the goal can be put off
    after, phi = np.array([[1, 1], [2, 2], [2, 2]]), np.zeros((3, 2, 1))
    forced = deterministic_model(after, phi, start=np.eye(3)[0], terminal=np.arange(3) == 2, names=["none"])
    assert constant_is_shaping(forced)


def test_each_level_is_a_block_of_its_own(rng):
    model = random_model(rng, n_levels=3, invalid=True)
    operator = shaping_operator(model)
    parts = list(blocks(model, model.level[~model.terminal]))
    assert sum(part.rows.size for part in parts) == model.live.sum()
    inside = sum(float(abs(operator[part.rows][:, part.columns]).sum()) for part in parts)
    assert inside == pytest.approx(float(abs(operator).sum()))


# --- least squares ----------------------------------------------------------------------------------------------------


@given(SEEDS, st.sampled_from([0.5, 0.9, 0.999]))
def test_least_squares_agree_with_a_dense_solver(seed, discount):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2, discount=discount)
    basis, weights = shaping_operator(model), rng.exponential(size=model.live.size)
    columns = rng.normal(size=(model.live.size, 2))
    root = np.sqrt(weights)[:, None]
    known = np.linalg.lstsq(root * basis.toarray(), root * columns, rcond=None)[0]
    fit = LeastSquares(basis, weights)
    assert np.allclose(fit.coefficients(columns), known, atol=1e-7 * np.abs(known).max())
    assert np.allclose(fit.remainder(columns), root * (columns - basis @ known), atol=1e-9)
    assert np.allclose(fit.remainder(columns[:, 0]), fit.remainder(columns)[:, 0])


def test_what_the_columns_can_make_leaves_nothing(rng):
    model = random_model(rng, n_states=40, discount=0.99)
    made = shaping_operator(model) @ rng.normal(size=39)
    assert np.abs(LeastSquares(shaping_operator(model)).remainder(made)).max() < 1e-12


def test_rows_without_weight_count_for_nothing(rng):
    basis, column = sp.csr_matrix(np.eye(3)[:, :2]), np.array([1.0, 2.0, 3.0])
    fit = LeastSquares(basis, np.array([1.0, 0.0, 4.0]))
    assert np.allclose(fit.coefficients(column), [1.0, 0.0])
    assert np.allclose(fit.remainder(column), [0.0, 0.0, 6.0])


def test_without_columns_everything_is_left(rng):
    column = rng.normal(size=5)
    fit = LeastSquares(sp.csr_matrix((5, 0)))
    assert np.array_equal(fit.remainder(column), column)
    assert fit.coefficients(column).shape == (0,)


# --- angles -----------------------------------------------------------------------------------------------------------


def test_planes_that_share_a_line_meet_at_0_and_at_the_angle_between_the_rest():
    first = np.eye(3)[:, [0, 1]]
    second = np.stack([np.eye(3)[0], [0.0, np.cos(0.3), np.sin(0.3)]], axis=1)
    assert np.allclose(principal_angles(first, second), [0.0, 0.3], atol=1e-12)
    assert principal_angles(first, np.zeros((3, 0))).size == 0


def test_columns_that_add_nothing_are_dropped(rng):
    columns = rng.normal(size=(6, 2))
    span = orthonormal(np.column_stack([columns, columns @ [1.0, 2.0]]))
    assert span.shape == (6, 2)
    assert np.allclose(span.T @ span, np.eye(2))
    assert orthonormal(np.zeros((6, 2))).shape == (6, 0)
