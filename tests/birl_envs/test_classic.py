"""Base objectives are the environments' own rewards; shifts change what they say; states can be gone back to."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from birl_envs import classic

from birl.branch import branch, restore
from birl.testing import check_task
from birl.types import BirlError

BROKEN_ACROBOT = gymnasium.__version__.startswith("0.") and not hasattr(np, "float_")
TASKS = (classic.cart_pole, classic.mountain_car, classic.pendulum, classic.acrobot)


@pytest.fixture(params=TASKS, ids=lambda make: make.__name__)
def task(request):
    if request.param is classic.acrobot and BROKEN_ACROBOT:
        pytest.skip("gymnasium below 1 has an Acrobot that NumPy 2 cannot run")
    return request.param(3)


def episode(env, steps, seed=1):
    """(obs, action, next_obs, reward) of random actions."""
    seen, _ = env.reset(seed=seed)
    env.action_space.seed(seed)
    for _ in range(steps):
        action = env.action_space.sample()
        after, reward, terminated, truncated, _ = env.step(action)
        yield seen, action, after, reward
        seen = after
        if terminated or truncated:
            seen, _ = env.reset()


def test_the_base_objective_is_the_environments_own_reward(task):
    for distribution in task.distributions:
        steps = list(episode(distribution.make_env(), 80))
        obs, actions, after, rewards = (np.array(column) for column in zip(*steps, strict=True))
        np.testing.assert_allclose(task.base(obs, actions, after), rewards, atol=1e-5)


def test_candidates_and_features_are_finite_and_say_something_else(task):
    obs, actions, after, _ = (np.array(column) for column in zip(*episode(task.train.make_env(), 80), strict=True))
    seen = task.train.features(obs, actions, after)
    assert seen.shape == (80, 1 + len(task.candidates))
    assert np.isfinite(seen).all()
    for candidate in task.candidates.values():
        values = candidate(obs, actions, after)
        assert values.shape == (80,)
        assert not np.allclose(values, task.base(obs, actions, after))


def test_changed_physics_go_elsewhere_from_the_same_start(task):
    runs = {
        distribution.name: [(obs, after) for obs, _, after, _ in episode(distribution.make_env(), 5)]
        for distribution in task.distributions
    }
    starts = {name: run[0][0] for name, run in runs.items()}
    for distribution in task.shifts:
        moved = not np.allclose(starts[distribution.name], starts["train"])
        assert moved == (distribution.shift == "feature")
        if distribution.shift == "dynamics":
            assert not np.allclose(runs[distribution.name][-1][1], runs["train"][-1][1], atol=1e-7)


def test_a_state_can_be_gone_back_to(task):
    env = task.shifts[0].make_env()
    env.reset(seed=3)
    env.action_space.seed(3)
    env.step(env.action_space.sample())
    here, actions = branch(env), [env.action_space.sample() for _ in range(5)]
    first = [env.step(action)[0] for action in actions]
    restore(env, here)
    np.testing.assert_array_equal(first, [env.step(action)[0] for action in actions])
    restore(env, here)
    np.testing.assert_array_equal(first[0], env.step(actions[0])[0])


def test_the_tasks_keep_the_contract(task):
    check_task(task, episodes=2)


@pytest.mark.skipif(not BROKEN_ACROBOT, reason="this Acrobot runs")
def test_an_acrobot_that_cannot_run_says_so():
    with pytest.raises(BirlError, match="does not run on NumPy 2"):
        classic.acrobot(2)


def test_what_cannot_be_copied_is_named():
    class Stubborn(gymnasium.Env):
        def __init__(self):
            self.lock = (i for i in ())

    with pytest.raises(BirlError, match=r"Stubborn cannot be copied .* give it get_state\(\) and set_state\(\)"):
        branch(Stubborn())
