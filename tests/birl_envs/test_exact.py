from __future__ import annotations

import pickle

import numpy as np
import pytest
from birl_envs.exact import distribution, tabular_model
from birl_envs.grid import parse_level
from birl_envs.red_door import WORLD, Maze, make_levels, reliability
from birl_envs.sight import View

from birl.tabular import hard_plan, reward_vector

LEVELS = make_levels(Maze(doors=reliability(0.5)), 8)


def test_a_corridor_has_the_value_a_hand_gives_it():
    model = tabular_model(WORLD, [parse_level("@@ .. .. Dr")])
    assert model.n_states == 4
    assert model.terminal.sum() == 1
    plan = hard_plan(model, reward_vector(model, WORLD.base))
    assert plan.values @ model.start == pytest.approx(0.95**2)


def test_model_and_environment_agree_under_random_actions():
    made = distribution(WORLD, "half-red", LEVELS, shift="feature")
    model, rng = made.model, np.random.default_rng(0)
    assert model is not None
    assert made.make_env is not None
    env = made.make_env()
    for level in range(len(LEVELS)):
        seen, _ = env.reset(options={"level": level})
        state = int(np.flatnonzero((model.start > 0) & (model.level == level))[0])
        terminated = truncated = False
        while not (terminated or truncated):
            np.testing.assert_array_equal(model.observe(np.array([state]))[0], seen)
            action = int(rng.integers(model.n_actions))
            row = state * model.n_actions + action
            seen, reward, terminated, truncated, info = env.step(action)
            features = model.features[[row]].toarray()[0]
            np.testing.assert_array_equal(features, [info[name] for name in model.feature_names])
            assert reward_vector(model, WORLD.base)[row] == reward
            state = int(model.transitions[[row]].indices[0])
            assert model.terminal[state] == terminated
        np.testing.assert_array_equal(model.observe(np.array([state]))[0], seen)


def test_states_of_a_level_are_neighbours_and_starts_are_even():
    model = tabular_model(WORLD, LEVELS)
    assert (np.diff(model.level) >= 0).all()
    np.testing.assert_allclose(model.level_starts, 1 / len(LEVELS))


def test_a_level_has_one_terminal_state_per_thing():
    model = tabular_model(WORLD, LEVELS)
    np.testing.assert_array_equal(model.per_level(model.terminal.astype(float)), 3.0)


def test_no_state_is_shared_between_levels():
    model = tabular_model(WORLD, LEVELS)
    edges = model.transitions.tocoo()
    np.testing.assert_array_equal(model.level[edges.row // model.n_actions], model.level[edges.col])


def test_the_scenery_knows_where_every_state_lies():
    made = distribution(WORLD, "half-red", LEVELS, shift="feature")
    assert made.scenery is not None
    assert made.model is not None
    for state in range(0, made.model.n_states, 17):
        row, column = made.scenery.position[state]
        board = made.scenery.board(int(made.model.level[state]))
        token = board.rows[row][column]
        assert token != "#"
        assert made.model.terminal[state] == (token in board.legend and token != "@")


def test_hiding_a_plane_changes_what_is_seen_and_nothing_else():
    plain, ghost = (tabular_model(WORLD, LEVELS, view=view) for view in (View(), View(hidden=("red",))))
    assert (plain.transitions != ghost.transitions).nnz == 0
    assert (plain.features != ghost.features).nnz == 0
    assert (plain.observe(np.arange(5)) != ghost.observe(np.arange(5))).any()


def test_a_distribution_travels_to_another_process():
    made = distribution(WORLD, "half-red", LEVELS, shift="feature")
    back = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(back.model.observe(np.arange(9)), made.model.observe(np.arange(9)))
