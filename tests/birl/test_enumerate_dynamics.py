from __future__ import annotations

from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest

from birl.enumerate import from_p
from birl.tabular import hard_plan, reward_vector
from birl.types import BirlError

COIN = {0: {0: [(0.5, 1, 1.0, True), (0.5, 0, 0.0, False)], 1: [(1.0, 0, 0.0, False)]}, 1: {0: [(1.0, 1, 0, True)]}}
COIN[1][1] = COIN[1][0]


def coin(**changes):
    return SimpleNamespace(**{"P": COIN, "initial_state_distrib": [1.0, 0.0]} | changes)


def paid(edges):
    return edges.reward


def test_a_coin_tossed_until_it_falls_is_worth_what_the_geometric_series_says():
    model = from_p(coin(), {"heads": paid}, discount=0.9)
    value = hard_plan(model, reward_vector(model, {"heads": 1.0})).values @ model.start
    assert value == pytest.approx(0.5 / (1 - 0.5 * 0.9), abs=1e-12)
    assert model.successors is None
    assert model.n_states == 2


def test_frozen_lake_is_worth_what_value_iteration_on_its_own_table_says():
    env = gymnasium.make("FrozenLake-v1").unwrapped
    model = from_p(env, {"goal": paid, "step": lambda edges: 1.0}, discount=0.95)
    values = np.zeros(len(env.P))
    for _ in range(2000):
        values = np.array(
            [
                max(sum(p * (r + 0.95 * (not done) * values[to]) for p, to, r, done in env.P[s][a]) for a in env.P[s])
                for s in env.P
            ]
        )
    best = hard_plan(model, reward_vector(model, {"goal": 1.0})).values @ model.start
    assert best == pytest.approx(values[0], abs=1e-9)


def test_what_cannot_be_reached_is_left_out_and_ends_are_states_of_their_own():
    table = {
        0: {0: [(1.0, 1, 0.0, False)]},
        1: {0: [(1.0, 0, 0.0, True)]},  # back to where it began, and over
        2: {0: [(1.0, 0, 0.0, False)]},
    }
    model = from_p(SimpleNamespace(P=table, initial_state_distrib=[1, 0, 0]), {"end": lambda e: e.terminated})
    assert model.n_states == 3
    assert model.terminal.tolist() == [False, True, False]
    assert model.observe(np.arange(3)).tolist() == [0, 0, 1]


def test_levels_weigh_the_same_and_are_told_apart():
    other = coin(initial_state_distrib=[1.0, 0.0])
    model = from_p([coin(), other], {"level": lambda e: e.level}, observe=lambda level, state: 10 * level + state)
    assert model.level.tolist() == [0, 0, 1, 1]
    assert model.level_starts.tolist() == [0.5, 0.5]
    assert model.observe(np.arange(4)).tolist() == [0, 1, 10, 11]


@pytest.mark.parametrize(
    ("envs", "feature", "complaint"),
    [
        ([], paid, "at least one"),
        (SimpleNamespace(), paid, "level 0 .SimpleNamespace. has no `P`"),
        (coin(initial_state_distrib=[0.5, 0.0]), paid, "sum to 0.5"),
        (coin(initial_state_distrib=[1.0]), paid, "P has 2 states"),
        (coin(), lambda e: np.full(e.state.size, np.nan), "feature 'x' returned .*finite: False"),
        (coin(), lambda e: np.ones(2), "feature 'x' returned shape"),
        (coin(P={0: {0: [(1.0, 7, 0.0, False)]}, 1: COIN[1]}), paid, "level 0: P does not stay within 2 states"),
    ],
)
def test_tables_and_features_that_do_not_serve_are_refused(envs, feature, complaint):
    with pytest.raises(BirlError, match=complaint):
        from_p(envs, {"x": feature})
