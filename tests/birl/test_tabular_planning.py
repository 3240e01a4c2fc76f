from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from birl.tabular import PolicyChain, TabularModel, hard_plan, reward_vector, soft_plan
from birl.types import BirlError
from tests.worlds import EVENTS, corridor, deterministic_model, gridworld, random_model, two_ends

SEEDS = st.integers(0, 2**32 - 1)
DISCOUNTS = st.sampled_from([0.5, 0.9, 0.99])


def test_the_goal_is_worth_the_discount_to_the_power_of_its_distance():
    model = gridworld(4)
    row, column = np.divmod(np.arange(16), 4)
    expected = np.where(model.terminal, 0.0, 0.9 ** (3 - row + 3 - column - 1.0))
    assert hard_plan(model, reward_vector(model, {"goal": 1.0})).values == pytest.approx(expected)


def test_every_step_costs_its_weight():
    model = corridor(4, discount=1.0)
    assert hard_plan(model, reward_vector(model, {"goal": 10.0, "step": -1.0})).values == pytest.approx([7, 8, 9, 0])


def test_a_hard_plan_keeps_ties():
    model = gridworld(3)
    plan = hard_plan(model, reward_vector(model, {"goal": 1.0}))
    # up, down, left, right: inside, down and right are equally short; on the last row only right is
    assert plan.policy[0].tolist() == [0, 0.5, 0, 0.5]
    assert plan.policy[7].tolist() == [0, 1, 0, 0] or plan.policy[7].tolist() == [0, 0, 0, 1]
    assert (plan.greedy.max(axis=1) == 1).all()


def test_with_no_reward_every_action_is_optimal():
    model = gridworld(3)
    assert hard_plan(model, np.zeros(36)).policy == pytest.approx(model.uniform)


def test_a_soft_plan_weighs_two_prizes_by_their_exponentials():
    """One choice: Q = (2, 0), so V = log((e^2 + 1) / 2) and pi = softmax(2, 0)."""
    model = TabularModel(np.tile([0, 1], (4, 1)), np.eye(4), [1, 0], [False, True], 0.9, list("abcd"))
    plan = soft_plan(model, reward_vector(model, {"a": 2.0}))
    assert plan.values == pytest.approx([np.log((np.exp(2) + 1) / 2), 0.0])
    assert plan.policy[0] == pytest.approx([np.exp(2) / (1 + np.exp(2)), 1 / (1 + np.exp(2))])


def test_without_reward_the_soft_plan_is_the_random_walk_and_worth_nothing(rng):
    """Being alive earns nothing by itself, however long it lasts, so the neutral weight of `step` is 0."""
    model = random_model(rng, n_levels=2, invalid=True, discount=0.99)
    plan = soft_plan(model, np.zeros(model.n_states * model.n_actions))
    assert plan.values == pytest.approx(np.zeros(model.n_states), abs=1e-12)
    assert plan.policy[~model.terminal] == pytest.approx(model.uniform[~model.terminal])


def test_a_reward_for_every_step_leaves_a_soft_plan_that_never_ends_as_it_was(rng):
    model = random_model(rng, terminal=False)
    reward = model.features @ rng.normal(size=4)
    plain, paid = soft_plan(model, reward), soft_plan(model, reward + 3.0)
    assert paid.policy == pytest.approx(plain.policy)
    assert paid.values == pytest.approx(plain.values + 3.0 / (1 - 0.9))


@given(SEEDS, DISCOUNTS)
def test_a_soft_plan_solves_the_soft_bellman_equation(seed, discount):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True, discount=discount)
    reward = reward_vector(model, 3 * rng.normal(size=model.n_states * model.n_actions))
    plan = soft_plan(model, reward)
    q = (reward + discount * model.transitions @ plan.values).reshape(model.n_states, model.n_actions)
    for state in np.flatnonzero(~model.terminal):
        allowed = q[state, model.valid_actions[state]]
        assert plan.values[state] == pytest.approx(np.log(np.exp(allowed).mean()), abs=1e-7)
        assert plan.policy[state, model.valid_actions[state]] == pytest.approx(np.exp(allowed) / np.exp(allowed).sum())
    assert (plan.policy[~model.valid_actions] == 0).all()
    assert (plan.values[model.terminal] == 0).all()


@given(SEEDS, DISCOUNTS)
def test_shaping_leaves_soft_and_hard_plans_as_they_were(seed, discount):
    """Ng, Harada & Russell 1999: r + g E phi(s') - phi(s), with phi = 0 where episodes end."""
    rng = np.random.default_rng(seed)
    model = random_model(rng, discount=discount)
    reward = reward_vector(model, rng.normal(size=model.n_states * model.n_actions))
    potential = np.where(model.terminal, 0.0, rng.normal(size=model.n_states))
    shaping = discount * model.transitions @ potential - np.repeat(potential, model.n_actions)
    shaped = reward_vector(model, reward + shaping)
    live = ~model.terminal
    assert soft_plan(model, shaped).policy[live] == pytest.approx(soft_plan(model, reward).policy[live], abs=1e-6)
    assert soft_plan(model, shaped).values == pytest.approx(soft_plan(model, reward).values - potential, abs=1e-6)
    assert (hard_plan(model, shaped).policy[live] == hard_plan(model, reward).policy[live]).all()


