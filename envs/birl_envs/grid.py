"""A level of a grid world as plain data, and its ASCII form.

Two characters a cell, cells apart by blanks: `##` wall, `..` free, `@@` the agent's start, otherwise a thing, its kind
in upper case and its colour in lower case. A red door, a blue ball and a wall:

    @@ .. Dr
    .. ## Bb

What holds on the whole board (a cue, a budget) stands in a line above it: `budget=12 cue=1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from birl.types import BirlError, unknown_name

__all__ = ["COLOURS", "FREE", "KINDS", "START", "WALL", "Cell", "Layout", "Level", "Thing", "parse_level"]

Cell = tuple[int, int]
"""Row and column, from the top left."""

KINDS = {
    "door": "D",
    "ball": "B",
    "key": "K",
    "cheese": "C",
    "coin": "O",
    "saw": "S",
    "line": "L",
    "gem": "G",
    "chest": "H",
    "dirt": "T",
    "mat": "M",
    "dispenser": "P",
    "bin": "N",
    "exit": "E",
    "flag": "F",
    "gate": "A",
}
"""Kind -> its letter in ASCII levels; a world with other kinds adds a line."""

COLOURS = {"red": "r", "blue": "b", "green": "g", "yellow": "y", "grey": "e"}
"""Colour -> its letter in ASCII levels."""

WALL, FREE, START = "##", "..", "@@"


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something that lies in a cell.

    Attributes:
        kind: one of `KINDS`.
        colour: one of `COLOURS`.
        cell: where it lies.
    """

    kind: str
    colour: str
    cell: Cell

    def __post_init__(self) -> None:
        """Refuse kinds and colours nobody can draw."""
        if self.kind not in KINDS:
            raise unknown_name("kind of thing", self.kind, KINDS)
        if self.colour not in COLOURS:
            raise unknown_name("colour", self.colour, COLOURS)

    @property
    def token(self) -> str:
        """Its two characters."""
        return KINDS[self.kind] + COLOURS[self.colour]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where things are, apart from what they are.

    Attributes:
        height: rows.
        width: columns.
        walls: blocked cells.
        spots: cells of things, in any order.
        start: the cell the agent starts from.
    """

    height: int
    width: int
    walls: frozenset[Cell]
    spots: tuple[Cell, ...]
    start: Cell


@dataclass(frozen=True, kw_only=True)
class Level:
    """One board. Outside it is wall.

    Attributes:
        height: rows.
        width: columns.
        walls: blocked cells.
        things: what lies where, at most one a cell, kept in reading order.
        start: the cell the agent starts from; free.
        settings: what holds on the whole board, name -> whole number; what is left out is the world's default.
    """

    height: int
    width: int
    walls: frozenset[Cell]
    things: tuple[Thing, ...]
    start: Cell
    settings: Mapping[str, int] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Order the things, and refuse a board on which two of walls, things and start share a cell."""
        object.__setattr__(self, "things", tuple(sorted(self.things, key=lambda thing: thing.cell)))
        taken = [*self.walls, self.start, *(thing.cell for thing in self.things)]
        for row, column in taken:
            if not (0 <= row < self.height and 0 <= column < self.width):
                raise BirlError(f"level: cell {row, column} is off the {self.height} x {self.width} board: move it in")
        if len(set(taken)) < len(taken):
            twice = next(cell for cell in taken if taken.count(cell) > 1)
            raise BirlError(f"level: cell {twice} is taken twice: walls, things and the start need cells of their own")

    @property
    def layout(self) -> Layout:
        """The same board with its things unnamed."""
        spots = tuple(thing.cell for thing in self.things)
        return Layout(height=self.height, width=self.width, walls=self.walls, spots=spots, start=self.start)

    @property
    def tokens(self) -> tuple[tuple[str, ...], ...]:
        """The two characters of every cell, [H][W]."""
        drawn = dict.fromkeys(self.walls, WALL) | {thing.cell: thing.token for thing in self.things}
        drawn[self.start] = START
        return tuple(tuple(drawn.get((row, col), FREE) for col in range(self.width)) for row in range(self.height))

    def __str__(self) -> str:
        """The ASCII form; `parse_level` reads it back."""
        heading = (
            [" ".join(f"{name}={value}" for name, value in sorted(self.settings.items()))] if self.settings else []
        )
        return "\n".join([*heading, *(" ".join(row) for row in self.tokens)])


def parse_level(text: str) -> Level:
    """The level of an ASCII drawing.

    Raises:
        BirlError: for rows of different lengths, an unknown token, a setting that is no whole number, or anything but
            one start.
    """
    lines = text.strip().splitlines()
    settings = _settings(lines.pop(0)) if lines and "=" in lines[0] else {}
    rows = [line.split() for line in lines]
    if not rows or len({len(row) for row in rows}) != 1:
        raise BirlError("level: rows differ in length: give every row as many two-character cells")
    cells = {(r, c): token for r, row in enumerate(rows) for c, token in enumerate(row)}
    starts = [cell for cell, token in cells.items() if token == START]
    if len(starts) != 1:
        raise BirlError(f"level: {len(starts)} starts: mark exactly one cell {START}")
    return Level(
        height=len(rows),
        width=len(rows[0]),
        walls=frozenset(cell for cell, token in cells.items() if token == WALL),
        things=tuple(_thing(token, cell) for cell, token in cells.items() if token not in (WALL, FREE, START)),
        start=starts[0],
        settings=settings,
    )


def _settings(line: str) -> dict[str, int]:
    try:
        return {name: int(value) for name, value in (part.split("=") for part in line.split())}
    except ValueError:
        raise BirlError(f"level: the line {line!r} is not made of name=whole number: mend it") from None


def _thing(token: str, cell: Cell) -> Thing:
    named = {KINDS[kind] + COLOURS[colour]: (kind, colour) for kind in KINDS for colour in COLOURS}
    if token not in named:
        raise unknown_name(f"level cell {cell}", token, [*named, WALL, FREE, START])
    kind, colour = named[token]
    return Thing(kind=kind, colour=colour, cell=cell)
