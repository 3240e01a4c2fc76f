"""Checks and verdicts on single weights, on worlds where they can be seen by eye."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl.base import BOUNDED, HELD, IDENTIFIED, UNIDENTIFIED
from birl.irl.common import (
    adaptation_check,
    convergence_check,
    determinism_check,
    feature_status,
    identifiability,
    neutral_constants,
    null_space,
    random_share,
    sandwich,
    shared_features,
    step_check,
)
from birl.irl.newton import Maximum
from birl.types import BirlError
from tests.behaviors import behave, soft_agent
from tests.worlds import corridor, gridworld, random_model, two_ends


def always(model, action):
    return np.tile(np.eye(model.n_actions)[action], (model.n_states, 1))


TRAIN = two_ends(("touch:door", "touch:red"), ("touch:ball",))
NONE = np.zeros(4, bool)


# --- constants --------------------------------------------------------------------------------------------------------


def test_time_is_redundant_where_every_ending_is_a_named_event():
    for model in (corridor(), gridworld(), TRAIN):
        held = neutral_constants([behave(model, model.uniform)])
        assert [n for n, h in zip(model.feature_names, held, strict=True) if h] == ["step"]


def test_time_is_not_redundant_where_an_ending_has_no_name():
    model = two_ends((), ("touch:ball",))
    assert not neutral_constants([behave(model, model.uniform)]).any()


def test_time_is_not_redundant_where_nothing_ends(rng):
    model = random_model(rng, terminal=False)
    constant = replace(model, features=np.ones((18, 1)), feature_names=["step"])
    assert not neutral_constants([behave(constant, constant.uniform)]).any()


def test_without_a_constant_feature_nothing_is_held(rng):
    model = random_model(rng)
    assert not neutral_constants([behave(model, model.uniform)]).any()


# --- identifiability --------------------------------------------------------------------------------------------------


def test_null_directions_are_named_with_their_loadings():
    information = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    found = identifiability(information, ["door", "red", "ball"], held=np.zeros(3, bool), selector="sparse prior")
    assert (found.rank, found.nullity) == (2, 1)
    (null,) = found.null_directions
    assert set(null) == {"door", "red"}
    assert null["door"] == pytest.approx(-null["red"])
    assert found.selector == "sparse prior"


def test_without_information_the_rank_is_unknown_rather_than_0():
    found = identifiability(None, ["a"], held=np.zeros(1, bool), selector="x")
    assert (found.rank, found.nullity, found.null_directions) == (None, None, ())


def test_no_information_at_all_is_all_null():
    assert null_space(np.zeros((3, 3))).shape == (3, 3)


def test_each_status_has_its_case():
    behaviors = [behave(TRAIN, always(TRAIN, 0))]  # always left, to the red door
    names = TRAIN.feature_names
    status = feature_status(names, behaviors, np.diag([1.0, 0.0, 1.0, 1.0]), np.array([False, False, False, True]))
    assert dict(status) == {"touch:door": IDENTIFIED, "touch:red": UNIDENTIFIED, "touch:ball": BOUNDED, "step": HELD}
    nowhere = two_ends(("touch:door",), ())
    found = feature_status(names, [behave(nowhere, always(nowhere, 0))], None, NONE)
    assert found["touch:red"] == found["touch:ball"] == UNIDENTIFIED


def test_a_direction_lost_between_two_features_loses_both():
    information = np.array([[1.0, 1.0, 0, 0], [1.0, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]])
    status = feature_status(TRAIN.feature_names, [behave(TRAIN, TRAIN.uniform)], information, NONE)
    assert [status[n] for n in TRAIN.feature_names] == [UNIDENTIFIED, UNIDENTIFIED, IDENTIFIED, IDENTIFIED]


# --- the share of random actions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9])
def test_the_share_of_random_actions_mixed_into_a_plan_is_found_again(rng, share):
    model = random_model(rng, n_levels=2, invalid=True)
    plan = soft_agent(model, 3 * rng.normal(size=4)).policy
    agent = behave(model, (1 - share) * plan + share * model.uniform)
    assert random_share([agent], [plan]) == pytest.approx(share, abs=1e-3)


# --- covariance -------------------------------------------------------------------------------------------------------


def test_for_a_mean_the_sandwich_is_its_squared_standard_error(rng):
    # fitting a mean by least squares: gradient of each level x - m, curvature 1 a level
    x = rng.normal(size=40)
    found = sandwich({"train": (x - x.mean())[:, None]}, np.array([[40.0]]), np.ones(1, bool))
    assert found[0, 0] == pytest.approx(x.var(ddof=1) / 40)


def test_parameters_that_did_not_move_have_no_variance(rng):
    found = sandwich({"train": rng.normal(size=(9, 2))}, 9 * np.eye(2), np.array([True, False]))
    assert found[0, 0] > 0
    assert (found[1] == 0).all()
    assert (found[:, 1] == 0).all()


def test_one_level_shows_no_variance_between_levels(rng):
    assert (sandwich({"train": rng.normal(size=(1, 2))}, np.eye(2), np.ones(2, bool)) == 0).all()


# --- checks -----------------------------------------------------------------------------------------------------------


def slippery(model, slip):
    """The same world where an action fails, and the agent stays, with some chance."""
    stay = np.repeat(np.eye(model.n_states), model.n_actions, axis=0)
    return replace(model, transitions=(1 - slip) * model.transitions.toarray() + slip * stay)


def test_a_policy_frozen_between_matched_dynamics_is_caught():
    model, icy = corridor(), slippery(corridor(), 0.5)
    agent = soft_agent(model, {"goal": 2.0})
    check = adaptation_check([agent, behave(icy, agent.policy, "icy", shift="dynamics")])
    assert not check.passed
    assert check.value == 0.0
    assert "it does not notice, so the second context identifies nothing" in check.message


def test_a_policy_that_adapts_passes():
    model, icy = corridor(), slippery(corridor(), 0.8)
    agents = [
        soft_agent(model, {"goal": 2.0, "step": -0.5}),
        soft_agent(icy, {"goal": 2.0, "step": -0.5}, "icy", shift="dynamics"),
    ]
    check = adaptation_check(agents)
    assert check.passed
    assert check.value == pytest.approx(np.abs(agents[0].policy - agents[1].policy).sum(axis=1).max() / 2)


def test_a_named_pair_is_matched_too_and_others_are_not():
    agent = behave(TRAIN, TRAIN.uniform)
    twin = behave(TRAIN, TRAIN.uniform, "twin", shift="cue", pair="train")
    assert not adaptation_check([agent, twin]).passed
    assert adaptation_check([agent, replace(twin, pair=None)]) is None
    assert adaptation_check([agent]) is None


def test_only_a_policy_with_some_entropy_has_cardinal_information():
    assert determinism_check([behave(TRAIN, TRAIN.uniform)]).value == pytest.approx(1.0)
    greedy = determinism_check([behave(TRAIN, TRAIN.uniform, deterministic=True)])
    assert not greedy.passed
    assert greedy.value == pytest.approx(0.0)


def test_time_has_a_price_only_where_a_feature_is_constant(rng):
    assert step_check([behave(TRAIN, TRAIN.uniform)]).passed
    ends, endless = random_model(rng), random_model(rng, terminal=False)
    assert "add `step`" in step_check([behave(ends, ends.uniform)]).message
    assert "nothing ends" in step_check([behave(endless, endless.uniform)]).message


def test_a_search_that_stopped_short_says_by_how_much():
    check = convergence_check(Maximum(gap=0.5, steps=7, converged=False), 1e-6)
    assert not check.passed
    assert check.message.startswith("largest gradient 0.5 after 7 steps (limit 1e-06): ")


def test_features_must_be_shared(rng):
    assert shared_features([behave(TRAIN, TRAIN.uniform)]) == TRAIN.feature_names
    with pytest.raises(BirlError, match="no behaviour to fit"):
        shared_features([])
    other = corridor()
    with pytest.raises(BirlError, match="features of 'b' differ from 'train'"):
        shared_features([behave(TRAIN, TRAIN.uniform), behave(other, other.uniform, "b")])
