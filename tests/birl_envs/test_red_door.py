from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from birl_envs.grid import Level, parse_level
from birl_envs.red_door import CANDIDATES, SHIFTS, TRAIN, WORLD, Maze, conflict, make_levels, reliability, task
from birl_envs.split import split_of

from birl.tabular import reward_vector
from birl.task import Task, conflicts, load_task
from birl.types import BirlError


@pytest.fixture(scope="module")
def small() -> Task:
    return task(30)


def look(level: Level) -> set[tuple[str, str]]:
    return {(thing.kind, thing.colour) for thing in level.things}


def is_coincident(level: Level) -> bool:
    return ("door", "red") in look(level)


def test_in_training_the_door_is_red_and_nothing_else_is():
    for level in make_levels(TRAIN, 100):
        assert len(look(level)) == 3
        assert {kind for kind, colour in look(level) if colour == "red"} == {"door"}
        assert sum(kind == "door" for kind, _ in look(level)) == 1


@pytest.mark.parametrize(("shift", "door"), [("blue-door", "blue"), ("green-door", "green")])
def test_under_shift_the_door_changes_colour_and_the_ball_is_red(shift: str, door: str):
    for level in make_levels(SHIFTS[shift][0], 100):
        assert ("door", door) in look(level)
        assert {kind for kind, colour in look(level) if colour == "red"} == {"ball"}
        assert len(look(level)) == 3


def test_without_a_door_there_is_a_red_ball_and_two_distractors():
    for level in make_levels(Maze(doors={"none": 1.0}), 50):
        assert not any(kind == "door" for kind, _ in look(level))
        assert len(look(level)) == 3
        assert ("ball", "red") in look(level)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0])
def test_the_share_of_coincident_levels_is_rho(rho: float):
    n = 1000
    share = np.mean([is_coincident(level) for level in make_levels(Maze(doors=reliability(rho)), n, split="all")])
    assert share == pytest.approx(rho, abs=4 * np.sqrt(rho * (1 - rho) / n))  # four standard errors; exact at the ends


def test_a_level_keeps_its_walls_and_cells_whatever_its_colours():
    mazes = [TRAIN, *(SHIFTS[name][0] for name in ("blue-door", "half-red", "green-door")), Maze(doors={"none": 1.0})]
    for same in zip(*(make_levels(maze, 20) for maze in mazes), strict=True):
        assert len({level.layout for level in same}) == 1


def test_a_level_that_is_coincident_stays_so_at_higher_rho():
    half, most = (make_levels(Maze(doors=reliability(rho)), 60) for rho in (0.5, 0.9))
    for one, other in zip(half, most, strict=True):
        assert one == other if is_coincident(one) else True


@pytest.mark.parametrize("split", ["train", "test"])
def test_levels_come_from_the_split_asked_for(split: str):
    assert {split_of(level.layout) for level in make_levels(TRAIN, 60, split=split)} == {split}


def test_asking_for_more_levels_keeps_the_first():
    assert make_levels(TRAIN, 50)[:20] == make_levels(TRAIN, 20)


def test_the_first_levels_of_a_large_task_are_a_small_task(small: Task):
    for cut, whole in zip(task(5).distributions, small.first_levels(5).distributions, strict=True):
        assert cut.model is not None
        assert whole.model is not None
        assert (cut.model.transitions != whole.model.transitions).nnz == 0
        np.testing.assert_array_equal(cut.model.observe(np.arange(9)), whole.model.observe(np.arange(9)))


def test_the_task_loads_by_its_short_name():
    loaded = load_task("red-door", levels=2)
    assert loaded.name == "red-door"
    assert {shift.name: shift.shift for shift in loaded.shifts} == {
        "blue-door": "feature",
        "half-red": "feature",
        "green-door": "feature",
        "larger": "capability",
        "largest": "capability",
    }
    assert loaded.train.model is not None
    assert loaded.train.model.feature_names == WORLD.features


def test_spaces_never_differ(small: Task):
    spaces = {str(made.spaces()) for made in (*small.distributions, *small.ghosts.values())}
    assert len(spaces) == 1


def test_red_parts_from_door_on_most_blue_door_levels_and_on_no_training_level(small: Task):
    share = {}
    for name in ("train", "blue-door"):
        model = small.distribution(name).model
        assert model is not None
        base, red = (reward_vector(model, objective) for objective in (WORLD.base, CANDIDATES["red"]))
        share[name] = conflicts(model, base, red).mean()
    assert share["train"] == 0.0
    assert share["blue-door"] > 0.9


def test_conflict_speaks_of_one_level():
    parted = parse_level("Db .. @@ .. Br\n.. Kg .. .. ..")
    assert conflict(parted)
    assert not conflict(parse_level("Dr .. @@ .. Bb\n.. Kg .. .. .."))
    assert conflict(parse_level("Db .. .. @@ Br\n.. Kg .. .. .."), "nearest")
    with pytest.raises(BirlError, match="did you mean red"):
        conflict(parted, "rad")


def test_the_ghost_hides_red_and_keeps_the_world(small: Task):
    ghost, seen = small.ghosts["red"], small.distribution("blue-door")
    assert ghost.pair == "blue-door"
    assert ghost.model is not None
    assert seen.model is not None
    assert (ghost.model.transitions != seen.model.transitions).nnz == 0
    everywhere = np.arange(seen.model.n_states)
    shown, hidden = seen.model.observe(everywhere), ghost.model.observe(everywhere)
    red = 1 + len(WORLD.kinds) + WORLD.colours.index("red")
    assert shown[..., red].any()
    assert not hidden[..., red].any()
    assert (np.delete(shown, red, axis=-1) == np.delete(hidden, red, axis=-1)).all()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"doors": {"purple": 1.0}}, "colour of the door 'purple'"),
        ({"doors": {"red": 0.5}}, "must sum to 1"),
        ({"doors": {"red": 1.5, "blue": -0.5}}, "must sum to 1"),
        ({"doors": {}}, "must sum to 1"),
        ({"size": 2}, "no room"),
    ],
)
def test_an_impossible_maze_says_why(settings: dict, complaint: str):
    with pytest.raises(BirlError, match=complaint):
        Maze(**settings)


def test_importing_the_worlds_loads_no_trainer():
    script = (
        "import sys, birl_envs, birl_envs.red_door;"
        "print(*[name for name in ('torch', 'stable_baselines3', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
