"""The exact maximum of a penalised quadratic, by its optimality conditions and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.irl.newton import SparsePrior
from birl.irl.sparse_step import sparse_maximum

SEEDS = st.integers(0, 10_000)


def test_apart_from_each_other_weights_shrink_by_their_price_over_their_bend():
    found = sparse_maximum(np.diag([1.0, 2.0, 1.0]), np.array([2.0, -6.0, 0.3]), np.full(3, 0.5), np.zeros(3))
    assert np.allclose(found, [1.5, -2.75, 0.0])


def test_without_a_price_it_is_a_linear_system(rng):
    factor = rng.normal(size=(5, 3))
    bend, slope = factor.T @ factor, rng.normal(size=3)
    assert np.allclose(sparse_maximum(bend, slope, np.zeros(3), np.zeros(3)), np.linalg.solve(bend, slope))


@given(SEEDS, st.floats(0.01, 2.0))
def test_it_ends_where_no_subgradient_is_left_wherever_it_begins(seed, strength):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(8, 6))
    bend, slope = factor.T @ factor + 0.1 * np.eye(6), 3 * rng.normal(size=6)
    prior = SparsePrior(strength=strength, n_weights=5)
    price = np.where(np.arange(6) < 5, strength, 0.0)
    found = sparse_maximum(bend, slope, price, np.zeros(6))
    assert np.abs(prior.residual(found, slope - bend @ found)).max() < 1e-9
    elsewhere = sparse_maximum(bend, slope, price, rng.normal(size=6) * (rng.random(6) > 0.3))
    assert np.allclose(found, elsewhere, atol=1e-9)


@given(SEEDS)
def test_a_proximal_step_on_a_quadratic_arrives_at_once(seed):
    rng = np.random.default_rng(seed)
    factor, peak, theta = rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=4)
    bend, prior = factor.T @ factor + 0.1 * np.eye(4), SparsePrior(strength=0.3, n_weights=4)
    landed = theta + prior.step(theta, -bend @ (theta - peak), bend)
    landed[np.abs(landed) < 1e-12] = 0.0
    assert np.abs(prior.residual(landed, -bend @ (landed - peak))).max() == pytest.approx(0.0, abs=1e-8)
