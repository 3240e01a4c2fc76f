import numpy as np
import pytest

from birl.distance import Coverage, blend, occupancy, starc
from birl.distance.coverage import as_coverage, edge_weights
from birl.types import BirlError
from tests.behaviors import behave
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


def test_occupancy_weighs_what_the_policy_does_where_it_goes():
    policy = np.eye(4)[np.full(9, 3)]
    behavior = behave(GRID, policy, "train")
    found = occupancy(behavior)
    assert found.name == "occupancy in train"
    assert found.weights.reshape(9, 4)[:, :3].sum() == 0.0
    assert found.weights.sum() == pytest.approx(behavior.occupancy.sum())
    assert starc(GRID, {"goal": 1.0}, {"step": 1.0}, coverage=found).coverage == "occupancy in train"


def test_a_blend_is_the_weighted_mean_of_normalised_coverages_and_says_so():
    somewhere = Coverage(name="somewhere", weights=7.0 * (np.arange(36) == 0))
    found = blend(GRID, [None, somewhere], [1.0, 3.0])
    assert found.name == "25% feasible and 75% somewhere"
    assert found.weights == pytest.approx(0.25 * GRID.live / 32 + 0.75 * (np.arange(36) == 0))
    assert as_coverage(GRID, found).supported == 1.0


def test_a_blend_keeps_the_share_that_can_happen():
    visits = Coverage(name="visits", weights=np.ones(36))
    assert as_coverage(GRID, blend(GRID, [None, visits])).supported == pytest.approx((1 + 32 / 36) / 2)


@pytest.mark.parametrize("shares", [[1.0], [-1.0, 2.0], [0.0, 0.0], [np.nan, 1.0]])
def test_shares_that_are_no_weights_are_refused(shares):
    with pytest.raises(BirlError, match="of 2 coverages: give one weight, from 0 up, each"):
        blend(GRID, [None, None], shares)


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
