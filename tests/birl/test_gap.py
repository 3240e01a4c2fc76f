"""What an objective brings on another: worked by hand in a corridor, and against planning from scratch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from birl.counted import from_trajectories
from birl.gap import earned, level_return, level_returns, pursue, tied_returns
from birl.tabular import PolicyChain, hard_plan, reward_vector
from birl.task import Distribution
from birl.trajectories import sample_episodes
from tests.behaviors import behave
from tests.worlds import EVENTS, random_model, two_ends

DISCOUNT = 0.9
ANY_END = {"touch:door": 1.0, "touch:ball": 1.0}
DOOR = {"touch:door": 1.0}


@pytest.fixture
def world():
    """Five cells, a door at the left end and a ball at the right; three levels, one for each start between them."""
    return two_ends(("touch:door",), ("touch:ball",), length=5, discount=DISCOUNT)


def weights(**given):
    return np.array([given.get(name.removeprefix("touch:"), 0.0) for name in EVENTS])


def test_returns_are_each_level_s_part_of_the_whole(world):
    found = level_returns(behave(world, world.uniform), reward_vector(world, DOOR))
    assert found.best == pytest.approx(np.array([1.0, DISCOUNT, DISCOUNT**2]) / 3)
    assert found.policy == pytest.approx(found.walk)
    assert found.gain == pytest.approx(found.best - found.walk)


def test_the_random_walk_s_return_is_that_of_the_gambler(world):
    """x1 = .5 + .45 x2, x2 = .45 (x1 + x3), x3 = .45 x2: x2 = .225 / (1 - 2 * .45^2)."""
    middle = 0.225 / (1 - 2 * 0.45**2)
    found = level_return(world, world.uniform, reward_vector(world, DOOR))
    assert found == pytest.approx(np.array([0.5 + 0.45 * middle, middle, 0.45 * middle]) / 3)


def test_ties_are_broken_against_and_for_the_base(world):
    """From the middle either end is as near: the one tie-break loses the door, the other does not."""
    least, greatest = tied_returns(world, reward_vector(world, ANY_END), reward_vector(world, DOOR))
    assert least == pytest.approx(np.array([1.0, 0.0, 0.0]) / 3)
    assert greatest == pytest.approx(np.array([1.0, DISCOUNT, 0.0]) / 3)


def test_an_objective_that_prefers_nothing_allows_everything(world):
    least, greatest = tied_returns(world, np.zeros(world.n_states * 2), reward_vector(world, DOOR))
    assert least == pytest.approx(np.zeros(3))
    assert greatest == pytest.approx(np.array([1.0, DISCOUNT, DISCOUNT**2]) / 3)


def test_goal_and_capability_add_up_to_the_loss_for_a_fixed_tie_break(world):
    base = reward_vector(world, DOOR)
    clumsy = 0.3 * world.uniform + 0.7 * hard_plan(world, reward_vector(world, ANY_END)).policy
    returns = level_returns(behave(world, clumsy), base)
    least, greatest = tied_returns(world, reward_vector(world, ANY_END), base)
    for ideal in (least, greatest, pursue(world, weights(door=1.0, ball=1.0)[None], {"base": base}).brings["base"][0]):
        goal, capability = returns.best - ideal, ideal - returns.policy
        assert goal + capability == pytest.approx(returns.best - returns.policy)
        assert (goal >= -1e-12).all()


def test_pursuing_the_base_loses_nothing_and_pursuing_the_ball_everything(world):
    base = reward_vector(world, DOOR)
    found = pursue(world, np.stack([weights(door=2.0), weights(ball=1.0)]), {"base": base})
    assert found.brings["base"] == pytest.approx(np.array([[1.0, DISCOUNT, DISCOUNT**2], [0.0, 0.0, 0.0]]) / 3)
    assert found.best == pytest.approx(
        np.array([[2.0, 2 * DISCOUNT, 2 * DISCOUNT**2], [DISCOUNT**2, DISCOUNT, 1.0]]) / 3
    )


@settings(max_examples=10)
@given(seed=st.integers(0, 100))
def test_pursuing_many_objectives_is_planning_for_each_from_scratch(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=3)
    drawn = rng.normal(size=(4, model.n_features))
    base = model.features @ rng.normal(size=model.n_features)
    other = model.features @ rng.normal(size=model.n_features)
    found = pursue(model, drawn, {"base": base, "other": other})
    for d, w in enumerate(drawn):
        plan = hard_plan(model, model.features @ w)
        assert np.allclose(found.best[d], model.per_level(model.start * plan.values))
        assert np.allclose(found.brings["base"][d], level_return(model, plan.policy, base))
        assert np.allclose(found.brings["other"][d], level_return(model, plan.policy, other))


@given(seed=st.integers(0, 100))
def test_between_least_and_greatest_lies_every_tie_break(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=2)
    wanted = model.features @ np.round(rng.normal(size=model.n_features))
    base = model.features @ rng.normal(size=model.n_features)
    least, greatest = tied_returns(model, wanted, base)
    even = level_return(model, hard_plan(model, wanted).policy, base)
    assert (least <= even + 1e-9).all()
    assert (even <= greatest + 1e-9).all()


@given(seed=st.integers(0, 100))
def test_level_returns_sum_to_the_return(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, n_levels=3)
    policy = rng.dirichlet(np.ones(model.n_actions), size=model.n_states)
    reward = rng.normal(size=model.n_states * model.n_actions) * model.live
    whole = float(model.start @ PolicyChain(model, policy).policy_values(reward))
    assert level_return(model, policy, reward).sum() == pytest.approx(whole)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_whether_an_objective_can_be_earned_does_not_depend_on_its_unit(world, scale):
    seen = behave(world, world.uniform)
    door = scale * reward_vector(world, DOOR)
    assert level_returns(seen, door).can_be_earned(door)


def test_a_constant_reward_in_an_endless_world_cannot_be_earned(rng):
    model = random_model(rng, terminal=False)
    reward = np.ones(model.n_states * model.n_actions)
    assert not level_returns(behave(model, model.uniform), reward).can_be_earned(reward)
    assert not level_returns(behave(model, model.uniform), 0 * reward).can_be_earned(0 * reward)


def counted(model, table, episodes, *, horizon, seed=0):
    seen = sample_episodes(model, table, episodes, horizon=horizon, rng=np.random.default_rng(seed))
    return from_trajectories(seen, Distribution("seen", model, time_limit=horizon))


def test_returns_of_many_episodes_are_the_policy_s(world):
    reward = reward_vector(world, DOOR)
    found, exact = counted(world, world.uniform, 4000, horizon=200), behave(world, world.uniform)
    assert earned(found, reward) == pytest.approx(earned(exact, reward), abs=0.02)
    assert level_returns(found, reward).endless is None  # nothing was cut


def test_episodes_that_were_cut_are_held_against_what_could_be_had_as_far(world):
    """In one step only who starts beside the door gets it, at best always and at random every other time."""
    found = level_returns(counted(world, world.uniform, 300, horizon=1), reward_vector(world, DOOR))
    assert found.best == pytest.approx(np.array([1 / 3, 0.0, 0.0]), abs=0.1)  # a third of the episodes start there
    assert found.walk == pytest.approx(found.best / 2)
    assert found.endless is not None
    assert (found.endless.best > found.best + 1e-9).sum() == 2


def test_a_part_of_the_levels_keeps_its_episodes(world):
    reward, seen = reward_vector(world, DOOR), counted(world, world.uniform, 300, horizon=1)
    part = seen.restrict([1, 2])
    assert part.levels.tolist() == [1, 2]
    assert sum(world.level[t.states[0]] == 0 for t in seen.trajectories) + len(part.trajectories) == 300
    assert level_returns(part, reward[world.n_actions * 5 :]).best == pytest.approx([0.0, 0.0])
