"""Bad input: one line that names the thing, exit code 2, nothing half-written, nothing run."""

import base64
import io
import json
import os
import pickle
import sys
import zipfile

import pytest
import torch
from birl_agents.card import CHECKPOINTS
from click.testing import CliRunner

from birl.cli import main

SHIPPED = CHECKPOINTS / "red-door-ppo-rho1-s0.zip"
LEVELS = ("--levels", "2")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test in a folder of its own, with a healthy checkpoint in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agent.zip").write_bytes(SHIPPED.read_bytes())
    return tmp_path


def refusal(*words, writes=True):
    """The one line that `birl score` answers with; nothing may be left in the folder."""
    before = set(os.listdir())
    outputs = ["--json", "card.json", "--figures", "out"] if writes else []
    done = CliRunner().invoke(main, ["score", *map(str, words), *outputs], prog_name="birl", catch_exceptions=False)
    assert done.exit_code == 2, done.stderr
    assert done.stdout == ""
    assert set(os.listdir()) == before
    errors = [line for line in done.stderr.splitlines() if line.startswith("birl:")]
    assert len(errors) == 1, done.stderr
    assert errors[0].startswith("birl: error: ")
    return errors[0].removeprefix("birl: error: ")


def spoiled(name, **members):
    """The healthy checkpoint with some members replaced."""
    with zipfile.ZipFile("agent.zip") as old, zipfile.ZipFile(name, "w") as new:
        for member in old.namelist():
            new.writestr(member, members.get(member.replace(".", "_"), old.read(member)))
    return name


# the checkpoint


def test_a_missing_file_is_answered_with_the_nearest_name():
    assert refusal("agnet.zip", "--task", "red-door") == (
        "checkpoint agnet.zip does not exist: did you mean agent.zip?"
    )
    assert "there is no folder runs either" in refusal("runs/agent.zip", "--task", "red-door")


def test_a_missing_file_costs_no_heavy_import():
    import subprocess

    run = (
        "import sys, atexit; sys.argv = ['birl', 'score', 'agnet.zip', '--task', 'red-door'];"
        "atexit.register(lambda: print(*sys.modules));"
        "from birl.cli import main; main(prog_name='birl')"
    )
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    loaded = set(done.stdout.split())
    assert "click" in loaded
    assert not loaded & {"torch", "stable_baselines3", "matplotlib", "seaborn", "pandas"}


def test_an_empty_file(here):
    (here / "empty.zip").write_bytes(b"")
    assert "empty.zip is empty (0 bytes)" in refusal("empty.zip", "--task", "red-door", *LEVELS)


def test_a_truncated_file(here):
    (here / "half.zip").write_bytes(SHIPPED.read_bytes()[:2000])
    assert "half.zip is not a zip archive, or is cut short" in refusal("half.zip", "--task", "red-door", *LEVELS)


def test_a_file_that_is_no_zip(here):
    (here / "notes.txt").write_text("hello")
    assert "notes.txt is not a zip archive" in refusal("notes.txt", "--task", "red-door", *LEVELS)


def test_a_folder_is_not_a_checkpoint(here):
    (here / "runs").mkdir()
    assert "is a folder" in refusal("./runs", "--task", "red-door", *LEVELS)


def test_a_hostile_file_runs_nothing(here):
    fuse = here / "ran"

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(fuse),)

    payload = pickle.dumps(Bomb())
    hostile = {":type:": "<class 'dict'>", ":serialized:": base64.b64encode(payload).decode()}
    data = json.loads(zipfile.ZipFile("agent.zip").read("data"))
    spoiled("data.zip", data=json.dumps(data | {"policy_class": hostile}))
    spoiled("weights.zip", policy_pth=payload)
    refusal("data.zip", "--task", "red-door", *LEVELS)
    assert "was not opened" in refusal("weights.zip", "--task", "red-door", *LEVELS)
    assert not fuse.exists()
    pickle.loads(payload)
    assert fuse.exists()  # it would have


def test_weights_that_are_not_numbers():
    weights = torch.load(io.BytesIO(zipfile.ZipFile("agent.zip").read("policy.pth")), weights_only=True)
    first = next(iter(weights))
    weights[first] = weights[first] * float("nan")
    packed = io.BytesIO()
    torch.save(weights, packed)
    spoiled("nan.zip", policy_pth=packed.getvalue())
    assert "holds NaN or infinity: training diverged" in refusal("nan.zip", "--task", "red-door", *LEVELS)


