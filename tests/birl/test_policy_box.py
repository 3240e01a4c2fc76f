"""Policies over boxes: densities worked out by hand, then what holds for every box and every Gaussian."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.policy import DeterministicPolicy, GaussianPolicy, SquashedGaussianPolicy, seen_through
from birl.policy.box import Moments
from birl.types import BirlError, ContinuousPolicy

LOW, HIGH = np.array([-2.0, 0.5]), np.array([1.0, 3.0])


def moments(mean, std):
    return lambda seen: Moments(mean=np.tile(mean, (len(seen), 1)), std=np.tile(std, (len(seen), 1)))


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_middle_of_the_box_has_the_density_of_a_standard_normal_over_the_half_width():
    policy = SquashedGaussianPolicy(moments([0.0, 0.0], [1.0, 1.0]), LOW, HIGH)
    middle = (LOW + HIGH) / 2
    expected = -math.log(2 * math.pi) - math.log(1.5) - math.log(1.25)  # tanh has slope 1 at 0
    assert policy.action_log_prob(np.zeros((1, 1)), middle[None])[0] == pytest.approx(expected, abs=1e-12)
    assert np.allclose(policy.act(np.zeros((1, 1)), rng=rng(), deterministic=True), middle)


@given(
    mean=st.floats(-1.5, 1.5),
    std=st.floats(0.2, 1.0),
    low=st.floats(-5, 5),
    width=st.floats(0.1, 10),
    seed=st.integers(0, 9),
)
def test_squashed_densities_integrate_to_one(mean, std, low, width, seed):
    policy = SquashedGaussianPolicy(moments([mean], [std]), np.array([low]), np.array([low + width]))
    points = np.linspace(low, low + width, 20_001)[1:-1, None]
    density = np.exp(policy.action_log_prob(np.zeros((len(points), 1)), points))
    assert density.sum() * width / 20_000 == pytest.approx(1.0, abs=5e-3)
    drawn = policy.sample(np.zeros((100, 1)), rng=rng(seed))
    assert ((drawn >= low) & (drawn <= low + width)).all()


def test_samples_fall_as_the_density_says():
    policy = SquashedGaussianPolicy(moments([0.7], [0.6]), np.array([-1.0]), np.array([3.0]))
    drawn = policy.sample(np.zeros((40_000, 1)), rng=rng())[:, 0]
    points = np.linspace(-1, 3, 4001)[1:-1]
    density = np.exp(policy.action_log_prob(np.zeros((len(points), 1)), points[:, None]))
    below = density[points < 1.5].sum() * 1e-3
    assert (drawn < 1.5).mean() == pytest.approx(below, abs=0.01)  # four standard errors of 40,000 draws


def test_the_edge_of_the_box_has_a_finite_density():
    policy = SquashedGaussianPolicy(moments([0.0, 0.0], [1.0, 1.0]), LOW, HIGH)
    assert np.isfinite(policy.action_log_prob(np.zeros((2, 1)), np.stack([LOW, HIGH]))).all()


def test_a_gaussian_clips_what_it_sends_and_scores_what_it_drew():
    policy = GaussianPolicy(moments([5.0, 0.0], [1.0, 2.0]), LOW, HIGH)
    assert policy.act(np.zeros((1, 1)), rng=rng(), deterministic=True).tolist() == [[1.0, 0.5]]
    expected = -math.log(2 * math.pi) - math.log(2.0) - 0.5
    assert policy.action_log_prob(np.zeros((1, 1)), [[5.0, 2.0]])[0] == pytest.approx(expected)


def test_deterministic_actions_are_stretched_to_the_box():
    policy = DeterministicPolicy(lambda seen: np.tile([-1.0, 0.2], (len(seen), 1)), LOW, HIGH)
    assert np.allclose(policy.act(np.zeros((1, 1)), rng=rng()), [[-2.0, 2.0]])
    assert isinstance(policy, ContinuousPolicy)
    with pytest.raises(BirlError, match="undefined, because the policy is deterministic"):
        policy.action_log_prob(np.zeros((1, 1)), LOW[None])


def test_boxes_of_any_shape_keep_it():
    low, high = np.full((2, 3), -1.0), np.full((2, 3), 2.0)
    for kind in (GaussianPolicy, SquashedGaussianPolicy):
        policy = kind(moments(np.zeros(6), np.ones(6)), low, high)
        drawn = policy.sample(np.zeros((4, 1)), rng=rng())
        assert drawn.shape == policy.act(np.zeros((4, 1)), rng=rng()).shape == (4, 2, 3)
        assert policy.action_log_prob(np.zeros((4, 1)), drawn).shape == (4,)


def test_a_box_without_edges_cannot_be_stretched_to():
    with pytest.raises(BirlError, match="infinite bounds"):
        SquashedGaussianPolicy(moments([0.0], [1.0]), np.array([-np.inf]), np.array([1.0]))


def test_a_lens_changes_what_a_policy_sees_and_nothing_else():
    policy = DeterministicPolicy(lambda seen: np.tanh(seen), np.array([-1.0]), np.array([1.0]))
    doubled = seen_through(policy, lambda seen: 2 * seen)
    seen = np.array([[0.3], [-0.1]])
    assert np.allclose(doubled.act(seen, rng=rng()), policy.act(2 * seen, rng=rng()))
    with pytest.raises(BirlError, match="no function of observations"):
        seen_through(object(), lambda seen: seen)
