from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from birl.distance import DISTANCES, starc
from birl.distance.rewards import as_reward
from birl.types import BirlError
from tests.rewards import ARRIVE, SWITCH, switch, world
from tests.worlds import gridworld, random_model

GRID = gridworld(3)


@dataclass(frozen=True)
class Recovered:
    weights: Mapping[str, float]


def test_every_form_of_a_reward_says_the_same(rng):
    model = random_model(rng, n_features=2)
    by_pair = model.features @ [1.0, -2.0]
    table = np.repeat(by_pair.reshape(6, 3, 1), 6, axis=2)
    edges = model.transitions.tocoo()
    other = {"f0": 1.0}
    forms = (
        {"f0": 1.0, "f1": -2.0},
        Recovered({"f0": 1.0, "f1": -2.0}),
        by_pair,
        by_pair.reshape(6, 3),
        table,
        table.reshape(18, 6)[edges.row, edges.col],
    )
    found = [float(starc(model, form, other)) for form in forms]
    assert found == pytest.approx([found[0]] * len(forms))
    assert found[0] > 0.1


def test_a_reward_is_scaled_and_terminal_rows_are_ignored():
    rows = np.where(np.repeat(GRID.terminal, 4), 1e9, 5.0)
    reward = as_reward(GRID, rows, "a")
    assert reward.pairs == pytest.approx(np.where(np.repeat(GRID.terminal, 4), 0.0, 1.0))
    assert reward.by_pair
    assert reward.knows_the_impossible


def test_rewards_too_large_to_square_are_compared():
    assert float(starc(switch(), 1e300 * ARRIVE, 1e-300 * ARRIVE)) == pytest.approx(0, abs=1e-9)


def test_the_expected_reward_follows_the_dynamics():
    model = world(np.array([[[0.8, 0.2], [0.3, 0.7]], [[0.4, 0.6], [0.9, 0.1]]]), discount=0.9)
    reward = as_reward(model, ARRIVE, "a")
    assert reward.pairs == pytest.approx([0.2, 0.7, 0.6, 0.1])
    assert as_reward(model, np.full(8, 2.0), "a").pairs == pytest.approx(np.ones(4))


BAD = {
    "unknown feature 'gaol'": {"gaol": 1.0},
    "reward b: the weight of 'goal' is not finite": {"goal": float("nan")},
    "reward b: a value is not finite": np.full(36, np.nan),
    "reward b: shape .7,. for 9 states, 4 actions and 32 transitions": np.ones(7),
    r"reward b: shape .9, 4, 8. for 9 states": np.ones((9, 4, 8)),
    "reward b: a value is not finite .NaN or infinity.: mend the reward": np.full((9, 4, 9), np.inf),
}


@pytest.mark.parametrize("message", BAD)
@pytest.mark.parametrize("metric", DISTANCES)
def test_a_reward_that_does_not_fit_is_one_clear_line(metric, message):
    with pytest.raises(BirlError, match=message) as caught:
        DISTANCES[metric](GRID, {"goal": 1.0}, BAD[message])
    assert "\n" not in str(caught.value)


def test_values_that_could_be_read_in_two_ways_are_refused():
    chance = np.array([[[0.5, 0.5], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]]])
    model = world(chance, discount=0.9, terminal=np.array([False, True]))
    assert model.transitions.nnz == 4
    with pytest.raises(BirlError, match="reward a: 4 values fit both"):
        starc(model, np.arange(4.0), SWITCH)
    assert starc(model, np.arange(4.0).reshape(2, 2), SWITCH).value is not None


@pytest.mark.parametrize("metric", DISTANCES)
def test_every_metric_has_one_signature(metric):
    found = DISTANCES[metric](GRID, {"goal": 1.0}, {"goal": 1.0}, coverage=None)
    assert float(found) == pytest.approx(0, abs=1e-7)
    assert found.metric.startswith(metric)
    assert found.discount == 0.9