def test_a_checkpoint_of_another_world(here):
    weights = torch.load(io.BytesIO(zipfile.ZipFile("agent.zip").read("policy.pth")), weights_only=True)
    name = "mlp_extractor.policy_net.0.weight"
    weights[name] = weights[name][:, :10].clone()
    weights["mlp_extractor.value_net.0.weight"] = weights["mlp_extractor.value_net.0.weight"][:, :10].clone()
    packed = io.BytesIO()
    torch.save(weights, packed)
    spoiled("other.zip", policy_pth=packed.getvalue())
    said = refusal("other.zip", "--task", "red-door", *LEVELS)
    assert "other.zip" in said
    assert "10" in said


def test_an_agent_of_another_task(here, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (here / "another_world_for_this_test.py").write_text(
        "from dataclasses import replace\nfrom birl_envs.red_door import task\nTASK = replace(task(1), name='other')\n"
    )
    said = refusal("red-door-ppo-rho1-s0", "--task", "another_world_for_this_test:TASK")
    assert "belongs to task 'red-door', not 'other'" in said


# names


def test_an_unknown_agent_is_answered_with_the_nearest_names():
    assert "unknown agent 'plannr': did you mean planner" in refusal("plannr", "--task", "red-door")


def test_an_unknown_task_is_answered_with_the_nearest_names():
    assert "unknown task 'red-dor': did you mean red-door?" in refusal("agent.zip", "--task", "red-dor")
    assert "cannot be loaded" in refusal("agent.zip", "--task", "no_such_module:TASK")


def test_an_unknown_method_is_answered_with_the_nearest_names():
    assert "unknown method 'boltzman': did you mean boltzmann?" in refusal(
        "agent.zip", "--task", "red-door", "--method", "boltzman"
    )


def test_an_unknown_verdict_is_answered_with_the_nearest_names():
    assert "did you mean proxy" in refusal("agent.zip", "--task", "red-door", "--fail-on", "robust,proxi")


def test_an_unknown_command_is_answered_with_the_nearest_names():
    done = CliRunner().invoke(main, ["scor"], prog_name="birl")
    assert done.exit_code == 2
    assert done.stderr == "birl: error: unknown command 'scor': did you mean score?\n"


# numbers and combinations


@pytest.mark.parametrize(
    ("option", "value"), [("--levels", 0), ("--levels", -3), ("--seed", -1), ("--draws", 1), ("--num-threads", 0)]
)
def test_numbers_out_of_range_name_the_option(option, value):
    said = refusal("agent.zip", "--task", "red-door", option, value)
    assert option in said
    assert str(value) in said


@pytest.mark.parametrize("words", [("--seed", "x"), ("--format", "html"), ("--sead", "1")])
def test_what_the_shell_got_wrong_is_one_line(words):
    refusal("agent.zip", "--task", "red-door", *words)


def test_nothing_to_score_says_what_to_give():
    assert "nothing to score: name a checkpoint" in refusal("--task", "red-door")
    assert "--task is missing" in refusal("agent.zip")


# outputs


def test_a_folder_in_place_of_the_json_file(here):
    (here / "taken").mkdir()
    said = refusal("agent.zip", "--task", "red-door", "--json", "taken", writes=False)
    assert said == "--json taken is a folder: give the name of a file"


def test_a_file_in_place_of_the_figures_folder():
    said = refusal("agent.zip", "--task", "red-door", "--figures", "agent.zip", writes=False)
    assert said == "--figures agent.zip is a file: give the name of a folder"


@pytest.mark.parametrize("option", ["--json", "--figures"])
def test_an_output_below_a_file(option):
    said = refusal("agent.zip", "--task", "red-door", option, "agent.zip/out", writes=False)
    assert "cannot be made" in said


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_where_writing_is_not_allowed(here):
    (here / "locked").mkdir(mode=0o500)
    assert "no permission" in refusal("agent.zip", "--task", "red-door", "--json", "locked/card.json", writes=False)


# cards


def test_a_missing_card_is_answered_with_the_nearest_name(here):
    (here / "card.json").write_text("{}")
    assert refusal("--from", "crad.json", writes=False) == "card crad.json does not exist: did you mean card.json?"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', '{"format": 1}', "\x00"])
def test_a_card_that_is_none(here, content):
    (here / "bad.json").write_text(content)
    assert "bad.json" in refusal("--from", "bad.json")
