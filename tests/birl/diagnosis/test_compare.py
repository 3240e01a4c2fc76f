"""Mixtures of known parts are taken apart into those parts."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.diagnosis.compare import compare
from birl.task import objective_vector
from tests.behaviors import behave
from tests.worlds import DOOR, EVENTS, RED, deterministic_model, ends_task

DRAWS = 5
LEVELS = 5  # of the corridor task


def vector(objective):
    return np.array([objective.get(name, 0.0) for name in EVENTS])


@cache
def comparison(distributions):
    """Features, base and candidate of the corridor task on some of its distributions."""
    task = ends_task()
    behaviors = [behave(task.distribution(n).model, task.distribution(n).model.uniform, n) for n in distributions]
    on = lambda objective: {b.distribution: objective_vector(b.model, objective) for b in behaviors}  # noqa: E731
    return compare(behaviors, on(task.base), {name: on(c) for name, c in task.candidates.items()})


def entered(weights, distributions=("train", "blue-door")):
    """What `enter` puts down for one objective, the same in every draw.

    Returns:
        {(quantity, key): (value, draws)}, and what is undefined.
    """
    picks = np.random.default_rng(0).multinomial(LEVELS, np.full(LEVELS, 1 / LEVELS), size=DRAWS).astype(float)
    found, undefined = {}, {}
    comparison(distributions).enter(
        lambda quantity, key, value, draws: found.update({(quantity, key): (value, draws)}),
        undefined,
        np.tile(weights, (1 + DRAWS, 1)),
        dict.fromkeys(distributions, picks),
    )
    return found, undefined


def value(found, quantity, key):
    return found[quantity, key][0]


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_the_base_is_at_no_distance_from_itself_and_leaves_nothing_over(scale):
    found, undefined = entered(scale * vector(DOOR))
    assert undefined == {}
    for key in ("train", "blue-door"):
        assert value(found, "distance", key) == pytest.approx(0.0, abs=1e-6)
    assert value(found, "residual", "base") == pytest.approx(0.0, abs=1e-6)
    assert value(found, "candidate_share", "red") == pytest.approx(0.0, abs=1e-9)


def test_a_candidate_is_all_of_itself():
    found, _ = entered(vector(RED))
    assert value(found, "candidate_share", "red") == pytest.approx(1.0)
    assert value(found, "residual", "red") == pytest.approx(0.0, abs=1e-6)
    assert value(found, "residual", "base") > 0.3
    assert value(found, "distance", "train") == pytest.approx(0.0, abs=1e-6)
    assert value(found, "distance", "blue-door") > 0.5


@given(k=st.floats(0.05, 20.0), scale=st.floats(0.01, 100.0))
def test_a_blend_is_taken_apart_on_every_draw(k, scale):
    found, _ = entered(scale * (vector(DOOR) + k * vector(RED)))
    share, draws = found["candidate_share", "red"]
    assert share == pytest.approx(k / (1 + k))
    assert draws == pytest.approx(k / (1 + k))
    assert value(found, "residual", "red") == pytest.approx(0.0, abs=1e-6)


def test_in_training_alone_base_and_candidate_are_one_and_the_base_is_credited():
    found, _ = entered(vector(RED), distributions=("train",))
    assert value(found, "candidate_share", "red") == 0.0
    assert value(found, "residual", "base") == pytest.approx(0.0, abs=1e-6)


def test_the_opposite_of_the_base_is_explained_by_no_positive_part_of_it():
    found, _ = entered(-vector(DOOR))
    assert value(found, "residual", "base") == pytest.approx(1.0)
    assert value(found, "distance", "blue-door") == pytest.approx(1.0)


def test_an_objective_that_prefers_nothing_is_at_no_distance_but_undefined():
    found, undefined = entered(np.zeros(len(EVENTS)))
    assert found == {}
    assert set(undefined) == {"distance[train]", "distance[blue-door]", "residual[base]"}


def test_what_no_choice_joins_does_not_count_as_far():
    """On one level a red fruit or a stone can be had, on the other a green fruit or a stone."""
    features = np.zeros((6, 2, 3))
    features[0, :, :] = [[1, 0, 0], [0, 0, 1]]
    features[3, :, :] = [[0, 1, 0], [0, 0, 1]]
    model = deterministic_model(
        np.array([[1, 2], [1, 1], [2, 2], [4, 5], [4, 4], [5, 5]]),
        features,
        start=np.array([0.5, 0, 0, 0.5, 0, 0]),
        terminal=np.array([0, 1, 1, 0, 1, 1], bool),
        names=("red", "green", "stone"),
        level=np.array([0, 0, 0, 1, 1, 1]),
    )
    base = objective_vector(model, {"red": 1.0, "green": 1.0})
    made = compare([behave(model, model.uniform, "train")], {"train": base}, {})
    found = {}
    rows = np.array([[3.0, 1.0, 0.0], [3.0, 1.0, 2.0], [0.0, 0.0, 5.0]])  # firmer on red; stone over green; stones only
    for row in rows:
        made.enter(
            lambda quantity, key, value, draws: found.setdefault(quantity, []).append(value),
            {},
            np.tile(row, (2, 1)),
            {"train": np.ones((1, 2))},
        )
    assert found["distance"][0] > 0.2
    assert found["choice_distance"] == pytest.approx([0.0, 0.5, 1.0], abs=1e-9)
