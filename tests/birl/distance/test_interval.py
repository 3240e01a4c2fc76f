"""Exact distances with intervals: what levels say, what draws say, and that the value is the exact one."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from birl.distance import DISTANCES, Draws, with_interval
from birl.types import BirlError
from tests.rewards import ARRIVE, SWITCH, beside, switch
from tests.worlds import corridor, random_model

METRICS = ("starc", "starc-min", "epic", "dard", "npec")


@dataclass(frozen=True)
class Recovered:
    """An estimate with draws of its own, in an order of its own."""

    weights: dict[str, float]
    draws: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


def worlds(rng, count=12):
    return beside(*(random_model(rng) for _ in range(count)))


@pytest.mark.parametrize("metric", METRICS)
def test_the_value_is_exact_and_lies_within(metric, rng):
    model = worlds(rng)
    a, b = {"f0": 1.0, "f1": -0.5}, rng.normal(size=model.live.size)
    found = with_interval(metric, model, a, b)
    assert found.value == pytest.approx(float(DISTANCES[metric](model, a, b)), abs=1e-12)
    assert found.interval.low < found.value < found.interval.high
    assert found.interval.value == found.value


@pytest.mark.parametrize("metric", METRICS)
def test_levels_that_are_alike_leave_nothing_open_but_draws_do(metric, rng):
    one = random_model(rng)
    model, a, b = beside(one, one, one), {"f0": 1.0}, {"f1": 1.0}
    alike = with_interval(metric, model, a, b)
    assert alike.interval.low == pytest.approx(alike.interval.high, abs=1e-7)
    drawn = Draws(a=np.eye(4)[0] + 0.3 * rng.normal(size=(100, 4)))
    open_ = with_interval(metric, model, a, b, draws=drawn)
    assert open_.value == alike.value
    assert open_.interval.high - open_.interval.low > 0.02


def test_the_interval_covers_the_distance_on_all_levels():
    """Twenty of many levels at a time: 95 % intervals, 60 of them, so fewer than 50 would be a wrong rule."""
    rng = np.random.default_rng(0)
    pool = [random_model(rng, n_states=4) for _ in range(200)]
    a, b = {"f0": 1.0}, {"f0": 1.0, "f1": 1.0}
    truth = float(DISTANCES["starc"](beside(*pool), a, b))
    found = [
        with_interval("starc", beside(*(pool[i] for i in rng.choice(200, 20, replace=False))), a, b, rng=rng).interval
        for _ in range(60)
    ]
    assert sum(i.low <= truth <= i.high for i in found) >= 50


def test_a_rewards_own_draws_are_taken_in_the_order_of_its_weights(rng):
    model = worlds(rng, 3)
    backwards = Recovered({"f1": 2.0, "f0": 1.0}, np.array([[2.0, 1.0], [2.2, 0.9]]))
    given = Draws(a=np.array([[1.0, 2.0, 0, 0], [0.9, 2.2, 0, 0]]))
    own = with_interval("starc", model, backwards, {"f2": 1.0})
    told = with_interval("starc", model, {"f0": 1.0, "f1": 2.0}, {"f2": 1.0}, draws=given)
    assert own == told


def test_coverage_is_kept_and_the_same_seed_gives_the_same_interval(rng):
    model = worlds(rng, 4)
    weights = rng.random(model.live.size)
    one, two = (with_interval("starc-min", model, {"f0": 1.0}, {"f1": 1.0}, coverage=weights) for _ in range(2))
    assert one == two
    assert one.coverage == "given"
    assert one.value == float(DISTANCES["starc-min"](model, {"f0": 1.0}, {"f1": 1.0}, coverage=weights))


def test_a_reward_without_preference_has_neither_value_nor_interval():
    found = with_interval("npec", beside(corridor(3), corridor(4)), {"goal": 1.0}, {})
    assert (found.value, found.interval) == (None, None)
    assert found.reason.startswith("b expresses no preference")


def test_what_has_no_interval_says_why():
    two = beside(switch(), switch())
    with pytest.raises(BirlError, match="unknown distance with an interval 'regret'"):
        with_interval("regret", two, {}, {})  # type: ignore[arg-type]
    with pytest.raises(BirlError, match="interval of starc: one level and no draws leave nothing to resample"):
        with_interval("starc", switch(), ARRIVE, SWITCH)
    table = np.tile(np.kron(np.eye(2), np.ones((2, 2))), (1, 2)).reshape(4, 2, 4)
    with pytest.raises(BirlError, match="interval of epic: reward a depends on the next state: use starc"):
        with_interval("epic", two, table * np.arange(4.0), np.arange(8.0).reshape(4, 2))
    assert with_interval("starc", two, table * np.arange(4.0), np.arange(8.0).reshape(4, 2)).interval is not None
