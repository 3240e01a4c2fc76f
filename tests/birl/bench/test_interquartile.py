"""The mean of the middle half: right by hand, and an interval that follows from who is resampled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.bench.interquartile import interquartile_mean


def test_the_lowest_and_the_highest_quarter_do_not_count():
    found = interquartile_mean([np.array([-1000.0, 1.0, 3.0, 50.0])])
    assert found is not None
    assert found.value == 2.0


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=12), st.floats(-2, 2))
def test_the_interval_holds_the_mean_and_moves_with_the_runs(values, shift):
    runs = np.array(values)
    found = interquartile_mean([runs])
    assert found is not None
    assert runs.min() - 1e-9 <= found.low <= found.high <= runs.max() + 1e-9
    moved = interquartile_mean([runs + shift])
    assert moved is not None
    np.testing.assert_allclose(
        [moved.value, moved.low, moved.high], np.array([found.value, found.low, found.high]) + shift, atol=1e-9
    )


def test_no_runs_no_mean():
    assert interquartile_mean([]) is None
    assert interquartile_mean([np.empty(0)]) is None


def test_a_task_with_one_run_is_the_same_in_every_resample():
    found = interquartile_mean([np.array([1.0]), np.array([0.0, 0.0, 0.3])])
    alone = interquartile_mean([np.array([1.0]), np.array([0.2])])
    assert found is not None
    assert alone is not None
    assert found.low < found.high
    assert (alone.low, alone.value, alone.high) == pytest.approx((0.6, 0.6, 0.6))
