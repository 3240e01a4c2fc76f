"""Random boards with two ways to a goal: a long one, and a short one through a gate.

The gate lies where every shortest way must pass, and the way around it is longer by a number of steps in `SAVED`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import islice

import numpy as np

from birl.types import BirlError
from birl_envs.grid import Cell, Layout
from birl_envs.split import in_split

__all__ = ["SAVED", "shortcut_layouts"]

WALLS = 0.35  # share of cells; fewer leave no detour worth the name
SAVED = range(4, 9)  # steps that the gate saves: enough to tempt, few enough to forgo
PATIENCE = 1_000  # boards thrown away in a row before saying that the settings leave no room


@lru_cache(maxsize=32)  # the distributions of one task share their boards
def shortcut_layouts(height: int, width: int, count: int, *, split: str = "all", seed: int = 0) -> tuple[Layout, ...]:
    """The first boards of a sequence that only size and seed decide; their spots are (goal, gate).

    Args:
        height: rows.
        width: columns.
        count: boards wanted.
        split: `train`, `test` or `all`, by the hash of the layout.
        seed: of the whole sequence.

    Raises:
        BirlError: for fewer than one board, an unknown split, a negative seed, or a size that leaves no room.
    """
    if count < 1:
        raise BirlError(f"{count} levels: give at least 1")
    if seed < 0:
        raise BirlError(f"seed {seed} is negative: give a whole number from 0 up")
    drawn = _draw(height, width, np.random.default_rng([seed, height, width]))
    return tuple(islice((layout for layout in drawn if in_split(layout, split)), count))


def _draw(height: int, width: int, rng: np.random.Generator) -> Iterator[Layout]:
    every = [(row, column) for row in range(height) for column in range(width)]
    refused = 0
    while refused < PATIENCE:
        wall = rng.random(len(every)) < WALLS
        free = [cell for cell, blocked in zip(every, wall.tolist(), strict=True) if not blocked]
        order = [free[i] for i in rng.permutation(len(free)).tolist()]
        refused += 1
        spots = _goal_and_gate(order[0], order[1:], set(free)) if order else None
        if spots:
            refused = 0
            walls = frozenset(every).difference(free)
            yield Layout(height=height, width=width, walls=walls, spots=spots, start=order[0])
    raise BirlError(f"no {height} x {width} board with a shortcut in {PATIENCE:,} tries: make it larger")


def _goal_and_gate(start: Cell, others: list[Cell], free: set[Cell]) -> tuple[Cell, Cell] | None:
    """The first two cells of which the second, were it a wall, would make the way to the first longer by `SAVED`."""
    short = _distances(start, free)
    for gate in others:
        if gate in short:
            around = _distances(start, free - {gate})
            goals = [goal for goal in others if goal in around and around[goal] - short[goal] in SAVED]
            if goals:
                return goals[0], gate
    return None


def _distances(source: Cell, free: Collection[Cell]) -> dict[Cell, int]:
    """Steps from a cell to every cell that can be reached."""
    steps, frontier = {source: 0}, deque([source])
    while frontier:
        row, column = here = frontier.popleft()
        for cell in ((row - 1, column), (row, column + 1), (row + 1, column), (row, column - 1)):
            if cell in free and cell not in steps:
                steps[cell] = steps[here] + 1
                frontier.append(cell)
    return steps
