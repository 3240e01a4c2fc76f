"""A conditional logit gives planted utilities back from exact shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl import BOUNDED, IDENTIFIED, UNIDENTIFIED, OutcomeChoice
from birl.tabular import hard_plan
from birl.types import BirlError
from tests.behaviors import behave, permuted, soft_agent
from tests.worlds import EVENTS, random_model, two_ends

EXACT = OutcomeChoice(prior=0.0, tolerance=1e-12)
TRAIN = two_ends(("touch:door", "touch:red"), ("touch:ball",))
SHIFT = two_ends(("touch:door",), ("touch:ball", "touch:red"))
UTILITY = {"touch:door": 2.0, "touch:red": 0.7, "touch:ball": -0.5, "step": -0.3}


def logit_agent(model, utility, name="train", offset=False):
    """Whatever it does, its outcomes are those of a conditional logit."""
    agent = behave(model, model.uniform, name)
    seen = agent.outcomes
    u = np.array([utility[n] for n in EVENTS])
    offered = seen.events.features @ np.where(np.array(EVENTS) == "step", 0.0, u) + utility["step"] * seen.distance
    weight = np.exp(np.column_stack([offered, np.zeros(len(offered))])) * (seen.walk if offset else 1.0)
    return replace(agent, outcomes=replace(seen, share=weight / weight.sum(axis=1, keepdims=True)))


@pytest.mark.parametrize("offset", [False, True])
def test_planted_utilities_come_back_from_exact_shares(offset):
    agents = [logit_agent(TRAIN, UTILITY, offset=offset), logit_agent(SHIFT, UTILITY, "blue-door", offset)]
    estimate = replace(EXACT, random_walk_offset=offset).fit(agents)
    assert dict(estimate.weights) == pytest.approx(UTILITY, abs=1e-6)
    assert estimate.identifiability.nullity == 0
    assert np.abs(estimate.covariance).max() < 1e-12
    assert all(check.passed for check in estimate.checks)


def test_without_a_step_feature_the_price_is_a_parameter_of_its_own():
    keep = np.eye(4)[:, :3]
    agents = []
    for model, name in ((TRAIN, "train"), (SHIFT, "blue-door")):
        agent = logit_agent(model, UTILITY, name)
        bare = model.with_features(EVENTS[:3], keep)
        events = replace(agent.outcomes.events, features=agent.outcomes.events.features[:, :3])
        agents.append(replace(agent, model=bare, outcomes=replace(agent.outcomes, events=events)))
    estimate = EXACT.fit(agents)
    assert estimate.nuisance["price"] == pytest.approx(-UTILITY["step"], abs=1e-6)
    assert dict(estimate.weights) == pytest.approx({n: UTILITY[n] for n in EVENTS[:3]}, abs=1e-6)
    assert np.allclose(EXACT.predict_outcomes(estimate, agents[0]), agents[0].outcomes.share, atol=1e-8)


def test_predicted_shares_are_those_fitted_and_hold_on_other_levels():
    estimate = EXACT.fit([logit_agent(TRAIN, UTILITY), logit_agent(SHIFT, UTILITY, "blue-door")])
    longer = logit_agent(two_ends(("touch:door",), ("touch:red",), length=9), UTILITY, "longer")
    assert np.allclose(EXACT.predict_outcomes(estimate, longer), longer.outcomes.share, atol=1e-6)


def test_events_out_of_reach_are_offered_to_nobody():
    model = two_ends(("touch:door",), ("touch:ball",))
    valid = np.ones((model.n_states, 2), bool)
    valid[model.level == 0, 1] = False  # in the first level only left
    agent = soft_agent(replace(model, valid_actions=valid), {"touch:door": 1.0})
    ball = agent.outcomes.names.index("touch:ball")
    predicted = OutcomeChoice().predict_outcomes(OutcomeChoice().fit([agent]), agent)
    assert predicted[0, ball] == 0.0
    assert (predicted[1:, ball] > 0).all()


def test_a_dithering_agent_is_read_by_where_it_ends():
    # it wavers before every step, and goes left in the end
    wavering = np.tile([0.6, 0.4], (TRAIN.n_states, 1))
    estimate = OutcomeChoice().fit([behave(TRAIN, wavering, time_limit=500)])
    door = estimate.weights["touch:door"] + estimate.weights["touch:red"]
    assert door > estimate.weights["touch:ball"] + 0.5


def test_an_avoided_event_is_a_bound_and_training_cannot_tell_door_from_red():
    planners = [
        behave(m, 0.95 * hard_plan(m, m.features @ np.array([1.0, 0, 0, 0])).policy + 0.025, n)
        for m, n in ((TRAIN, "train"), (SHIFT, "blue-door"))
    ]
    alone, together = OutcomeChoice().fit(planners[:1]), OutcomeChoice().fit(planners)
    assert alone.status["touch:door"] == alone.status["touch:red"] == UNIDENTIFIED
    assert together.status["touch:door"] == IDENTIFIED
    assert together.status["touch:ball"] == BOUNDED
    assert together.weights["touch:door"] > 3 > abs(together.weights["touch:red"])


def test_renaming_states_and_levels_changes_nothing(rng):
    policy = rng.dirichlet(np.ones(2), size=TRAIN.n_states)
    states, levels = rng.permutation(TRAIN.n_states), rng.permutation(TRAIN.n_levels)
    one = OutcomeChoice().fit([behave(TRAIN, policy)])
    other = OutcomeChoice().fit([behave(permuted(TRAIN, states, levels), policy[states])])
    assert np.allclose(one.vector, other.vector, atol=1e-8)
    assert np.allclose(one.covariance, other.covariance, atol=1e-8)


def test_the_log_likelihood_is_that_of_an_outcome():
    agent = logit_agent(TRAIN, UTILITY)
    share = agent.outcomes.share
    assert EXACT.fit([agent]).log_likelihood == pytest.approx((share * np.log(share)).sum(axis=1).mean())


def test_a_fit_that_ran_out_of_steps_says_so():
    estimate = OutcomeChoice(max_steps=1).fit([logit_agent(TRAIN, UTILITY)])
    assert [c.name for c in estimate.checks if not c.passed] == ["converged"]


def test_a_world_without_events_is_refused_with_the_reason(rng):
    model = random_model(rng, n_states=30)
    with pytest.raises(BirlError, match=r"'train': features take .* use another method"):
        OutcomeChoice().fit([behave(model, model.uniform)])


def test_no_behaviour_is_refused():
    with pytest.raises(BirlError, match="no behaviour to fit"):
        OutcomeChoice().fit([])
