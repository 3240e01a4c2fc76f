"""Comparing what files hold: cards, estimates, weights; and whatever else a file may be."""

import json

import pytest
from click.testing import CliRunner

from birl.cli import main
from birl.comparison import compare_rewards, read_rewards
from birl.distance import starc
from birl.irl import MaxCausalEntropy
from birl.task import Distribution, Task
from birl.testing import worlds
from birl.types import BirlError
from tests.cards import diagnosed_card

BASE = {"touch:door&red": 1.0, "touch:door&blue": 1.0}
RED = {"touch:door&red": 1.0, "touch:ball&red": 1.0}
TASK = Task(
    "corridors",
    Distribution("train", worlds.corridors("touch:door&red", "touch:ball&blue")),
    [Distribution("shift", worlds.corridors("touch:door&blue", "touch:ball&red"))],
    BASE,
    {"red": RED},
    0.9,
)


@pytest.fixture
def folder(tmp_path):
    estimate = MaxCausalEntropy().fit(worlds.behaviors())
    estimate.save(tmp_path / "fit.npz")
    diagnosed_card().save(tmp_path / "card.json")
    (tmp_path / "guess.json").write_text(json.dumps({"touch:ball&red": 1, "step": -0.1}))
    return tmp_path


def test_each_kind_of_file_is_read_as_what_it_is(folder):
    assert read_rewards(folder / "fit.npz", "fit").rewards["fit"].method == "mce"
    assert read_rewards(folder / "guess.json", "guess").rewards["guess"] == {"touch:ball&red": 1.0, "step": -0.1}
    card = read_rewards(folder / "card.json", "card")
    assert card.rewards["card"].weights == diagnosed_card().estimates["joint"].weights
    assert card.settings["task"] == "red-door"


def test_entries_are_exact_distances_and_estimates_have_intervals(folder):
    rewards = {name: read_rewards(folder / file, name).rewards[name] for name, file in {"fit": "fit.npz"}.items()}
    found = compare_rewards(TASK, rewards, draws=50)
    model = TASK.shifts[0].model
    assert found.names == ("base", "red", "fit")
    assert found.value["shift"][1][0] == pytest.approx(float(starc(model, BASE, RED)), abs=1e-9)
    interval = found.interval("shift", "fit", "red")
    assert interval.low < interval.value < interval.high


def test_the_same_seed_gives_the_same_matrix(folder):
    rewards = read_rewards(folder / "fit.npz", "fit").rewards
    assert compare_rewards(TASK, rewards, draws=20) == compare_rewards(TASK, rewards, draws=20)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[1, 2]", "is no card, no estimate and no weights by feature"),
        ("{}", "is no card, no estimate and no weights by feature"),
        ('{"touch:door&red": "much"}', "is no card, no estimate and no weights by feature"),
    ],
)
def test_a_file_that_is_none_of_these_is_refused(tmp_path, content, message):
    path = tmp_path / "odd.json"
    path.write_text(content)
    with pytest.raises(BirlError, match=message):
        read_rewards(path, "odd")


def test_rewards_of_another_task_and_names_that_are_taken_are_refused():
    with pytest.raises(BirlError, match=r"reward other: .*'touch:gem'"):
        compare_rewards(TASK, {"other": {"touch:gem": 1.0}})
    with pytest.raises(BirlError, match="reward 'red': the task has an objective of that name"):
        compare_rewards(TASK, {"red": {"step": 1.0}})


def test_worlds_without_a_model_are_refused():
    bare = Task("bare", Distribution("train", make_env=lambda: None), [], BASE, {}, 0.9)
    with pytest.raises(BirlError, match="distribution 'train' has no exact model"):
        compare_rewards(bare, {"a": {"step": 1.0}})


def run(*arguments):
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


def test_the_command_prints_every_distribution_and_writes_the_figure(folder):
    done = run(folder / "guess.json", "--task", "red-door", "--levels", 3, "--draws", 5, "--figures", folder / "out")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Rewards on red-door: train\n")
    assert "blue-door" in done.stdout
    assert (folder / "out" / "matrix.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("metric", ["starc-min", "epic", "npec"])
def test_the_distance_asked_for_is_the_one_printed(folder, metric):
    done = run(folder / "guess.json", "--task", "red-door", "--levels", 2, "--draws", 5, "--distance", metric)
    assert done.exit_code == 0, done.output
    assert f"{metric} on feasible coverage" in done.stdout


def test_json_holds_the_whole_matrix(folder):
    done = run(folder / "guess.json", "--task", "red-door", "--levels", 2, "--draws", 5, "--format", "json")
    told = json.loads(done.stdout)
    assert told["names"] == ["base", "red", "nearest", "guess"]
    assert set(told["value"]) == set(told["low"]) >= {"train", "blue-door"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to compare"),
        (("missing.json",), "does not exist"),
        (("guess.json",), "no card says which task they are about: give --task"),
        (("guess.json", "guess.json", "--task", "red-door"), "several files are called guess"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_code_2(folder, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