@given(SEEDS)
def test_scaling_up_a_reward_turns_the_soft_plan_into_the_hard_one(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    reward = reward_vector(model, rng.normal(size=model.n_states * model.n_actions))
    scale = 1e4
    # the soft value lies below the hard one by at most log(A) per step
    gap = hard_plan(model, reward).values - soft_plan(model, scale * reward).values / scale
    assert (gap > -1e-6).all()
    assert (gap < np.log(3) / (1 - 0.9) / scale + 1e-6).all()


@given(SEEDS, DISCOUNTS)
def test_a_hard_plan_solves_the_bellman_equation_and_beats_the_random_walk(seed, discount):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True, discount=discount)
    reward = reward_vector(model, rng.normal(size=model.n_states * model.n_actions))
    plan = hard_plan(model, reward)
    live = ~model.terminal
    assert plan.values[live] == pytest.approx(plan.q.max(axis=1)[live])
    assert (plan.values >= PolicyChain(model, model.uniform).policy_values(reward) - 1e-8).all()
    assert plan.chain.policy_values(reward)[live] == pytest.approx(plan.values[live])


@given(SEEDS, st.sampled_from([0.5, 0.95, 0.999]))
def test_a_plan_in_a_certain_world_is_followed_exactly(seed, discount):
    """However the chain of a deterministic plan is solved, it agrees with the factorised system."""
    rng = np.random.default_rng(seed)
    model = deterministic_model(
        rng.integers(0, 9, size=(9, 3)),
        rng.normal(size=(9, 3, 2)),
        start=rng.dirichlet(np.ones(9)),
        terminal=np.arange(9) >= 7,
        names=("f0", "f1"),
        discount=discount,
    )
    plan = hard_plan(model, reward_vector(model, {"f0": 1.0, "f1": -0.5}))
    factorised = PolicyChain(model, plan.greedy)
    assert plan.chain.occupancy() == pytest.approx(factorised.occupancy())
    assert plan.chain.successor_features() == pytest.approx(factorised.successor_features(), abs=1e-8)


def test_a_warm_start_changes_nothing_but_the_work(rng):
    model = random_model(rng)
    reward = reward_vector(model, rng.normal(size=18))
    for plan in (soft_plan, hard_plan):
        cold = plan(model, reward)
        assert plan(model, reward, warm_start=rng.normal(size=6)).values == pytest.approx(cold.values)


def test_the_random_walk_between_two_ends_leaves_by_them_in_proportion_to_distance():
    """The gambler's ruin: from cell i of 0..n the right end comes first with probability i / n."""
    model = two_ends(("touch:door",), ("touch:ball",), length=7, discount=1.0)
    walk = PolicyChain(model, model.uniform)
    first = walk.policy_values(reward_vector(model, {"touch:ball": 1.0}))
    assert first[model.start > 0] == pytest.approx(np.arange(1, 6) / 6)
    duration = walk.policy_values(reward_vector(model, {"step": 1.0}))
    assert duration[model.start > 0] == pytest.approx(np.arange(1, 6) * np.arange(5, 0, -1))


@given(SEEDS, DISCOUNTS)
def test_visits_of_a_world_that_never_ends_sum_to_its_horizon(seed, discount):
    model = random_model(np.random.default_rng(seed), terminal=False, discount=discount)
    assert PolicyChain(model, model.uniform).occupancy().sum() == pytest.approx(1 / (1 - discount))


def test_a_terminal_state_counts_the_discounted_arrival():
    model = corridor(4, discount=0.9)
    plan = hard_plan(model, reward_vector(model, {"goal": 1.0}))
    assert plan.chain.occupancy() == pytest.approx([1, 0.9, 0.81, 0.729])


@given(SEEDS)
def test_occupancy_and_values_agree_on_the_return(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2, invalid=True)
    reward = reward_vector(model, rng.normal(size=model.n_states * model.n_actions))
    chain = PolicyChain(model, model.uniform)
    by_step = (model.uniform * reward.reshape(model.uniform.shape)).sum(axis=1)
    assert chain.occupancy() @ by_step == pytest.approx(model.start @ chain.policy_values(reward))


@given(SEEDS)
def test_successor_features_times_weights_are_the_action_values(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, invalid=True)
    weights = rng.normal(size=model.n_features)
    reward = model.features @ weights
    chain = PolicyChain(model, model.uniform)
    q = reward + model.discount * model.transitions @ chain.policy_values(reward)
    assert chain.successor_features() @ weights == pytest.approx(q)


def test_successor_features_of_a_corridor_count_what_lies_ahead():
    model = corridor(4, discount=0.5)
    right = np.tile([0.0, 1.0], (4, 1))
    psi = PolicyChain(model, right).successor_features()
    assert psi[1] == pytest.approx(
        [0.25, 1 + 0.5 + 0.25]
    )  # from cell 0, right: goal two steps later, three steps in all
    assert psi[6:] == pytest.approx(np.zeros((2, 2)))


def test_one_level_never_feels_another(rng):
    model = two_ends(("touch:door",), ("touch:ball",))
    reward = reward_vector(model, {"touch:door": 1.0})
    changed = reward + np.where(np.repeat(model.level, 2) == 0, rng.normal(size=reward.size), 0.0)
    elsewhere = model.level > 0
    assert soft_plan(model, reward_vector(model, changed)).values[elsewhere] == pytest.approx(
        soft_plan(model, reward).values[elsewhere]
    )


def test_undiscounted_values_that_do_not_exist_are_an_error():
    model = replace(
        corridor(3, discount=1.0), terminal=np.zeros(3, bool), transitions=sp.csr_matrix(np.eye(3).repeat(2, 0))
    )
    with pytest.raises(BirlError, match="set a discount below 1 or a finite horizon"):
        PolicyChain(model, model.uniform).policy_values(np.ones(6))


def test_a_soft_plan_that_cannot_settle_says_what_to_do(rng):
    model = random_model(rng)
    with pytest.raises(BirlError, match="scale the reward down or lower the discount"):
        soft_plan(model, reward_vector(model, rng.normal(size=18)), tolerance=-1.0)  # no residual is below it


def test_the_shared_worlds_name_their_events():
    assert two_ends((), ()).feature_names == EVENTS
