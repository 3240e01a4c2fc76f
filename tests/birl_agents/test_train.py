"""Training is tested for what can be exact: the same weights every time, however often it was interrupted."""

import json
import zipfile
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from birl_agents import train as training
from birl_agents.ship import ship
from birl_agents.train import Recipe, train
from birl_envs import red_door
from click.testing import CliRunner
from stable_baselines3 import PPO

from birl.checkpoint import load_policy
from birl.types import BirlError


@dataclass(frozen=True, kw_only=True)
class Tiny(Recipe):
    """Three rollouts."""

    steps: int = 96
    levels: int = 5
    n_envs: int = 4
    n_steps: int = 8
    batch_size: int = 16


TINY = Tiny()


class StopHereError(Exception):
    """Stands for whatever ends a run early."""


def interrupt(progress):
    raise StopHereError


@pytest.fixture(autouse=True)
def one_rollout_a_segment(monkeypatch):
    monkeypatch.setattr(training, "SEGMENT", 1)


@pytest.fixture(scope="module")
def model():
    return train(TINY)


def weights(model):
    return torch.cat([value.ravel() for value in model.policy.state_dict().values()]).numpy()


def test_the_same_recipe_gives_the_same_weights_and_another_seed_others(model):
    assert np.array_equal(weights(model), weights(train(TINY)))
    assert not np.array_equal(weights(model), weights(train(Tiny(seed=1))))


def test_a_run_interrupted_twice_ends_with_the_weights_of_one_left_alone(model, tmp_path):
    run = tmp_path / "a.run"
    for _ in range(2):
        with pytest.raises(StopHereError):
            train(TINY, run=run, report=interrupt)
        np.random.seed(99)  # noqa: NPY002 - whatever happens in between must not matter
        torch.manual_seed(99)
    resumed = train(TINY, run=run)
    assert np.array_equal(weights(resumed), weights(model))
    assert resumed.num_timesteps == model.num_timesteps == 96
    assert resumed._n_updates == model._n_updates


def test_progress_is_reported_after_every_segment():
    seen = []
    train(TINY, report=seen.append)
    assert [progress.steps for progress in seen] == [32, 64, 96]


def test_a_run_file_of_another_recipe_or_a_broken_one_is_refused(tmp_path):
    run = tmp_path / "a.run"
    train(TINY, run=run)
    assert [path.name for path in tmp_path.iterdir()] == ["a.run"]
    with pytest.raises(BirlError, match="belongs to another run"):
        train(Tiny(seed=3), run=run)
    run.write_bytes(b"half a file")
    with pytest.raises(BirlError, match=r"cannot be read .* remove it to start over"):
        train(TINY, run=run)


def test_a_shipped_file_is_small_the_same_every_time_and_free_of_the_machine(model, tmp_path):
    paths = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for path, made in zip(paths, (model, train(TINY)), strict=True):
        ship(made, TINY, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].stat().st_size < 1_000_000
    with zipfile.ZipFile(paths[0]) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
        text = archive.read("data").decode()
        assert json.loads(archive.read("birl.json"))["command"] == TINY.command
    assert " at 0x0" in text
    assert "start_time" not in text
    assert "_last_obs" not in text
    assert json.loads(text)["clip_range"] == pytest.approx(0.2)


def test_a_shipped_file_is_read_by_us_and_by_the_library_alike(model, tmp_path):
    path = tmp_path / "a.zip"
    ship(model, TINY, path)
    env = red_door.vec_env(6, levels=6)
    observations = env.reset()
    theirs = PPO.load(path)
    assert theirs.policy.optimizer.state_dict()["state"] == {}
    with torch.no_grad():
        expected = theirs.policy.get_distribution(theirs.policy.obs_to_tensor(observations)[0]).distribution.probs
    found = load_policy(path, env).action_probabilities(observations)
    assert np.allclose(found, expected.numpy(), atol=1e-6)
    assert np.array_equal(weights(theirs), weights(model))


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"world": "red-dor"}, r"'red-dor': did you mean red-door\?"),
        ({"rho": 1.2}, "rho 1.2 is no probability"),
        ({"seed": -1}, "seed -1 is negative"),
        ({"steps": 0}, "0 steps: give at least 1"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(change, pattern):
    with pytest.raises(BirlError, match=pattern):
        Recipe(**change)


def test_the_command_writes_the_checkpoint_and_cleans_up(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "Recipe", Tiny)
    out = tmp_path / "agent.zip"
    done = CliRunner().invoke(training.main, ["red-door", "--seed", "2", "--steps", "32", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.iterdir()] == ["agent.zip"]
    bad = CliRunner().invoke(training.main, ["red-door", "--seed", "-2"])
    assert bad.exit_code == 2
    assert "seed -2 is negative" in bad.output
