"""`birl recover`: what goes where, several methods, exact and environment-only worlds, one line for what is wrong."""

import json
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from birl.cli import main
from birl.irl import RewardEstimate

RECOVER = ("recover", "planner", "--task", "red-door", "--levels", "2", "--distribution", "blue-door")

WORLD = '''
import gymnasium
import numpy as np
from gymnasium import spaces

from birl.task import Distribution, Task


class Line(gymnasium.Env):
    """A place on a line; over at 3."""

    observation_space = spaces.Box(-10, 10, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0.0
        return np.array([self.place], np.float32), {}

    def step(self, action):
        self.place += 2.0 * int(action) - 1.0
        told = {"right": float(action), "left": 1.0 - float(action)}
        return np.array([self.place], np.float32), 0.0, self.place >= 3, False, told


HERE = Distribution("here", make_env=Line, features=("right", "left"), seeds=range(4), time_limit=12)
TASK = Task("line", HERE, [], {"right": 1.0}, {"left": {"left": 1.0}}, 0.9)
'''


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def line(here, monkeypatch):
    """A task that is an environment only, and an agent that mostly goes right."""
    name = f"line_world_{os.getpid()}"
    monkeypatch.setattr(sys, "path", [str(here), *sys.path])
    (here / f"{name}.py").write_text(WORLD)
    from birl import zoo

    class MostlyRight:
        stateful = False

        def action_probabilities(self, observations):
            return np.tile([0.2, 0.8], (len(observations), 1))

        def act(self, observations, *, rng, deterministic=False):
            return (
                np.ones(len(observations), int) if deterministic else (rng.random(len(observations)) < 0.8).astype(int)
            )

    agent = types.SimpleNamespace(checkpoint=None, policy=lambda task, num_threads=1: MostlyRight())
    monkeypatch.setattr(zoo, "agent", lambda name: agent)
    yield f"{name}:TASK"
    sys.modules.pop(name, None)


def birl(*words, **how):
    return CliRunner().invoke(main, [str(word) for word in words], prog_name="birl", catch_exceptions=False, **how)


def refusal(*words):
    """The one line of an error; nothing is left in the folder and nothing on standard output."""
    before = set(os.listdir())
    done = birl(*words)
    assert done.exit_code == 2, done.stderr
    assert done.stdout == ""
    assert set(os.listdir()) == before
    lines = [line for line in done.stderr.splitlines() if line.startswith("birl: error: ")]
    assert len(lines) == 1, done.stderr
    return lines[0].removeprefix("birl: error: ")


# what goes where


def test_the_reward_comes_with_intervals_checks_and_identifiability():
    done = birl(*RECOVER, "--method", "mce")
    assert done.exit_code == 0
    assert done.stdout.startswith("planner on red-door: recovered rewards\n")
    row = next(line for line in done.stdout.splitlines() if line.startswith("touch:door&blue"))
    assert "[" in row
    assert "directions" in done.stdout
    assert "Passed: converged (mce)" in done.stdout
    assert "birl recover planner --task red-door --method mce --distribution blue-door --levels 2" in done.stdout
    assert done.stderr.splitlines()[:2] == ["planner: load", "planner: observe"]


def test_several_methods_stand_side_by_side_and_are_compared(here):
    done = birl(*RECOVER, "--method", "mce", "--method", "outcome-choice", "--format", "json", "--json", "all.json")
    found = json.loads(done.stdout)
    assert json.loads((here / "all.json").read_text()) == found
    assert list(found["estimates"]) == ["mce", "outcome-choice"]
    weights = found["estimates"]["mce"]["weights"]
    assert weights["touch:door&blue"] > weights["touch:ball&red"]
    ends = found["estimates"]["mce"]["intervals"]["touch:door&blue"]
    assert ends["low"] <= weights["touch:door&blue"] <= ends["high"]
    (pair,) = found["agreements"]["blue-door"]["pairs"]
    assert pair["same_side"]["red"] is True
    assert "NaN" not in done.stdout


def test_markdown_has_a_table():
    said = birl(*RECOVER, "--method", "outcome-choice", "--format", "markdown").stdout
    assert said.startswith("# planner on red-door: recovered rewards\n")
    assert "| touch:door&blue |" in said
    assert "```sh\nbirl recover planner" in said


