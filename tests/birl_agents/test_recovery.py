"""What planted agents want is read off their behaviour: the acceptance test of the estimators, on red-door.

Each agent plans for known weights and takes 5 % random actions. The model of behaviour that explains it better must
give its direction back over the events the agent brings about, and call everything it avoids a bound.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from birl_agents import planted
from birl_agents.planted.table import add
from birl_envs.red_door import task as red_door

from birl.behavior import observe
from birl.irl import BOUNDED, IDENTIFIED, UNIDENTIFIED, Boltzmann, MaxCausalEntropy, OutcomeChoice

LEVELS = 50
DISTRIBUTIONS = ("train", "blue-door", "half-red")
NEVER = {"touch:door&green", "touch:key&red"}  # in none of these distributions
METHODS = (MaxCausalEntropy(), Boltzmann(), OutcomeChoice())
AGENTS = ("door", "red", "door + .9 red", "distorted")


@cache
def the_task():
    return red_door(LEVELS)


@cache
def wants(agent):
    """The planted weights."""
    task = the_task()
    red = task.candidates["red"]
    return {
        "door": task.base,
        "red": red,
        "door + .9 red": add(task.base, red, 0.9),
        "distorted": planted.distorted_weights(task),
    }[agent]


@cache
def estimates(agent):
    """Every method's joint estimate of one agent."""
    task = the_task()
    policy = planted.planner(task, wants(agent), eps=0.05)
    behaviors = [observe(policy, task.distribution(name)) for name in DISTRIBUTIONS]
    return {method.name: method.fit(behaviors, candidates=task.candidates) for method in METHODS}


def better(agent):
    """The estimate of the action model with the higher log-likelihood."""
    found = estimates(agent)
    return max((found["mce"], found["boltzmann"]), key=lambda e: e.log_likelihood)


def events(estimate, status):
    return [n for n, s in estimate.status.items() if s == status and n != "step"]


@pytest.mark.parametrize("agent", AGENTS)
def test_the_better_fitting_model_recovers_the_planted_direction(agent):
    estimate = better(agent)
    brought_about = events(estimate, IDENTIFIED)
    found = np.array([estimate.weights[n] for n in brought_about])
    truth = np.array([wants(agent).get(n, 0.0) for n in brought_about])
    assert {n for n, w in wants(agent).items() if w and n not in NEVER} == set(brought_about)
    assert found @ truth / np.linalg.norm(found) / np.linalg.norm(truth) >= 0.95


@pytest.mark.parametrize("agent", AGENTS)
def test_avoided_events_are_bounds_and_absent_ones_not_identified(agent):
    estimate = better(agent)
    avoided = set(the_task().train.model.feature_names) - NEVER - {"step"} - {n for n, w in wants(agent).items() if w}
    assert set(events(estimate, BOUNDED)) == avoided
    assert set(events(estimate, UNIDENTIFIED)) == NEVER
    least_wanted = min(estimate.weights[n] for n in events(estimate, IDENTIFIED))
    assert max(estimate.weights[n] for n in avoided) < least_wanted


@pytest.mark.parametrize("agent", AGENTS)
def test_outcome_choice_ranks_events_as_planted(agent):
    estimate = estimates(agent)["outcome-choice"]
    seen = [n for n in estimate.weights if n != "step" and n not in NEVER]
    for better_one in seen:
        for worse_one in seen:
            if wants(agent).get(better_one, 0.0) > wants(agent).get(worse_one, 0.0) + 1e-9:
                assert estimate.weights[better_one] > estimate.weights[worse_one], (better_one, worse_one)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_hard_planner_is_explained_better_by_boltzmann_and_every_fit_converges(agent):
    assert better(agent).method == "boltzmann"
    for estimate in estimates(agent).values():
        assert [c.name for c in estimate.checks if not c.passed] == []
