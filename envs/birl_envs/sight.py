"""What the agent sees: boolean planes, one for walls, one per kind, one per colour, one per flag.

Agent-centred by default, a window of one size per world whatever the board (what lies outside the board is wall), so
that spaces never differ between training and shift. Board-centred, [H, W, planes], an agent plane is added. A flag (a
cue, something carried) has no place: its plane is all one value.

Axes: L levels, B a batch, P planes of the board, K flags, N the window's side.
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
        hidden: planes shown empty (a kind, a colour or a flag): the ghost control. Only the showing changes, never the
            world.
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
        world: whose levels they are.
        atlas: the levels.
        planes: bool [L, H + N - 1, W + N - 1, P]; agent-centred the board has a margin of wall, N // 2 wide.
        window: N; None when board-centred (then there is no margin).
        shown: flags that are not hidden, bool [K].
    """

    world: World
    atlas: Atlas
    planes: NDArray[np.bool_]
    window: int | None
    shown: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one observation."""
        height, width, planes = self.planes.shape[1:]
        planes += self.shown.size
        return (height, width, planes + 1) if self.window is None else (self.window, self.window, planes)

    def look(self, level: IntArray, state: IntArray) -> NDArray[np.bool_]:
        """The observations in the given states, bool [B, *shape]."""
        seen = np.zeros((level.size, *self.shape), bool)
        row, column = np.divmod(self.world.cell(self.atlas, state), self.atlas.width)
        board = self.planes.shape[-1]
        if self.window is None:
            seen[..., :board] = self.planes[level]
            seen[np.arange(level.size), row, column, -1] = True
        else:
            seen[..., :board] = _windows(self.planes, self.window)[level, row, column]
        if self.world.gone is not None:
            seen[..., 1:board] &= self._present(self.world.gone(self.atlas, level, state), row, column)
        if self.shown.size:
            lit = self.world.lit(self.atlas, level, state) & self.shown
            seen[..., board : board + self.shown.size] = lit[:, None, None, :]
        return seen

    def _present(self, gone: NDArray[np.bool_], row: IntArray, column: IntArray) -> NDArray[np.bool_]:
        """Cells in sight whose things are still there, bool [B, *sides, 1]."""
        here = ~gone.reshape(-1, self.atlas.height, self.atlas.width, 1)
        if self.window is None:
            return here
        margin = self.window // 2
        padded = np.pad(here, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
        return _windows(padded, self.window)[np.arange(row.size), row, column]


def _windows(planes: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Every window of that side, a view [L, H, W, N, N, P]."""
    return sliding_window_view(planes, (side, side), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)


def make_sight(world: World, atlas: Atlas, view: View) -> Sight:
    """Draw the planes of every level.

    Raises:
        BirlError: when a hidden plane does not exist, or the window has no middle.
    """
    names = ("wall", *world.kinds, *world.colours)
    for name in view.hidden:
        if name not in (*names, *world.flags):
            raise unknown_name("hidden plane", name, (*names, *world.flags))
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
    shown = np.array([flag not in view.hidden for flag in world.flags], bool)
    window = None if view.centre == "board" else world.window
    return Sight(world=world, atlas=atlas, planes=planes, window=window, shown=shown)
