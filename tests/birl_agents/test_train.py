"""Training is tested for what can be exact: the same weights every time, however often it was interrupted."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from birl_agents import train as training
from birl_agents.ship import ship
from birl_agents.train import Recipe, train
from birl_agents.training import recipe, stable_baselines
from birl_agents.training.evolution import bumps
from birl_envs import red_door
from click.testing import CliRunner
from stable_baselines3 import PPO

from birl.checkpoint import load_policy
from birl.types import BirlError

ROLLOUT = {"n_envs": 4, "n_steps": 8}
REPLAY = {"n_envs": 4, "learning_starts": 40, "buffer_size": 200}
OPTIONS = {
    "ppo": ROLLOUT | {"batch_size": 16},
    "a2c": ROLLOUT,
    "dqn": REPLAY,
    "qrdqn": REPLAY,
    "recurrent-ppo": ROLLOUT | {"batch_size": 16},
    "maskable-ppo": ROLLOUT | {"batch_size": 16},
    "es": {"population": 4, "episodes": 2},
    "sac": {"n_envs": 4, "learning_starts": 40, "buffer_size": 200, "batch_size": 16},
}
TINY = Recipe(steps=96, levels=5, options=OPTIONS["ppo"])


class StopHereError(Exception):
    """Stands for whatever ends a run early."""


def interrupt(progress):
    raise StopHereError


@pytest.fixture(autouse=True)
def one_rollout_a_segment(monkeypatch):
    short = {name: replace(method, segment=32) for name, method in stable_baselines.METHODS.items()}
    monkeypatch.setattr(stable_baselines, "METHODS", short)


@pytest.fixture(scope="module")
def model():
    return train(TINY)


def world_for(algorithm):
    return "point-goal" if algorithm == "sac" else "red-door"  # SAC takes continuous actions only


def weights(model):
    return torch.cat([value.ravel().float() for value in model.policy.state_dict().values()]).numpy()


def test_another_seed_gives_other_weights(model):
    assert not np.array_equal(weights(model), weights(train(replace(TINY, seed=1))))


@pytest.mark.parametrize("algorithm", OPTIONS)
def test_a_run_interrupted_twice_ends_with_the_weights_of_one_left_alone(algorithm, tmp_path):
    wanted = Recipe(world=world_for(algorithm), algorithm=algorithm, steps=160, levels=5, options=OPTIONS[algorithm])
    alone, run = train(wanted), tmp_path / "a.run"
    for _ in range(2):
        with pytest.raises(StopHereError):
            train(wanted, run=run, report=interrupt)
        np.random.seed(99)  # noqa: NPY002 - whatever happens in between must not matter
        torch.manual_seed(99)
    resumed = train(wanted, run=run)
    assert np.array_equal(weights(resumed), weights(alone))
    assert resumed.num_timesteps == alone.num_timesteps


def test_progress_is_reported_after_every_segment():
    seen = []
    train(TINY, report=seen.append)
    assert [progress.steps for progress in seen] == [32, 64, 96]


@pytest.mark.parametrize("algorithm", ["ppo", "es"])
def test_a_run_file_of_another_recipe_or_a_broken_one_is_refused(algorithm, tmp_path):
    wanted, run = replace(TINY, algorithm=algorithm, options=OPTIONS[algorithm]), tmp_path / "a.run"
    train(wanted, run=run)
    assert [path.name for path in tmp_path.iterdir()] == ["a.run"]
    with pytest.raises(BirlError, match="belongs to another run"):
        train(replace(wanted, seed=3), run=run)
    run.write_bytes(b"half a file")
    with pytest.raises(BirlError, match=r"cannot be read .* remove it to start over"):
        train(wanted, run=run)


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


@pytest.mark.parametrize("algorithm", [name for name in OPTIONS if name != "ppo"])
def test_checkpoints_of_every_algorithm_are_read_safely(algorithm, tmp_path):
    options = OPTIONS[algorithm]
    wanted, path = replace(TINY, world=world_for(algorithm), algorithm=algorithm, options=options), tmp_path / "a.zip"
    made = train(wanted)
    ship(made, wanted, path)
    env = wanted.vec_env(6)
    observations = env.reset()
    found = load_policy(path, env).act(observations, rng=np.random.default_rng(0), deterministic=True)
    assert found == pytest.approx(made.predict(observations, deterministic=True)[0], abs=1e-6)


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"world": "red-dor"}, r"'red-dor': did you mean red-door"),
        ({"algorithm": "pppo"}, r"'pppo': did you mean ppo"),
        ({"setting": {"roh": 1.0}}, r"'roh': did you mean rho\?"),
        ({"seed": -1}, "seed -1 is negative"),
        ({"steps": -1}, "-1 steps: give at least 1"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(change, pattern):
    with pytest.raises(BirlError, match=pattern):
        Recipe(**change)


def test_a_world_without_a_vectorised_environment_is_refused(monkeypatch):
    monkeypatch.setattr(recipe, "task_names", lambda: {"plain": "birl.tabular:task"})
    with pytest.raises(BirlError, match="world 'plain' has no vectorised environment"):
        Recipe(world="plain")


def test_options_that_the_algorithm_does_not_have_are_refused():
    with pytest.raises(BirlError, match=r"option of PPO 'n_step': did you mean n_steps"):
        train(replace(TINY, options={"n_step": 8}))
    with pytest.raises(BirlError, match="option 'n_envs': evolution has population"):
        train(replace(TINY, algorithm="es"))
    with pytest.raises(BirlError, match=r"rho 1.2|1.2"):
        train(replace(TINY, setting={"rho": 1.2}))
    with pytest.raises(BirlError, match=r"sac cannot be trained on red-door, whose actions are Discrete\(5\)"):
        train(replace(TINY, algorithm="sac", options={}))


def test_a_recipe_says_its_name_and_its_command():
    told = Recipe(algorithm="dqn", setting={"rho": 0.5}, options={"batch_size": 64}, seed=3, steps=10)
    assert told.name == "red-door-dqn-rho0.5-s3-t10"
    assert told.command == (
        "python -m birl_agents.train red-door --algorithm dqn --set rho=0.5 --option batch_size=64 --seed 3 --steps 10"
    )


def test_the_command_writes_the_checkpoint_and_cleans_up(tmp_path):
    out = tmp_path / "agent.zip"
    options = [word for name, value in OPTIONS["ppo"].items() for word in ("--option", f"{name}={value}")]
    wanted = ["red-door", "--set", "rho=0.9", "--seed", "2", "--steps", "32", "--out", str(out), *options]
    done = CliRunner().invoke(training.main, wanted)
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.iterdir()] == ["agent.zip"]
    with zipfile.ZipFile(out) as archive:
        assert json.loads(archive.read("birl.json"))["recipe"]["setting"] == {"rho": 0.9}


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [(["--seed", "-2"], "seed -2 is negative"), (["--set", "rho"], "'rho' is not NAME=VALUE")],
)
def test_the_command_refuses_in_one_line(arguments, pattern):
    bad = CliRunner().invoke(training.main, ["red-door", *arguments])
    assert bad.exit_code == 2
    assert pattern in bad.output


def test_a_genome_tells_broad_fields_and_the_nearest_cells():
    fields = bumps(13).reshape(-1, 13, 13)
    assert fields.shape == (25 + 5, 13, 13)
    assert fields[12].argmax() == 6 * 13 + 6  # the middle bump
    assert (fields[25:].sum(axis=(1, 2)) == 1).all()
    assert fields[26, 5, 6] == 1  # the cell above
