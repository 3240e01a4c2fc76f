"""Levels as pictures: one shape per kind, one colour-blind-safe colour per colour.

Every cell is drawn three times as large as wanted and averaged down, which smooths its edges.

Source: Okabe & Ito 2008, "Color universal design" (the palette; its yellow is darkened to show on a light floor).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from birl_envs.grid import Cell, Level
from birl_envs.shapes import SHAPES, box

__all__ = ["PALETTE", "draw_level"]

PALETTE = {
    "red": "#d55e00",
    "blue": "#0072b2",
    "green": "#009e73",
    "yellow": "#dcb400",
    "grey": "#8a8f98",
    "wall": "#4a4f57",
    "floor": "#f7f5f0",
    "line": "#e3dfd6",
    "agent": "#1b1b1b",
}
"""What is drawn -> its colour."""

FINE = 3  # oversampling


def _rgb(name: str) -> NDArray[np.float64]:
    return np.array([int(PALETTE[name][i : i + 2], 16) for i in (1, 3, 5)], np.float64)


@lru_cache(maxsize=256)
def _tile(shape: str, colour: str, pixels: int) -> NDArray[np.uint8]:
    """One cell, uint8 [pixels, pixels, 3]; the shape `wall` fills it, `floor` leaves it empty."""
    fine = pixels * FINE
    y, x = (np.mgrid[:fine, :fine] + 0.5) / fine
    image = np.empty((fine, fine, 3))
    image[:] = _rgb("wall" if shape == "wall" else "floor")
    edge = box(x, y, (1 / pixels, 1 / pixels), (1.0, 1.0))
    image[~edge] = _rgb("line")
    if shape in SHAPES:
        image[SHAPES[shape](x, y)] = _rgb(colour)
    return image.reshape(pixels, FINE, pixels, FINE, 3).mean(axis=(1, 3)).round().astype(np.uint8)


def draw_level(level: Level, *, agent: Cell | None = None, pixels: int = 32) -> NDArray[np.uint8]:
    """A picture of a level, uint8 [H * pixels, W * pixels, 3].

    Args:
        level: what to draw.
        agent: where the agent stands; its start if left out. It is drawn over a thing it stands on.
        pixels: side of a cell.
    """
    drawn = dict.fromkeys(level.walls, ("wall", "wall"))
    drawn |= {thing.cell: (thing.kind, thing.colour) for thing in level.things}
    drawn[agent or level.start] = ("agent", "agent")
    rows = [
        [_tile(*drawn.get((row, column), ("floor", "floor")), pixels) for column in range(level.width)]
        for row in range(level.height)
    ]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
