from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from birl.tabular import TabularModel, hard_plan
from tests.rewards import beside
from tests.worlds import deterministic_model, random_model

SEEDS = st.integers(0, 2**32 - 1)


def certain_world(rng: np.random.Generator, n_states: int) -> TabularModel:
    return deterministic_model(
        rng.integers(0, n_states, size=(n_states, 3)),
        rng.normal(size=(n_states, 3, 1)),
        start=rng.dirichlet(np.ones(n_states)),
        terminal=np.arange(n_states) == n_states - 1,
        names=("f",),
        discount=0.97,
    )


@given(SEEDS)
def test_levels_that_settle_at_different_times_are_planned_as_each_alone(seed):
    rng = np.random.default_rng(seed)
    worlds = [certain_world(rng, n) for n in (2, 5, 12, 40)]
    together = beside(*worlds)
    together = replace(together, level=together.level.max() - together.level)  # numbers are not in their order
    assert together.falls_apart
    guess = rng.normal(size=together.n_states)
    plans = [hard_plan(world, world.features @ np.ones(1)) for world in worlds]
    for warm in (None, guess):
        found = hard_plan(together, together.features @ np.ones(1), warm_start=warm)
        assert found.values == pytest.approx(np.concatenate([plan.values for plan in plans]))
        assert found.q == pytest.approx(np.concatenate([plan.q for plan in plans]))


def test_a_door_between_levels_keeps_them_together(rng):
    model = beside(certain_world(rng, 6), certain_world(rng, 6))
    joined = model.transitions.tolil()
    joined[0] = 0.0
    joined[0, 6] = 1.0
    joined = replace(model, transitions=joined.tocsr())
    assert model.falls_apart
    assert not joined.falls_apart
    plan = hard_plan(joined, joined.features @ np.ones(1))
    assert np.where(joined.terminal, 0.0, plan.q.max(axis=1)) == pytest.approx(plan.values)


def test_a_future_that_counts_in_full_does_not_fall_apart(rng):
    assert not replace(beside(certain_world(rng, 4), certain_world(rng, 4)), discount=1.0).falls_apart


@given(SEEDS)
def test_small_levels_left_to_chance_are_planned_as_each_alone(seed):
    rng = np.random.default_rng(seed)
    worlds = [random_model(rng, n_states=int(n)) for n in rng.integers(2, 9, size=4)]
    together = beside(*worlds)
    assert together.successors is None
    assert together.falls_apart
    reward = [world.features @ np.ones(world.n_features) for world in worlds]
    guess = np.concatenate([hard_plan(w, r).values for w, r in zip(worlds, reward, strict=True)])
    guess[: worlds[0].n_states] += rng.normal(size=worlds[0].n_states)  # the other levels are settled
    plans = [hard_plan(world, r) for world, r in zip(worlds, reward, strict=True)]
    for warm in (None, guess):
        found = hard_plan(together, np.concatenate(reward), warm_start=warm)
        assert found.values == pytest.approx(np.concatenate([plan.values for plan in plans]))
        assert found.q == pytest.approx(np.concatenate([plan.q for plan in plans]))


def test_a_guess_is_left_as_it_was(rng):
    model = beside(random_model(rng), random_model(rng))
    guess = np.ones(model.n_states)
    hard_plan(model, model.features @ np.ones(model.n_features), warm_start=guess)
    assert np.array_equal(guess, np.ones(model.n_states))


@pytest.mark.parametrize("world", [random_model, lambda rng: certain_world(rng, 6)], ids=["chance", "certain"])
@pytest.mark.parametrize("guess", [1e13, np.nan])
def test_no_guess_is_so_bad_that_another_level_pays_for_it(rng, world, guess):
    model = beside(world(rng), world(rng))
    reward = model.features @ rng.normal(size=model.n_features)
    start = np.where(model.level == 0, guess, 0.0)
    assert hard_plan(model, reward, warm_start=start).values == pytest.approx(hard_plan(model, reward).values)


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_a_guess_of_another_precision_is_a_guess_like_any(rng, dtype):
    model = beside(random_model(rng), random_model(rng))
    reward = model.features @ rng.normal(size=model.n_features)
    start = np.zeros(model.n_states, dtype)
    assert hard_plan(model, reward, warm_start=start).values == pytest.approx(hard_plan(model, reward).values)


def test_levels_may_be_numbered_with_gaps(rng):
    model = beside(random_model(rng), random_model(rng))
    gaps = replace(model, level=2 * model.level)
    reward = model.features @ rng.normal(size=model.n_features)
    plan, other = hard_plan(model, reward), hard_plan(gaps, reward)
    assert other.values == pytest.approx(plan.values)
    assert other.chain.occupancy() == pytest.approx(plan.chain.occupancy())


def test_zeros_that_are_stored_neither_make_a_world_uncertain_nor_cost_anything(rng):
    model = certain_world(rng, 6)
    dense = model.transitions.toarray()
    n_rows, n_states = dense.shape
    stored = sp.csr_matrix((dense.ravel(), np.tile(np.arange(n_states), n_rows), np.arange(n_rows + 1) * n_states))
    found = replace(model, transitions=stored)
    assert found.transitions.nnz == model.transitions.nnz
    assert found.successors is not None
    assert model.successors is not None
    assert np.array_equal(found.successors, model.successors)
