import numpy as np
import pytest

from birl.distance import Coverage, starc
from birl.distance.coverage import as_coverage, edge_weights
from birl.types import BirlError
from tests.worlds import gridworld, random_model

GRID = gridworld(3)


def test_feasible_coverage_weighs_everything_that_can_happen_alike():
    found = as_coverage(GRID, None)
    assert found.weights == pytest.approx(GRID.live / 32)
    assert (found.name, found.supported) == ("feasible", 1.0)


def test_next_states_follow_the_dynamics(rng):
    model = random_model(rng, invalid=True)
    weights = edge_weights(model, as_coverage(model, rng.random(18)))
    assert weights.sum() == pytest.approx(1)


def test_a_coverage_may_bring_its_name_and_says_what_share_can_happen():
    visits = Coverage(name="occupancy in training", weights=np.ones(36))
    found = starc(GRID, {"goal": 1.0}, {"step": 1.0}, coverage=visits)
    assert (found.coverage, found.supported) == ("occupancy in training", pytest.approx(32 / 36))


BAD = {
    "coverage: 9 weights for 36 state-action pairs": np.ones(9),
    "coverage: a weight is negative or not finite": np.full(36, np.nan),
    "coverage: a weight is negative": -np.ones(36),
    "coverage: no valid action of a state that is not terminal has weight": np.zeros(36),
    "coverage: no valid action": np.repeat(GRID.terminal, 4).astype(float),
    "unknown coverage 'feasable': did you mean feasible": "feasable",
}


@pytest.mark.parametrize("message", BAD)
def test_a_coverage_that_cannot_be_used_is_one_clear_line(message):
    with pytest.raises(BirlError, match=message):
        starc(GRID, {"goal": 1.0}, {"step": 1.0}, coverage=BAD[message])
