"""What the agent sees: boolean planes, one for walls, one per kind, one per colour.

Agent-centred by default, a window of one size per world whatever the board (what lies outside the board is wall), so
that spaces never differ between training and shift. Board-centred, [H, W, planes], an agent plane is added.

Axes: L levels, B a batch, P planes, N the window's side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from birl.types import BirlError, IntArray, unknown_name
from birl_envs.atlas import Atlas
from birl_envs.world import World

__all__ = ["Sight", "View", "make_sight"]

CENTRES = ("agent", "board")


@dataclass(frozen=True, kw_only=True)
class View:
    """How a world is shown.

    Attributes:
        centre: `agent` or `board`.
        hidden: planes shown empty (a kind or a colour): the ghost control. Only the showing changes, never the world.
    """

    centre: str = "agent"
    hidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an unknown centre."""
        if self.centre not in CENTRES:
            raise unknown_name("centre of the view", self.centre, CENTRES)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """The planes of many levels, ready to be looked at.

    Attributes:
        planes: bool [L, H + N - 1, W + N - 1, P]; agent-centred the board has a margin of wall, N // 2 wide.
        window: N; None when board-centred (then there is no margin).
        width: columns of the board, W.
    """

    planes: NDArray[np.bool_]
    window: int | None
    width: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one observation."""
        height, width, planes = self.planes.shape[1:]
        return (height, width, planes + 1) if self.window is None else (self.window, self.window, planes)

    def look(self, level: IntArray, cell: IntArray) -> NDArray[np.bool_]:
        """The observations of an agent standing in the given cells: bool [B, *shape]."""
        row, column = np.divmod(cell, self.width)
        if self.window is not None:
            windows = sliding_window_view(self.planes, (self.window, self.window), axis=(1, 2))  # [L, H, W, P, N, N]
            return windows.transpose(0, 1, 2, 4, 5, 3)[level, row, column]
        seen = np.zeros((level.size, *self.shape), bool)
        seen[..., :-1] = self.planes[level]
        seen[np.arange(level.size), row, column, -1] = True
        return seen


def make_sight(world: World, atlas: Atlas, view: View) -> Sight:
    """Draw the planes of every level.

    Raises:
        BirlError: when a hidden plane does not exist, or the window has no middle.
    """
    names = ("wall", *world.kinds, *world.colours)
    for name in view.hidden:
        if name not in names:
            raise unknown_name("hidden plane", name, names)
    if world.window % 2 == 0:
        raise BirlError(f"world {world.name!r}: a window of {world.window} has no middle cell: make it odd")
    kinds = atlas.kind[..., None] == np.arange(len(world.kinds))
    colours = atlas.colour[..., None] == np.arange(len(world.colours))
    planes = np.concatenate([atlas.walls.reshape(atlas.n_levels, -1, 1), kinds, colours], axis=2)
    planes = planes.reshape(atlas.n_levels, atlas.height, atlas.width, len(names))
    margin = 0 if view.centre == "board" else world.window // 2
    sides = (margin, margin)
    planes = np.pad(planes, ((0, 0), sides, sides, (0, 0)))
    planes[..., 0] |= np.pad(np.zeros(atlas.walls.shape, bool), ((0, 0), sides, sides), constant_values=True)
    planes[..., [name in view.hidden for name in names]] = False
    return Sight(planes=planes, window=world.window if margin else None, width=atlas.width)
