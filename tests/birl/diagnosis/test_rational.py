import numpy as np
import pytest

from birl.diagnosis.rational import fit_rationality
from birl.tabular import reward_vector
from tests.behaviors import behave, boltzmann_agent
from tests.worlds import DOOR, EVENTS, RED, two_ends

PLANTED = np.array([DOOR.get(name, 0.0) for name in EVENTS])


@pytest.fixture(scope="module")
def world():
    return two_ends(("touch:door",), ("touch:ball", "touch:red"))


@pytest.mark.parametrize("beta", [5.0, 8.0, 25.0])
@pytest.mark.parametrize("unit", [0.1, 1.0, 50.0])
def test_a_planted_inverse_temperature_is_recovered_whatever_the_unit(world, beta, unit):
    seen = boltzmann_agent(world, beta * PLANTED, 0.05)
    found = fit_rationality([seen], [unit * reward_vector(world, DOOR)])
    assert found.inverse_temperature * unit == pytest.approx(beta, rel=0.01)
    assert found.eps == pytest.approx(0.05, abs=0.01)


def test_the_right_objective_explains_better_than_the_wrong_one_and_as_well_as_the_truth(world):
    seen = boltzmann_agent(world, 10 * PLANTED, 0.05)
    right, wrong = (reward_vector(world, objective) for objective in (DOOR, RED))
    by_right = fit_rationality([seen], [right]).log_likelihood(seen, right).mean()
    by_wrong = fit_rationality([seen], [wrong]).log_likelihood(seen, wrong).mean()
    assert by_right == pytest.approx(seen.log_likelihood(seen.policy).mean(), abs=1e-4)
    assert by_right > by_wrong + 0.1


def test_no_objective_explains_the_random_walk_better_than_itself(world):
    seen, door = behave(world, world.uniform), reward_vector(world, DOOR)
    assert fit_rationality([seen], [door]).log_likelihood(seen, door) == pytest.approx(-np.log(2), abs=1e-3)
