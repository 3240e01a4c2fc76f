"""Random mazes in which the agent can walk to every spot on its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import islice

import numpy as np

from birl.types import BirlError
from birl_envs.grid import Cell, Layout
from birl_envs.split import in_split

__all__ = ["all_reachable", "random_layouts"]

PATIENCE = 10_000  # boards thrown away in a row before saying that the settings leave no room


@lru_cache(maxsize=32)  # the distributions of one task share their mazes
def random_layouts(
    size: int, count: int, *, spots: int, walls: float, split: str = "all", seed: int = 0
) -> tuple[Layout, ...]:
    """The first mazes of a sequence that only the settings and the seed decide; more never changes the first.

    Args:
        size: side of the board.
        count: mazes wanted.
        spots: cells for things.
        walls: probability that a cell is wall.
        split: `train`, `test` or `all`, by the hash of the layout.
        seed: of the whole sequence.

    Raises:
        BirlError: for fewer than one maze, an unknown split, a negative seed, or settings that leave no room.
    """
    if count < 1:
        raise BirlError(f"{count} levels: give at least 1")
    if seed < 0:
        raise BirlError(f"seed {seed} is negative: give a whole number from 0 up")
    mazes = _layouts(size, spots, walls, np.random.default_rng([seed, size, spots]))
    return tuple(islice((maze for maze in mazes if in_split(maze, split)), count))


def _layouts(size: int, spots: int, walls: float, rng: np.random.Generator) -> Iterator[Layout]:
    every = [(row, column) for row in range(size) for column in range(size)]
    refused = 0
    while refused < PATIENCE:
        wall = rng.random(len(every)) < walls
        free = [cell for cell, blocked in zip(every, wall.tolist(), strict=True) if not blocked]
        refused += 1
        if len(free) <= spots:
            continue
        start, *goals = (free[i] for i in rng.choice(len(free), spots + 1, replace=False).tolist())
        if all_reachable(start, goals, set(free)):
            refused = 0
            blocked = frozenset(every).difference(free)
            yield Layout(height=size, width=size, walls=blocked, spots=tuple(goals), start=start)
    raise BirlError(
        f"no maze of side {size} with {spots} spots in {PATIENCE:,} tries: make it larger or lower walls ({walls:g})"
    )


def all_reachable(start: Cell, goals: Collection[Cell], free: Collection[Cell]) -> bool:
    """Whether the agent can walk from the start to each goal without stepping on another goal.

    Args:
        start: where it stands.
        goals: cells of things.
        free: cells that are not walls; may include start and goals.
    """
    seen, frontier = {start}, [start]
    while frontier:
        row, column = frontier.pop()
        for cell in ((row - 1, column), (row, column + 1), (row + 1, column), (row, column - 1)):
            if cell in free and cell not in seen:
                seen.add(cell)
                if cell not in goals:  # a goal is an end, not a way
                    frontier.append(cell)
    return seen.issuperset(goals)
