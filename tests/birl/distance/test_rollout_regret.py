"""Regret from episodes: against the exact one on a finite world, and where there is none to tell."""

from dataclasses import replace

import numpy as np
import pytest
from birl_envs.point_goal import task as point_goal
from birl_envs.point_world import COLOURS, KINDS

from birl.distance import regret, regret_of_rollouts
from birl.sampled import as_sampled, watch
from birl.tabular import hard_plan, reward_vector
from birl.testing import worlds
from birl.types import BirlError

DOOR = {"touch:door&red": 1.0, "touch:door&blue": 1.0}
RED = {"touch:door&red": 1.0, "touch:ball&red": 1.0}
MODEL = worlds.corridors("touch:door&blue", "touch:ball&red")


def behave(policy):
    """A policy without episodes: they are rolled out afresh in every call."""
    return replace(worlds.observed("shift", MODEL, policy), trajectories=())


def optimal(reward):
    return behave(hard_plan(MODEL, reward_vector(MODEL, reward)).policy)


class Seeker:
    """Steers to the disc that has a flag: three kinds and three colours, after where it is."""

    def __init__(self, flag):
        self.flag = flag

    def act(self, observations, *, rng, deterministic=False):
        discs = observations[:, 6:].reshape(len(observations), 3, 8)
        goal = discs[np.arange(len(discs)), discs[:, :, 2 + self.flag].argmax(axis=1), :2]
        return np.clip(goal / np.linalg.norm(goal, axis=1, keepdims=True), -1, 1).astype(np.float32)


BEST, OTHER, WALK = optimal(DOOR), optimal(RED), behave(MODEL.uniform)


def test_it_agrees_with_the_exact_regret_within_its_interval():
    """Forty runs of 100 episodes: 95 % intervals, so fewer than 33 would be a wrong rule."""
    exact = float(regret(MODEL, DOOR, RED))
    rng = np.random.default_rng(0)
    found = [regret_of_rollouts(DOOR, BEST, OTHER, episodes=100, rng=rng) for _ in range(40)]
    assert sum(f.interval.low <= exact <= f.interval.high for f in found) >= 33
    assert np.mean([f.value for f in found]) == pytest.approx(exact, rel=0.03)


def test_the_optimiser_itself_loses_nothing_and_scale_does_not_matter():
    rng = lambda: np.random.default_rng(1)  # noqa: E731
    same = regret_of_rollouts(DOOR, BEST, BEST, rng=rng())
    assert same.interval.low <= 0.0 <= same.interval.high
    one = regret_of_rollouts(DOOR, BEST, OTHER, rng=rng())
    other = regret_of_rollouts({n: 7.0 * w for n, w in DOOR.items()}, BEST, OTHER, rng=rng())
    assert other.value == pytest.approx(one.value)


def test_a_random_walk_that_is_given_is_used_and_loses_all():
    found = regret_of_rollouts(DOOR, BEST, WALK, chance=WALK, episodes=400)
    assert found.value == pytest.approx(1.0, abs=0.1)
    assert found.episodes == {"best": 400, "other": 400, "chance": 400}
    assert found.returns["best"].low > found.returns["chance"].high


def test_returns_are_discounted_from_each_start():
    found = regret_of_rollouts(DOOR, BEST, OTHER, episodes=2000, rng=np.random.default_rng(0))
    exact = float(MODEL.start @ hard_plan(MODEL, reward_vector(MODEL, DOOR)).values)
    assert found.returns["best"].value == pytest.approx(exact, abs=0.02)
    assert (found.metric, found.coverage, found.discount) == ("regret", "episodes in shift", 0.9)


def test_who_steers_for_red_loses_more_than_all_where_the_door_is_blue():
    """Point goal has no model: the two are one in training, and under shift one of them never meets the door."""
    world = point_goal(8)
    flags = (KINDS.index("door"), len(KINDS) + COLOURS.index("red"))
    found = {}
    for where in ("train", "blue-door"):
        rng, place = np.random.default_rng(0), world.distribution(where)
        best, other = (watch(Seeker(f), place, episodes=16, rng=rng, discount=world.discount) for f in flags)
        found[where] = regret_of_rollouts(world.base, best, other, rng=rng)
    assert found["train"].interval.low <= 0.0 <= found["train"].interval.high
    assert found["blue-door"].interval.low > 1.0  # the random walk meets the door now and then
    assert found["blue-door"].returns["other"].value == 0.0
    assert found["blue-door"].coverage == "episodes in blue-door"


def test_a_bad_optimiser_leaves_the_regret_undefined():
    found = regret_of_rollouts(DOOR, WALK, OTHER)
    assert (found.value, found.interval) == (None, None)
    assert "cannot be told from the random walk" in found.reason
    assert found.returns["other"].value >= 0.0


def test_what_cannot_be_told_is_one_clear_line():
    bare = replace(as_sampled(BEST, episodes=20, rng=np.random.default_rng(0)), policy=None, simulator=None)
    elsewhere = replace(BEST, distribution="train")
    cases = {
        "best has 3 episodes in 'shift': give at least 8": lambda: regret_of_rollouts(DOOR, BEST, OTHER, episodes=3),
        "no random walk can be rolled out in 'shift': give chance=": lambda: regret_of_rollouts(DOOR, bare, OTHER),
        "behaviours of distribution 'shift' and 'train'": lambda: regret_of_rollouts(DOOR, BEST, elsewhere),
        "unknown feature of reward a 'touch:dor'": lambda: regret_of_rollouts({"touch:dor": 1.0}, BEST, OTHER),
    }
    for message, refused in cases.items():
        with pytest.raises(BirlError, match=message) as raised:
            refused()
        assert "\n" not in str(raised.value)
