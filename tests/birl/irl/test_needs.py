"""What a method needs is checked once and said in one line."""

from types import SimpleNamespace

import numpy as np
import pytest

from birl.counted import from_trajectories
from birl.irl import ESTIMATORS
from birl.irl.needs import NEEDS, exact, lacking, sampled
from birl.sampled import as_sampled
from birl.task import Distribution
from birl.testing import worlds
from birl.types import BirlError

EXACT = worlds.behaviors()[0]
ALL = frozenset({"model", "policy", "simulator", "trajectories"})


def method(*needs):
    return SimpleNamespace(name="one", needs=frozenset(needs))


@pytest.mark.parametrize(
    ("has", "missing"),
    [
        ({"model", "policy", "simulator", "trajectories"}, []),
        ({"model", "policy"}, []),  # episodes can be rolled out
        ({"model"}, ["policy", "trajectories"]),
        ({"model", "trajectories"}, ["policy"]),
        ({"policy", "simulator"}, ["model"]),
        ({"policy"}, ["model", "simulator", "trajectories"]),
        ({"trajectories"}, ["model", "policy", "simulator"]),
        (set(), ["model", "policy", "simulator", "trajectories"]),
    ],
)
def test_what_is_missing_is_what_cannot_be_had(has, missing):
    assert lacking(worlds.with_only(EXACT, has), ALL) == missing


def test_counted_behaviour_has_no_policy():
    counted = from_trajectories(EXACT.trajectories, Distribution("train", EXACT.model))
    assert lacking(counted, ALL) == ["policy"]


def test_the_error_names_method_distribution_and_what_is_missing():
    with pytest.raises(BirlError) as caught:
        exact([worlds.with_only(EXACT, {"policy"})], method("model", "simulator"))
    assert str(caught.value) == (
        "one needs model and simulator, which distribution 'train' does not have: "
        "see `birl methods` for what each method needs"
    )


def test_a_method_that_forgot_to_declare_the_model_still_gets_it_or_an_error():
    with pytest.raises(BirlError, match="one needs model"):
        exact([as_sampled(EXACT)], method("policy"))


def test_episodes_are_rolled_out_where_there_are_none_and_can_be_some(rng):
    bare = worlds.with_only(EXACT, {"policy", "simulator"})
    (found,) = sampled([bare], method("trajectories"), rng=rng, episodes=7)
    assert len(found.trajectories) == 7
    (kept,) = sampled([EXACT], method("trajectories"), rng=rng, episodes=7)
    assert kept.trajectories == EXACT.trajectories


def test_rolling_out_needs_a_generator():
    with pytest.raises(BirlError, match="give rng="):
        sampled([worlds.with_only(EXACT, {"policy", "simulator"})], method("policy"), rng=None, episodes=7)


def test_behaviours_of_different_features_are_of_different_tasks(rng):
    other = EXACT.model.with_features([f"other {f}" for f in EXACT.model.feature_names], np.eye(5))
    with pytest.raises(BirlError, match="features of 'other' differ from 'train'"):
        sampled([EXACT, worlds.observed("other", other, other.uniform)], method("trajectories"), rng=rng)


@pytest.mark.parametrize("check", [exact, lambda b, m: sampled(b, m, rng=None)])
def test_nothing_and_no_behaviour_are_refused(check):
    with pytest.raises(BirlError, match="no behaviour to fit"):
        check([], method("policy"))
    with pytest.raises(BirlError, match="one: a Distribution is no behaviour: give what observe or watch returns"):
        check([Distribution("train", EXACT.model)], method("policy"))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_method_speaks_of_needs_in_the_same_words(name):
    assert ESTIMATORS[name].needs <= set(NEEDS)
    assert ESTIMATORS[name].needs
