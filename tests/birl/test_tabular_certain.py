from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birl.tabular import TabularModel, hard_plan
from birl.tabular.certain import falls_apart
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
    assert falls_apart(together)
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
    assert falls_apart(model)
    assert not falls_apart(joined)
    plan = hard_plan(joined, joined.features @ np.ones(1))
    assert np.where(joined.terminal, 0.0, plan.q.max(axis=1)) == pytest.approx(plan.values)


def test_neither_chance_nor_a_future_that_counts_in_full_falls_apart(rng):
    assert not falls_apart(beside(random_model(rng), random_model(rng)))
    assert not falls_apart(replace(beside(certain_world(rng, 4), certain_world(rng, 4)), discount=1.0))
