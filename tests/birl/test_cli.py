"""The command line: what goes where, exit codes, several checkpoints, nothing half-written."""

import json
import subprocess
import sys
import types
import warnings
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from birl import diagnosis
from birl.cli import console, main, scoring
from birl.irl import ESTIMATORS
from birl.scorecard import Scorecard
from birl.types import BirlError
from tests.cards import diagnosed_card, undiagnosed_card

SCORE = ("score", "--task", "red-door", "--levels", "2")


@pytest.fixture
def scored(monkeypatch):
    """Stand in for `birl.score`: gives the card in `scored.card` at once and keeps what it was called with."""

    def score(policy, task, **how):
        fake.calls.append((policy, task, how))
        how["progress"]("observe", 0, 2)
        how["progress"]("observe", 1, 2)
        return replace(fake.card, policy=replace(fake.card.policy, source=how["source"], sha256=how["sha256"]))

    fake = types.ModuleType("birl.score")
    fake.score, fake.card, fake.calls = score, diagnosed_card(), []  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "birl.score", fake)
    return fake


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def birl(*words, **how):
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="birl", catch_exceptions=False, **how)


def error_line(done):
    lines = [line for line in done.stderr.splitlines() if line.startswith("birl: error: ")]
    assert len(lines) == 1, done.stderr
    return lines[0].removeprefix("birl: error: ")


# what goes where


def test_the_card_goes_to_standard_output_and_progress_to_standard_error(scored):
    done = birl(*SCORE, "planner")
    assert done.exit_code == 0
    assert done.stdout.startswith("planner on red-door\n")
    assert done.stderr == "planner: load\nplanner: observe\n"


@pytest.mark.parametrize(("format", "start"), [("text", "planner on"), ("markdown", "# planner on"), ("json", "{\n")])
def test_the_format_is_chosen(scored, format, start):
    assert birl(*SCORE, "planner", "--format", format).stdout.startswith(start)


def test_options_reach_the_scoring(scored):
    birl(*SCORE, "planner", "--seed", 7, "--draws", 20, "--method", "mce", "--method", "boltzmann", "--deterministic")
    _, task, how = scored.calls[0]
    assert task.name == "red-door"
    assert task.train.model.n_levels == 2
    assert (how["seed"], how["draws"], tuple(how["methods"])) == (7, 20, ("mce", "boltzmann"))
    assert how["deterministic"] is True


def test_options_have_environment_variables(scored):
    birl("score", "planner", env={"BIRL_SCORE_TASK": "red-door", "BIRL_SCORE_LEVELS": "1", "BIRL_SCORE_SEED": "5"})
    assert scored.calls[0][2]["seed"] == 5


def test_no_method_means_all_of_them(scored):
    birl(*SCORE, "planner")
    assert scored.calls[0][2]["methods"] is None


def test_the_card_knows_the_command_that_makes_it_again(scored):
    said = birl(*SCORE, "planner", "--format", "json").stdout
    assert json.loads(said)["settings"]["task"] == "red-door"


