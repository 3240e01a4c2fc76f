"""Devices explain what repeats itself, exactly as far as it does."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from birl.directedness import fit_device
from birl.directedness.devices import KT, MAX_ORDER, context_occupancy
from birl.tabular import TabularModel
from tests.behaviors import behave
from tests.worlds import corridor, random_model

A, B, NONE = 0, 1, 2  # two actions and "none yet"


def treadmill(n_states, discount=0.99):
    """States in a ring that every action turns by one; nothing happens."""
    turned = np.repeat(np.roll(np.eye(n_states), 1, axis=1), 2, axis=0)
    return TabularModel(
        turned, np.ones((2 * n_states, 1)), np.eye(n_states)[0], np.zeros(n_states, bool), discount, ["step"]
    )


def always(model, *cycle):
    """The actions of a cycle, one state of the ring after the other."""
    return behave(model, np.eye(2)[list(cycle)])


def test_a_constant_action_is_explained_as_well_as_by_itself_when_there_is_enough_of_it():
    loss = [
        -float(fit_device([b]).log_likelihood(b)[0]) for b in (always(treadmill(1, g), A) for g in (0.9, 0.99, 0.9999))
    ]
    assert loss[0] > loss[1] > loss[2] > 0.0
    assert loss[2] == pytest.approx(0.0, abs=1e-3)


def test_the_habit_is_the_krichevsky_trofimov_estimate():
    steps = 1 / (1 - 0.99)
    habit = fit_device([always(treadmill(1), A)]).habit
    assert habit == pytest.approx([(steps + KT) / (steps + 2 * KT), KT / (steps + 2 * KT)])


def test_an_alternator_is_explained_by_its_last_action_and_not_by_a_habit():
    seen = always(treadmill(2, 0.999), A, B)
    device = fit_device([seen])
    assert device.habit == pytest.approx([0.5, 0.5], abs=1e-3)
    assert device.weights[0] == pytest.approx(0.0, abs=1e-12)
    after = device.tables[1]
    assert after[A, B] > 0.99
    assert after[B, A] > 0.99
    assert float(device.log_likelihood(seen)[0]) == pytest.approx(0.0, abs=0.02)


def test_a_period_of_three_needs_two_actions_of_context():
    seen = always(treadmill(3, 0.999), A, A, B)
    device = fit_device([seen])
    assert device.weights.argmax() == 2
    assert float(device.log_likelihood(seen)[0]) == pytest.approx(0.0, abs=0.03)


def test_a_coin_has_no_context():
    device = fit_device([behave(treadmill(1, 0.999), np.array([[0.5, 0.5]]))])
    assert device.weights.argmax() == 0
    assert device.mixed() == pytest.approx(0.5, abs=1e-3)


def test_contexts_of_the_first_steps_are_known():
    found = context_occupancy(always(treadmill(3, 0.5), A, B, A)).reshape(3, 3, 3)  # [S, before last, last]
    assert found[0, NONE, NONE] == pytest.approx(1.0)
    assert found[1, NONE, A] == pytest.approx(0.5)
    assert found[2, A, B] == pytest.approx(0.25 / (1 - 0.125))
    assert found[0, B, A] == pytest.approx(0.125 / (1 - 0.125))


@given(seed=st.integers(0, 50))
def test_contexts_add_up_to_occupancy(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_states=5, n_levels=2, invalid=True)
    policy = model.valid_actions * rng.random((model.n_states, model.n_actions))
    seen = behave(model, policy / policy.sum(axis=1, keepdims=True))
    assert np.allclose(context_occupancy(seen).sum(axis=1), seen.occupancy)


@given(seed=st.integers(0, 50))
def test_a_device_is_a_distribution_over_actions_in_every_context(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2)
    device = fit_device([behave(model, rng.dirichlet(np.ones(model.n_actions), size=model.n_states))])
    assert device.weights.sum() == pytest.approx(1.0)
    assert device.weights.shape == (MAX_ORDER + 1,)
    mixed = device.mixed()
    assert mixed.shape == ((model.n_actions + 1) ** MAX_ORDER, model.n_actions)
    assert np.allclose(mixed.sum(axis=1), 1.0)
    assert (mixed > 0).all()


def test_levels_weigh_equally_however_long_they_last():
    endless, short = treadmill(1), corridor(3)
    ring = always(endless, A)
    both = TabularModel(
        sp.block_diag([endless.transitions, short.transitions]),
        np.ones((2 * 4, 1)),
        np.array([0.5, 0.0, 0.5, 0.0]),
        np.array([False, False, False, True]),
        0.99,
        ["step"],
        level=np.array([0, 1, 1, 1]),
    )
    policy = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.5, 0.5]])
    assert fit_device([behave(both, policy)]).habit == pytest.approx([0.5, 0.5], abs=1e-9)
    assert fit_device([ring]).habit[A] > 0.99
