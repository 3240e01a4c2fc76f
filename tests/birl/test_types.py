import numpy as np
import pytest

from birl.types import BirlError, DiscretePolicy, Interval, Policy, unknown_name


def test_an_interval_prints_three_significant_digits():
    assert str(Interval(value=1.23456, low=-0.000123456, high=2345.6)) == "1.23 [-0.000123, 2.35e+03]"


def test_an_interval_is_frozen_and_named():
    interval = Interval(value=0.0, low=-1.0, high=1.0)
    with pytest.raises(AttributeError):
        interval.value = 2.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        Interval(0.0, -1.0, 1.0)  # type: ignore[misc]


def test_an_unknown_name_lists_the_nearest_ones():
    error = unknown_name("task", "red-dor", ["red-door", "corner"], "see `birl tasks`")
    assert str(error) == "unknown task 'red-dor': did you mean red-door? (see `birl tasks`)"


def test_an_unknown_name_lists_all_when_none_is_near():
    assert str(unknown_name("task", "zzz", ["corner", "apex"])) == "unknown task 'zzz': there are apex, corner"


def test_an_unknown_name_among_none_says_so():
    assert str(unknown_name("task", "x", [])) == "unknown task 'x': there are none"


def test_errors_are_value_errors():
    assert issubclass(BirlError, ValueError)


def test_policies_are_known_by_what_they_can_do():
    class Table:
        def action_probabilities(self, observations):
            return np.ones((len(observations), 1))

    assert isinstance(Table(), DiscretePolicy)
    assert not isinstance(Table(), Policy)
