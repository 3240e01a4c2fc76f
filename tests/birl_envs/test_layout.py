from __future__ import annotations

import pytest
from birl_envs.layout import all_reachable, random_layouts

from birl.types import BirlError


def test_a_goal_behind_another_goal_is_out_of_reach():
    corridor = [(0, column) for column in range(4)]
    assert all_reachable((0, 0), {(0, 3)}, corridor)
    assert not all_reachable((0, 0), {(0, 2), (0, 3)}, corridor)


def test_a_goal_behind_a_wall_is_out_of_reach():
    assert not all_reachable((0, 0), {(0, 2)}, [(0, 0), (0, 2)])


def test_every_spot_of_every_maze_can_be_walked_to_on_its_own():
    for maze in random_layouts(7, 100, spots=3, walls=0.3):
        free = {(row, column) for row in range(7) for column in range(7)} - maze.walls
        assert len({maze.start, *maze.spots}) == 4
        assert all_reachable(maze.start, maze.spots, free)


def test_asking_for_more_mazes_keeps_the_first():
    assert random_layouts(7, 40, spots=3, walls=0.15, split="test")[:10] == random_layouts(
        7, 10, spots=3, walls=0.15, split="test"
    )


def test_another_seed_gives_other_mazes():
    assert random_layouts(7, 5, spots=3, walls=0.15, seed=1) != random_layouts(7, 5, spots=3, walls=0.15, seed=2)


@pytest.mark.parametrize(
    ("size", "count", "seed", "walls", "complaint"),
    [
        (7, 0, 0, 0.1, "0 levels"),
        (7, 1, -1, 0.1, "seed -1 is negative"),
        (3, 1, 0, 1.0, "no maze of side 3"),
    ],
)
def test_impossible_requests_say_why(size: int, count: int, seed: int, walls: float, complaint: str):
    with pytest.raises(BirlError, match=complaint):
        random_layouts(size, count, spots=3, walls=walls, seed=seed)
