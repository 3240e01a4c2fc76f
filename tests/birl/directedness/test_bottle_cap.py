"""The bottle cap: it keeps the water in, and wants nothing."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from birl_envs.red_door import task

from birl.behavior import observe
from birl.directedness import agents_and_devices, fit_device, improbability, meg
from birl.policy import TabularPolicy
from birl.tabular import hard_plan, reward_vector, soft_plan

NOISE = 0.05
WORLD = task(24)
MODEL = WORLD.train.model
GOALS = {"base": WORLD.base, **WORLD.candidates}


def seen(policy):
    return observe(TabularPolicy({"train": (1 - NOISE) * policy + NOISE * MODEL.uniform}), WORLD.train)


CAP = seen(np.tile(np.eye(MODEL.n_actions)[1], (MODEL.n_states, 1)))  # right, whatever is there


def test_it_has_no_objective_though_a_reward_of_every_state_and_action_explains_it_perfectly():
    """In sample log (pi / chance) is a reward whose soft optimum is the cap itself; of other levels it says nothing."""
    anything = np.log(CAP.policy / MODEL.uniform).ravel()
    live = ~MODEL.terminal
    assert soft_plan(MODEL, anything).policy[live] == pytest.approx(CAP.policy[live], abs=1e-9)
    few = CAP.restrict(np.arange(2))
    pairs = [f"pair {i}" for i in range(few.policy.size)]
    free = replace(few, model=replace(few.model, features=sp.eye_array(len(pairs), format="csr"), feature_names=pairs))
    assert meg(free, held_out=False).share.value > 0.99
    assert meg(free).share.value < 0.05
    assert meg(CAP).share.high < 0.05  # nor does an objective of what can be met
    assert all(meg(CAP, goal).share.high < 0.05 for goal in GOALS.values())


def test_a_device_explains_it_as_well_as_it_explains_itself():
    device = fit_device([CAP])
    assert device.log_likelihood(CAP) == pytest.approx(CAP.log_likelihood(CAP.policy), abs=0.05)
    assert agents_and_devices(CAP, GOALS).p_agent.high < 0.5
    assert improbability(CAP, WORLD.base).bits.high < 1.0


def test_who_walks_to_the_door_in_the_same_world_has_one():
    seeker = seen(hard_plan(MODEL, reward_vector(MODEL, WORLD.base)).policy)
    assert meg(seeker).share.low > 0.5
    assert agents_and_devices(seeker, GOALS).p_agent.low > 0.9
    assert improbability(seeker, WORLD.base).bits.low > 5.0
