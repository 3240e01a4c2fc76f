"""Outcomes of chains that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from birl.outcomes import NOTHING, Events, constant_features, distances, find_events, first_events, outcomes
from birl.tabular import TabularModel
from tests.behaviors import permuted
from tests.worlds import EVENTS, corridor, deterministic_model, random_model, two_ends

LONG = 2000  # steps; a walk on seven cells is over by then with probability 1 - 1e-100


def always(model, action):
    return np.tile(np.eye(model.n_actions)[action], (model.n_states, 1))


def test_the_random_walk_ends_as_the_gambler_does():
    # Feller 1968, chapter XIV.2: from cell k of 0..6, the right end comes first with probability k / 6
    model = two_ends(("touch:door",), ("touch:ball",), length=7)
    seen = outcomes(model, model.uniform, horizon=LONG)
    assert seen.names == ("touch:door", "touch:ball", NOTHING)
    right = np.arange(1, 6) / 6
    assert np.allclose(seen.share, np.column_stack([1 - right, right, 0 * right]))
    assert np.allclose(seen.walk, seen.share)


def test_a_biased_walk_ends_as_the_biased_gambler_does():
    # the same chapter: with p = .6 to the right and odds q/p = 2/3, P(right first) = (1 - r^k) / (1 - r^6)
    model = two_ends(("touch:door",), ("touch:ball",), length=7)
    seen = outcomes(model, np.tile([0.4, 0.6], (model.n_states, 1)), horizon=LONG)
    r = 2 / 3
    assert np.allclose(seen.share[:, 1], (1 - r ** np.arange(1, 6)) / (1 - r**6))


def test_a_time_limit_leaves_nothing():
    model = two_ends(("touch:door",), ("touch:ball",), length=7)
    seen = outcomes(model, always(model, 1), horizon=3)
    assert np.allclose(seen.share[:, 1], [0, 0, 1, 1, 1])  # 5, 4, 3, 2, 1 steps away
    assert np.allclose(seen.share[:, 2], [1, 1, 0, 0, 0])
    two_steps = outcomes(model, model.uniform, horizon=2)
    assert np.allclose(two_steps.share[1], [0.25, 0, 0.75])  # left twice out of four ways
    assert seen.horizon == 3


def test_distances_are_the_fewest_steps():
    model = two_ends(("touch:door",), ("touch:ball",), length=7)
    seen = outcomes(model, model.uniform, horizon=9)
    assert np.allclose(seen.distance, np.column_stack([np.arange(1, 6), 6 - np.arange(1, 6)]))


def test_what_cannot_be_reached_is_infinitely_far():
    model = two_ends(("touch:door",), ("touch:ball",))
    valid = np.ones((model.n_states, 2), bool)
    valid[model.level == 0, 1] = False
    seen = outcomes(replace(model, valid_actions=valid), replace(model, valid_actions=valid).uniform, horizon=9)
    assert np.isinf(seen.distance[0, 1])
    assert np.isfinite(seen.distance[1:]).all()


def test_several_starts_in_a_level_have_their_mean_distance():
    model = corridor(5)
    spread = replace(model, start=np.array([0.5, 0, 0, 0.5, 0]))
    assert distances(spread, find_events(spread))[0, 0] == pytest.approx((4 + 1) / 2)


def test_kind_and_colour_counted_apart_resolve_into_what_happens_together():
    model = two_ends(("touch:door", "touch:red"), ("touch:ball",))
    events = find_events(model)
    assert set(events.names) == {"touch:door+touch:red", "touch:ball"}
    expected = {"touch:door+touch:red": [1, 1, 0, 0], "touch:ball": [0, 0, 1, 0]}
    for name, phi in zip(events.names, events.features, strict=True):
        assert np.allclose(phi, expected[name])
    assert events.ending


def test_a_step_is_no_event():
    assert constant_features(corridor()).tolist() == [False, True]
    assert find_events(corridor()).names == ("goal",)


def ring(rate):
    """Three cells in a circle that never end; leaving cell 2 rings the bell with some probability."""
    features = np.zeros((3, 1, 1))
    features[2] = rate
    return deterministic_model(
        np.array([[1], [2], [0]]), features, start=np.eye(3)[0], terminal=np.zeros(3, bool), names=("bell",)
    )


def test_where_events_do_not_end_the_episode_only_the_first_counts():
    assert outcomes(ring(1.0), np.ones((3, 1)), horizon=50).share.tolist() == [[1.0, 0.0]]
    assert outcomes(ring(1.0), np.ones((3, 1)), horizon=2).share.tolist() == [[0.0, 1.0]]
    assert not find_events(ring(1.0)).ending


def test_events_by_chance_that_do_not_end_the_episode_are_refused():
    assert "the first one is not determined" in outcomes(ring(0.3), np.ones((3, 1)), horizon=5)


def test_events_by_chance_that_end_the_episode_are_fine():
    # a quiet cell, then one where each step ends it with probability .3, as the event says
    model = TabularModel(
        transitions=np.array([[0.0, 1.0, 0.0], [0.0, 0.7, 0.3], [0.0, 0.0, 1.0]]),
        features=np.array([[0.0], [0.3], [0.0]]),
        start=[1.0, 0.0, 0.0],
        terminal=[False, False, True],
        discount=0.9,
        feature_names=["caught"],
    )
    assert np.allclose(outcomes(model, np.ones((3, 1)), horizon=3).share, [[0.51, 0.49]])


def test_features_of_too_many_values_are_no_events(rng):
    assert "not events" in find_events(random_model(rng, n_states=30))


def test_a_world_where_nothing_changes_has_no_events():
    model = corridor().with_features(["step"], np.array([[0.0], [1.0]]))
    assert find_events(model) == "no feature of this model ever changes: there are no events"


def test_events_can_be_asked_for_by_hand():
    model = corridor(3)
    events = Events(names=("goal",), features=np.eye(2)[:1], rate=sp.csr_matrix(model.features[:, :1]), ending=True)
    assert first_events(model, events, always(model, 1), horizon=5).tolist() == [[1.0, 0.0]]


@given(st.integers(0, 10_000))
def test_shares_are_distributions_and_do_not_depend_on_names(seed):
    rng = np.random.default_rng(seed)
    model = two_ends(("touch:door", "touch:red"), ("touch:ball",))
    policy = rng.dirichlet(np.ones(2), size=model.n_states)
    states, levels = rng.permutation(model.n_states), rng.permutation(model.n_levels)
    one = outcomes(model, policy, horizon=12)
    other = outcomes(permuted(model, states, levels), policy[states], horizon=12)
    assert np.allclose(one.share.sum(axis=1), 1.0)
    columns = [other.names.index(name) for name in one.names]
    assert np.allclose(one.share, other.share[levels][:, columns])
    assert np.allclose(one.distance, other.distance[levels][:, columns[:-1]])


def test_rows_of_some_levels():
    model = two_ends(("touch:door",), ("touch:ball",))
    seen = outcomes(model, model.uniform, horizon=9)
    some = seen.restrict(np.array([0, 3]))
    assert np.allclose(some.share, seen.share[[0, 3]])
    assert np.allclose(some.distance, seen.distance[[0, 3]])
    assert some.names == seen.names
    assert set(EVENTS) >= set(some.events.names)


def test_a_step_that_is_summed_with_rounding_is_still_constant():
    model = two_ends(("touch:door",), ("touch:ball",))
    features = model.features.toarray()
    rounded = features * (1.0 + 1e-15 * np.arange(len(features)))[:, None]
    assert constant_features(replace(model, features=sp.csr_matrix(rounded))).tolist() == [False, False, False, True]


@pytest.mark.parametrize(("start", "foregone"), [(0, True), (1, False)])
def test_a_feature_that_is_there_from_the_start_is_no_outcome(start, foregone):
    dirty = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])  # actions: stay, walk on; sucked up from the second cell
    model = deterministic_model(
        np.array([[0, 1], [1, 2], [2, 2]]),
        dirty[..., None],
        start=np.eye(3)[start],
        terminal=np.zeros(3, bool),
        names=("dirty",),
    )
    found = outcomes(model, model.uniform, horizon=10)
    assert isinstance(found, str) == foregone
    if foregone:
        assert "the same event comes first whatever is done" in found
