"""A point mass in a square arena: levels as plain data, and one pure rule over arrays.

Positions run from 0 to the arena's side, y downwards. A force in [-1, 1]^2 accelerates the mass against friction; at
the border it stops. Discs lie still; touching one ends the episode.

Axes: L levels, B a batch, D discs (DISCS of them on every level).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birl.types import BirlError, FloatArray, IntArray, unknown_name

__all__ = [
    "COLOURS",
    "DISCS",
    "EVENTS",
    "KINDS",
    "SIGHT",
    "Arena",
    "Disc",
    "Moved",
    "Pool",
    "move",
    "observe",
    "parse_arena",
    "pool_of",
    "random_places",
]

KINDS = ("door", "ball", "key")
COLOURS = ("red", "blue", "green")
EVENTS = tuple(f"touch:{kind}&{colour}" for kind in KINDS for colour in COLOURS)
DISCS = 3
RADIUS = 0.6  # of a disc, the mass being a point
FORCE = 0.3  # acceleration of a full force at mass 1, per step squared
FRICTION = 0.2  # share of the speed lost per step
SIGHT = 7.0  # distances are seen in these units


@dataclass(frozen=True, kw_only=True)
class Disc:
    """Something to touch.

    Attributes:
        kind: one of `KINDS`.
        colour: one of `COLOURS`.
        x: its middle.
        y: its middle.
    """

    kind: str
    colour: str
    x: float
    y: float

    def __post_init__(self) -> None:
        """Refuse what nobody can touch by name."""
        if self.kind not in KINDS:
            raise unknown_name("kind of disc", self.kind, KINDS)
        if self.colour not in COLOURS:
            raise unknown_name("colour of disc", self.colour, COLOURS)

    @property
    def event(self) -> str:
        """The event of touching it."""
        return f"touch:{self.kind}&{self.colour}"


@dataclass(frozen=True, kw_only=True)
class Arena:
    """One level.

    Attributes:
        side: of the square.
        mass: of the point.
        start: where it starts, x and y, at rest.
        discs: what lies there, DISCS of them.
    """

    side: float
    mass: float
    start: tuple[float, float]
    discs: tuple[Disc, ...]

    def __post_init__(self) -> None:
        """Refuse an arena in which something lies outside, or the episode would be over before it began."""
        if len(self.discs) != DISCS:
            raise BirlError(f"arena: {len(self.discs)} discs: give {DISCS}")
        if not (self.side > 0 and self.mass > 0):
            raise BirlError(f"arena: side {self.side:g} and mass {self.mass:g} must be positive")
        for x, y in (self.start, *((disc.x, disc.y) for disc in self.discs)):
            if not (0 <= x <= self.side and 0 <= y <= self.side):
                raise BirlError(f"arena: ({x:g}, {y:g}) is outside the square of side {self.side:g}: move it in")
        for disc in self.discs:
            if np.hypot(disc.x - self.start[0], disc.y - self.start[1]) <= RADIUS:
                raise BirlError(f"arena: the start touches the {disc.colour} {disc.kind}: move one of them")

    @property
    def fingerprint(self) -> int:
        """64 bits of where things are, whatever they are and whatever the mass."""
        parts = (self.side, self.start, sorted((disc.x, disc.y) for disc in self.discs))
        return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), "big")

    def __str__(self) -> str:
        """One line for the arena and one for each disc; `parse_arena` reads it back."""
        head = f"side={self.side!r} mass={self.mass!r} start={self.start[0]!r},{self.start[1]!r}"
        return "\n".join([head, *(f"{disc.colour} {disc.kind} {disc.x!r},{disc.y!r}" for disc in self.discs)])


def parse_arena(text: str) -> Arena:
    """The arena of its plain-text form.

    Raises:
        BirlError: for anything that is not one.
    """
    head, *rest = text.strip().splitlines()
    try:
        told = dict(part.split("=") for part in head.split())
        x, y = (float(number) for number in told["start"].split(","))
        discs = []
        for line in rest:
            colour, kind, place = line.split()
            at = [float(number) for number in place.split(",")]
            discs.append(Disc(kind=kind, colour=colour, x=at[0], y=at[1]))
        return Arena(side=float(told["side"]), mass=float(told["mass"]), start=(x, y), discs=tuple(discs))
    except (ValueError, KeyError, IndexError) as error:
        raise BirlError(f"arena: {text.strip()[:60]!r} is not `side= mass= start=x,y` and discs: mend it") from error


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Levels as arrays.

    Attributes:
        side: [L].
        mass: [L].
        start: [L, 2].
        place: middles of the discs, [L, D, 2].
        event: index of each disc's event, [L, D].
    """

    side: FloatArray
    mass: FloatArray
    start: FloatArray
    place: FloatArray
    event: IntArray


