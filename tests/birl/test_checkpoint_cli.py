"""Other people's checkpoints on the command line: folders, models of the hub, statistics."""

import hashlib
import json
import shutil
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from gymnasium import spaces

from birl import checkpoint, task
from birl.cli import main
from birl.cli.request import looks_like_path, short_name
from birl.scorecard import Scorecard
from birl.task import Spaces
from tests.cards import diagnosed_card

MADE = Path(__file__).parents[1] / "data" / "checkpoints" / "sb3-2.2.1"
SPACES = Spaces(observation=spaces.Box(-5.0, 5.0, (4,), np.float32), action=spaces.Discrete(3))


class World:
    """A task that only has spaces."""

    observation_space, action_space = SPACES.observation, SPACES.action


@pytest.fixture(autouse=True)
def scored(monkeypatch, tmp_path):
    """An empty folder, a task of the checkpoints' spaces, and a scorer that keeps what it was given."""
    monkeypatch.chdir(tmp_path)

    def score(policy, task, **how):
        fake.policies.append(policy)
        card = diagnosed_card()
        return replace(card, policy=replace(card.policy, source=how["source"], sha256=how["sha256"]))

    fake = types.ModuleType("birl.score")
    fake.score, fake.policies = score, []  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "birl.score", fake)
    monkeypatch.setattr(task, "load_task", lambda name, **how: World)
    return fake


def birl(*words):
    return CliRunner().invoke(main, ["score", "--task", "drift", *map(str, words)], prog_name="birl")


def run(root):
    folder = root / "ppo" / "Drift-v0_1"
    (folder / "Drift-v0").mkdir(parents=True)
    shutil.copy(MADE / "ppo.zip", folder / "Drift-v0.zip")
    shutil.copy(MADE / "vecnormalize.pkl", folder / "Drift-v0" / "vecnormalize.pkl")
    return folder


@pytest.mark.parametrize(
    ("given", "path", "name"),
    [
        ("agent.zip", True, "agent"),
        ("logs/ppo/Drift-v0_1/", True, "Drift-v0_1"),
        ("hf:someone/ppo-Drift-v0", True, "ppo-Drift-v0"),
        ("hf:someone/model/best.v2.zip", True, "best.v2"),
        ("planner", False, "planner"),
    ],
)
def test_what_is_given_is_a_place_or_a_name(given, path, name):
    assert looks_like_path(given) == path
    assert short_name(given) == name


def test_a_folder_of_the_zoo_is_scored_under_its_own_name_and_known_by_its_file(scored, tmp_path):
    folder = run(tmp_path)
    done = birl(folder, "--json", "{name}.json")
    assert done.exit_code == 0, done.stderr
    card = Scorecard.load(tmp_path / "Drift-v0_1.json")
    assert card.policy.sha256 == hashlib.sha256((MADE / "ppo.zip").read_bytes()).hexdigest()
    assert card.policy.source == str(folder)


def test_statistics_are_found_named_or_left_out(scored, tmp_path):
    folder, seen = run(tmp_path), np.full((1, 4), 3.0, np.float32)
    shutil.copy(MADE / "vecnormalize.pkl", tmp_path / "other.pkl")
    for words in ((), ("--vecnormalize", "other.pkl"), ("--vecnormalize", "none")):
        done = birl(folder, *words, "--format", "json")
        assert json.loads(done.stdout)["settings"].get("vecnormalize") == (words[1] if words else None)
    found, named, bare = (policy.action_probabilities(seen) for policy in scored.policies)
    assert np.allclose(found, named)
    assert not np.allclose(found, bare)


def test_statistics_that_are_not_there_are_refused_before_anything_is_read(scored, tmp_path):
    done = birl(run(tmp_path), "--vecnormalize", "nothing.pkl")
    assert done.exit_code == 2
    assert "statistics nothing.pkl does not exist" in done.stderr
    assert scored.policies == []


def test_one_that_fails_does_not_stop_the_others(scored, tmp_path):
    (tmp_path / "empty").mkdir()
    done = birl("empty", MADE / "ppo.zip", "--vecnormalize", "none")
    assert done.exit_code == 2
    assert done.stderr.count("birl: error: ") == 1
    assert "empty is a folder: name a .zip in it; it has none" in done.stderr
    assert len(scored.policies) == 1


def test_a_model_of_the_hub_is_located_through_the_library(scored, monkeypatch):
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(hub, "hf_hub_download", lambda repository, name: str(MADE / "ppo.zip"))
    done = birl("hf:someone/ppo-Drift-v0", "--vecnormalize", "none")
    assert done.exit_code == 0, done.stderr


def test_the_loader_is_the_public_one():
    assert checkpoint.load_policy.__module__ == "birl.checkpoint.load"
