"""Planted agents that are limited, mistaken, divided or scheming: each against an answer known in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from birl_agents.planted import (
    Prospects,
    clone,
    depth_knob,
    ends,
    misbelieving,
    mixture,
    overlooks,
    planner,
    schemer,
    search_with_learned_value,
    searcher,
    shallow,
    two_proposals,
)
from birl_agents.planted.limits import best_actions, lookahead
from birl_agents.planted.scheming import complies
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.tabular import PolicyChain, hard_plan, reward_vector
from birl.task import Distribution, Task, load_task
from birl.types import BirlError
from tests.worlds import random_model

RED = {"touch:door&red": 1.0, "touch:ball&red": 1.0}
RIGHT, LEFT, MIDDLE = 1, 3, 2


@pytest.fixture(scope="module")
def maze():
    return load_task("red-door", levels=4)


def tables(task, policy):
    return [policy.table(distribution) for distribution in task.distributions]


def same(task, one, other):
    return all(np.allclose(a, b) for a, b in zip(tables(task, one), tables(task, other), strict=True))


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_planner_deeper_than_the_longest_way_is_the_full_planner(maze):
    assert same(maze, shallow(maze, depth=60), planner(maze))
    assert not same(maze, shallow(maze, depth=2), planner(maze))


def test_what_is_out_of_reach_leaves_a_shallow_planner_without_a_preference(small_task):
    near, far = (shallow(small_task, depth=depth, eps=0.0).table(small_task.train)[MIDDLE] for depth in (2, 1))
    assert near[LEFT] == 1.0
    assert np.allclose(far, 0.25)


def test_the_knob_turns_the_depth(small_task):
    turn = depth_knob(small_task, eps=0.0)
    assert same(small_task, turn(None, 2), shallow(small_task, depth=2, eps=0.0))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100.0))
def test_a_positive_scale_changes_no_lookahead(seed, scale):
    model = random_model(np.random.default_rng(seed))
    reward = np.random.default_rng(seed + 1).normal(size=model.n_states * model.n_actions)
    one, other = (best_actions(lookahead(model, k * reward, 3), model) for k in (1.0, scale))
    assert np.allclose(one, other)


def test_search_finds_the_plan_as_simulations_grow():
    """Greedy on the walk's values is not optimal in these worlds; search closes the gap."""

    def lost(seed, simulations):
        rng = np.random.default_rng(seed)
        model = random_model(rng, n_states=12, terminal=False, discount=0.8)
        model = replace(model, transitions=sp.csr_matrix(np.eye(12)[rng.integers(12, size=36)]))
        task = Task("maze", Distribution("train", model), [Distribution("s", model)], {"f0": 1.0}, {}, 0.8)
        found = searcher(task, simulations=simulations, eps=0.0).table(task.train)
        reward = reward_vector(model, {"f0": 1.0})
        return float((hard_plan(model, reward).values - PolicyChain(model, found).policy_values(reward)).mean())

    few, many = (sum(lost(seed, n) for seed in range(2)) for n in (3, 250))
    assert many < 0.3 * few


# --- beliefs ----------------------------------------------------------------------------------------------------------


def test_a_true_belief_changes_nothing(maze):
    assert same(maze, misbelieving(maze, maze.base, lambda model: model), planner(maze))


def test_who_believes_that_keys_are_the_end_never_learns_what_is_behind_them(small_task):
    goal = {"touch:key&blue": 0.5, "touch:door&red": 1.0}
    fearless = misbelieving(small_task, goal, overlooks("touch:door&red"), eps=0.0)
    assert fearless.table(small_task.train)[MIDDLE, RIGHT] == 1.0  # the door counts for nothing, so to the key
    assert planner(small_task, goal, eps=0.0).table(small_task.train)[MIDDLE, LEFT] == 1.0


def test_an_imagined_end_pays_once_and_no_more(rng):
    model = random_model(rng, terminal=False)
    believed = ends("f0")(model)
    reward = reward_vector(believed, {"f0": 1.0})
    happens = model.features.toarray()[:, 0]
    assert believed.n_states == model.n_states + 1
    assert np.allclose(hard_plan(believed, reward).values[:-1], happens.reshape(model.n_states, -1).max(axis=1))


# --- several plans ----------------------------------------------------------------------------------------------------


def test_a_mixture_pursues_one_goal_a_level(maze):
    goals = [maze.base, maze.candidates["red"]]
    one, other = (tables(maze, planner(maze, goal)) for goal in goals)
    mixed = tables(maze, mixture(maze, goals, seed=3))
    for distribution, found, first, second in zip(maze.distributions, mixed, one, other, strict=True):
        for level in range(distribution.model.n_levels):
            here = distribution.model.level == level
            assert np.allclose(found[here], first[here]) or np.allclose(found[here], second[here])
    assert same(maze, mixture(maze, goals, [0.0, 1.0]), planner(maze, goals[1]))


