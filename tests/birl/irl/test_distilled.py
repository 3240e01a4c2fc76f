"""A function as a small network."""

from __future__ import annotations

import numpy as np
import pytest

from birl.irl.distilled import distil
from birl.trajectories import Transitions

torch = pytest.importorskip("torch")


def distilled(values, points):
    torch.manual_seed(0)
    return distil(points, values, inputs=("observation",), n_actions=None, hidden=(32,), rng=np.random.default_rng(0))


def test_a_linear_function_is_kept_in_its_own_units():
    points = np.random.default_rng(1).normal(size=(2000, 2)) * [1.0, 50.0] + [0.0, 300.0]
    values = 1000.0 + points @ [40.0, -2.0]
    found = distilled(values, points)
    seen = Transitions(observations=points, actions=points, next_observations=points, terminal=np.zeros(2000, bool))
    missed = found.network(seen) - values
    assert found.explained > 0.999
    assert np.sqrt((missed**2).mean()) < 0.03 * values.std()


def test_noise_is_not_explained():
    rng = np.random.default_rng(1)
    assert distilled(rng.normal(size=500), rng.normal(size=(500, 2))).explained < 0.2


def test_a_constant_is_explained_by_one():
    points = np.random.default_rng(1).normal(size=(300, 2))
    assert distilled(np.full(300, 7.0), points).explained == 1.0
