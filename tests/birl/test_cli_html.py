"""`birl score --html`: a page for a fresh card and for a finished one, with the task's levels where it is named."""

import sys
import types
from dataclasses import replace

import pytest
from click.testing import CliRunner

import birl
from birl import diagnosis
from birl.cli import main
from tests.cards import a_curve, diagnosed_card
from tests.pages import read

LEVELS = 2
SCORE = ("--task", "red-door", "--levels", LEVELS)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def scored(monkeypatch):
    """Stand in for `birl.score`."""
    fake = types.ModuleType("birl.score")
    fake.score = lambda policy, task, **how: replace(card(), policy=replace(card().policy, source=how["source"]))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "birl.score", fake)
    monkeypatch.setattr(diagnosis, "diagnose", lambda evidence: diagnosed_card().diagnosis)


def card():
    """A card with one level of the task and little else to draw."""
    task = birl.load_task("red-door", levels=LEVELS)
    board = task.train.scenery.board(1)
    scene = replace(diagnosed_card().scenes[0], level=1, rows=board.rows, legend=board.legend)
    settings = diagnosed_card().settings | {"levels": LEVELS}
    return diagnosed_card(matrix=None, gap={}, estimates={}, recovered={}, scenes=(scene,), settings=settings)


def run(*words):
    return CliRunner().invoke(main, ["score", *map(str, words)], prog_name="birl", catch_exceptions=False)


def refusal(*words):
    done = run(*words)
    assert done.exit_code == 2, done.stdout
    return done.stderr.strip().splitlines()[-1].removeprefix("birl: error: ")


def title(path):
    return next(read(path).all("title")).text


def test_a_page_is_written_beside_what_else_was_asked_for(here):
    done = run(
        "planner", "--task", "red-door", "--levels", LEVELS, "--json", "out/card.json", "--html", "out/card.html"
    )
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in (here / "out").iterdir()) == ["card.html", "card.json"]
    assert title("out/card.html") == "planner on red-door"
    assert done.stdout.startswith("planner on red-door\n")


def test_several_checkpoints_get_a_page_each():
    done = run(*SCORE, "planner", "device", "--html", "{name}.html")
    assert done.exit_code == 0, done.stderr
    assert title("planner.html") == "planner on red-door"
    assert title("device.html") == "device on red-door"


def test_several_checkpoints_cannot_share_a_page():
    said = refusal("planner", "device", "--task", "red-door", "--html", "card.html")
    assert said.endswith("put {name} in it, like card-{name}.html")


def test_a_finished_card_becomes_a_page(here):
    card().save("card.json")
    assert run("--from", "card.json", "--html", "card.html").exit_code == 0
    said = next(read("card.html").all("main")).text
    assert "Rewards are not drawn on the floor: that takes the task's levels" in said


def test_a_finished_card_is_drawn_on_the_levels_of_its_task():
    card().save("card.json")
    done = run("--from", "card.json", "--task", "red-door", "--html", "card.html")
    assert done.exit_code == 0, done.stderr
    assert "Rewards are not drawn" not in next(read("card.html").all("main")).text


def test_a_finished_card_is_not_drawn_on_the_levels_of_another(here):
    card().save("card.json")
    said = refusal("--from", "card.json", "--task", "corner", "--html", "card.html")
    assert "task 'corner': level 1 of 'train' is not the one on this card" in said
    assert [path.name for path in here.iterdir()] == ["card.json"]


def test_a_task_beside_a_finished_card_serves_only_a_page():
    card().save("card.json")
    assert "leave out --task" in refusal("--from", "card.json", "--task", "red-door")


def test_a_page_that_cannot_be_written_is_refused_before_any_work(here):
    (here / "file").write_text("")
    (here / "folder").mkdir()
    for name in ("file/card.html", "folder"):
        said = refusal("planner", "--task", "red-door", "--html", name)
        assert said.startswith("--html ")
    assert sorted(path.name for path in here.iterdir()) == ["file", "folder"]


def test_card_and_page_cannot_be_one_file():
    said = refusal("planner", "--task", "red-door", "--json", "out", "--html", "out")
    assert said == "--json and --html are both out: give each a file of its own"


def test_a_curve_needs_a_page():
    assert refusal("planner", *SCORE, "--curve") == (
        "--curve goes on the page: give --html FILE, too, or run `birl curve`"
    )


def test_a_page_with_every_specification(here, monkeypatch):
    made = a_curve()
    monkeypatch.setattr("birl.specification.specification_curve", lambda *_, **how: replace(made, policy=how["source"]))
    done = run("planner", *SCORE, "--html", "card.html", "--curve")
    assert done.exit_code == 0, done.stderr
    assert "How much hangs on choices" in [heading.text for heading in read(here / "card.html").all("h2")]


def test_a_block_needs_levels():
    assert refusal("planner", "--task", "red-door", "--block", 1) == "--block 1 of how many levels? Give --levels, too"
