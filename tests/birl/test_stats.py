import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl import stats
from birl.types import BirlError


def test_a_seed_gives_the_same_numbers_twice():
    assert stats.generator(3).random() == stats.generator(3).random()


def test_a_negative_seed_is_an_error():
    with pytest.raises(BirlError, match=r"^seed -1 is negative: give a whole number from 0 up$"):
        stats.generator(-1)


def test_level_weights_have_mean_one(rng):
    weights = stats.level_weights(7, 50, rng=rng)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_a_percentile_interval_cuts_equal_tails():
    interval = stats.percentile_interval(50.0, np.arange(101.0), level=0.9)
    assert (interval.low, interval.value, interval.high, interval.level) == pytest.approx((5.0, 50.0, 95.0, 0.9))


def test_a_normal_interval_is_the_textbook_one():
    interval = stats.normal_interval(1.0, 4.0)
    assert (interval.low, interval.high) == pytest.approx((1 - 1.959964 * 2, 1 + 1.959964 * 2))


def test_a_wilson_interval_is_the_published_one():
    # Newcombe 1998, Statistics in Medicine 17:857, table I: 81 of 263
    interval = stats.wilson_interval(81, 263)
    assert (interval.low, interval.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


@pytest.mark.parametrize(("successes", "end"), [(0, "low"), (20, "high")])
def test_a_wilson_interval_touches_the_ends_and_no_further(successes, end):
    interval = stats.wilson_interval(successes, 20)
    assert getattr(interval, end) == pytest.approx(successes / 20)
    assert interval.low < interval.high


def test_a_share_of_no_trials_is_an_error():
    with pytest.raises(BirlError, match="0 trials"):
        stats.wilson_interval(0, 0)


def test_a_ratio_over_nothing_is_undefined(rng):
    weights = stats.level_weights(3, 10, rng=rng)
    assert stats.ratio_interval(np.ones(3), np.zeros(3), weights) is None


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10.0))
def test_a_ratio_of_proportional_terms_is_certain(seed, factor):
    rng = np.random.default_rng(seed)
    below = rng.random(6) + 0.1
    interval = stats.ratio_interval(factor * below, below, stats.level_weights(6, 40, rng=rng))
    assert interval is not None
    assert (interval.low, interval.value, interval.high) == pytest.approx((factor, factor, factor))


def test_a_mean_of_levels_has_about_its_standard_error(rng):
    terms = rng.normal(size=400)
    interval = stats.ratio_interval(terms, np.ones(400), stats.level_weights(400, 2000, rng=rng))
    assert interval is not None
    # the half-width of a 95 % interval is 1.96 standard errors; 2,000 draws know it within about 5 %
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * terms.std() / 20, rel=0.1)
