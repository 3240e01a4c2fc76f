"""Real zips, written by Stable-Baselines3 itself: the safe reader must act exactly as the library does."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.torch_layers import FlattenExtractor

from birl.checkpoint import load_policy
from birl.policy import CategoricalPolicy, GaussianPolicy, GreedyPolicy, as_policy
from birl.types import BirlError

BOX = spaces.Box(-1.0, 1.0, (3, 2), np.float32)
PLANES = spaces.MultiBinary([3, 3, 2])
ARM = spaces.Box(-0.5, 0.5, (2,), np.float32)


class Still(gym.Env):
    """Nothing happens; only the spaces matter."""

    def __init__(self, observation=BOX, action=spaces.Discrete(4)):  # noqa: B008 - spaces are never mutated here
        self.observation_space, self.action_space = observation, action

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), 0.0, False, True, {}


def saved(folder, algorithm, env, **settings):
    """The model and the path of its zip."""
    small = {"n_steps": 8} if algorithm is PPO else {"buffer_size": 10} if algorithm is DQN else {}
    if algorithm is PPO:
        small["batch_size"] = 8
    model = algorithm("MlpPolicy", env, seed=1, device="cpu", **small, **settings)
    model.save(folder / "model.zip")
    return model, folder / "model.zip"


def seen(env, count=7):
    env.observation_space.seed(0)
    return np.stack([env.observation_space.sample() for _ in range(count)])


def sb3_probabilities(model, observations):
    with torch.no_grad():
        tensor = model.policy.obs_to_tensor(observations)[0]
        return model.policy.get_distribution(tensor).distribution.probs.numpy()


@pytest.mark.parametrize("algorithm", [PPO, A2C])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"net_arch": [5]},
        {"net_arch": []},
        {"activation_fn": torch.nn.ReLU, "net_arch": {"pi": [6, 5], "vf": [3]}},
        {"activation_fn": torch.nn.GELU, "features_extractor_class": FlattenExtractor},
        {"activation_fn": torch.nn.Identity, "ortho_init": False},
    ],
)
def test_discrete_actor_critics_read_safely_have_the_probabilities_of_the_library(tmp_path, algorithm, settings):
    env = Still()
    model, path = saved(tmp_path, algorithm, env, policy_kwargs=settings)
    policy = load_policy(path, env)
    assert isinstance(policy, CategoricalPolicy)
    found = policy.action_probabilities(seen(env))
    assert found.dtype == np.float64
    assert np.allclose(found, sb3_probabilities(model, seen(env)), atol=1e-6)
    assert np.allclose(found.sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize(
    "observation",
    [PLANES, spaces.Discrete(5), spaces.MultiDiscrete([2, 3, 4]), spaces.Box(0, 9, (4,), np.int64)],
    ids=str,
)
def test_observations_are_flattened_as_the_library_flattens_them(tmp_path, observation):
    env = Still(observation)
    model, path = saved(tmp_path, PPO, env)
    found = load_policy(path, env).action_probabilities(seen(env))
    assert np.allclose(found, sb3_probabilities(model, seen(env)), atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"net_arch": [6]}, {"activation_fn": torch.nn.Tanh, "net_arch": [4, 4]}])
def test_dqn_read_safely_is_greedy_on_the_librarys_values(tmp_path, settings):
    env = Still()
    model, path = saved(tmp_path, DQN, env, policy_kwargs=settings)
    policy = load_policy(path, env)
    assert isinstance(policy, GreedyPolicy)
    assert policy.exploration == model.exploration_rate
    with torch.no_grad():
        q = model.q_net(model.policy.obs_to_tensor(seen(env))[0]).numpy()
    assert np.allclose(policy.q_values(seen(env)), q, atol=1e-6)
    best = policy.act(seen(env), rng=np.random.default_rng(0), deterministic=True)
    assert np.array_equal(best, q.argmax(axis=1))
    assert np.array_equal(policy.action_probabilities(seen(env)).argmax(axis=1), q.argmax(axis=1))


@pytest.mark.parametrize(("algorithm", "use_sde"), [(PPO, False), (A2C, False), (PPO, True)])
def test_gaussian_actor_critics_have_the_density_of_the_library(tmp_path, algorithm, use_sde):
    env = Still(action=ARM)
    model, path = saved(tmp_path, algorithm, env, use_sde=use_sde, policy_kwargs={"log_std_init": -0.7})
    policy = load_policy(path, env)
    assert isinstance(policy, GaussianPolicy)
    observations, rng = seen(env), np.random.default_rng(0)
    actions = policy.sample(observations, rng=rng)
    with torch.no_grad():
        tensor = model.policy.obs_to_tensor(observations)[0]
        distribution = model.policy.get_distribution(tensor)
        expected = distribution.log_prob(torch.as_tensor(actions, dtype=torch.float32)).numpy()
    assert np.allclose(policy.action_log_prob(observations, actions), expected, atol=1e-5)
    mean = policy.act(observations, rng=rng, deterministic=True)
    assert np.allclose(mean, model.predict(observations, deterministic=True)[0], atol=1e-6)
    assert np.abs(policy.act(observations, rng=rng)).max() <= 0.5


def test_a_gaussian_samples_what_it_says(tmp_path):
    env = Still(action=ARM)
    _, path = saved(tmp_path, PPO, env)
    policy = load_policy(path, env)
    one = np.repeat(seen(env, 1), 20_000, axis=0)
    drawn, moments = policy.sample(one, rng=np.random.default_rng(0)), policy.moments(one[:1])
    assert np.allclose(drawn.mean(axis=0), moments.mean[0], atol=0.03)  # four standard errors of 20,000 draws
    assert np.allclose(drawn.std(axis=0), moments.std[0], atol=0.03)


@pytest.mark.parametrize("algorithm", [PPO, A2C, DQN])
def test_trusting_the_library_gives_the_same_policy(tmp_path, algorithm):
    env = Still(PLANES)
    _, path = saved(tmp_path, algorithm, env, policy_kwargs={"activation_fn": torch.nn.ELU})
    safe, trusted = load_policy(path, env), load_policy(path, env, trust=True)
    assert np.allclose(safe.action_probabilities(seen(env)), trusted.action_probabilities(seen(env)), atol=1e-6)


def test_models_and_policies_of_the_library_are_adapted(tmp_path):
    env = Still()
    model, path = saved(tmp_path, PPO, env)
    expected = load_policy(path, env).action_probabilities(seen(env))
    for source in (model, model.policy):
        assert np.allclose(as_policy(source).action_probabilities(seen(env)), expected, atol=1e-6)


def test_an_adapted_gaussian_keeps_its_density(tmp_path):
    env = Still(action=ARM)
    model, path = saved(tmp_path, PPO, env)
    read, adapted, observations = load_policy(path, env), as_policy(model), seen(env)
    actions = read.sample(observations, rng=np.random.default_rng(0))
    assert np.allclose(
        read.action_log_prob(observations, actions), adapted.action_log_prob(observations, actions), atol=1e-5
    )


def test_torch_is_left_with_one_thread_unless_told_otherwise(tmp_path):
    env = Still()
    _, path = saved(tmp_path, PPO, env)
    load_policy(path, env, num_threads=2)
    assert torch.get_num_threads() == 2
    load_policy(path, env)
    assert torch.get_num_threads() == 1
    with pytest.raises(BirlError, match="num_threads 0 is below 1"):
        load_policy(path, env, num_threads=0)


def test_spaces_that_do_not_fit_are_named_with_both_shapes(tmp_path):
    _, path = saved(tmp_path, PPO, Still(PLANES))
    with pytest.raises(BirlError, match=r"takes 18 numbers.*shape \(3, 2\) flatten to 6"):
        load_policy(path, Still())
    with pytest.raises(BirlError, match=r"gives 4 numbers, the task has 5 actions"):
        load_policy(path, Still(PLANES, spaces.Discrete(5)))
    with pytest.raises(BirlError, match=r"does not fit: .*policy_net\.0\.weight has shape \(64, 18\).*need \(64, 6\)"):
        load_policy(path, Still(), trust=True)


def test_spaces_come_from_a_task_or_an_environment_and_only_one(tmp_path):
    env = Still()
    _, path = saved(tmp_path, PPO, env)
    with pytest.raises(BirlError, match="give load_policy a task or an environment"):
        load_policy(path)
    with pytest.raises(BirlError, match="a str has no observation_space"):
        load_policy(path, "CartPole-v1")


def test_unusual_spaces_are_refused_for_the_safe_reader(tmp_path):
    _, path = saved(tmp_path, PPO, Still())
    with pytest.raises(BirlError, match="Dict space"):
        load_policy(path, Still(spaces.Dict({"a": BOX})))
    with pytest.raises(BirlError, match="actions are a MultiBinary space"):
        load_policy(path, Still(action=spaces.MultiBinary(4)))
