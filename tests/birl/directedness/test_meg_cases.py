"""Goal-directedness worked out by hand, from its definition: nats above chance of the best maximum-entropy policy.

One decision between A actions, one feature for each of them, in levels that are alike:

    known utility of action 0, taken with probability p:  log A + p log p + (1 - p) log((1 - p) / (A - 1))   (1)
    unknown utility, actions taken with probabilities p:  log A - H(p)                                       (2)

Source: MacDermott et al. 2024 (arXiv 2412.04758), definitions 3.1 and 3.4, and the bounds of its section 3.
"""

import numpy as np
import pytest
from scipy.special import xlogy

from birl.directedness import meg
from birl.testing.worlds import observed
from tests.rewards import beside
from tests.worlds import deterministic_model

LEVELS, EXACT = 4, 2e-4  # the prior that keeps rationality finite costs less than that


def decisions(n_actions, *, steps=1, discount=0.9):
    """A row of states, each left by any action; the last is terminal; the feature of an action is that it was taken."""
    after = np.minimum(np.arange(steps + 1) + 1, steps)
    one = deterministic_model(
        np.repeat(after[:, None], n_actions, axis=1),
        np.tile(np.eye(n_actions), (steps + 1, 1, 1)),
        start=np.eye(steps + 1)[0],
        terminal=np.arange(steps + 1) == steps,
        names=[f"action {a}" for a in range(n_actions)],
        discount=discount,
    )
    return beside(*[one] * LEVELS)


def found(*chances, utility=None, held_out=True, steps=1):
    model = decisions(len(chances), steps=steps)
    behavior = observed("train", model, np.tile(np.asarray(chances, float), (model.n_states, 1)))
    return meg(behavior, utility, held_out=held_out)


FIRST = {"action 0": 1.0}


def known(p, n_actions):
    return float(np.log(n_actions) + xlogy(p, p) + xlogy(1 - p, (1 - p) / (n_actions - 1)))


@pytest.mark.parametrize("held_out", [True, False])
def test_always_right_is_worth_the_logarithm_of_the_choices(held_out):
    for n_actions in (2, 3, 5):
        chances = np.eye(n_actions)[0]
        for utility in (FIRST, None):
            assert found(*chances, utility=utility, held_out=held_out).nats.value == pytest.approx(
                np.log(n_actions), abs=EXACT
            )


@pytest.mark.parametrize("held_out", [True, False])
@pytest.mark.parametrize("p", [0.25, 0.6, 0.75, 0.9])
def test_a_known_utility_explains_how_often_it_is_followed(p, held_out):
    """log 2 - H(p) for two actions; that it is followed less often than by chance counts as well."""
    told = found(p, 1 - p, utility=FIRST, held_out=held_out)
    assert told.nats.value == pytest.approx(np.log(2) + xlogy(p, p) + xlogy(1 - p, 1 - p), abs=EXACT)
    assert told.rationality == pytest.approx(np.log(p / (1 - p)), abs=1e-3)
    assert told.share.value == pytest.approx(1.0, abs=1e-3)


def test_never_is_as_directed_as_always_where_there_are_two():
    told = found(0.0, 1.0, utility=FIRST)
    assert told.nats.value == pytest.approx(np.log(2), abs=EXACT)
    assert told.rationality < -5


def test_avoiding_one_of_three_leaves_two_open():
    told = found(0.0, 0.5, 0.5, utility=FIRST)
    assert told.nats.value == pytest.approx(np.log(3 / 2), abs=EXACT)


@pytest.mark.parametrize("held_out", [True, False])
def test_what_a_known_utility_is_indifferent_about_only_an_unknown_one_explains(held_out):
    """(1) against (2), with A = 3: between the other two actions the known utility has no preference."""
    chances = (0.5, 0.4, 0.1)
    of_one = found(*chances, utility=FIRST, held_out=held_out).nats.value
    of_any = found(*chances, held_out=held_out).nats.value
    assert of_one == pytest.approx(known(0.5, 3), abs=EXACT)
    assert of_any == pytest.approx(np.log(3) + np.sum(xlogy(chances, chances)), abs=EXACT)
    assert of_any > of_one + 0.05


def test_by_chance_and_for_a_utility_of_nothing_it_is_zero():
    assert found(0.5, 0.5, utility=FIRST, held_out=False).nats.value == pytest.approx(0.0, abs=1e-9)
    assert found(0.9, 0.1, utility={}, held_out=False).nats.value == pytest.approx(0.0, abs=1e-9)
    assert found(0.9, 0.1, utility={"action 0": 1.0, "action 1": 1.0}).nats.value == pytest.approx(0.0, abs=1e-6)


def test_decisions_add_up_as_the_world_discounts_them():
    told = found(1.0, 0.0, utility=FIRST, steps=3)
    assert told.nats.value == pytest.approx((1 + 0.9 + 0.81) * np.log(2), abs=3 * EXACT)
    assert told.most == pytest.approx((1 + 0.9 + 0.81) * np.log(2))


def test_it_never_leaves_its_bounds():
    for chances in ((1.0, 0.0), (0.3, 0.7), (0.2, 0.3, 0.5)):
        told = found(*chances, held_out=False)
        assert 0.0 <= told.nats.value <= told.most + 1e-12