def test_files_are_written_where_they_were_asked_for(here):
    done = birl(
        *RECOVER, "--method", "mce", "--method", "outcome-choice", "--out", "out/{name}.npz", "--figures", "out/figures"
    )
    assert done.exit_code == 0
    assert sorted(os.listdir(here / "out")) == ["figures", "mce.npz", "outcome-choice.npz"]
    assert sorted(os.listdir(here / "out" / "figures")) == ["features.png", "level-blue-door.png", "weights.png"]
    assert RewardEstimate.load("out/mce.npz").method == "mce"


def test_the_same_command_gives_the_same_bytes(here):
    for name in ("one", "two"):
        birl(*RECOVER, "--method", "mce", "--out", f"{name}.npz", "--json", f"{name}.json")
    assert Path("one.npz").read_bytes() == Path("two.npz").read_bytes()
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()


def test_options_have_environment_variables():
    said = birl(
        "recover",
        "planner",
        "--method",
        "outcome-choice",
        env={"BIRL_RECOVER_TASK": "red-door", "BIRL_RECOVER_LEVELS": "1"},
    ).stdout
    assert "train (1 level, exactly)" in said


# environments only


def test_a_world_without_a_model_is_watched(line, here):
    done = birl("recover", "right", "--task", line, "--method", "relative-entropy", "--episodes", 40, "--out", "r.npz")
    assert done.exit_code == 0, done.stderr
    assert "here (40 episodes)" in done.stdout
    found = RewardEstimate.load("r.npz")
    assert found.weights["right"] > found.weights["left"]


def test_a_method_that_does_not_apply_is_reported_beside_the_others(line):
    done = birl("recover", "right", "--task", line, "--method", "mce", "--method", "relative-entropy", "--episodes", 10)
    assert done.exit_code == 2
    assert "FAILED applies (mce)" in done.stdout
    assert "birl: error: mce needs model, which distribution 'here' does not have" in done.stderr
    assert "relative-entropy" in done.stdout


def test_where_no_method_applies_there_is_one_line(line):
    assert refusal("recover", "right", "--task", line, "--method", "mce") == (
        "no method applies: mce needs model, which distribution 'here' does not have: "
        "see `birl methods` for what each method needs"
    )


# bad input


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("recover",), "nothing to recover a reward from: name a checkpoint"),
        (("recover", "planner"), "--task is missing"),
        (("recover", "planner", "--task", "red-door"), "--method is missing: give a name that `birl methods` prints"),
        ((*RECOVER, "--method", "mcee"), "unknown method 'mcee': did you mean mce?"),
        (
            (*RECOVER[:-1], "blue-dor", "--method", "mce"),
            "unknown distribution of task 'red-door' 'blue-dor': did you mean blue-door?",
        ),
        (("recover", "planer", "--task", "red-door", "--method", "mce"), "planer"),
        (("recover", "none.zip", "--task", "red-door", "--method", "mce"), "none.zip does not exist"),
        (
            ("recover", "planner", "--task", "red-dor", "--method", "mce"),
            "unknown task 'red-dor': did you mean red-door?",
        ),
        (
            (*RECOVER, "--method", "mce", "--method", "boltzmann", "--out", "r.npz"),
            "2 methods would overwrite each other: put {name} in it, like r-{name}.npz",
        ),
        ((*RECOVER, "--method", "mce", "--out", "."), "--out . is a folder: give the name of a file"),
        ((*RECOVER, "--method", "mce", "--vecnormalize", "none.pkl"), "statistics none.pkl does not exist"),
        ((*RECOVER, "--method", "mce", "--episodes", "0"), "0 is not in the range x>=1"),
    ],
)
def test_bad_input_is_one_line(words, message):
    assert message in refusal(*words)


def test_a_typing_error_costs_no_heavy_import():
    import subprocess

    run = (
        "import sys, atexit; sys.argv = ['birl', 'recover', 'planner', '--task', 'red-door'];"
        "atexit.register(lambda: print(*sys.modules));"
        "from birl.cli import main; main(prog_name='birl')"
    )
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert not set(done.stdout.split()) & {"numpy", "scipy", "torch", "matplotlib"}


def test_an_interrupt_writes_nothing(here, monkeypatch):
    from birl import rewards

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(rewards, "recover_rewards", stop)
    done = birl(*RECOVER, "--method", "mce", "--out", "r.npz", "--json", "r.json")
    assert done.exit_code == 130
    assert os.listdir(here) == []


def test_methods_are_listed_with_what_they_need():
    said = birl("methods").stdout
    line = next(line for line in said.splitlines() if line.startswith("successor-logit"))
    assert "needs policy, simulator" in line
