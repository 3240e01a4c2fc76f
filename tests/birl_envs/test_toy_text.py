from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from birl_agents.planted import planner
from birl_envs.toy_text import TableEnv, cliff, cliff_walking, frozen_lake, lake, registered, slip, taxi, taxi_rank
from gymnasium.utils.env_checker import check_env

import birl
from birl.diagnosis import Verdict
from birl.tabular import hard_plan
from birl.task import conflicts, objective_vector
from birl.testing import check_task
from birl.types import BirlError

TASKS = {"frozen-lake": (frozen_lake, "corner"), "taxi": (taxi, "to-R"), "cliff-walking": (cliff_walking, "far-end")}


@pytest.fixture(scope="module", params=TASKS)
def found(request):
    make, candidate = TASKS[request.param]
    return make(12), candidate


# all three


def test_a_task_keeps_its_contract(found):
    task, _ = found
    notes = check_task(task, episodes=5)
    assert all("by chance" in note for note in notes)


def test_training_cannot_tell_the_candidate_apart_and_the_first_shift_can(found):
    task, candidate = found
    share = {
        d.name: conflicts(
            d.model, objective_vector(d.model, task.base), objective_vector(d.model, task.candidates[candidate])
        ).mean()
        for d in task.distributions
    }
    assert share["train"] == 0
    assert share[task.shifts[0].name] > 0.8
    assert task.shifts[0].shift == "feature"


def test_environments_please_gymnasium(found):
    task, _ = found
    check_env(task.train.make_env(), skip_render_check=True)


def test_short_names_find_the_tasks(found):
    task, _ = found
    assert birl.load_task(task.name, levels=2).train.model.n_levels == 2


def test_the_reward_of_the_environment_is_the_base_objective(found, rng):
    task, _ = found
    model, env = task.train.model, task.train.make_env()  # no chance there, so rewards are exact
    paid = objective_vector(model, task.base)
    total = 0.0
    for level in range(6):
        seen, _ = env.reset(seed=level, options={"level": level})
        state = int(np.flatnonzero((model.start > 0) & (model.level == level))[0])
        assert np.array_equal(model.observe(np.array([state]))[0], seen)
        ended = False
        while not ended:
            best = hard_plan(model, paid).policy[state].argmax()
            action = int(best if rng.random() < 0.7 else rng.integers(model.n_actions))
            row = state * model.n_actions + action
            seen, reward, ended, truncated, _ = env.step(action)
            assert reward == pytest.approx(paid[row])
            total += reward
            state = int(model.successors[state, action])
            assert np.array_equal(model.observe(np.array([state]))[0], seen)
            ended |= truncated
    assert total > 0


@pytest.mark.parametrize("wanted", ["base", "candidate"])
def test_a_planner_is_read_as_what_it_is(wanted):
    task = frozen_lake(12)
    agent = planner(task, None if wanted == "base" else task.candidates["corner"])
    card = birl.score(agent, task, seed=0, draws=20)
    assert card.verdict == (Verdict.ROBUST if wanted == "base" else Verdict.PROXY)


# slipping


def test_the_slippery_lake_is_gymnasiums():
    still = gymnasium.make("FrozenLake-v1", is_slippery=False).unwrapped
    theirs = gymnasium.make("FrozenLake-v1", is_slippery=True).unwrapped

    def merged(entries):
        total = {}
        for p, to, reward, ended in entries:
            total[to, float(reward), bool(ended)] = total.get((to, float(reward), bool(ended)), 0.0) + p
        return total

    ours = slip(still.P, lake.ASIDE, lake.GYMNASIUM_SLIP)
    for state in range(16):
        for action in range(4):
            assert merged(ours[state][action]) == pytest.approx(merged(theirs.P[state][action]))


def test_no_slip_changes_nothing_and_no_chance_is_above_one():
    table = gymnasium.make(registered("Taxi")).unwrapped.P
    assert slip(table, taxi_rank.ASIDE, 0.0) == table
    with pytest.raises(BirlError, match=r"chance of slipping 1.5"):
        slip(table, taxi_rank.ASIDE, 1.5)


def test_the_newest_registered_version_is_taken():
    assert registered("FrozenLake") == "FrozenLake-v1"
    assert registered("Taxi") in gymnasium.registry
    with pytest.raises(BirlError, match="no environment 'Frozen'"):
        registered("Frozen")


# lake


def test_lakes_share_their_holes_whatever_the_goal_and_more_never_changes_the_first():
    corner, elsewhere = (lake.make_levels(lake.Lake(goal=goal), 10) for goal in lake.GOALS)
    for a, b in zip(corner, elsewhere, strict=True):
        assert ((a.desc == b"H") == (b.desc == b"H")).all()
        assert a.desc[-1, -1] == b"G"
        assert b.desc[-1, -1] == b"F"
    few = lake.make_levels(lake.Lake(goal="elsewhere"), 3)
    assert all((a.desc == b.desc).all() for a, b in zip(few, elsewhere[:3], strict=True))


def test_training_and_test_lakes_never_meet():
    maps = [{level.desc.tobytes() for level in lake.make_levels(lake.TRAIN, 40, split=s)} for s in ("train", "test")]
    assert not maps[0] & maps[1]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: lake.Lake(goal="moon"), "place of the goal 'moon'"),
        (lambda: lake.Lake(holes=1.0), "shares in"),
        (lambda: lake.Lake(size=2), "side 2"),
        (lambda: lake.make_levels(lake.Lake(holes=0.95), 1), "cannot be crossed"),
        (lambda: lake.make_levels(lake.TRAIN, 0), "0 levels"),
        (lambda: taxi_rank.Rides(destinations=("Z",)), "stand 'Z'"),
        (lambda: taxi_rank.Rides(destinations=()), "without a destination"),
        (lambda: taxi_rank.Rides(chance=-1), "no probability"),
        (lambda: taxi_rank.make_levels(taxi_rank.TRAIN, 0), "0 levels"),
        (lambda: cliff.Cliff(goal="sea"), "place of the goal 'sea'"),
        (lambda: cliff.Cliff(wind=2.0), "no probability"),
        (lambda: cliff.make_levels(cliff.TRAIN, 0), "0 levels"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, complaint):
    with pytest.raises(BirlError, match=complaint):
        make()


# taxi and cliff


def test_taxi_has_75_rides_for_each_destination():
    assert len(taxi_rank.make_levels(taxi_rank.TRAIN, 1000)) == 75
    assert len(taxi_rank.make_levels(taxi_rank.SHIFTS["other-destination"][0], 1000)) == 225


def test_a_level_that_does_not_exist_is_refused():
    env = cliff_walking(2).train.make_env()
    assert isinstance(env, TableEnv)
    with pytest.raises(BirlError, match="level 9 does not exist"):
        env.reset(options={"level": 9})


def test_who_falls_off_the_cliff_begins_again_in_the_corner():
    env = cliff_walking(1).train.make_env()
    env.reset(seed=0)
    env.inner.s = 36
    seen, reward, ended, _, _ = env.step(1)
    assert (reward, ended) == (-1.0, False)
    assert np.flatnonzero(seen[..., 0].ravel()).tolist() == [36]
