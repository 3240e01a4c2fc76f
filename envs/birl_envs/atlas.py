"""Many levels as arrays, so that one NumPy call moves a whole batch.

Levels smaller than the largest are padded with wall. A cell is one number, row * W + column.

Axes: L levels, B a batch, C cells (H * W), A moves, T things of the level that has most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birl.types import BirlError, IntArray, unknown_name
from birl_envs.grid import Level

__all__ = ["MOVES", "Atlas", "make_atlas"]

MOVES = ("up", "right", "down", "left", "stay")
_STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1), (0, 0))  # (row, column), in the order of MOVES


@dataclass(frozen=True, kw_only=True, eq=False)
class Atlas:
    """Levels laid side by side.

    Attributes:
        walls: bool [L, H, W]; padding is wall.
        kind: index of the kind of the thing in each cell, [L, C]; -1 where there is none.
        colour: index of its colour, [L, C]; -1 where there is none.
        start: start cell, [L].
        neighbour: the cell each move leads to, [L, C, A]; itself where a wall is in the way.
        thing: number of the thing in each cell, in reading order, [L, C]; -1 where there is none.
        thing_cell: cell of each thing, [L, T]; -1 where the level has fewer.
        settings: name -> what holds on each level, [L].
    """

    walls: NDArray[np.bool_]
    kind: IntArray
    colour: IntArray
    start: IntArray
    neighbour: IntArray
    thing: IntArray
    thing_cell: IntArray
    settings: Mapping[str, IntArray]

    @property
    def n_levels(self) -> int:
        """L."""
        return self.start.size

    @property
    def height(self) -> int:
        """H."""
        return self.walls.shape[1]

    @property
    def width(self) -> int:
        """W."""
        return self.walls.shape[2]

    @property
    def n_cells(self) -> int:
        """C."""
        return self.height * self.width


def make_atlas(
    levels: Sequence[Level], *, kinds: Sequence[str], colours: Sequence[str], settings: Mapping[str, int] | None = None
) -> Atlas:
    """The atlas of some levels.

    Args:
        levels: L levels.
        kinds: numbered as given.
        colours: likewise.
        settings: every setting a level may have, with its default.

    Raises:
        BirlError: when there are no levels, or a level holds a kind, colour or setting that is not among the given.
    """
    if not levels:
        raise BirlError("no levels: give at least one")
    height, width = max(level.height for level in levels), max(level.width for level in levels)
    walls = np.ones((len(levels), height, width), bool)
    kind = np.full((len(levels), height, width), -1, np.int64)
    colour, thing = kind.copy(), kind.copy()
    thing_cell = np.full((len(levels), max(len(level.things) for level in levels)), -1, np.int64)
    for index, level in enumerate(levels):
        walls[index, : level.height, : level.width] = False
        for cell in level.walls:
            walls[index][cell] = True
        for number, item in enumerate(level.things):
            if item.kind not in kinds or item.colour not in colours:
                raise BirlError(f"level {index}: this world has no {item.colour} {item.kind}: use another thing")
            kind[index][item.cell] = kinds.index(item.kind)
            colour[index][item.cell] = colours.index(item.colour)
            thing[index][item.cell] = number
            thing_cell[index, number] = item.cell[0] * width + item.cell[1]
    return Atlas(
        walls=walls,
        kind=kind.reshape(len(levels), -1),
        colour=colour.reshape(len(levels), -1),
        start=np.array([level.start[0] * width + level.start[1] for level in levels], np.int64),
        neighbour=_neighbours(walls),
        thing=thing.reshape(len(levels), -1),
        thing_cell=thing_cell,
        settings=_settings(levels, settings or {}),
    )


def _settings(levels: Sequence[Level], defaults: Mapping[str, int]) -> Mapping[str, IntArray]:
    """Every setting on every level, name -> [L]."""
    for index, level in enumerate(levels):
        for name in level.settings:
            if name not in defaults:
                raise unknown_name(f"setting of level {index}", name, defaults)
    return {
        name: np.array([level.settings.get(name, default) for level in levels], np.int64)
        for name, default in defaults.items()
    }


def _neighbours(walls: NDArray[np.bool_]) -> IntArray:
    """The cell each move leads to, [L, C, A]."""
    n_levels, height, width = walls.shape
    row, column = np.divmod(np.arange(height * width), width)
    blocked = np.pad(walls, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    cells = np.empty((n_levels, height * width, len(MOVES)), np.int64)
    for move, (down, right) in enumerate(_STEPS):
        stuck = blocked[:, row + 1 + down, column + 1 + right]
        cells[:, :, move] = np.where(stuck, row * width + column, (row + down) * width + column + right)
    return cells
