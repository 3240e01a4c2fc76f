"""Every algorithm, trained a little on this version of the library: what is read acts as the original does."""

from functools import cache

import gymnasium as gym
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from birl.behavior import policy_table, rollouts
from birl.checkpoint import load_policy
from birl.policy import (
    DeterministicPolicy,
    GaussianPolicy,
    GreedyPolicy,
    MaskablePolicy,
    RecurrentPolicy,
    SquashedGaussianPolicy,
    as_policy,
)
from birl.tabular import TabularModel
from birl.task import Distribution
from birl.types import BirlError, ContinuousPolicy, DiscretePolicy

make = pytest.importorskip("tests.data.make_checkpoints", reason="needs sb3-contrib")

OBSERVATIONS = np.random.default_rng(0).normal(scale=2.0, size=(12, 4)).astype(np.float32)
MASKS = np.tile(make.MASK, (len(OBSERVATIONS), 1))
SQUASHED = ("sac", "sac-sde", "tqc")


@cache
def trained(name):
    algorithm, policy, space, settings = make.MADE[name]
    env = DummyVecEnv([lambda: make.adapted(space)])
    return algorithm(policy, env, seed=1, device="cpu", **settings).learn(make.STEPS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Name of an algorithm -> the path of its zip."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def path(name):
        target = folder / f"{name}.zip"
        if not target.exists():
            trained(name).save(target)
        return target

    return path


def rng(seed=0):
    return np.random.default_rng(seed)


def acted(name, policy):
    """Deterministic actions; a policy with memory sees the observations as one episode."""
    if name == "recurrentppo":
        policy.reset()
        return np.concatenate([policy.act(one[None], rng=rng(), deterministic=True) for one in OBSERVATIONS])
    masks = {"action_masks": MASKS} if name == "maskableppo" else {}
    return policy.act(OBSERVATIONS, rng=rng(), deterministic=True, **masks)


@pytest.mark.parametrize("name", sorted(make.MADE))
def test_read_trusted_and_adapted_policies_act_as_the_algorithm_itself(files, name):
    model = trained(name)
    expected = make.predicted(name, model, OBSERVATIONS)
    sources = {
        "read": load_policy(files(name), model.env),
        "trusted": load_policy(files(name), model.env, trust=True),
        "model": as_policy(model),
        "policy": as_policy(model.policy),
    }
    for way, policy in sources.items():
        found = acted(name, policy)
        assert np.allclose(found, expected, atol=0 if expected.ndim == 1 else 1e-6), way
        assert type(policy) is type(sources["read"]), way


@pytest.mark.parametrize("name", SQUASHED)
def test_squashed_densities_are_the_librarys_in_the_units_of_the_environment(files, name):
    model, policy = trained(name), load_policy(files(name), trained(name).env)
    assert isinstance(policy, SquashedGaussianPolicy)
    assert isinstance(policy, ContinuousPolicy)
    actions = policy.sample(OBSERVATIONS, rng=rng())
    inside = 2 * (actions - make.LOW) / (make.HIGH - make.LOW) - 1
    mild = np.abs(inside).max(axis=1) < 0.99  # nearer the edge the library's own 1e-6 shows
    assert mild.sum() > 3
    with torch.no_grad():
        actor = model.policy.actor
        mean, log_std, more = actor.get_action_dist_params(torch.as_tensor(OBSERVATIONS))
        distribution = actor.action_dist.proba_distribution(mean, log_std, **more)
        expected = distribution.log_prob(torch.as_tensor(inside, dtype=torch.float32)).numpy()
    expected = expected - np.log((make.HIGH - make.LOW) / 2).sum()
    assert np.allclose(policy.action_log_prob(OBSERVATIONS, actions)[mild], expected[mild], atol=2e-3)
    adapted = as_policy(model).action_log_prob(OBSERVATIONS, actions)
    assert np.allclose(policy.action_log_prob(OBSERVATIONS, actions), adapted, atol=1e-3)


@pytest.mark.parametrize("name", ["ppo-box", "ppo-sde"])
def test_gaussian_densities_are_the_librarys(files, name):
    model, policy = trained(name), load_policy(files(name), trained(name).env)
    assert isinstance(policy, GaussianPolicy)
    actions = policy.sample(OBSERVATIONS, rng=rng())
    with torch.no_grad():
        distribution = model.policy.get_distribution(torch.as_tensor(OBSERVATIONS))
        expected = distribution.log_prob(torch.as_tensor(actions, dtype=torch.float32)).numpy()
    assert np.allclose(policy.action_log_prob(OBSERVATIONS, actions), expected, atol=1e-4)


def test_td3_acts_one_way_only_and_says_why_it_has_no_density(files):
    policy = load_policy(files("td3"), trained("td3").env)
    assert isinstance(policy, DeterministicPolicy)
    assert np.array_equal(policy.sample(OBSERVATIONS, rng=rng(1)), policy.act(OBSERVATIONS, rng=rng(2)))
    with pytest.raises(BirlError, match="log density of actions: undefined, because the policy is deterministic"):
        policy.action_log_prob(OBSERVATIONS, policy.sample(OBSERVATIONS, rng=rng()))


@pytest.mark.parametrize("name", ["dqn", "qrdqn"])
def test_policies_of_values_explore_at_the_rate_they_were_saved_with(files, name):
    model = trained(name)
    assert 0 < model.exploration_rate < 1
    greedy = np.eye(3)[model.predict(OBSERVATIONS, deterministic=True)[0]]
    expected = (1 - model.exploration_rate) * greedy + model.exploration_rate / 3
    for policy in (load_policy(files(name), model.env), load_policy(files(name), model.env, trust=True)):
        assert isinstance(policy, GreedyPolicy)
        assert np.allclose(policy.action_probabilities(OBSERVATIONS), expected)
    assert np.allclose(as_policy(model).action_probabilities(OBSERVATIONS), expected)
    assert np.allclose(as_policy(model.policy).action_probabilities(OBSERVATIONS), greedy)  # it alone knows no rate


def test_a_policy_with_memory_keeps_one_per_row_and_forgets_where_an_episode_starts(files):
    model = trained("recurrentppo")
    policy, state = load_policy(files("recurrentppo"), model.env), None
    assert isinstance(policy, RecurrentPolicy)
    assert not isinstance(policy, DiscretePolicy)
    for t, starts in enumerate([[True, True], [False, False], [False, True], [False, False]]):
        pair = OBSERVATIONS[2 * t : 2 * t + 2]
        expected, state = model.predict(pair, state=state, episode_start=np.array(starts), deterministic=True)
        found = policy.act(pair, rng=rng(), deterministic=True, episode_starts=starts)
        assert found.tolist() == expected.tolist()


class Walk:
    """Four states in a row, and every action moves on; the third may be forbidden."""

    def __init__(self, third=True):
        ahead = np.eye(4)[[1, 2, 3, 3]]
        self.model = TabularModel(
            transitions=sp.csr_matrix(np.repeat(ahead, 3, axis=0)),
            features=np.zeros((12, 1)),
            start=np.eye(4)[0],
            terminal=np.array([False, False, False, True]),
            discount=0.9,
            feature_names=["step"],
            valid_actions=np.tile([True, True, third], (4, 1)),
            observe=lambda states: OBSERVATIONS[states],
        )

    def distribution(self):
        return Distribution("track", self.model, time_limit=5)


def test_masks_are_the_models_valid_actions_where_a_policy_is_tabulated(files):
    policy, track = load_policy(files("maskableppo"), trained("maskableppo").env), Walk(third=False).distribution()
    assert isinstance(policy, MaskablePolicy)
    table = policy_table(policy, track, track.model)
    free = policy.action_probabilities(OBSERVATIONS[:3])
    assert (free[:, 2] > 0).all()
    assert (table[:3, 2] == 0).all()
    assert np.allclose(table[:3, :2], free[:, :2] / free[:, :2].sum(axis=1, keepdims=True))


def test_masked_probabilities_are_the_librarys(files):
    model = trained("maskableppo")
    with torch.no_grad():
        distribution = model.policy.get_distribution(torch.as_tensor(OBSERVATIONS), action_masks=MASKS)
    found = load_policy(files("maskableppo"), model.env).action_probabilities(OBSERVATIONS, action_masks=MASKS)
    assert np.allclose(found, distribution.distribution.probs.numpy(), atol=1e-6)


def test_in_a_rollout_masks_come_from_the_environment(files):
    policy = load_policy(files("maskableppo"), trained("maskableppo").env)
    world = Distribution("drift", make_env=lambda: gym.Wrapper(make.adapted(make.CHOICES)), time_limit=10)
    episodes = rollouts(policy, world, 5, rng=rng())
    assert {int(action) for episode in episodes for action in episode.actions} == {0, 2}


def test_without_masks_a_policy_trained_with_them_acts_and_says_so(files):
    class Bare(make.Drift):
        action_masks = property(lambda self: (_ for _ in ()).throw(AttributeError("none")))

    policy = load_policy(files("maskableppo"), trained("maskableppo").env)
    world = Distribution("drift", make_env=lambda: Bare(make.CHOICES), time_limit=3)
    with pytest.warns(UserWarning, match="trained with masks and acts without"):
        rollouts(policy, world, 1, rng=rng())


@pytest.mark.parametrize("exact", [True, False])
def test_a_policy_with_memory_is_rolled_out_and_begins_every_episode_empty(files, exact):
    policy = load_policy(files("recurrentppo"), trained("recurrentppo").env)
    drift = Distribution("drift", make_env=lambda: make.adapted(make.CHOICES), seeds=[7], time_limit=5)
    world = Walk().distribution() if exact else drift
    first, second = rollouts(policy, world, 2, rng=rng(), deterministic=True)
    assert first.actions.tolist() == second.actions.tolist()
    assert len(first.actions) == (3 if exact else 5)


def test_a_policy_with_memory_that_takes_a_forbidden_action_is_stopped(files):
    policy = load_policy(files("recurrentppo"), trained("recurrentppo").env)
    with pytest.raises(BirlError, match=r"takes action 2 in state \d, which the model does not allow"):
        rollouts(policy, Walk(third=False).distribution(), 20, rng=rng())


def test_a_policy_with_memory_is_not_tabulated(files):
    track = Walk().distribution()
    with pytest.raises(BirlError, match="can be rolled out, not tabulated"):
        policy_table(load_policy(files("recurrentppo"), trained("recurrentppo").env), track, track.model)


class Pictures(gym.Env):
    """Random images, channels last or first."""

    def __init__(self, shape, action_space):
        self.observation_space, self.action_space = spaces.Box(0, 255, shape, np.uint8), action_space

    def reset(self, *, seed=None, options=None):
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), 0.0, False, False, {}


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("shape", [(36, 40, 3), (3, 36, 40)], ids=str)
@pytest.mark.parametrize(
    ("algorithm", "kind", "box", "settings"),
    [
        ("PPO", "CnnPolicy", False, {"features_extractor_kwargs": {"features_dim": 8}}),
        (
            "PPO",
            "CnnPolicy",
            True,
            {"share_features_extractor": False, "features_extractor_kwargs": {"features_dim": 8}},
        ),
        ("PPO", "MlpPolicy", False, {"net_arch": [4]}),
        ("DQN", "CnnPolicy", False, {"net_arch": [4], "features_extractor_kwargs": {"features_dim": 8}}),
        ("SAC", "CnnPolicy", True, {"net_arch": [4], "features_extractor_kwargs": {"features_dim": 8}}),
        ("TD3", "CnnPolicy", True, {"net_arch": [4], "features_extractor_kwargs": {"features_dim": 8}}),
    ],
)
def test_images_are_transposed_and_scaled_as_the_library_does(tmp_path, algorithm, kind, box, settings, shape, trust):
    import stable_baselines3

    env = Pictures(shape, make.BOX if box else make.CHOICES)
    small = {"n_steps": 8, "batch_size": 8} if algorithm == "PPO" else {"buffer_size": 2}
    model = getattr(stable_baselines3, algorithm)(kind, env, seed=1, device="cpu", policy_kwargs=settings, **small)
    model.save(tmp_path / "model.zip")
    env.observation_space.seed(0)
    seen = np.stack([env.observation_space.sample() for _ in range(3)])
    found = load_policy(tmp_path / "model.zip", env, trust=trust).act(seen, rng=rng(), deterministic=True)
    assert np.allclose(found, model.predict(seen, deterministic=True)[0], atol=1e-5)


