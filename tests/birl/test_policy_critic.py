"""What a policy's own network believes: asked in the environment's units, carried along, the same from every door."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest

from birl.behavior import observe
from birl.checkpoint import load_policy
from birl.place_policy import PlacePolicy
from birl.policy import ActionValues, CategoricalPolicy, GreedyPolicy, as_policy, critic_of, seen_through
from birl.sampled import as_sampled
from birl.task import Distribution
from birl.types import BirlError
from tests.worlds import corridor

SEEN = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
TORQUE = np.random.default_rng(1).uniform(-2, 2, size=(5, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def sac():
    """Pendulum agents, untrained: all that matters here is whose numbers come out."""
    library = pytest.importorskip("stable_baselines3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return SimpleNamespace(
            sac=library.SAC("MlpPolicy", "Pendulum-v1", gamma=0.9, ent_coef="auto_0.3", seed=0, device="cpu"),
            fixed=library.SAC("MlpPolicy", "Pendulum-v1", ent_coef=0.25, seed=0, device="cpu"),
            td3=library.TD3("MlpPolicy", "Pendulum-v1", gamma=0.97, seed=0, device="cpu"),
            dqn=library.DQN("MlpPolicy", "CartPole-v1", gamma=0.95, seed=0, device="cpu", buffer_size=10),
        )


def told(model, name: str, tmp_path, **options):
    """The critic of an agent: of the object itself, and of its checkpoint."""
    model.save(tmp_path / "agent.zip")
    env = gymnasium.make("CartPole-v1" if name == "dqn" else "Pendulum-v1")
    return critic_of(as_policy(model)), critic_of(load_policy(tmp_path / "agent.zip", env, **options))


@pytest.mark.parametrize(("name", "discount", "temperature"), [("sac", 0.9, 0.3), ("fixed", 0.99, 0.25)])
@pytest.mark.parametrize("trust", [False, True])
def test_sacs_critic_is_the_lesser_of_its_two_from_every_door(sac, tmp_path, name, discount, temperature, trust):
    import torch

    model = getattr(sac, name)
    with torch.no_grad():
        both = model.critic(torch.as_tensor(SEEN), torch.as_tensor(TORQUE / 2))  # the library's actions: [-1, 1]
    expected = torch.cat(both, dim=1).min(dim=1).values.numpy()
    for critic in told(model, name, tmp_path, trust=trust):
        assert critic is not None
        assert not critic.numbered
        assert critic.discount == discount
        assert critic.temperature == pytest.approx(temperature, rel=1e-5)
        assert np.allclose(critic.action_values(SEEN, TORQUE), expected, atol=1e-5)


def test_td3s_critic_has_no_price_of_entropy(sac, tmp_path):
    for critic in told(sac.td3, "td3", tmp_path):
        assert critic is not None
        assert (critic.discount, critic.temperature) == (0.97, 0.0)
        assert critic.action_values(SEEN, TORQUE).shape == (5,)


@pytest.mark.parametrize("trust", [False, True])
def test_dqns_critic_is_its_network(sac, tmp_path, trust):
    import torch

    seen = np.random.default_rng(2).normal(size=(6, 4)).astype(np.float32)
    with torch.no_grad():
        expected = sac.dqn.q_net(torch.as_tensor(seen)).numpy()
    for critic in told(sac.dqn, "dqn", tmp_path, trust=trust):
        assert critic is not None
        assert critic.numbered
        assert critic.discount == 0.95
        assert np.allclose(critic.action_values(seen), expected, atol=1e-6)


def test_a_lens_is_before_the_critic_too(sac):
    critic = critic_of(seen_through(as_policy(sac.sac), lambda seen: 2 * seen))
    plain = critic_of(as_policy(sac.sac))
    assert critic is not None
    assert plain is not None
    assert np.allclose(critic.action_values(SEEN, TORQUE), plain.action_values(2 * SEEN, TORQUE))
    greedy = critic_of(seen_through(GreedyPolicy(lambda seen: seen), lambda seen: 3 * seen))
    assert greedy is not None
    assert np.allclose(greedy.action_values(SEEN), 3 * SEEN)


def test_behaviour_carries_the_critic_and_so_does_its_sampled_form():
    model, q = corridor(), np.arange(10.0).reshape(5, 2)
    policy = GreedyPolicy(lambda seen: seen @ q, discount=0.9)
    behavior = observe(policy, Distribution("train", model, shift="train"))
    assert behavior.critic is not None
    sampled = as_sampled(behavior).policy
    assert sampled is not None
    assert sampled.critic is behavior.critic
    assert np.allclose(behavior.critic.action_values(np.eye(5)), q)
    asked = PlacePolicy(source=policy).critic
    assert asked is not None
    assert asked.discount == 0.9


def test_a_policy_without_action_values_has_no_critic():
    assert critic_of(CategoricalPolicy(lambda seen: seen)) is None
    assert critic_of(SimpleNamespace(critic="somebody")) is None


def test_many_rows_are_asked_for_in_parts():
    sizes = []
    critic = ActionValues(network=lambda seen: sizes.append(len(seen)) or seen)
    assert critic.action_values(np.zeros((20_000, 2))).shape == (20_000, 2)
    assert sizes == [8192, 8192, 3616]


def test_values_that_are_no_numbers_and_vectors_without_actions_are_refused():
    with pytest.raises(BirlError, match="critic: its network returns NaN"):
        ActionValues(network=lambda seen: seen * np.nan).action_values(SEEN)
    with pytest.raises(BirlError, match="need the actions"):
        ActionValues(network=lambda seen, actions: seen[:, 0], numbered=False).action_values(SEEN)


def test_a_checkpoint_with_a_damaged_critic_still_is_a_policy(sac, tmp_path):
    from birl.checkpoint.critics import action_critic
    from birl.checkpoint.layers import Weights

    tensors = {k: v for k, v in sac.sac.policy.state_dict().items() if k != "critic.qf1.2.weight"}
    space = sac.sac.action_space
    assert action_critic(Weights(path=tmp_path, tensors=tensors), lambda seen: seen, space, "ReLU") is None
    none = {k: v for k, v in tensors.items() if not k.startswith("critic.")}
    assert action_critic(Weights(path=tmp_path, tensors=none), lambda seen: seen, space, "ReLU") is None
