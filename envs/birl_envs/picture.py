"""A state of a world as a picture: the board, what has gone from it, and where the agent stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from birl_envs.atlas import Atlas
from birl_envs.draw import draw_level
from birl_envs.grid import Level
from birl_envs.world import World

__all__ = ["draw_state"]


def draw_state(world: World, levels: Sequence[Level], atlas: Atlas, level: int, state: int) -> NDArray[np.uint8]:
    """The board of a state, uint8 [H, W, 3] in pixels; a strip above it shows the flags, lit or not.

    Args:
        world: the rule.
        levels: the pool.
        atlas: the pool as arrays.
        level: index into the pool.
        state: in the world's own numbering.
    """
    at, now = np.array([level]), np.array([state])
    board = levels[level]
    if world.gone is not None:
        gone = set(np.flatnonzero(world.gone(atlas, at, now)[0]).tolist())
        left = tuple(thing for thing in board.things if thing.cell[0] * atlas.width + thing.cell[1] not in gone)
        board = replace(board, things=left)
    picture = draw_level(board, agent=divmod(int(world.cell(atlas, now)[0]), atlas.width))
    return np.concatenate([_strip(world.lit(atlas, at, now)[0], picture.shape[1]), picture]) if world.flags else picture


def _strip(lit: NDArray[np.bool_], width: int, height: int = 8) -> NDArray[np.uint8]:
    """One lamp a flag, dark where it is not lit."""
    strip = np.full((height, width, 3), 64, np.uint8)
    for number, on in enumerate(lit.tolist()):
        left, right = (number * width // lit.size + 1, (number + 1) * width // lit.size - 1)
        strip[1:-1, left:right] = (240, 228, 66) if on else (32, 32, 32)
    return strip