def test_images_of_another_size_are_named(tmp_path):
    from stable_baselines3 import PPO

    env = Pictures((36, 40, 3), make.CHOICES)
    PPO("CnnPolicy", env, n_steps=8, batch_size=8, device="cpu").save(tmp_path / "model.zip")
    with pytest.raises(BirlError, match=r"its eyes take images of 3 channels and another size.*\(4, 36, 40\)"):
        load_policy(tmp_path / "model.zip", Pictures((36, 40, 4), make.CHOICES))


@pytest.mark.parametrize(
    "settings",
    [{"squash_output": True}, {"use_expln": True, "log_std_init": 0.5}, {"full_std": False}, {"net_arch": []}],
    ids=str,
)
def test_state_dependent_noise_in_all_its_forms_has_the_librarys_density(tmp_path, settings):
    from stable_baselines3 import PPO

    env = make.adapted(make.BOX)
    model = PPO("MlpPolicy", env, n_steps=8, batch_size=8, device="cpu", use_sde=True, policy_kwargs=settings)
    model.save(tmp_path / "model.zip")
    policy = load_policy(tmp_path / "model.zip", env)
    seen = OBSERVATIONS / 4
    actions = policy.sample(seen, rng=rng())
    with torch.no_grad():
        normal = model.policy.get_distribution(torch.as_tensor(seen)).distribution
    if settings.get("squash_output"):
        inside = np.clip(2 * (actions - make.LOW) / (make.HIGH - make.LOW) - 1, -0.999, 0.999)
        actions = make.LOW + (inside + 1) / 2 * (make.HIGH - make.LOW)
        expected = normal.log_prob(torch.as_tensor(np.arctanh(inside))).sum(dim=1).numpy()
        expected = expected - np.log((1 - inside**2) * (make.HIGH - make.LOW) / 2).sum(axis=1)
    else:
        expected = normal.log_prob(torch.as_tensor(actions)).sum(dim=1).numpy()
    assert np.allclose(policy.action_log_prob(seen, actions), expected, atol=1e-3)
    found = policy.act(seen, rng=rng(), deterministic=True)
    assert np.allclose(found, model.predict(seen, deterministic=True)[0], atol=1e-5)


