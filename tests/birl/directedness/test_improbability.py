"""Bits of optimisation: counted by hand, and at their bounds."""

import numpy as np
import pytest

from birl.directedness import improbability
from birl.tabular import hard_plan, reward_vector
from birl.testing import worlds
from birl.types import BirlError

DOOR = {"touch:door&red": 1.0}
MODEL = worlds.corridors("touch:door&red", "touch:ball&blue")


def seen(policy):
    return worlds.observed("train", MODEL, policy)


def test_walking_straight_to_the_door_is_as_improbable_as_a_run_of_coins():
    """From the cell k steps away, a random walk that gets there as fast takes k given turns: k bits."""
    behavior = seen(hard_plan(MODEL, reward_vector(MODEL, DOOR)).policy)
    found = improbability(behavior, DOOR, random_episodes=20_000)
    distances = np.arange(1, MODEL.n_levels + 1)
    assert found.bits.value == pytest.approx(distances.mean(), abs=0.1)
    assert found.bounded == 0.0


def test_the_random_walk_has_next_to_no_bits():
    assert improbability(seen(MODEL.uniform), DOOR, episodes=500).bits.value < 0.6


def test_doing_nothing_worth_anything_has_none():
    behavior = seen(hard_plan(MODEL, -reward_vector(MODEL, DOOR)).policy)
    assert improbability(behavior, DOOR).bits.value == pytest.approx(0.0, abs=1e-9)


def test_with_few_random_episodes_bits_are_a_lower_bound_and_say_so():
    behavior = seen(hard_plan(MODEL, reward_vector(MODEL, DOOR)).policy)
    found = improbability(behavior, DOOR, random_episodes=3)
    assert found.most == 2.0
    assert found.bounded > 0


def test_the_same_seed_gives_the_same_bits():
    behavior = seen(MODEL.uniform)
    assert improbability(behavior, DOOR) == improbability(behavior, DOOR)


def test_no_episode_is_refused():
    with pytest.raises(BirlError, match="0 and 1000 episodes: give at least 1 of each"):
        improbability(seen(MODEL.uniform), DOOR, episodes=0)