def pool_of(levels: Sequence[Arena]) -> Pool:
    """Levels side by side.

    Raises:
        BirlError: when there are none.
    """
    if not levels:
        raise BirlError("no levels: give at least one")
    return Pool(
        side=np.array([level.side for level in levels]),
        mass=np.array([level.mass for level in levels]),
        start=np.array([level.start for level in levels]),
        place=np.array([[(disc.x, disc.y) for disc in level.discs] for level in levels]),
        event=np.array([[EVENTS.index(disc.event) for disc in level.discs] for level in levels]),
    )


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What the rule answers.

    Attributes:
        state: position and velocity, [B, 4].
        event: index of the event that happened, [B]; -1 where none did.
    """

    state: FloatArray
    event: IntArray


def move(pool: Pool, level: IntArray, state: FloatArray, force: FloatArray) -> Moved:
    """The rule: accelerate, move, stop at the border, touch.

    Args:
        pool: the levels.
        level: of each, [B].
        state: position and velocity, [B, 4].
        force: [B, 2]; clipped to [-1, 1].
    """
    push = FORCE * np.clip(np.asarray(force, np.float64), -1.0, 1.0) / pool.mass[level, None]
    speed = (1.0 - FRICTION) * state[:, 2:] + push
    wanted = state[:, :2] + speed
    place = np.clip(wanted, 0.0, pool.side[level, None])
    speed = np.where(place == wanted, speed, 0.0)
    away = np.linalg.norm(pool.place[level] - place[:, None], axis=2)
    nearest = away.argmin(axis=1)
    touched = away[np.arange(level.size), nearest] <= RADIUS
    event = np.where(touched, pool.event[level, nearest], -1)
    return Moved(state=np.hstack([place, speed]), event=event)


def observe(
    pool: Pool, level: IntArray, state: FloatArray, hidden: frozenset[str] = frozenset()
) -> NDArray[np.float32]:
    """What the mass feels and sees, float32 [B, 6 + 8 D].

    Velocity; distances to the four borders; of every disc where it lies from here, and its kind and colour, one-hot.

    Args:
        pool: the levels.
        level: of each, [B].
        state: [B, 4].
        hidden: kinds and colours that are not shown.
    """
    place = state[:, :2]
    borders = np.hstack([place, pool.side[level, None] - place]) / SIGHT
    offset = (pool.place[level] - place[:, None]) / SIGHT
    kind, colour = np.divmod(pool.event[level], len(COLOURS))
    seen = [np.array([name not in hidden for name in names], float) for names in (KINDS, COLOURS)]
    what = [np.eye(3)[index] * shown for index, shown in zip((kind, colour), seen, strict=True)]
    discs = np.concatenate([offset, *what], axis=2).reshape(level.size, -1)
    return np.hstack([state[:, 2:], borders, discs]).astype(np.float32)


def random_places(side: float, rng: np.random.Generator) -> Iterator[list[tuple[float, float]]]:
    """Start and discs in a square of that side, far enough apart that each can be reached without touching another."""
    apart = 3 * RADIUS
    while True:
        spots = np.round(rng.uniform(RADIUS, side - RADIUS, size=(DISCS + 1, 2)), 3)
        gaps = np.linalg.norm(spots[:, None] - spots[None], axis=2)[np.triu_indices(DISCS + 1, 1)]
        if gaps.min() > apart:
            yield [(x, y) for x, y in spots.tolist()]
