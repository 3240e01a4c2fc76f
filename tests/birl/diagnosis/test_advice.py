"""What would decide an open case is said in terms of what is missing."""

import numpy as np
import pytest

from birl.diagnosis import Thresholds, Verdict, diagnose
from birl.diagnosis.controls import apart
from tests.evidence import BENT, FOLLOWS_RED, evidence

T = Thresholds()
SOME = np.arange(100) < 50


def wanted(**changes):
    found = diagnose(evidence(**changes))
    assert found.verdict is Verdict.UNDETERMINED
    return found.would_decide


def test_worlds_that_separate_nothing_are_told_which_features_to_part():
    features = ("door&blue", "ball&red")
    (text,) = wanted(conflict_levels={"red": 0}, apart={"red": features})
    assert text == (
        "add a shift in which the base objective and red part: levels on which door&blue, ball&red can be had, "
        "the one without the other"
    )
    (long,) = wanted(conflict_levels={"red": 0}, apart={"red": tuple("abcdef")})
    assert "a, b, c, d, ... can" in long


@pytest.mark.parametrize(
    ("base", "other", "expected"),
    [
        ({"a": 1.0}, {"a": 5.0}, ()),
        ({"a": 1.0, "b": 0.5}, {"a": 1.0}, ("b",)),
        ({"a": 1.0}, {"b": 1.0}, ("a", "b")),
        ({"a": 1.0}, {"a": -1.0}, ("a",)),
        ({}, {}, ()),
        ({"a": 1.0}, lambda *_: 0.0, ()),
    ],
)
def test_features_apart_are_those_weighed_otherwise_whatever_the_units(base, other, expected):
    assert apart(base, other) == expected


def test_an_interval_across_its_margin_says_how_many_levels_would_clear_it():
    """A value of .064 whose interval reaches down to 0, past a margin of .05: (.064 / .014) squared is 20.9."""
    first = wanted(goal_regret={"train": 0.0, "blue-door": np.where(np.arange(100) < 36, 0.0, 0.1)})[0]
    assert first.startswith("more levels: the interval of goal regret on blue-door is 0.00 to 0.10, its margin 0.05; ")
    assert first.endswith("about 21 times as many")


def test_a_value_on_its_margin_is_too_close_for_levels_to_tell():
    first = wanted(goal_regret={"train": 0.0, "blue-door": np.where(SOME, T.goal - 0.04, T.goal + 0.04)})[0]
    assert first.endswith("too close for levels alone to tell")


def test_a_possible_limit_asks_for_the_contrast_that_is_not_there_yet():
    split = {"consistency": np.where(SOME, 0.3, 1.0), "outcome_consistency": np.where(SOME, 0.3, 1.0)}
    both = [text for text in wanted(**BENT | split) if text.startswith("declare")]
    assert "Task.knob" in both[0]
    assert "shift='cue'" in both[0]
    knob = {"capability_slope": {"train": 0.0}, "own_slope": {"train": 0.0}}
    one = [text for text in wanted(**BENT | split | knob) if text.startswith("declare")]
    assert "Task.knob" not in one[0]
    gap = {"shifts": {"train": "train", "blue-door": "feature", "dark": "cue"}, "cue_gap": {"dark": 0.0}}
    bent = BENT | split | knob | gap | {"distance": 0.3, "goal_regret": 0.2}
    assert not [text for text in wanted(**bent) if text.startswith("declare")]


def test_a_possible_proxy_asks_for_its_ghost_unless_there_is_one():
    torn = FOLLOWS_RED | {"residual": {"base": 0.9, "red": np.where(SOME, 0.1, 0.85)}}
    assert any("declare a ghost of red" in text for text in wanted(**torn))
    assert not any("ghost" in text for text in wanted(**torn, reliance={"red": 0.5}))
