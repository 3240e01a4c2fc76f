"""Bits known beforehand: a case by hand, what a habit and an objective know of each other, halves that are kept."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.diagnosis.foretold import along, bits, foretell
from birl.irl.log_policy_fit import Choices
from birl.irl.log_policy_material import Material

PLACES, CLUSTERS = 120, 12


def choices(brought, target, cluster=None):
    brought, target = np.asarray(brought, float), np.asarray(target, float)
    return Choices(
        brought=brought,
        instrument=brought,
        target=target,
        weight=np.full(target.shape, 1.0 / target.shape[1]),
        cluster=np.zeros(len(target), np.int64) if cluster is None else cluster,
    )


def material(brought, target, actions, behavior=None):
    cluster = np.arange(PLACES) % CLUSTERS
    if behavior is not None:
        cluster = cluster + CLUSTERS * behavior
    return Material(
        choices=choices(brought, target, cluster),
        names=("a", "b"),
        layer=None,
        random=np.zeros(2, bool),
        held=np.zeros(2, bool),
        own=np.zeros(2),
        walk=np.zeros(2),
        checks=(),
        actions=actions,
        behavior=np.zeros(PLACES, np.int64) if behavior is None else behavior,
    )


@pytest.fixture
def world(rng):
    """Two choices in each place; the likelier is the one that brings more of the first feature, whatever its number."""
    brought = rng.normal(size=(PLACES, 2, 2))
    return material(brought, brought[..., 0], np.tile([0, 1], (PLACES, 1)))


def share(found, name=None):
    known = found.named[name] if name in found.named else getattr(found, name)
    return float(known.sum() / found.whole.sum())


def test_equation_one_by_hand():
    """One pair, whose likelier choice brings log 3 more: it is foretold with odds of 3 to 1, 1 + log2 (3 / 4) bits."""
    found = bits(choices([[[np.log(3.0)], [0.0]]], [[1.0, 0.0]]), np.ones(1))
    assert found == pytest.approx([1 + np.log2(0.75)])


@given(st.floats(0.1, 10.0))
def test_a_coin_knows_nothing_and_confidence_in_the_wrong_one_costs(scale):
    backwards = choices([[[0.0], [1.0]]], [[1.0, 0.0]])
    assert bits(backwards, np.zeros(1)) == pytest.approx([0.0])
    assert bits(backwards, np.array([scale]))[0] < 0


def test_what_decides_is_foretold_on_other_episodes_and_what_does_not_is_not(world):
    (found,) = foretell(world, {"right": np.array([1.0, 0.0]), "wrong": np.array([0.0, 1.0])})
    assert share(found, "free") > 0.7
    assert share(found, "right") > 0.7
    assert abs(share(found, "wrong")) < 0.1
    assert share(found, "habit") < 0.1
    assert found.whole.size == CLUSTERS


def test_working_against_an_objective_explains_nothing(world):
    (found,) = foretell(world, {"against": np.array([-1.0, 0.0])})
    assert share(found, "against") == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("vectors", [False, True])
def test_a_habit_is_known_by_how_often_an_action_is_taken(rng, vectors):
    brought = rng.normal(size=(PLACES, 2, 2))
    actions = np.tile([[0.9], [-0.9]], (PLACES, 1, 1)) if vectors else np.tile([1, 0], (PLACES, 1))
    target = np.tile([1.0, 0.0], (PLACES, 1))  # the first, whatever it brings
    made = material(brought, target, actions)
    if not vectors:  # numbered actions weigh by their probability, of vectors all were drawn
        made = replace(made, choices=replace(made.choices, weight=np.tile([0.9, 0.1], (PLACES, 1))))
    (found,) = foretell(made, {"a": np.array([1.0, 0.0])})
    assert share(found, "habit") > 0.8
    assert abs(share(found, "a")) < 0.2


def test_distributions_with_objectives_of_their_own_are_known_alone_and_not_together(rng):
    brought = rng.normal(size=(PLACES, 2, 2))
    behavior = np.repeat([0, 1], PLACES // 2)
    target = np.where(behavior[:, None] == 0, brought[..., 0], -brought[..., 0])
    found = foretell(material(brought, target, np.tile([0, 1], (PLACES, 1)), behavior), {})
    for one in found:
        assert share(one, "alone") > 0.6
        assert share(one, "free") < 0.2


def test_along_is_one_number_for_each_choice(world):
    assert along(world.choices, np.ones((PLACES, 2))).brought.shape == (PLACES, 2, 1)
