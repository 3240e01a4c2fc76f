"""The whole command, nothing stood in for: a small real card, the same again, and an interrupt in the middle."""

import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from birl.report.provenance import command
from birl.scorecard import Scorecard

TINY = Path(__file__).parents[1] / "tiny_bench.py"
SMALL = ("--task", "red-door", "--levels", "4", "--draws", "20", "--method", "outcome-choice", "--method", "mce")


def run(*words, cwd):
    command = [sys.executable, "-m", "birl", "score", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the card and figures of a planted agent, and what the command said."""
    folder = tmp_path_factory.mktemp("card")
    return folder, run("planner", *SMALL, "--json", "card.json", "--figures", ".", cwd=folder)


def test_a_planted_agent_is_scored_from_the_shell(made):
    folder, done = made
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("planner on red-door\n")
    assert "--task red-door --method outcome-choice --method mce --levels 4 --seed 0 --draws 20" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json",
        "evidence.png",
        "gap.png",
        "levels.png",
        "matrix.png",
        "weights.png",
    ]


def test_diagnosing_the_card_again_gives_the_same_answer(made):
    folder, _ = made
    done = run("--from", "card.json", "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert Scorecard.from_json(done.stdout) == Scorecard.load(folder / "card.json")


def heeding_interrupts():
    """In a child of a run in the background, whose shell had it ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_in_the_middle_ends_with_130_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "birl", "score", "planner", *SMALL, "--json", "card.json", "--figures", "out"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, preexec_fn=heeding_interrupts, **pipes) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "observe" in line:
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
        assert process.wait(timeout=60) == 130
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert "Traceback" not in said
    assert "birl: interrupted" in said
    assert not list(tmp_path.iterdir())


def test_the_command_on_a_card_of_the_bench_finds_the_same_again(tmp_path):
    (tmp_path / TINY.name).write_bytes(TINY.read_bytes())
    bench = [sys.executable, "-m", "birl", "bench", "tiny_bench:SUITE", "--results", "out"]
    done = subprocess.run(bench, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "out" / "cards").iterdir():
        card = Scorecard.load(path)
        words = shlex.split(command(card))
        again = run(*words[2:], "--format", "json", cwd=tmp_path)
        assert again.returncode == 0, again.stderr
        assert words[-2:] == ["--draws", "4"]
        assert replace(Scorecard.from_json(again.stdout), settings=card.settings) == card
