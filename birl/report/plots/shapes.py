"""A shape for every kind of thing on a board, so that colour is never the only difference."""

from __future__ import annotations

import zlib
from functools import cache
from typing import Any

import numpy as np
from matplotlib.path import Path

__all__ = ["marker"]

SPARE = ("D", "^", "s", "p", "*", "h", "v", "P", "X", "8")  # for kinds that have no picture


@cache
def marker(kind: str) -> Any:
    """What matplotlib draws for a kind: a picture for doors, balls and keys, a fixed sign for any other."""
    pictures = {"door": _door, "ball": _ball, "key": _key}
    if kind in pictures:
        return pictures[kind]()
    return SPARE[zlib.crc32(kind.encode()) % len(SPARE)]


def _ring(centre: tuple[float, float], radius: float, *, hole: bool = False) -> Path:
    circle = Path.circle(centre, radius)
    return Path(np.asarray(circle.vertices)[::-1], circle.codes) if hole else circle


def _box(left: float, bottom: float, width: float, height: float) -> Path:
    right, top = left + width, bottom + height
    corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    return Path(corners, [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY])


def _dot() -> Path:
    """Nothing, out to 1: matplotlib scales a path by its farthest point."""
    return Path([(1.0, 0.0), (1.0, 0.0)], [Path.MOVETO, Path.LINETO])


def _door() -> Path:
    """A panel with a round top and a knob."""
    angles = np.linspace(0, np.pi, 24)
    arch = np.column_stack([0.62 * np.cos(angles), 0.38 + 0.62 * np.sin(angles)])
    panel = np.vstack([[(-0.62, -1.0), (0.62, -1.0)], arch, [(-0.62, -1.0)]])
    codes = [Path.MOVETO, *[Path.LINETO] * (len(panel) - 2), Path.CLOSEPOLY]
    return Path.make_compound_path(Path(panel, codes), _ring((0.32, -0.15), 0.13, hole=True))


def _ball() -> Path:
    """A disc with a highlight."""
    return Path.make_compound_path(_ring((0.0, 0.0), 0.8), _ring((-0.27, 0.28), 0.18, hole=True), _dot())


def _key() -> Path:
    """A bow, a shank and two teeth."""
    bow = [_ring((-0.58, 0.0), 0.46), _ring((-0.58, 0.0), 0.2, hole=True)]
    return Path.make_compound_path(
        *bow, _box(-0.16, -0.14, 1.2, 0.28), _box(0.42, -0.5, 0.2, 0.4), _box(0.84, -0.6, 0.2, 0.5)
    )
