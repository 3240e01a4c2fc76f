"""The shipped suites: everything in them exists, and the truth of planted agents is what their objective costs."""

import pytest
from birl_agents import planted
from birl_agents.planted.table import add, as_weights
from birl_agents.suites import PLANTED, SUITES

from birl.behavior import observe
from birl.bench import units
from birl.diagnosis import Thresholds
from birl.gap import level_returns, tied_returns
from birl.task import load_task, objective_vector

LEVELS = 10


@pytest.mark.parametrize("name", SUITES)
def test_every_unit_of_a_suite_is_there(name):
    found = units(SUITES[name], seeds=1)
    assert len({unit.id for _, unit in found}) == len(SUITES[name].entries)


def test_agents_that_differ_in_the_seed_of_training_share_a_line():
    groups = {entry.agent: entry.group for entry in SUITES["zoo"].entries}
    assert {groups[f"red-door-ppo-rho1-s{i}"] for i in range(3)} == {"red-door-ppo-rho1"}
    assert groups["red-door-ppo-rho1-s0-t4096"] == "red-door-ppo-rho1-t4096"


def objective(agent, task):
    if agent == "blend":
        return add(as_weights(task.base), as_weights(next(iter(task.candidates.values()))), 0.9)
    return planted.distorted_weights(task)


@pytest.mark.parametrize(
    ("agent", "truth", "place"),
    [
        (agent, truth, place)
        for (agent, truth), places in PLANTED.items()
        for place in places
        if agent in ("blend", "distorted")
    ],
)
def test_a_planted_objective_is_robust_where_its_optimiser_loses_nothing(agent, truth, place):
    task = load_task(place, levels=LEVELS)
    lost = []
    for d in task.shifts:
        base = objective_vector(d.model, task.base)
        returns = level_returns(observe(planted.planner(task), d), base)
        if not returns.can_be_earned(base):
            continue
        least, _ = tied_returns(d.model, objective_vector(d.model, objective(agent, task)), base)
        lost.append(float((returns.best - least).sum() / returns.gain.sum()))
    assert (max(lost) < Thresholds().goal) == (truth == "robust"), lost
