"""What each kind of thing looks like: a mask over one cell whose sides run from 0 to 1, y downwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHAPES", "box", "disc"]

Coordinates = NDArray[np.float64]
Mask = NDArray[np.bool_]


def disc(x: Coordinates, y: Coordinates, centre: tuple[float, float], radius: float) -> Mask:
    """Points within a radius of a centre."""
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2


def box(x: Coordinates, y: Coordinates, corner: tuple[float, float], size: tuple[float, float]) -> Mask:
    """Points right of and below a corner, and no further than the size."""
    return (x >= corner[0]) & (x <= corner[0] + size[0]) & (y >= corner[1]) & (y <= corner[1] + size[1])


def _door(x: Coordinates, y: Coordinates) -> Mask:
    panel = box(x, y, (0.26, 0.36), (0.48, 0.54)) | (disc(x, y, (0.5, 0.36), 0.24) & (y <= 0.36))
    return panel & ~disc(x, y, (0.64, 0.6), 0.05)


def _ball(x: Coordinates, y: Coordinates) -> Mask:
    return disc(x, y, (0.5, 0.5), 0.31) & ~disc(x, y, (0.4, 0.39), 0.07)


def _key(x: Coordinates, y: Coordinates) -> Mask:
    bow = disc(x, y, (0.27, 0.5), 0.18) & ~disc(x, y, (0.27, 0.5), 0.08)
    teeth = box(x, y, (0.62, 0.5), (0.08, 0.19)) | box(x, y, (0.79, 0.5), (0.1, 0.24))
    return bow | box(x, y, (0.42, 0.44), (0.47, 0.12)) | teeth


def _agent(x: Coordinates, y: Coordinates) -> Mask:
    body = (np.abs(x - 0.5) <= 0.1 + 0.32 * (y - 0.38)) & (y >= 0.38) & (y <= 0.84)
    return disc(x, y, (0.5, 0.29), 0.15) | body


def _cheese(x: Coordinates, y: Coordinates) -> Mask:
    wedge = (x >= 0.16) & (x <= 0.84) & (y >= 0.72 - 0.5 * (x - 0.16)) & (y <= 0.76)
    return wedge & ~disc(x, y, (0.5, 0.66), 0.06) & ~disc(x, y, (0.7, 0.58), 0.07)


def _coin(x: Coordinates, y: Coordinates) -> Mask:
    return disc(x, y, (0.5, 0.5), 0.32) & ~(disc(x, y, (0.5, 0.5), 0.24) & ~disc(x, y, (0.5, 0.5), 0.17))


def _saw(x: Coordinates, y: Coordinates) -> Mask:
    angle, radius = np.arctan2(y - 0.5, x - 0.5), np.hypot(x - 0.5, y - 0.5)
    return (radius <= 0.29 + 0.07 * np.cos(8 * angle)) & (radius >= 0.08)


def _line(x: Coordinates, y: Coordinates) -> Mask:
    return (np.abs(x + y - 1.0) <= 0.14) & box(x, y, (0.14, 0.14), (0.72, 0.72))


def _gem(x: Coordinates, y: Coordinates) -> Mask:
    return (np.abs(x - 0.5) / 0.32 + np.abs(y - 0.5) / 0.36) <= 1.0


def _chest(x: Coordinates, y: Coordinates) -> Mask:
    return box(x, y, (0.16, 0.28), (0.68, 0.48)) & ~box(x, y, (0.16, 0.46), (0.68, 0.05)) | disc(x, y, (0.5, 0.5), 0.08)


def _dirt(x: Coordinates, y: Coordinates) -> Mask:
    return disc(x, y, (0.34, 0.62), 0.16) | disc(x, y, (0.64, 0.66), 0.14) | disc(x, y, (0.52, 0.38), 0.13)


def _mat(x: Coordinates, y: Coordinates) -> Mask:
    return box(x, y, (0.1, 0.1), (0.8, 0.8)) & ~box(x, y, (0.22, 0.22), (0.56, 0.56))


def _dispenser(x: Coordinates, y: Coordinates) -> Mask:
    funnel = (np.abs(x - 0.5) <= 0.36 - 0.5 * (y - 0.2)) & (y >= 0.2) & (y <= 0.64)
    return funnel | box(x, y, (0.44, 0.6), (0.12, 0.24))


def _bin(x: Coordinates, y: Coordinates) -> Mask:
    body = (np.abs(x - 0.5) <= 0.3 - 0.14 * (y - 0.34)) & (y >= 0.34) & (y <= 0.86)
    return body | box(x, y, (0.16, 0.2), (0.68, 0.08))


def _exit(x: Coordinates, y: Coordinates) -> Mask:
    head = (x >= 0.52) & (np.abs(y - 0.5) <= 0.88 - x)
    return head | box(x, y, (0.14, 0.42), (0.4, 0.16))


def _flag(x: Coordinates, y: Coordinates) -> Mask:
    cloth = (x >= 0.34) & (np.abs(y - 0.34) <= 0.22 * (0.84 - x) / 0.5)
    return cloth | box(x, y, (0.26, 0.12), (0.08, 0.76))


def _gate(x: Coordinates, y: Coordinates) -> Mask:
    bars = (np.abs((x * 4) % 1.0 - 0.5) <= 0.18) & box(x, y, (0.1, 0.16), (0.8, 0.7))
    return bars | box(x, y, (0.1, 0.3), (0.8, 0.08)) | box(x, y, (0.1, 0.66), (0.8, 0.08))


SHAPES: dict[str, Callable[[Coordinates, Coordinates], Mask]] = {
    "door": _door,
    "ball": _ball,
    "key": _key,
    "cheese": _cheese,
    "coin": _coin,
    "saw": _saw,
    "line": _line,
    "gem": _gem,
    "chest": _chest,
    "dirt": _dirt,
    "mat": _mat,
    "dispenser": _dispenser,
    "bin": _bin,
    "exit": _exit,
    "flag": _flag,
    "gate": _gate,
    "agent": _agent,
}
"""Kind -> its mask."""
