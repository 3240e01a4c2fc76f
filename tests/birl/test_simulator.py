"""Exact models as simulators."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.simulator import Actions, ModelSimulator
from birl.tabular import TabularModel
from birl.types import BirlError
from tests.worlds import corridor, random_model

seeds = st.integers(0, 2**16)


def test_a_corridor_is_walked(rng):
    one = ModelSimulator(corridor(4))
    step = one.step(one.start(3, rng), np.array([1, 1, 0]), rng)
    assert step.places.states.tolist() == [1, 1, 0]
    assert step.features.tolist() == [[0.0, 1.0]] * 3
    assert one.step(one.at(np.array([2])), [1], rng).features.tolist() == [[1.0, 1.0]]


def test_the_goal_is_the_end(rng):
    one = ModelSimulator(corridor(4))
    end = one.at(np.array([3]))
    assert end.terminal.all()
    step = one.step(end, [0], rng)
    assert step.places.states.tolist() == [3]
    assert not step.features.any()


@given(seed=seeds)
def test_steps_are_drawn_from_the_models_rows(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=5, n_actions=2)
    one = ModelSimulator(model)
    after = one.step(one.at(np.zeros(4000, np.int64)), np.ones(4000, np.int64), rng).places.states
    shares = np.bincount(after, minlength=5) / 4000
    assert np.abs(shares - model.transitions[1].toarray().ravel()).max() < 5 * np.sqrt(0.25 / 4000)  # 5 standard errors


@given(seed=seeds)
def test_the_random_walk_takes_valid_actions_alike(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=4, n_actions=3, invalid=True)
    one = ModelSimulator(model)
    places = one.at(np.repeat(np.arange(4), 1000))
    actions = one.wander(places, rng)
    assert one.allowed(places)[np.arange(len(places)), actions].all()
    shares = np.stack([np.bincount(a, minlength=3) for a in actions.reshape(4, -1)]) / 1000
    assert np.abs(shares - model.uniform).max() < 5 * np.sqrt(0.25 / 1000)  # 5 standard errors


@given(seed=seeds)
def test_taking_places_by_mask_or_number_is_the_same(seed):
    rng = np.random.default_rng(seed)
    one = ModelSimulator(random_model(rng, invalid=True))
    places, mask = one.start(9, rng), rng.random(9) < 0.5
    by_mask, by_number = places.take(mask), places.take(np.flatnonzero(mask))
    assert by_mask.states.tolist() == by_number.states.tolist() == places.states[mask].tolist()
    assert len(by_mask) == mask.sum()
    assert np.array_equal(by_mask.masks, places.masks[mask])


def test_a_model_without_observations_shows_its_states(rng):
    model: TabularModel = replace(corridor(4), observe=None)
    assert ModelSimulator(model).start(2, rng).observations.tolist() == [0, 0]


def test_where_all_actions_are_valid_there_is_nothing_to_mask(rng):
    assert ModelSimulator(corridor(4)).start(2, rng).masks is None


def test_actions_are_drawn_from_the_whole_box(rng):
    low, high = np.array([-1.0, 2.0]), np.array([1.0, 4.0])
    drawn = Actions(low=low, high=high).draw(5000, rng)
    assert ((drawn >= low) & (drawn <= high)).all()
    assert np.abs(drawn.mean(axis=0) - [0.0, 3.0]).max() < 5 * 2 / np.sqrt(12 * 5000)  # 5 standard errors
    with pytest.raises(BirlError, match="no bounds"):
        Actions(low=low, high=np.array([1.0, np.inf])).draw(1, rng)