def test_ddpg_is_read_like_td3(tmp_path):
    from stable_baselines3 import DDPG

    env = make.adapted(make.BOX)
    model = DDPG("MlpPolicy", env, device="cpu", buffer_size=10, policy_kwargs={"net_arch": [5]})
    model.save(tmp_path / "model.zip")
    found = load_policy(tmp_path / "model.zip", env).act(OBSERVATIONS, rng=rng())
    assert np.allclose(found, model.predict(OBSERVATIONS, deterministic=True)[0], atol=1e-6)


@pytest.mark.parametrize("name", ["ppo", "sac", "dqn", "td3", "recurrentppo"])
@pytest.mark.parametrize("trust", [False, True])
def test_observations_are_normalised_with_the_statistics_beside_the_checkpoint(tmp_path, name, trust):
    model = trained(name)
    model.save(tmp_path / "model.zip")
    wrapped = VecNormalize(DummyVecEnv([lambda: make.adapted(make.MADE[name][2])]), clip_obs=2.0)
    wrapped.reset()
    for _ in range(20):
        wrapped.step(np.array([make.MADE[name][2].sample()]))
    wrapped.save(str(tmp_path / "vecnormalize.pkl"))
    expected = make.predicted(name, model, wrapped.normalize_obs(OBSERVATIONS))
    policy = load_policy(tmp_path / "model.zip", model.env, trust=trust)
    assert np.allclose(acted(name, policy), expected, atol=1e-5)
    bare = load_policy(tmp_path / "model.zip", model.env, trust=trust, vecnormalize="none")
    assert np.allclose(acted(name, bare), make.predicted(name, model, OBSERVATIONS), atol=1e-5)
