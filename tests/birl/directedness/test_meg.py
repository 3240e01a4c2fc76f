"""Goal-directedness: what the definition promises, and the bottle cap."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.directedness import meg
from birl.tabular import hard_plan, reward_vector, soft_plan
from birl.testing import worlds

DOOR = {"touch:door&red": 2.0, "touch:door&blue": 2.0}
MODEL = worlds.corridors("touch:door&red", "touch:ball&blue")


def seen(policy, model=MODEL):
    return worlds.observed("train", model, policy)


def noisy(eps):
    return (1 - eps) * hard_plan(MODEL, reward_vector(MODEL, DOOR)).policy + eps * MODEL.uniform


def test_a_soft_optimal_agent_is_explained_at_its_own_rationality():
    """Its directedness is then its negative entropy above that of the random walk, and its share 1."""
    policy = soft_plan(MODEL, reward_vector(MODEL, DOOR)).policy
    behavior = seen(policy)
    found = meg(behavior, DOOR, held_out=False)
    own = behavior.log_likelihood(policy) - behavior.log_likelihood(MODEL.uniform)
    decisions = MODEL.per_level(behavior.occupancy) / MODEL.level_starts
    assert found.rationality == pytest.approx(2.0, abs=1e-3)
    assert found.nats.value == pytest.approx(MODEL.level_starts @ (own * decisions), rel=1e-4)
    assert meg(behavior, DOOR).share.value == pytest.approx(1.0, abs=0.02)


def test_the_random_walk_has_none():
    found = meg(seen(MODEL.uniform), DOOR, held_out=False)
    assert found.nats.value == pytest.approx(0.0, abs=1e-9)
    assert found.share is None
    assert found.reason == "the policy acts as the random walk does: there is nothing to explain"


def test_directedness_falls_as_mistakes_grow_and_stays_within_its_bounds():
    values = [meg(seen(noisy(eps)), DOOR, held_out=False) for eps in (0.02, 0.1, 0.3, 0.6, 0.9)]
    nats = [v.nats.value for v in values]
    assert nats == sorted(nats, reverse=True)
    assert all(0 <= v.nats.value <= v.most for v in values)


def test_an_unknown_utility_explains_at_least_as_much_as_any_known_one():
    behavior = seen(noisy(0.1))
    known = meg(behavior, DOOR, held_out=False).nats.value
    assert meg(behavior, held_out=False).nats.value >= known - 1e-6


def test_who_works_against_a_utility_has_negative_rationality():
    against = soft_plan(MODEL, -reward_vector(MODEL, DOOR)).policy
    assert meg(seen(against), DOOR).rationality < 0


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 50.0), st.integers(0, 2**31))
def test_the_scale_of_a_utility_and_its_shaping_do_not_matter(scale, seed):
    potential = np.random.default_rng(seed).normal(size=MODEL.n_states) * ~MODEL.terminal
    shaping = MODEL.discount * (MODEL.transitions @ potential) - np.repeat(potential, MODEL.n_actions)
    reward = reward_vector(MODEL, DOOR)
    behavior = seen(noisy(0.2))
    expected = meg(behavior, reward, held_out=False).nats.value
    assert meg(behavior, scale * (reward + shaping), held_out=False).nats.value == pytest.approx(expected, rel=1e-3)


def test_the_bottle_cap_has_no_objective_though_one_explains_it_perfectly_in_sample():
    """A habit that differs from level to level: a reward of every state and action explains it, and nothing else."""
    rng = np.random.default_rng(0)
    habit = rng.integers(MODEL.n_actions, size=MODEL.n_states)
    behavior = seen(0.95 * np.eye(MODEL.n_actions)[habit] + 0.05 * MODEL.uniform)
    size = MODEL.n_states * MODEL.n_actions
    free = replace(MODEL, features=sp.eye_array(size, format="csr"), feature_names=[f"pair {i}" for i in range(size)])
    anything = replace(behavior, model=free)
    assert meg(anything, held_out=False).share.value > 0.99
    assert meg(anything).share.value < 0.05
    assert meg(behavior).share.value < 0.5


def test_a_single_level_says_nothing_about_others():
    found = meg(seen(noisy(0.1)).restrict([0]), DOOR)
    assert found.nats is None
    assert "single level" in found.reason
