"""The walk draws from what it is told to, near its Gaussian or not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import polygamma

from birl.irl.bayes_guide import Gaussian
from birl.irl.bayes_walk import Effort, walk

SHAPE = 2.0  # of a gamma variable; its logarithm is skewed, with known moments


def normal(near: Gaussian):
    """The density of a Gaussian."""
    inverse = np.linalg.inv(near.factor @ near.factor.T)

    def density(theta):
        off = theta - near.mean
        return -0.5 * np.einsum("ci,ij,cj->c", off, inverse, off), -off @ inverse

    return density


def log_gamma(theta):
    """Independent logarithms of gamma variables."""
    return (SHAPE * theta - np.exp(theta)).sum(axis=1), SHAPE - np.exp(theta)


def near(rng, size: int = 3) -> Gaussian:
    square = rng.normal(size=(size, size))
    return Gaussian.of(rng.normal(size=size), square @ square.T + np.eye(size))


def test_what_is_the_gaussian_is_drawn_nearly_independently_and_never_refused(rng):
    target = near(rng)
    found = walk(normal(target), target, Effort(chains=4, draws=2000, warm_up=20), rng)
    assert found.accepted == pytest.approx(1.0)
    assert found.turn == 1
    flat = found.draws.reshape(-1, 3)
    covariance = target.factor @ target.factor.T
    # 8,000 nearly independent draws: 1.6 % of a standard deviation; limits are four times that
    assert np.allclose(flat.mean(axis=0), target.mean, atol=0.045 * np.sqrt(np.diag(covariance)).max())
    assert np.allclose(np.cov(flat.T), covariance, atol=0.07 * np.diag(covariance).max())
    steps = found.draws - found.draws.mean(axis=(0, 1))
    followed = (steps[:, 1:] * steps[:, :-1]).mean(axis=(0, 1)) / steps.var(axis=(0, 1))
    # a fifth of the moves turn by 30 degrees only: .2 cos 30 = .17, and some noise
    assert np.abs(followed).max() < 0.25


@pytest.mark.parametrize("width", [1.0, 0.3, 3.0])
def test_moments_are_right_however_wrong_the_gaussian_is(rng, width):
    wrong = Gaussian.of(np.full(2, 0.5), np.eye(2) / width**2)
    found = walk(log_gamma, wrong, Effort(chains=4, draws=2000, warm_up=400), rng)
    flat = found.draws.reshape(-1, 2)
    mean, deviation = polygamma(0, SHAPE), np.sqrt(polygamma(1, SHAPE))
    # at least 1,000 effective draws: 3 % of a standard deviation; limits are four times that
    assert np.allclose(flat.mean(axis=0), mean, atol=0.12 * deviation)
    assert np.allclose(flat.std(axis=0), deviation, rtol=0.1)


def test_a_wall_is_not_crossed(rng):
    def half(theta):
        inside = theta[:, 0] > 0
        return np.where(inside, -0.5 * theta[:, 0] ** 2, -np.inf), np.where(inside[:, None], -theta, 0.0)

    found = walk(half, Gaussian.of(np.zeros(1), np.eye(1)), Effort(chains=4, draws=2000, warm_up=50), rng)
    assert (found.draws > 0).all()
    assert found.missing > 0
    assert found.draws.mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.06)


def test_the_same_generator_walks_the_same_way():
    target = near(np.random.default_rng(3))
    walks = [walk(log_gamma, target, Effort(chains=2, draws=20, warm_up=9), np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(walks[0].draws, walks[1].draws)
    assert walks[0].asked == walks[1].asked == 2 * (1 + 9 + 20)


def test_processes_share_the_chains_and_change_no_digit():
    target = near(np.random.default_rng(3), size=2)
    one, two = (
        walk(log_gamma, target, Effort(chains=3, draws=30, warm_up=20, jobs=jobs), np.random.default_rng(5))
        for jobs in (1, 2)
    )
    assert np.array_equal(one.draws, two.draws)
    assert (one.accepted, one.missing, one.asked) == (two.accepted, two.missing, two.asked)
