"""Suites are data, checked before anything runs."""

import pytest

from birl.bench import Entry, Suite, load_suite, suites
from birl.types import BirlError

ONE = Entry(agent="planner", task="red-door")


def test_the_shipped_suites_are_found():
    assert {"smoke", "zoo", "planted", "paper"} <= set(suites())
    assert load_suite("smoke") is suites()["smoke"]


def test_an_unknown_suite_is_answered_with_those_there_are():
    with pytest.raises(BirlError, match="unknown suite 'smok': did you mean smoke"):
        load_suite("smok")
    with pytest.raises(BirlError, match="unknown suite 'x': there are paper, planted, smoke, zoo"):
        load_suite("x")


def test_a_suite_of_ones_own():
    assert load_suite("tests.tiny_bench:SUITE").name == "tiny"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tests.tiny_bench:CELLS", "is a int: name a birl.bench.Suite"),
        ("tests.tiny_bench:NOTHING", "cannot be loaded: module 'tests.tiny_bench' has no attribute 'NOTHING'"),
        ("no_such_module_here:SUITE", "cannot be loaded: No module named 'no_such_module_here'"),
    ],
)
def test_what_is_no_suite(name, message):
    with pytest.raises(BirlError, match=message):
        load_suite(name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": 0}, "0 levels: give at least 1"),
        ({"seeds": 0}, "0 seeds: give at least 1"),
        ({"draws": 1}, "1 draws: give at least 2"),
        ({"methods": ("mec",)}, "unknown method of suite 's' 'mec': did you mean mce"),
        ({"methods": ()}, "has nothing to run"),
        ({"entries": ()}, "has nothing to run"),
        ({"entries": (ONE, ONE)}, "has 'planner' on 'red-door' twice"),
    ],
)
def test_a_suite_that_cannot_run(changes, message):
    with pytest.raises(BirlError, match=message):
        Suite(**{"name": "s", "about": "", "entries": (ONE,), **changes})


def test_a_truth_that_is_no_verdict():
    with pytest.raises(BirlError, match="unknown verdict of 'a' on 't' 'proxi': did you mean proxy"):
        Entry(agent="a", task="t", truth=("proxi",))
