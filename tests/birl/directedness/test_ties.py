import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.directedness import tied_average

ROW = np.array([[0.7, 0.2, 0.1]])


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ([1.0, 0.5, 0.0], [0.7, 0.2, 0.1]),
        ([1.0, 1.0, 0.0], [0.45, 0.45, 0.1]),
        ([0.0, 1.0, 1.0], [0.7, 0.15, 0.15]),
        ([1.0, 1.0, 1.0], [1 / 3, 1 / 3, 1 / 3]),
        ([1.0, 1.0 - 1e-9, 0.0], [0.45, 0.45, 0.1]),
    ],
)
def test_equal_values_share_their_probability(q, expected):
    assert tied_average(ROW, np.array([q]))[0] == pytest.approx(expected)


def test_an_invalid_action_shares_with_no_valid_one():
    policy, q = np.array([[0.6, 0.4, 0.0]]), np.array([[1.0, 1.0, -np.inf]])
    assert tied_average(policy, q)[0] == pytest.approx([0.5, 0.5, 0.0])


def test_two_invalid_actions_are_no_worse_than_one():
    policy, q = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, -np.inf, -np.inf]])
    assert tied_average(policy, q)[0] == pytest.approx([1.0, 0.0, 0.0])


def test_values_are_compared_on_the_scale_of_all_states():
    q = np.array([[0.0, 1e-9, 1.0], [100.0, 0.0, 0.0]])
    policy = np.tile(ROW, (2, 1))
    assert tied_average(policy, q)[0] == pytest.approx([0.45, 0.45, 0.1])


@given(seed=st.integers(0, 100), scale=st.floats(1e-3, 1e3))
def test_averaging_keeps_rows_whole_and_does_not_see_the_scale(seed, scale):
    rng = np.random.default_rng(seed)
    q = rng.integers(0, 3, size=(6, 4)).astype(float)
    policy = rng.dirichlet(np.ones(4), size=6)
    found = tied_average(policy, q)
    assert np.allclose(found.sum(axis=1), 1.0)
    assert np.allclose(found, tied_average(policy, scale * q))
    assert np.allclose(found, tied_average(found, q))
