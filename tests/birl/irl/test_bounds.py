"""What is passed by where it is far is sought where it is near; what is never worth a step is only bounded."""

import numpy as np
import pytest

from birl.irl import Boltzmann
from birl.irl.base import BOUNDED, IDENTIFIED
from birl.irl.bounds import with_upper_bounds
from tests.behaviors import boltzmann_agent
from tests.worlds import EVENTS, ends_task

MODEL = ends_task(length=13).distribution("train").model
BALL = EVENTS.index("touch:ball")


def fitted(ball: float, eps: float):
    """Boltzmann's estimate of an agent that wants the door and, so much, the ball; before bounds are looked for."""
    weights = 40.0 * np.array([{"touch:door": 1.0, "touch:ball": ball}.get(name, 0.0) for name in EVENTS])
    behavior = boltzmann_agent(MODEL, weights, eps)
    assert 0 < behavior.feature_counts[BALL] < behavior.walk_feature_counts[BALL] / 2
    return behavior, Boltzmann().fit([behavior])


def test_an_event_that_is_sought_where_it_is_near_is_identified():
    behavior, estimate = fitted(0.35, 0.01)
    assert estimate.status["touch:ball"] == BOUNDED
    found = with_upper_bounds(Boltzmann(), [behavior], estimate)
    assert found.status["touch:ball"] == IDENTIFIED
    assert found.simplest[BALL] == estimate.weights["touch:ball"] > 0
    assert "touch:ball" not in found.upper


@pytest.mark.parametrize("eps", [0.01, 0.05])
def test_an_event_that_only_happens_by_chance_stays_bounded(eps):
    behavior, estimate = fitted(0.0, eps)
    found = with_upper_bounds(Boltzmann(), [behavior], estimate)
    assert found.status["touch:ball"] == BOUNDED
    assert found.simplest[BALL] <= 0.0
