"""Random corridors, one cell wide, that wind through a board and never come beside themselves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import numpy as np

from birl.types import BirlError
from birl_envs.grid import Cell, Layout
from birl_envs.split import in_split

__all__ = ["winding_corridors"]

PATIENCE = 1_000  # corridors thrown away in a row before saying that the settings leave no room


@lru_cache(maxsize=32)  # the distributions of one task share their corridors
def winding_corridors(length: int, count: int, *, side: int, split: str = "all", seed: int = 0) -> tuple[Layout, ...]:
    """The first corridors of a sequence that only the sizes and the seed decide, as distinct as chance makes them.

    They start in the middle and their spots are the two ends, in no order.

    Args:
        length: cells, both ends included.
        count: corridors wanted.
        side: of the board.
        split: `train`, `test` or `all`, by the hash of the layout.
        seed: of the whole sequence.

    Raises:
        BirlError: for fewer than one corridor, an unknown split, a negative seed, or a board without room.
    """
    if count < 1:
        raise BirlError(f"{count} levels: give at least 1")
    if seed < 0:
        raise BirlError(f"seed {seed} is negative: give a whole number from 0 up")
    drawn = _draw(length, side, np.random.default_rng([seed, side, length]))
    return tuple(islice((corridor for corridor in drawn if in_split(corridor, split)), count))


def _draw(length: int, side: int, rng: np.random.Generator) -> Iterator[Layout]:
    every = frozenset((row, column) for row in range(side) for column in range(side))
    refused = 0
    while refused < PATIENCE:
        refused += 1
        path = _wind(length, every, rng)
        if len(path) == length:
            refused = 0
            walls = every.difference(path)
            yield Layout(height=side, width=side, walls=walls, spots=(path[0], path[-1]), start=path[length // 2])
    raise BirlError(f"no corridor of {length} cells on a board of side {side} in {PATIENCE:,} tries: make it larger")


def _wind(length: int, every: frozenset[Cell], rng: np.random.Generator) -> list[Cell]:
    """A walk that never comes beside its own way; shorter than wanted where it ran into a dead end."""
    first = rng.integers(len(every))
    path = [sorted(every)[first]]
    while len(path) < length:
        around = every.intersection(_beside(path[-1])).difference(path)
        ahead = sorted(c for c in around if sum(near in path for near in _beside(c)) == 1)
        if not ahead:
            return path
        path.append(ahead[int(rng.integers(len(ahead)))])
    return path


def _beside(cell: Cell) -> tuple[Cell, ...]:
    row, column = cell
    return ((row - 1, column), (row, column + 1), (row + 1, column), (row, column - 1))
