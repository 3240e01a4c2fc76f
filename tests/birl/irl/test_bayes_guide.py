"""The guide has the slopes that were seen, and what it does not know does it no harm."""

from __future__ import annotations

import numpy as np
import pytest

from birl.irl.bayes_guide import Gaussian, Guide, Seen
from tests.behaviors import relative_error


def skewed(theta):
    """Gaussian, but for a soft wall across it; log density and gradient."""
    wall = np.array([2.0, 1.0, 0.0])
    ahead = theta @ wall - 1.0
    value = -0.5 * (theta**2).sum(axis=1) - 3.0 * np.logaddexp(0.0, ahead)
    return value, -theta - 3.0 * wall / (1.0 + np.exp(-ahead[:, None]))


def seen_at(theta, density=skewed) -> Seen:
    value, gradient = density(theta)
    return Seen(theta=theta, value=value, gradient=gradient)


NEAR = Gaussian(mean=np.zeros(3), factor=np.eye(3))


def test_slopes_are_learned_from_a_few_hundred_points_and_hold_at_others(rng):
    guide = Guide.fitted(NEAR, seen_at(rng.normal(size=(300, 3))), rng)
    elsewhere = rng.normal(size=(200, 3))
    lacking = skewed(elsewhere)[1] + elsewhere
    assert relative_error(guide.kick(elsewhere), lacking) < 0.1


def test_units_of_the_gaussian_are_those_of_the_kick(rng):
    near = Gaussian(mean=np.ones(3), factor=np.linalg.cholesky(np.diag([0.5, 1.0, 2.0]) + 0.2))
    guide = Guide.fitted(near, seen_at(near.place(rng.normal(size=(300, 3)))), rng)
    z = rng.normal(size=(200, 3))
    lacking = skewed(near.place(z))[1] @ near.factor + z
    assert relative_error(guide.kick(z), lacking) < 0.1
    assert np.allclose(near.standard(near.place(z)), z)


def test_what_is_the_gaussian_needs_no_hinges(rng):
    normal = lambda theta: (-0.5 * (theta**2).sum(axis=1), -theta)  # noqa: E731
    guide = Guide.fitted(NEAR, seen_at(rng.normal(size=(50, 3)), normal), rng)
    assert np.allclose(guide.kick(rng.normal(size=(20, 3))), 0.0, atol=1e-9)


def test_what_is_known_beyond_the_gaussian_is_not_learned_but_exact(rng):
    def beyond(theta):
        return -np.abs(theta).sum(axis=1), -np.sign(theta)

    def both(theta):
        return -0.5 * (theta**2).sum(axis=1) - np.abs(theta).sum(axis=1), -theta - np.sign(theta)

    near = Gaussian(mean=np.zeros(3), factor=np.eye(3), beyond=beyond)
    guide = Guide.fitted(near, seen_at(rng.normal(size=(50, 3)), both), rng)
    far = 100 * rng.normal(size=(20, 3))
    assert np.allclose(guide.kick(far), -np.sign(far), atol=1e-6)


def test_each_row_is_kicked_to_the_last_digit_as_if_by_itself(rng):
    guide = Guide.fitted(NEAR, seen_at(rng.normal(size=(300, 3))), rng)
    z = rng.normal(size=(7, 3))
    assert np.array_equal(guide.kick(z), np.concatenate([guide.kick(row[None]) for row in z]))
    assert np.array_equal(NEAR.place(z), np.concatenate([NEAR.place(row[None]) for row in z]))


@pytest.mark.parametrize("known", [0, 1])
def test_points_without_density_teach_nothing(rng, known):
    theta = rng.normal(size=(40, 3))
    value, gradient = skewed(theta)
    value[known:], gradient[known:] = -np.inf, 0.0
    guide = Guide.fitted(NEAR, Seen(theta=theta, value=value, gradient=gradient), rng)
    assert len(guide.heights) == known
    assert np.isfinite(guide.kick(theta)).all()


def test_points_far_below_the_others_hardly_count(rng):
    theta = np.concatenate([rng.normal(size=(40, 3)), np.full((1, 3), 40.0)])
    weight = seen_at(theta).typical()
    assert weight[:-1].min() > 0.01
    assert weight[-1] < 1e-100
