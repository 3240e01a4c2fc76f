import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.distance import regret, regret_by_level
from birl.types import BirlError
from tests.rewards import beside
from tests.worlds import DOOR, RED, corridor, gridworld, random_model, two_ends

SEEDS = st.integers(0, 2**32 - 1)
SHIFTED = two_ends(("touch:door",), ("touch:ball", "touch:red"))


def test_optimising_the_judge_costs_nothing():
    found = regret(SHIFTED, DOOR, DOOR)
    assert (found.value, found.least, found.greatest) == pytest.approx((0, 0, 0))


def test_going_for_the_wrong_end_loses_all_and_more_than_chance():
    found = regret(SHIFTED, DOOR, RED)
    worst = regret(SHIFTED, DOOR, RED, normaliser="worst")
    assert worst.value == pytest.approx(1)
    assert found.value == found.least == pytest.approx(found.greatest)
    assert found.value > 1  # the random walk reaches the door now and then


def test_ties_are_broken_both_ways():
    """To one who wants either end soon, the middle of the corridor is a tie: only that level of five has one."""
    either = {"touch:door": 1.0, "touch:ball": 1.0}
    found = regret(SHIFTED, DOOR, either, normaliser="worst")
    gains = 0.9 ** np.arange(5.0)  # what the door is worth from each start
    assert found.least == pytest.approx(gains[3:].sum() / gains.sum())
    assert found.greatest == pytest.approx(gains[2:].sum() / gains.sum())
    assert found.value == found.greatest


def test_an_optimiser_of_nothing_is_undefined_but_bounded():
    found = regret(gridworld(3), {"goal": 1.0}, {}, normaliser="worst")
    assert found.value is None
    assert found.reason == "b expresses no preference: every policy is alike"
    assert (found.least, found.greatest) == pytest.approx((0, 1))


def test_a_judge_without_preference_leaves_nothing_to_lose():
    found = regret(gridworld(3), {}, {"goal": 1.0})
    assert (found.value, found.least, found.greatest) == (None, None, None)
    assert (
        found.reason
        == "a's optimiser gains nothing over the random walk from the model's start: there is nothing to lose"
    )


def test_the_parts_of_levels_add_up():
    """Two corridors: in the first the goal is reached whatever one wants, in the second only by wanting it."""
    model = beside(corridor(3), corridor(5))
    parts = regret_by_level(model, {"goal": 1.0}, {"step": -1.0})
    found = regret(model, {"goal": 1.0}, {"step": -1.0})
    gain = parts.best - parts.floor
    assert parts.best == pytest.approx([0.9 / 2, 0.9**3 / 2])
    assert found.greatest == pytest.approx((parts.best - parts.cruellest).sum() / gain.sum())
    assert not parts.indifferent


@given(SEEDS, st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))
def test_regret_ignores_scale_and_shaping(seed, scale_a, scale_b):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2, invalid=True)
    a, b = rng.normal(size=(2, model.live.size))
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    change = model.discount * model.transitions @ potential - np.repeat(potential, model.n_actions)
    plain, same = regret(model, a, b), regret(model, scale_a * (a + change), scale_b * (b + change))
    assert same.value == pytest.approx(plain.value, abs=1e-6)
    assert plain.least == pytest.approx(plain.greatest)  # random rewards have no ties
    assert plain.value >= 0


@given(SEEDS)
def test_against_the_worst_policy_regret_is_a_share(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    a, b = rng.normal(size=(2, model.live.size))
    found = regret(model, a, b, normaliser="worst")
    assert 0 <= found.least <= found.greatest <= 1 + 1e-9
    assert regret(model, a, -a, normaliser="worst").value == pytest.approx(1)


def test_coverage_and_unknown_normalisers_are_refused():
    with pytest.raises(BirlError, match="regret: takes no coverage"):
        regret(SHIFTED, DOOR, RED, coverage="feasible")  # type: ignore[arg-type]
    with pytest.raises(BirlError, match="unknown normaliser 'worse': did you mean worst"):
        regret(SHIFTED, DOOR, RED, normaliser="worse")  # type: ignore[arg-type]
