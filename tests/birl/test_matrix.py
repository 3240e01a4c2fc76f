"""The matrix of distances: symmetric, with a zero diagonal, and one for each distribution."""

import numpy as np
import pytest

from birl.distance import starc
from birl.matrix import distance_matrix
from birl.stats import level_weights
from birl.tabular import reward_vector
from birl.testing import worlds
from birl.types import BirlError
from tests.rewards import beside
from tests.worlds import random_model

MODELS = {
    "train": worlds.corridors("touch:door&red", "touch:ball&blue"),
    "shift": worlds.corridors("touch:door&blue", "touch:ball&red"),
}
BASE = {"touch:door&red": 1.0, "touch:door&blue": 1.0}
RED = {"touch:door&red": 1.0, "touch:ball&red": 1.0}
FIXED = {
    name: {where: reward_vector(model, reward) for where, model in MODELS.items()}
    for name, reward in {"base": BASE, "red": RED, "nothing": {}}.items()
}
NAMES = MODELS["train"].feature_names
WEIGHTS = np.array([[2.0, 2.0, 0.3, 0.0, 0.0]])


def matrix(drawn=WEIGHTS, **options):
    return distance_matrix(MODELS, FIXED, {"joint": drawn}, **options)


def test_entries_are_the_distances_of_each_pair():
    found = matrix()
    for where, model in MODELS.items():
        for a, b in (("base", "red"), ("joint", "red")):
            rewards = {"base": BASE, "red": RED, "joint": dict(zip(NAMES, WEIGHTS[0].tolist(), strict=True))}
            expected = float(starc(model, rewards[a], rewards[b]))
            i, j = found.names.index(a), found.names.index(b)
            assert found.value[where][i][j] == pytest.approx(expected, abs=1e-9)
            assert found.value[where][j][i] == found.value[where][i][j]


def test_base_and_proxy_agree_in_training_and_part_under_shift():
    found = matrix()
    assert found.value["train"][0][1] == pytest.approx(0.0, abs=1e-9)
    assert found.value["shift"][0][1] > 0.5


def test_intervals_come_from_levels_and_weights_together():
    rng = np.random.default_rng(0)
    drawn = WEIGHTS + np.concatenate([np.zeros((1, 5)), 0.2 * rng.normal(size=(50, 5))])
    picks = {where: level_weights(model.n_levels, 50, rng=rng) for where, model in MODELS.items()}
    found = matrix(drawn, level_weights=picks).interval("shift", "base", "joint")
    assert found.low < found.value < found.high


def test_levels_alone_and_weights_alone_each_give_an_interval():
    """Fixed rewards move with the levels only; with every level once, recovered ones move with their weights only."""
    rng = np.random.default_rng(0)
    world = beside(*(random_model(rng) for _ in range(6)))
    fixed = {name: {"w": rng.normal(size=world.live.size)} for name in ("a", "b")}
    drawn = {"joint": np.array([1.0, 0, 0, 0]) + 0.2 * rng.normal(size=(51, 4))}

    def widths(picks):
        found = distance_matrix({"w": world}, fixed, drawn, level_weights={"w": picks})
        ends = (found.interval("w", "a", "b"), found.interval("w", "a", "joint"))
        return [one.high - one.low for one in ends]

    both, weights_only = widths(level_weights(6, 50, rng=rng)), widths(np.ones((50, 6)))
    assert both[0] > 0.01
    assert weights_only[0] == pytest.approx(0.0, abs=1e-9)
    assert weights_only[1] > 0.01


@pytest.mark.parametrize("metric", ["starc-min", "epic", "dard", "npec"])
def test_every_metric_of_draws_has_a_matrix(metric):
    found = matrix(metric=metric)
    assert found.metric == metric
    assert found.value["train"][0][1] == pytest.approx(0.0, abs=1e-7)
    assert found.value["shift"][0][1] > 0.1


def test_a_reward_that_prefers_nothing_has_no_distance_to_anything():
    found = matrix()
    assert found.undefined == {"train": ("nothing",), "shift": ("nothing",)}
    assert found.value["train"][0][2] is None
    assert found.interval("train", "base", "nothing") is None


def test_without_draws_there_is_no_interval():
    assert matrix().interval("train", "base", "joint") is None


def test_names_that_are_not_there_are_refused():
    with pytest.raises(BirlError, match="distribution 'trian': did you mean train"):
        matrix().interval("trian", "base", "red")
    with pytest.raises(BirlError, match="reward 'bas': did you mean base"):
        matrix().interval("train", "bas", "red")
    with pytest.raises(BirlError, match="give each a name of its own"):
        distance_matrix(MODELS, FIXED, {"base": WEIGHTS})
