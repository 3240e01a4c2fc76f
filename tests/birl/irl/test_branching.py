"""Branches: exact and rolled out, they are the same numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl import SuccessorLogit
from birl.irl.branching import Budget, branches
from birl.policy import CallablePolicy
from birl.policy.box import DeterministicPolicy
from birl.sampled import PlacePolicy, as_sampled, watch
from birl.simulator import Actions
from birl.tabular import soft_plan
from birl.task import Distribution
from birl.types import BirlError
from tests.behaviors import behave, soft_agent
from tests.slide import Slide, gaussian, slider
from tests.worlds import random_model

METHOD = SuccessorLogit()
BUDGET = Budget(episodes=100, states=60, rollouts=40, actions=8, tail=0.01, cardinal=True)


def test_exact_branches_are_the_soft_values_of_a_soft_optimal_policy(rng):
    model = random_model(rng, invalid=True)
    weights = rng.normal(size=4)
    plan = soft_plan(model, model.features @ weights)
    seen = branches([behave(model, plan.policy)], METHOD, BUDGET, rng=None)
    q = seen.psi[0] @ weights + seen.later[0]
    states = np.flatnonzero(~model.terminal)
    wanted = (model.features @ weights + model.discount * model.transitions @ plan.values).reshape(-1, 3)[states]
    assert np.allclose(np.where(seen.valid, q, 0.0), np.where(seen.valid, wanted, 0.0), atol=1e-8)


def test_being_alive_earns_nothing_for_the_random_walk(rng):
    model = random_model(rng, invalid=True)
    assert np.abs(branches([behave(model, model.uniform)], METHOD, BUDGET, rng=None).later).max() < 1e-12


def test_rollouts_come_to_the_exact_numbers(rng):
    model = random_model(rng, n_states=4, invalid=True)
    agent = soft_agent(model, rng.normal(size=4), time_limit=60)
    exact = branches([agent], METHOD, BUDGET, rng=None)
    found = branches([as_sampled(agent)], METHOD, BUDGET, rng=rng)
    rows = [int(np.abs(exact.chosen - row).sum(axis=1).argmin()) for row in found.chosen]
    size = np.abs(exact.psi).max()
    # each state is met several times, with 40 rollouts: averages are good to a few hundredths
    for which in np.unique(rows):
        same = np.array(rows) == which
        assert np.abs(found.psi[:, same].mean(axis=(0, 1)) - exact.psi[0, which]).max() < 0.1 * size
        assert np.abs(found.later[:, same].mean(axis=(0, 1)) - exact.later[0, which]).max() < 0.1 * size


def test_the_two_halves_share_no_chance(rng):
    agent = soft_agent(random_model(rng, terminal=False), np.zeros(4), time_limit=30)
    small = replace(BUDGET, rollouts=2, states=200, tail=0.1)
    found = branches([as_sampled(agent)], METHOD, small, rng=rng)
    exact = branches([agent], METHOD, small, rng=None)
    rows = [int(np.abs(exact.psi[0] - found.psi[:, i].mean(axis=0)).sum(axis=(1, 2)).argmin()) for i in range(200)]
    noise = (found.psi - exact.psi[0][rows])[..., 0, 0]
    assert abs(np.corrcoef(noise)[0, 1]) < 0.3  # 200 pairs; correlated ones would be at 1


def test_actions_of_one_state_share_their_chance(rng):
    model = random_model(rng, n_states=8, n_actions=2, terminal=False)
    model = replace(model, transitions=model.transitions[np.repeat(np.arange(0, 16, 2), 2)])  # actions lead alike
    few = replace(BUDGET, rollouts=2, states=20)
    found = branches([as_sampled(behave(model, model.uniform, time_limit=30))], METHOD, few, rng=rng)
    only_now = model.features.toarray().reshape(8, 2, -1)
    gaps = found.psi[:, :, 0] - found.psi[:, :, 1]
    known = only_now[:, 0] - only_now[:, 1]
    assert np.abs(gaps[0][:, None] - known).sum(axis=2).min(axis=1).max() < 1e-9


# --- actions that are vectors -----------------------------------------------------------------------------------------


def test_vectors_are_half_the_policys_and_weighed_back_to_it(rng):
    budget = replace(BUDGET, actions=400, states=40, episodes=10, rollouts=2, tail=0.5)
    seen = branches([slider(gaussian())], METHOD, budget, rng=rng)
    assert not seen.numbered
    push = seen.psi[0, :, :, 1]
    assert np.ptp(push, axis=1).min() > 1.0
    assert np.allclose(seen.chosen.sum(axis=1), 1.0)
    assert seen.chosen.max() < 0.02  # no weight is more than twice that of an own action


def test_a_deterministic_policy_has_no_density_and_is_sent_to_the_ordinal_method(rng):
    for source, options in (
        (DeterministicPolicy(lambda seen: -0.5 * seen, Slide.actions.low, Slide.actions.high), {}),
        (gaussian(), {"deterministic": True}),
    ):
        with pytest.raises(BirlError, match=r"does not give a density of its actions: use successor-margin"):
            branches([slider(source, **options)], METHOD, BUDGET, rng=rng)
    ordinal = replace(BUDGET, cardinal=False, states=5, episodes=2, rollouts=2)
    seen = branches([slider(source, deterministic=True)], METHOD, ordinal, rng=rng)
    assert (seen.best[:, 0] == 1).all()
    assert seen.psi.shape[2] == 8


def test_actions_without_bounds_have_no_random_walk(rng):
    endless = replace(slider(gaussian()), actions=Actions(low=np.array([-np.inf]), high=np.array([np.inf])))
    endless.simulator.actions = endless.actions
    with pytest.raises(BirlError, match="bounds"):
        branches([endless], METHOD, BUDGET, rng=rng)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_what_cannot_be_branched_is_refused_in_one_line(rng):
    agent = soft_agent(random_model(rng), np.ones(4))
    with pytest.raises(BirlError, match="successor-logit needs simulator, which distribution 'train' does not have"):
        branches([replace(as_sampled(agent), simulator=None)], METHOD, BUDGET, rng=rng)
    with pytest.raises(BirlError, match="successor-logit needs policy"):
        branches([replace(agent, policy_known=False)], METHOD, BUDGET, rng=rng)
    with pytest.raises(BirlError, match="names no features"):
        branches([replace(as_sampled(agent), feature_names=())], METHOD, BUDGET, rng=rng)
    two = soft_agent(random_model(rng, n_actions=2), np.ones(4), "other")
    with pytest.raises(BirlError, match="fit distributions of one task together"):
        branches([agent, two], METHOD, BUDGET, rng=rng)


def test_a_callable_is_asked_for_what_it_does_and_never_for_chances(rng):
    import gymnasium

    def features(_obs, _action, after):
        return np.abs(after[:, :1])

    where = Distribution(
        "train",
        make_env=lambda: gymnasium.make("CartPole-v1"),
        features=features,
        feature_names=("off",),
        seeds=(0, 1),
        time_limit=10,
    )
    watched = watch(lambda seen: int(seen[2] > 0), where, episodes=2, rng=rng, discount=0.5)
    seen = replace(watched, policy=PlacePolicy(source=CallablePolicy(lambda seen: int(seen[2] > 0))))
    with pytest.raises(BirlError, match="does not give action probabilities: use successor-margin"):
        branches([seen], METHOD, BUDGET, rng=rng)
    ordinal = replace(BUDGET, cardinal=False, states=4, episodes=2, rollouts=2, tail=0.1)
    found = branches([seen], METHOD, ordinal, rng=rng)
    assert found.best.sum() == len(found.best)
    assert set(np.unique(found.best)) == {0.0, 1.0}
