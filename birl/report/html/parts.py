"""What a page is made of beyond lines and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from birl.report.blocks import Command, Line, Table

__all__ = ["Bars", "Bullets", "Folded", "Panel", "Part", "Picture", "panel"]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure.

    Attributes:
        svg: an `<svg>` element.
        width: in CSS pixels, as drawn.
        alternative: what it shows, numbers included, for whoever does not see it.
        caption: how to read it.
    """

    svg: str
    width: int
    alternative: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Shares of one whole, largest first.

    Attributes:
        label: what they are shares of.
        shares: name -> share in [0, 1].
    """

    label: str
    shares: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """Lines that form one list."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Folded:
    """Parts that stay folded away until somebody asks for them."""

    summary: str
    parts: tuple[Line | Command | Table | Bullets, ...]


Part = Line | Command | Table | Picture | Bars | Bullets | Folded


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A section of the page.

    Attributes:
        title: its heading.
        parts: what stands under it.
    """

    title: str
    parts: tuple[Part, ...]

    @property
    def anchor(self) -> str:
        """What a link to it ends in."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


def panel(title: str, parts: Iterable[Part]) -> Panel:
    """A section, lines that are bullets gathered into lists."""
    return Panel(title=title, parts=tuple(gather(parts)))


def gather(parts: Iterable[Part]) -> Iterable[Part]:
    """The same parts, neighbouring bullets as one list."""
    waiting: list[Line] = []
    for part in parts:
        if isinstance(part, Line) and part.bullet:
            waiting.append(part)
            continue
        yield from _list(waiting)
        waiting = []
        yield part
    yield from _list(waiting)


def _list(lines: Sequence[Line]) -> Iterable[Bullets]:
    if lines:
        yield Bullets(lines=tuple(lines))
