"""Two contexts say more than one, as far as they differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from birl.irl import matched
from birl.irl.matched import context_check, intersect
from birl.irl.reward_set import RewardSet
from birl.tabular import soft_plan
from birl.types import BirlError
from tests.worlds import random_model

STATES = 12


def sets(models, reward):
    """The rewards behind a soft-optimal agent that adapts to each model."""
    return [RewardSet.of(m, soft_plan(m, reward, tolerance=1e-14).policy) for m in models]


def endless(rng, **options):
    return random_model(rng, n_states=STATES, terminal=False, **options)


def test_two_random_contexts_leave_only_a_constant_open(rng):
    # rank 2 S - 1: Cao et al. 2021, Rolland et al. 2022
    models, truth = [endless(rng), endless(rng)], rng.normal(size=3 * STATES)
    joint = intersect(sets(models, truth))
    assert (joint.rank, joint.potentials, joint.nullity) == (2 * STATES - 1, 2 * STATES, 1)
    assert joint.residual < 1e-10
    assert joint.angle > 0.01
    assert context_check(joint).passed
    found = joint.rewards.mean_zero().reward - truth
    assert np.ptp(joint.rewards.particular - truth) < 1e-9
    assert np.ptp(found) < 1e-9
    assert joint.rewards.contains(truth + 5.0)
    assert not joint.rewards.contains(truth + 1e-3 * rng.normal(size=truth.size))


def test_the_same_context_twice_says_no_more_than_once(rng):
    model, truth = endless(rng), rng.normal(size=3 * STATES)
    once, joint = sets([model], truth)[0], intersect(sets([model, model], truth))
    assert (joint.rank, joint.nullity) == (STATES, STATES)
    assert joint.angle == pytest.approx(0.0, abs=1e-9)
    assert not context_check(joint).passed
    assert f"rank {STATES} of {2 * STATES} potentials" in context_check(joint).message
    shaped = once.member(rng.normal(size=STATES))
    assert joint.rewards.contains(shaped)
    assert joint.residual < 1e-12


def test_where_episodes_end_even_the_constant_is_known(rng):
    first = random_model(rng, n_states=STATES)
    second = random_model(rng, n_states=STATES)
    truth = rng.normal(size=first.live.size) * first.live
    joint = intersect(sets([first, second], truth))
    assert joint.nullity == 0
    assert np.allclose(joint.rewards.particular, truth, atol=1e-9)


def test_each_level_has_its_own_constant(rng):
    models = [endless(rng, n_levels=3, invalid=False) for _ in range(2)]
    truth = rng.normal(size=models[0].live.size)
    joint = intersect(sets(models, truth))
    assert (joint.rank, joint.nullity) == (3 * (2 * STATES - 1), 3)
    difference = (joint.rewards.particular - truth).reshape(3, -1)
    assert np.ptp(difference, axis=1).max() < 1e-9


def test_three_contexts_serve_where_two_are_nearly_one(rng):
    first = endless(rng)
    near = replace(first, transitions=0.999 * first.transitions + 0.001 * endless(rng).transitions)
    truth = rng.normal(size=3 * STATES)
    two = intersect(sets([first, near], truth))
    assert two.nullity == 1
    assert two.angle < 0.01
    check = context_check(two)
    assert not check.passed
    assert "too alike to tell rewards apart" in check.message
    three = intersect(sets([first, near, endless(rng)], truth))
    assert three.rank == 3 * STATES - 1
    assert np.ptp(three.rewards.particular - truth) < 1e-9


def test_a_frozen_policy_identifies_its_own_logarithm(rng):
    # the trap: it passes every test here, which is why the estimator asks whether the policy adapts
    models, truth = [endless(rng), endless(rng)], rng.normal(size=3 * STATES)
    policy = soft_plan(models[0], truth).policy
    joint = intersect([RewardSet.of(m, policy) for m in models])
    assert joint.rank == 2 * STATES - 1
    assert joint.residual < 1e-12
    assert np.ptp(joint.rewards.particular - np.log(3 * policy).ravel()) < 1e-9
    assert not joint.rewards.contains(truth)


def test_contexts_that_want_different_things_disagree_by_a_number(rng):
    models = [endless(rng), endless(rng)]
    (first,), (second,) = (sets([m], rng.normal(size=3 * STATES)) for m in models)
    joint = intersect([first, second])
    assert joint.residual > 0.1
    # no reward is nearer to both: moving it along any potential of either, or by itself, is worse
    apart = np.sqrt(first.distance(joint.rewards.particular) ** 2 + second.distance(joint.rewards.particular) ** 2)
    assert apart == pytest.approx(joint.residual * np.sqrt(2 * 3 * STATES), rel=1e-8)
    for _ in range(20):
        other = joint.rewards.particular + 0.1 * rng.normal(size=3 * STATES)
        assert first.distance(other) ** 2 + second.distance(other) ** 2 > apart**2


def test_contexts_that_do_not_match_are_refused(rng):
    small = random_model(rng, n_states=5)
    for model in (random_model(rng, n_states=6), random_model(rng, n_states=5, terminal=False)):
        with pytest.raises(BirlError, match="not matched state by state"):
            intersect([RewardSet.of(small, small.uniform), RewardSet.of(model, model.uniform)])


def test_levels_too_large_for_dense_algebra_are_refused(rng, monkeypatch):
    monkeypatch.setattr(matched, "DENSE_STATES", 5)
    model = endless(rng)
    with pytest.raises(BirlError, match=r"a level has 12 states \(limit 5\)"):
        intersect([RewardSet.of(model, model.uniform)] * 2)
