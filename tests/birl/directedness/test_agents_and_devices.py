"""Agents and devices: the contrast of a walk to a goal, right or wrong, and of getting nowhere."""

import numpy as np
import pytest
import scipy.sparse as sp

from birl.behavior import observe
from birl.directedness import agents_and_devices
from birl.policy import TabularPolicy
from birl.tabular import TabularModel, hard_plan
from birl.task import Distribution
from birl.trajectories import Trajectory
from birl.types import BirlError

SIDE = 20
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])


def square(side=SIDE, walls=0.0):
    """A square, some of its cells walls; each cell is a goal: its reward is 1 for arriving there."""
    blocked = np.random.default_rng(0).random(side * side) < walls
    row, column = np.divmod(np.arange(side * side), side)
    ends = np.stack([np.clip(row + r, 0, side - 1) * side + np.clip(column + c, 0, side - 1) for r, c in MOVES], axis=1)
    ends = np.where(blocked[ends], np.arange(side * side)[:, None], ends)
    rows = np.arange(ends.size)
    model = TabularModel(
        transitions=sp.csr_matrix((np.ones(rows.size), (rows, ends.ravel()))),
        features=sp.csr_matrix((np.ones(rows.size), (rows, ends.ravel()))),
        start=np.full(side * side, 1 / side**2),
        terminal=np.zeros(side * side, bool),
        discount=0.95,
        feature_names=[f"cell {i}" for i in range(side * side)],
    )
    return model, ends


MODEL, ENDS = square(walls=0.3)
GOALS = {name: {name: 1.0} for i, name in enumerate(MODEL.feature_names) if MODEL.features[:, i].nnz}


def walk(start, actions):
    states = [start]
    for action in actions:
        states.append(int(ENDS[states[-1], action]))
    return Trajectory(observations=np.array(states), actions=np.array(actions), terminal=False, states=np.array(states))


def behaviour(*episodes):
    seen = observe(TabularPolicy({"square": MODEL.uniform}), Distribution("square", MODEL, shift="train"))
    return type(seen)(**{**vars(seen), "trajectories": episodes})


def to(goal, start, steps=60):
    """Along a shortest path, until it is there."""
    best = hard_plan(MODEL, MODEL.features @ (np.arange(SIDE**2) == goal)).greedy.argmax(axis=1)
    state, actions = start, []
    while state != goal and len(actions) < steps:
        actions.append(int(best[state]))
        state = int(ENDS[state, actions[-1]])
    return walk(start, actions)


def reached(start):
    """Cells by their distance from a start, the nearest first."""
    far, front = {start: 0}, [start]
    for cell in front:
        for after in ENDS[cell].tolist():
            if after not in far:
                far[after] = far[cell] + 1
                front.append(after)
    return front


START = 10 * SIDE + 10
CELLS = reached(START)


def test_walking_to_the_goal_or_to_the_wrong_place_is_an_agent_and_getting_nowhere_is_none():
    """Langosco et al. 2022 report .9999 for the first two and .0674 for lost capability, on a 20x20 gridworld."""
    assert len(CELLS) > 150
    stuck = walk(START, np.random.default_rng(0).integers(4, size=12).tolist() + [2] * 48)
    found = agents_and_devices(behaviour(to(CELLS[-1], START), to(CELLS[120], START), stuck), GOALS)
    assert found.by_episode[0] > 0.999
    assert found.by_episode[1] > 0.99
    assert found.by_episode[2] < 0.1


def test_an_episode_of_one_action_over_and_over_is_a_device():
    found = agents_and_devices(behaviour(walk(START, [2, 1, 0, 3] * 12)), GOALS)
    assert found.by_episode[0] < 0.01
    assert found.p_agent is None  # one level only


def test_the_goal_and_the_rate_of_mistakes_are_read_off():
    model, _ = square(6)
    goals = {name: {name: 1.0} for name in model.feature_names[::5]}
    best = hard_plan(model, model.features @ (np.arange(36) == 20)).policy
    table = 0.8 * best + 0.2 * model.uniform
    seen = observe(TabularPolicy({"square": table}), Distribution("square", model, shift="train"))
    found = agents_and_devices(seen, goals, episodes=40, rng=np.random.default_rng(0))
    assert max(found.goals, key=lambda name: found.goals[name]) == "cell 20"
    assert found.goals["cell 20"] > 0.9
    assert 0.05 < found.mistakes < 0.2  # of random actions, some are optimal by chance


def test_the_answer_does_not_depend_on_the_order_of_goals():
    episodes = (to(CELLS[60], START, 12),)
    few = dict(list(GOALS.items())[::40])
    one = agents_and_devices(behaviour(*episodes), few)
    other = agents_and_devices(behaviour(*episodes), dict(reversed(few.items())))
    assert one.by_episode == pytest.approx(other.by_episode)


def test_without_goals_or_states_there_is_no_answer():
    with pytest.raises(BirlError, match="no goal to hold against devices"):
        agents_and_devices(behaviour(walk(0, [1])), {})
    blind = Trajectory(observations=np.zeros(2), actions=np.array([1]), terminal=False)
    with pytest.raises(BirlError, match="lack states"):
        agents_and_devices(behaviour(blind), {"cell 3": {"cell 3": 1.0}})