def test_a_task_of_ones_own_is_found_in_the_working_folder(scored, here, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (here / "my_worlds_for_this_test.py").write_text("from birl_envs.red_door import task\nTASK = task(1)\n")
    assert birl("score", "planner", "--task", "my_worlds_for_this_test:TASK").exit_code == 0


def test_files_are_written_where_they_were_asked_for(scored, here):
    done = birl(*SCORE, "planner", "--json", "out/card.json", "--figures", "out")
    assert done.exit_code == 0
    assert sorted(path.name for path in (here / "out").iterdir()) == [
        "card.json",
        "evidence.png",
        "gap.png",
        "levels.png",
        "matrix.png",
        "weights.png",
    ]
    assert Scorecard.load("out/card.json").policy.source == "planner"


def test_a_checkpoint_file_is_named_by_its_hash(scored, here):
    from birl_agents.card import CHECKPOINTS

    shipped = CHECKPOINTS / "red-door-ppo-rho1-s0.zip"
    birl(*SCORE, shipped)
    birl(*SCORE, "red-door-ppo-rho1-s0")
    by_path, by_name = (how["sha256"] for _, _, how in scored.calls)
    assert by_path == by_name
    assert len(by_path) == 64


# exit codes


@pytest.mark.parametrize(
    ("verdicts", "code"), [("proxy", 1), ("robust, proxy", 1), ("robust,undetermined", 0), ("", 0)]
)
def test_a_pipeline_can_gate_on_the_verdict(scored, verdicts, code):
    done = birl(*SCORE, "planner", "--fail-on", verdicts)
    assert done.exit_code == code
    assert "PROXY" in done.stdout


def test_a_card_without_a_verdict_passes_no_gate(scored):
    scored.card = undiagnosed_card()
    done = birl(*SCORE, "planner", "--fail-on", "proxy")
    assert done.exit_code == 2
    assert "was not diagnosed" in error_line(done)


def test_an_interrupt_ends_with_130_and_writes_nothing(scored, here):
    def stop(*_, **__):
        raise KeyboardInterrupt

    scored.score = stop
    done = birl(*SCORE, "planner", "--json", "card.json", "--figures", "out")
    assert done.exit_code == 130
    assert "birl: interrupted" in done.stderr
    assert not list(here.iterdir())


def test_our_own_mistakes_keep_their_traceback(scored):
    def break_down(*_, **__):
        raise ValueError("a bug")

    scored.score = break_down
    with pytest.raises(ValueError, match="a bug"):
        birl(*SCORE, "planner")


# several checkpoints


def test_one_bad_checkpoint_does_not_stop_the_others(scored, here):
    (here / "broken.zip").write_bytes(b"PK")
    done = birl(*SCORE, "planner", "broken.zip", "missing.zip", "device")
    assert done.exit_code == 2
    assert [line for line in done.stdout.splitlines() if line.endswith(" on red-door")] == [
        "planner on red-door",
        "device on red-door",
    ]
    errors = [line for line in done.stderr.splitlines() if line.startswith("birl: error:")]
    assert len(errors) == 2
    assert "missing.zip does not exist" in errors[0]
    assert "broken.zip is not a zip archive" in errors[1]


def test_several_cards_as_json_are_a_list(scored):
    cards = json.loads(birl(*SCORE, "planner", "device", "--format", "json").stdout)
    assert [card["policy"]["source"] for card in cards] == ["planner", "device"]
    assert json.loads(birl(*SCORE, "nobody.zip", "nobody2.zip", "planner", "--format", "json").stdout)[0]["task"]


def test_several_checkpoints_are_compared_in_the_last_line_and_not_in_json(scored):
    assert birl(*SCORE, "planner", "device").stdout.splitlines()[-1].startswith("Together, of 2 checkpoints: ")
    assert "Together" not in birl(*SCORE, "planner").stdout
    assert "Together" not in birl(*SCORE, "planner", "device", "--format", "json").stdout


def test_several_checkpoints_get_a_file_each(scored, here):
    done = birl(*SCORE, "planner", "device", "--json", "{name}/card.json", "--figures", "figures-{name}")
    assert done.exit_code == 0
    written = sorted(str(path.relative_to(here)) for path in here.rglob("*.*") if path.is_file())
    assert [name for name in written if name.endswith("json")] == ["device/card.json", "planner/card.json"]
    assert "figures-device/weights.png" in written


def test_several_checkpoints_cannot_share_a_file(scored, here):
    done = birl(*SCORE, "planner", "device", "--json", "card.json")
    assert done.exit_code == 2
    assert "put {name} in it, like card-{name}.json" in error_line(done)
    done = birl(*SCORE, "planner", "device", "--figures", "out")
    assert "put {name} in it, like out/{name}" in error_line(done)
    done = birl(*SCORE, "a/model.zip", "b/model.zip", "--json", "{name}.json")
    assert "several checkpoints are called model" in error_line(done)
    assert not scored.calls


# diagnosing again


def test_a_card_can_be_diagnosed_again(here, monkeypatch):
    monkeypatch.setattr(diagnosis, "diagnose", lambda evidence: diagnosed_card().diagnosis, raising=False)
    replace(diagnosed_card(), diagnosis=None).save("card.json")
    done = birl("score", "--from", "card.json", "--json", "again.json", "--fail-on", "proxy")
    assert done.exit_code == 1
    assert "PROXY" in done.stdout
    assert Scorecard.load("again.json") == diagnosed_card()


def test_a_card_without_evidence_cannot_be_diagnosed_again():
    undiagnosed_card().save("card.json")
    done = birl("score", "--from", "card.json")
    assert done.exit_code == 2
    assert error_line(done) == "card.json holds no evidence to diagnose from: score the policy again"


@pytest.mark.parametrize("extra", [("planner",), ("--task", "red-door"), ("--seed", "0"), ("--stochastic",)])
def test_from_goes_with_nothing_that_scores(extra):
    diagnosed_card().save("card.json")
    done = birl("score", "--from", "card.json", *extra)
    assert done.exit_code == 2
    assert "--from reads a finished card and scores nothing: leave out" in error_line(done)


# listings


def test_tasks_are_listed_with_their_shifts():
    done = birl("tasks")
    assert done.exit_code == 0
    named = [line.split()[0] for line in done.stdout.splitlines()]
    assert named == sorted(named)
    assert {"red-door", "corner", "vacuum", "frozen-lake", "cart-pole"} <= set(named)
    assert "shifts: blue-door, half-red" in done.stdout


def test_a_task_that_does_not_load_is_reported_and_the_others_listed(monkeypatch):
    from birl import task

    monkeypatch.setattr(task, "task_names", lambda: {"red-door": "birl_envs.red_door:task", "a-ghost": "no.where:T"})
    done = birl("tasks")
    assert done.exit_code == 0
    ghost, maze = done.stdout.splitlines()
    assert maze.startswith("red-door")
    assert "not here: task 'a-ghost' cannot be loaded" in ghost


def test_methods_are_listed_one_aligned_line_each():
    lines = birl("methods").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(ESTIMATORS)
    assert len({line.index("cannot identify") for line in lines}) == 1


def test_agents_are_listed_with_their_kind():
    lines = birl("agents").stdout.splitlines()
    assert len({line.index("  trained" if "  trained" in line else "  planted") for line in lines}) == 1
    assert any(line.startswith("planner ") for line in lines)


# the shell around it


def test_no_command_prints_the_help():
    done = birl()
    assert done.exit_code == 0
    assert done.stdout == birl("--help").stdout


def test_the_version_is_the_packages():
    assert birl("--version").stdout == "birl 0.1.0\n"


@pytest.mark.parametrize("module", ["birl", "birl.cli"])
def test_it_runs_as_a_module(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "score"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("birl: error: nothing to score")


def test_warnings_are_one_line_on_standard_error(capsys):
    with console.warnings_in_one_line():
        warnings.simplefilter("always")
        warnings.warn("two\nlines", stacklevel=1)
    assert capsys.readouterr().err == "birl: warning: two lines\n"


def test_a_terminal_gets_a_bar_that_leaves_nothing_behind(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with console.progress("[run]") as tell:
        tell("observe", 1, 2)
    assert capsys.readouterr().out == ""


def test_exit_codes_are_those_documented():
    assert (scoring.DONE, scoring.MATCHED, scoring.FAILED) == (0, 1, 2)


def test_the_number_of_threads_reaches_the_loader(scored, monkeypatch):
    from birl import checkpoint

    found = {}
    monkeypatch.setattr(checkpoint, "load_policy", lambda path, task, **how: found.update(how))
    Path("x.zip").write_bytes(b"PK")
    birl(*SCORE, "x.zip", "--num-threads", 3, "--trust-checkpoint")
    assert found == {"trust": True, "vecnormalize": "auto", "num_threads": 3}


def test_errors_of_the_library_are_click_errors_to_nobody():
    assert not issubclass(BirlError, click.ClickException)
