"""The whole command, nothing stood in for: a small real card, the same again, and an interrupt in the middle."""

import signal
import subprocess
import sys

import pytest

from birl.scorecard import Scorecard

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


def interrupted(command, cwd):
    """Exit code, output and errors of a command that is interrupted as soon as it observes."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=cwd, text=True, **pipes) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            if "observe" in line:
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
        return process.wait(timeout=60), process.stdout.read(), said


def test_an_interrupt_in_the_middle_ends_with_130_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-m", "birl", "score", "planner", *SMALL, "--json", "card.json", "--figures", "out"]
    code, printed, said = interrupted(command, tmp_path)
    if code == 0:  # once in many runs, libraries that are just being imported swallow it: press again
        for path in ("card.json", "out"):
            subprocess.run(["rm", "-r", path], cwd=tmp_path, check=True)
        code, printed, said = interrupted(command, tmp_path)
    assert (code, printed) == (130, "")
    assert "Traceback" not in said
    assert "birl: interrupted" in said
    assert not list(tmp_path.iterdir())
