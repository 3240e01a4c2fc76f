"""Named objectives are weighed against each other with their temperature integrated out."""

from __future__ import annotations

import numpy as np
import pytest

from birl.irl import Bayesian
from birl.irl.bayes_candidates import weigh_candidates
from birl.irl.bayes_evidence import SoftEvidence
from birl.irl.bayes_prior import WeightPrior
from birl.types import BirlError
from tests.behaviors import boltzmann_agent, soft_agent
from tests.worlds import random_model, two_ends

DOOR, RED = {"touch:door": 1.0}, {"touch:red": 1.0}
SHIFT = two_ends(("touch:door",), ("touch:ball", "touch:red"))
QUICK = Bayesian(draws=10, warm_up=5)
FAR, NODES = 12.0, 401  # a plain sum over the inverse temperature, in standard deviations of its prior


@pytest.mark.parametrize("kind", ["gaussian", "laplace"])
@pytest.mark.parametrize("episodes", [0.0, 3.0, 300.0])
def test_the_evidence_is_the_integral_that_a_plain_sum_finds(rng, kind, episodes):
    model = random_model(rng, n_states=3, n_features=2)
    evidence = SoftEvidence([soft_agent(model, np.array([1.0, 0.5]))], episodes=episodes)
    prior = WeightPrior(kind=kind, scale=2.0, n_weights=2)
    named = {"ahead": np.array([1.0, 0.4]), "against": np.array([-1.0, 0.0])}
    found = weigh_candidates(evidence, prior, named, rest=np.zeros(0)).log_evidence
    b = FAR * prior.scale * np.linspace(0.0, 1.0, NODES) ** 3
    widths = np.log(np.gradient(b) * np.where((b == 0) | (b == b[-1]), 0.5, 1.0))  # the trapezoid rule
    for name, weights in named.items():
        log_prior = prior.log_density(b[:, None] * weights) + widths
        likelihood, near = np.zeros(NODES), None
        for i, one in enumerate(b):
            near = evidence.at(one * weights, near)
            likelihood[i] = near.value
        known = np.logaddexp.reduce(likelihood + log_prior) - np.logaddexp.reduce(log_prior)
        assert found[name] == pytest.approx(known, abs=0.01), name


def test_the_planted_objective_is_the_probable_one():
    for wanted, other in (("door", "red"), ("red", "door")):
        named = {"door": DOOR, "red": RED}
        agent = soft_agent(SHIFT, {feature: 3.0 * weight for feature, weight in named[wanted].items()})
        told = QUICK.fit([agent], candidates=named).nuisance
        assert told[f"P({wanted})"] > 0.99
        assert told[f"P({wanted})"] + told[f"P({other})"] == pytest.approx(1.0)
        assert told[f"log evidence({wanted})"] > told[f"log evidence({other})"]


def test_the_unit_of_a_candidate_does_not_matter():
    agent = soft_agent(SHIFT, {"touch:door": 2.0, "touch:red": 1.0})
    told = [
        QUICK.fit([agent], candidates={"door": {"touch:door": unit}, "red": RED}).nuisance["P(door)"]
        for unit in (1.0, 50.0)
    ]
    assert told[0] == pytest.approx(told[1], rel=1e-4)


def test_wanting_nothing_explains_a_random_walk_best():
    agent = soft_agent(SHIFT, {})
    told = QUICK.fit([agent], candidates={"nothing": {}, "door": DOOR, "red": RED}).nuisance
    assert told["P(nothing)"] > max(told["P(door)"], told["P(red)"])


def test_boltzmann_agents_are_weighed_at_the_eps_of_the_posterior():
    agent = boltzmann_agent(SHIFT, np.array([4.0, 0.0, 0.0, 0.0]), 0.1)
    method = Bayesian(likelihood="boltzmann", draws=10, warm_up=5)
    told = method.fit([agent], candidates={"door": DOOR, "red": RED}).nuisance
    assert told["P(door)"] > 0.99
    assert 0 < told["eps"] < 1


def test_rewards_that_are_no_weights_are_passed_over_and_unknown_features_refused():
    agent = soft_agent(SHIFT, DOOR)
    values = np.ones(SHIFT.n_states * SHIFT.n_actions)
    assert "P(values)" not in QUICK.fit([agent], candidates={"values": values}).nuisance
    with pytest.raises(BirlError, match="unknown feature 'touch:dor': did you mean touch:door"):
        QUICK.fit([agent], candidates={"door": {"touch:dor": 1.0}})
