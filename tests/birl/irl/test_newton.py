"""Maxima that can be worked out by hand, with and without the sparse prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from birl.irl.newton import SparsePrior, maximise
from birl.irl.quasi_newton import climb


@dataclass(frozen=True)
class Parabola:
    """-(x - peak)' bend (x - peak) / 2."""

    theta: np.ndarray
    peak: np.ndarray
    bend: np.ndarray

    @property
    def value(self):
        return -float((self.theta - self.peak) @ self.bend @ (self.theta - self.peak)) / 2

    @property
    def gradient(self):
        return -self.bend @ (self.theta - self.peak)

    @property
    def curvature(self):
        return self.bend


@dataclass(frozen=True)
class Ridge(Parabola):
    """Its claimed curvature is far too small, so full steps overshoot."""

    @property
    def curvature(self):
        return self.bend / 1000


def parabola(peak, bend=None, kind=Parabola):
    peak = np.asarray(peak, float)
    bend = np.eye(peak.size) if bend is None else np.asarray(bend, float)
    return lambda theta, near=None: kind(theta, peak, bend)


SEARCHES = pytest.mark.parametrize("search", [maximise, climb])


def prior(strength, n=2):
    return SparsePrior(strength=strength, n_weights=n)


@SEARCHES
def test_without_a_prior_the_peak_is_found(search):
    point, end = search(parabola([2.0, -3.0], [[2, 1], [1, 3]]), np.zeros(2), prior(0.0), tolerance=1e-9, max_steps=50)
    assert np.allclose(point.theta, [2, -3])
    assert end.converged
    assert end.gap <= 1e-9


@SEARCHES
def test_the_sparse_prior_pulls_by_its_strength_and_puts_small_weights_at_exactly_0(search):
    # max of -(x - m)^2 / 2 - |x| / 2 is m - 1/2 above 1/2, and 0 within it
    point, end = search(parabola([2.0, 0.3]), np.ones(2), prior(0.5), tolerance=1e-9, max_steps=50)
    assert point.theta[0] == pytest.approx(1.5)
    assert point.theta[1] == 0.0
    assert end.converged


@SEARCHES
def test_nuisance_parameters_are_not_penalised(search):
    point, _ = search(parabola([2.0, 0.3]), np.zeros(2), prior(0.5, n=1), tolerance=1e-9, max_steps=50)
    assert np.allclose(point.theta, [1.5, 0.3])


@SEARCHES
def test_parameters_that_are_not_free_stay_and_do_not_count(search):
    free = np.array([True, False])
    point, end = search(parabola([2.0, 3.0]), np.zeros(2), prior(0.0), tolerance=1e-9, max_steps=50, free=free)
    assert np.allclose(point.theta, [2, 0])
    assert end.converged


def test_directions_without_curvature_stay_where_they_were():
    point, end = maximise(parabola([1.0, 1.0], [[1, 1], [1, 1]]), np.zeros(2), prior(0.0), tolerance=1e-9, max_steps=50)
    assert np.allclose(point.theta, [1, 1])  # the sum is 2, and nothing moved along the difference
    assert end.converged


def test_steps_that_overshoot_are_damped():
    point, end = maximise(parabola([2.0], kind=Ridge), np.zeros(1), prior(0.0, 1), tolerance=1e-9, max_steps=200)
    assert point.theta[0] == pytest.approx(2.0)
    assert end.converged


@SEARCHES
def test_running_out_of_steps_is_said(search):
    _, end = search(
        parabola([2.0, -3.0], np.diag([1.0, 1e3]), kind=Ridge), np.zeros(2), prior(0.1), tolerance=1e-12, max_steps=1
    )
    assert not end.converged
    assert end.gap > 1e-12


def test_a_gradient_that_leads_nowhere_is_called_stuck():
    @dataclass(frozen=True)
    class Kink(Parabola):
        @property
        def value(self):
            return -abs(float(self.theta[0]))

        @property
        def gradient(self):
            return np.ones(1)

    _, end = maximise(parabola([0.0], kind=Kink), np.zeros(1), prior(0.0, 1), tolerance=1e-9)
    assert end.stuck
    assert not end.converged


def test_how_far_from_optimal_is_the_smallest_subgradient():
    residual = prior(0.5, n=3).residual(np.array([0.0, 0.0, 2.0, 0.0]), np.array([0.4, -0.7, 0.5, 0.1]))
    assert np.allclose(residual, [0.0, -0.2, 0.0, 0.1])


def test_a_direction_that_hardly_bends_is_not_followed_out_of_sight():
    asked = []  # its quadratic would go to 3e6 at once

    @dataclass(frozen=True)
    class Flat(Parabola):
        @property
        def curvature(self):
            return 1e-6 * self.bend

    build = parabola([3.0], kind=Flat)

    def at(theta, near=None):
        asked.append(float(theta[0]))
        return build(theta)

    point, end = maximise(at, np.zeros(1), prior(0.0, 1), tolerance=1e-6, max_steps=100)
    assert point.theta[0] == pytest.approx(3.0, abs=1e-5)
    assert end.converged
    assert max(map(abs, asked)) <= 10.0
