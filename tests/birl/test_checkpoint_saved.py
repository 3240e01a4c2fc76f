"""Policies saved by themselves, as torch writes them: read without unpickling what lies beside the tensors."""

import os

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import PPO, SAC

from birl.checkpoint import load_policy
from birl.policy import CategoricalPolicy
from birl.types import BirlError

make = pytest.importorskip("tests.data.make_checkpoints", reason="needs sb3-contrib")
OBSERVATIONS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


class Bomb:
    """Unpickling this creates a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Mine(torch.nn.ReLU):
    """An activation of somebody's own."""


class Module(torch.nn.Linear):
    """A network of somebody's own."""


def untrained(name):
    algorithm, policy, space, settings = make.MADE[name]
    return algorithm(policy, make.adapted(space), seed=1, device="cpu", **settings)


def acted(policy):
    return np.concatenate(
        [policy.act(one[None], rng=np.random.default_rng(0), deterministic=True) for one in OBSERVATIONS]
    )


@pytest.mark.parametrize("suffix", ["zip", "pt"])
@pytest.mark.parametrize("name", sorted(set(make.MADE) - {"maskableppo"}))
def test_a_policy_saved_by_itself_acts_as_it_did(tmp_path, name, suffix):
    model = untrained(name)
    path = tmp_path / f"policy.{suffix}"
    model.policy.save(str(path))
    found = acted(load_policy(path, model.env))
    assert np.allclose(found, make.predicted(name, model, OBSERVATIONS), atol=1e-6)


def test_imitations_policies_are_read_from_the_file_they_save(tmp_path):
    base = pytest.importorskip("imitation.policies.base")
    env = make.adapted(make.CHOICES)
    made = base.FeedForward32Policy(env.observation_space, env.action_space, lambda _: 0.0)
    made.save(str(tmp_path / "clone.pt"))
    found = load_policy(tmp_path / "clone.pt", env)
    assert isinstance(found, CategoricalPolicy)
    assert np.array_equal(acted(found), made.predict(OBSERVATIONS, deterministic=True)[0])


def test_imitations_agents_are_read_from_the_zip_they_save(tmp_path):
    base = pytest.importorskip("imitation.policies.base")
    for algorithm, kind, space in ((PPO, base.FeedForward32Policy, make.CHOICES), (SAC, base.SAC1024Policy, make.BOX)):
        env = make.adapted(space)
        small = {"n_steps": 8, "batch_size": 8} if algorithm is PPO else {"buffer_size": 5}
        model = algorithm(kind, env, device="cpu", **small)
        model.save(tmp_path / "model.zip")
        found = acted(load_policy(tmp_path / "model.zip", env))
        assert np.allclose(found, model.predict(OBSERVATIONS, deterministic=True)[0], atol=1e-6)


def test_bare_tensors_need_to_be_told_their_activation(tmp_path):
    model = untrained("ppo")
    path = tmp_path / "weights.pth"
    torch.save(model.policy.state_dict(), path)
    with pytest.raises(BirlError, match=r"without the activation between them.*policy_kwargs=.*--trust-checkpoint"):
        load_policy(path, model.env)
    for told in (torch.nn.ELU, "ELU", "<class 'torch.nn.modules.activation.ELU'>"):
        found = load_policy(path, model.env, policy_kwargs={"activation_fn": told})
        assert np.array_equal(acted(found), make.predicted("ppo", model, OBSERVATIONS))


def test_an_activation_of_ones_own_can_be_told_for_a_zip_too(tmp_path):
    settings = {"activation_fn": Mine}
    model = PPO("MlpPolicy", make.adapted(make.CHOICES), n_steps=8, batch_size=8, policy_kwargs=settings, device="cpu")
    model.save(tmp_path / "model.zip")
    with pytest.raises(BirlError, match=r"its activation is .*Mine.*policy_kwargs=.*--trust-checkpoint"):
        load_policy(tmp_path / "model.zip", model.env)
    found = load_policy(tmp_path / "model.zip", model.env, policy_kwargs={"activation_fn": "ReLU"})
    assert np.array_equal(acted(found), model.predict(OBSERVATIONS, deterministic=True)[0])


def test_a_whole_module_is_refused_by_its_name_and_read_when_trusted(tmp_path):
    torch.save(Module(4, 3), tmp_path / "module.pt")
    with pytest.raises(BirlError, match=r"holds a pickled \S+Module.*state_dict\(\) instead.*--trust-checkpoint"):
        load_policy(tmp_path / "module.pt", make.adapted(make.CHOICES))
    model = untrained("ppo")
    torch.save(model.policy, tmp_path / "policy.pt")
    found = load_policy(tmp_path / "policy.pt", model.env, trust=True)
    assert np.array_equal(acted(found), make.predicted("ppo", model, OBSERVATIONS))


@pytest.mark.parametrize("name", ["ppo-box", "sac", "td3", "dqn"])
def test_a_trusted_policy_saved_by_itself_is_read(tmp_path, name):
    model = untrained(name)
    model.policy.save(str(tmp_path / "policy.pt"))
    found = acted(load_policy(tmp_path / "policy.pt", model.env, trust=True))
    assert np.allclose(found, make.predicted(name, model, OBSERVATIONS), atol=1e-6)


def test_code_beside_the_tensors_never_runs(tmp_path):
    model, fuse, path = untrained("ppo"), tmp_path / "ran", tmp_path / "policy.pt"
    healthy = {"state_dict": model.policy.state_dict(), "data": {"activation_fn": torch.nn.ELU}}
    torch.save(healthy, path)
    load_policy(path, model.env)
    for spoiled in (healthy | {"data": {**healthy["data"], "lr_schedule": Bomb(fuse)}}, Bomb(fuse), {"a": Bomb(fuse)}):
        torch.save(spoiled, path)
        with pytest.raises(BirlError, match="damaged or holds code"):
            load_policy(path, model.env)
    assert not fuse.exists()


def test_tensors_of_something_else_are_refused(tmp_path):
    env = make.adapted(make.CHOICES)
    torch.save({"layers.0.weight": torch.ones(2, 2)}, tmp_path / "net.pt")
    with pytest.raises(BirlError, match=r"layers\.0\.weight, \.\.\.\) belong to no policy class"):
        load_policy(tmp_path / "net.pt", env)
    torch.save({"state_dict": 3, "data": {}}, tmp_path / "net.pt")
    with pytest.raises(BirlError, match="state_dict or data is no mapping"):
        load_policy(tmp_path / "net.pt", env)
    torch.save({"state_dict": {"action_net.bias": torch.full((3,), torch.nan)}, "data": {}}, tmp_path / "net.pt")
    with pytest.raises(BirlError, match="holds NaN"):
        load_policy(tmp_path / "net.pt", env)


def test_a_policy_for_a_box_does_not_fit_choices_and_the_other_way_round(tmp_path):
    for name, space in (("sac", make.CHOICES), ("td3", make.CHOICES), ("dqn", make.BOX), ("qrdqn", make.BOX)):
        untrained(name).save(tmp_path / "model.zip")
        with pytest.raises(BirlError, match="does not fit"):
            load_policy(tmp_path / "model.zip", make.adapted(space))


def test_actions_without_bounds_cannot_be_scaled(tmp_path):
    untrained("sac").save(tmp_path / "model.zip")
    with pytest.raises(BirlError, match="infinite bounds"):
        load_policy(tmp_path / "model.zip", make.adapted(spaces.Box(-np.inf, np.inf, (2,), np.float32)))
