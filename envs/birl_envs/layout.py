"""Where things are, apart from what they are: connectivity, and the split of levels into training and test.

A layout is the walls, the start and the cells of things, without kinds and colours. Splitting by its hash keeps a test
maze unseen whatever colours a distribution puts in it, and however many levels are drawn in whatever order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from birl.types import unknown_name
from birl_envs.grid import Cell, Level

__all__ = ["SPLITS", "TEST_SHARE", "all_reachable", "in_split", "layout_hash", "split_of"]

SPLITS = ("train", "test", "all")
TEST_SHARE = 0.25  # of all layouts


def layout_hash(level: Level) -> int:
    """64 bits of the layout, the same on every machine and in every process."""
    parts = (level.height, level.width, sorted(level.walls), level.start, [thing.cell for thing in level.things])
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def split_of(level: Level) -> str:
    """`train` or `test`, by the hash of the layout."""
    return "test" if layout_hash(level) < TEST_SHARE * 2**64 else "train"


def in_split(level: Level, split: str) -> bool:
    """Whether a level belongs to a split; every level belongs to `all`.

    Raises:
        BirlError: for a split that is not one of `SPLITS`.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    return split in ("all", split_of(level))


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