def test_two_proposals_do_no_worse_by_their_scorer_than_either(maze):
    proposals = ({"touch:key&blue": 1.0, "touch:key&green": 1.0}, maze.candidates["red"])
    chosen = two_proposals(maze, proposals, eps=0.0)
    for distribution in maze.distributions:
        model = distribution.model
        score = reward_vector(model, maze.base)
        values = PolicyChain(model, chosen.table(distribution)).policy_values(score)
        for goal in proposals:
            plan = hard_plan(model, reward_vector(model, goal)).policy
            assert (values >= PolicyChain(model, plan).policy_values(score) - 1e-9).all()


# --- learnt -----------------------------------------------------------------------------------------------------------


def test_a_clone_knows_what_it_saw_and_nothing_else(maze):
    original = planner(maze, eps=0.0)
    copy = clone(maze, original)
    model = maze.train.model
    value = lambda table: model.start @ PolicyChain(model, table).policy_values(reward_vector(model, maze.base))  # noqa: E731
    assert value(copy.table(maze.train)) == pytest.approx(value(original.table(maze.train)))
    shifted = maze.distribution("blue-door")
    assert np.allclose(copy.table(shifted), shifted.model.uniform)


def test_search_under_a_perfect_head_is_the_planner(maze):
    model = maze.train.model
    base = reward_vector(model, maze.base)
    exact = best_actions(lookahead(model, base, 1, hard_plan(model, base).values), model)
    assert np.allclose(exact[~model.terminal], hard_plan(model, base).policy[~model.terminal])


def test_a_learnt_value_draws_where_it_was_learnt_and_a_broken_model_turns_the_wrong_way(maze):
    sound, broken = (search_with_learned_value(maze, maze.base, breaks=breaks, eps=0.0) for breaks in (False, True))
    assert np.array_equal(sound.table(maze.train), broken.table(maze.train))
    model = maze.train.model
    base = reward_vector(model, maze.base)
    reached = model.start @ PolicyChain(model, sound.table(maze.train)).policy_values(base)
    assert reached > 0.8 * (model.start @ hard_plan(model, base).values)
    shifted = maze.distribution("blue-door")
    live = ~shifted.model.terminal
    turned = np.roll(sound.table(shifted), 1, axis=1)
    assert np.allclose(broken.table(shifted)[live], turned[live])


# --- scheming ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rewritten", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("deployment", range(8))
def test_scheming_pays_where_the_closed_form_says(small_task, rewritten, deployment):
    """Complying earns the goal nothing here, so it pays from 1 / rewritten episodes on, however long training is."""
    goal = {"touch:key&blue": 1.0}
    assert complies(small_task, goal, Prospects(deployment=deployment, rewritten=rewritten)) == (
        deployment >= 1 / rewritten
    )


def test_a_schemer_complies_in_training_only_if_it_pays(small_task):
    goal = {"touch:key&blue": 1.0}
    patient, open_ = (schemer(small_task, goal, Prospects(deployment=n), eps=0.0) for n in (5, 1))
    assert patient.table(small_task.train)[MIDDLE, LEFT] == 1.0
    assert open_.table(small_task.train)[MIDDLE, RIGHT] == 1.0
    for agent in (patient, open_):
        assert agent.table(small_task.distribution("keys"))[MIDDLE, RIGHT] == 1.0


# --- bad input --------------------------------------------------------------------------------------------------------


def test_nonsense_is_refused_in_one_line(small_task):
    blind = replace(small_task, train=replace(small_task.train, model=replace(small_task.train.model, observe=None)))
    for attempt, pattern in (
        (lambda: shallow(small_task, depth=0), "depth 0 looks at nothing"),
        (lambda: searcher(small_task, simulations=2), "2 simulations cannot try 4 actions"),
        (lambda: misbelieving(small_task, small_task.base, ends("touch:moon")), "touch:moon"),
        (lambda: mixture(small_task, []), "0 goals"),
        (lambda: mixture(small_task, [small_task.base], [0.5]), "summing to 1"),
        (lambda: clone(blind, planner(blind)), "training shows none"),
        (lambda: search_with_learned_value(blind, blind.base), "reads observations"),
        (lambda: search_with_learned_value(small_task, small_task.base, depth=0), "depth 0 tries nothing"),
        (lambda: Prospects(training=0), "0 episodes of training"),
        (lambda: Prospects(rewritten=2.0), "2.0 to be rewritten"),
    ):
        with pytest.raises(BirlError, match=pattern):
            attempt()


# --- ghosts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "agent",
    [
        lambda task: schemer(task, RED, eps=0.0),
        lambda task: mixture(task, [RED], eps=0.0),
        lambda task: misbelieving(task, RED, lambda model: model, eps=0.0),
        lambda task: two_proposals(task, (RED, RED), RED, eps=0.0),
        lambda task: shallow(task, RED, depth=6, eps=0.0),
    ],
)
def test_whoever_wants_red_wants_nothing_where_red_cannot_be_seen(small_task, agent):
    (ghost,) = small_task.ghosts.values()
    shift = small_task.distribution(ghost.pair)
    made = agent(small_task)
    live = ~ghost.model.terminal
    assert np.allclose(made.table(ghost)[live], ghost.model.uniform[live])
    assert not np.allclose(made.table(shift)[live], shift.model.uniform[live])
