"""Density as reward: what is visited often is called good, and it says that it is a control."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from birl.irl.density import Density
from birl.simulator import Actions
from birl.testing import check_estimator
from birl.trajectories import Trajectory, Transitions
from birl.types import BirlError
from tests.birl.irl.adversarial_worlds import behavior

pytest.importorskip("imitation")
pytestmark = pytest.mark.filterwarnings("ignore")  # of imitation and of what it imports, none of them ours


def normal(count: int = 500, action_size: int = 1):
    """One long episode of independent standard normal observations and actions."""
    rng = np.random.default_rng(0)
    one = Trajectory(
        observations=rng.normal(size=(count + 1, 1)), actions=rng.normal(size=(count, action_size)), terminal=False
    )
    box = Actions(low=np.full(action_size, -5.0), high=np.full(action_size, 5.0))
    return replace(
        behavior(), trajectories=(one,), feature_names=(), horizon=count, actions=box, policy=None, simulator=None
    )


def at(points, acted=None) -> Transitions:
    seen = np.asarray(points, float)[:, None]
    done = np.zeros_like(seen) if acted is None else np.asarray(acted, float)[:, None]
    return Transitions(observations=seen, actions=done, next_observations=seen, terminal=np.zeros(len(seen), bool))


def test_the_log_density_of_a_normal_is_a_parabola():
    """A Gaussian kernel of width .5 widens the variance to 1.25, so log p(0) - log p(x) = x^2 / 2.5."""
    found = Density().fit([normal()], rng=np.random.default_rng(0)).evaluate(at([0.0, 1.0, -1.0, 1.5]))
    np.testing.assert_allclose(found[0] - found[1:], [0.4, 0.4, 0.9], atol=0.15)  # 500 points: sd of .03, .07


def test_actions_count_where_they_are_asked_for():
    found = Density(kind="state-action").fit([normal()], rng=np.random.default_rng(0))
    near, far = found.evaluate(at([0.0, 0.0], acted=[0.0, 1.5]))
    assert found.network.inputs == ("observation", "action")
    assert near - far == pytest.approx(0.9, abs=0.25)


def test_what_is_returned_is_called_a_control_and_says_how_well_the_network_fits():
    found = Density().fit([normal(300)], rng=np.random.default_rng(0))
    checks = {c.name: c for c in found.checks}
    assert checks["objective"].required
    assert not checks["objective"].passed
    assert checks["fitted"].passed
    assert checks["fitted"].value > checks["fitted"].limit


def test_it_keeps_the_contract():
    check_estimator(Density(steps=60, hidden=(4,), episodes=10), tolerance=np.inf)  # steps are drawn in another order


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(BirlError, match="one of state, state-action, state-state"):
        Density(kind="states")
    with pytest.raises(BirlError, match="bandwidth must be above 0"):
        Density(bandwidth=0.0)


def test_without_episodes_it_says_what_is_missing():
    with pytest.raises(BirlError, match="density needs trajectories"):
        Density().fit([replace(normal(), trajectories=())])


def test_without_imitation_one_line_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "imitation", None)
    with pytest.raises(BirlError, match=r"density needs imitation.*pip install 'birl\[imitation\]'"):
        Density().fit([normal()])
