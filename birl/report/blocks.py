"""What a report is made of before it is typeset: sections of lines and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BAD", "GOOD", "PLAIN", "QUIET", "STRONG", "UNSURE", "Command", "Line", "Section", "Table"]

NUMBERS = re.compile(r"[-+<>=0-9.,%*\[\] \ne]+")
PLAIN, STRONG, GOOD, BAD, UNSURE, QUIET = "plain", "strong", "good", "bad", "unsure", "quiet"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A sentence or a paragraph.

    Attributes:
        text: what it says; without its label.
        label: what it is about, set off in front.
        tone: `PLAIN`, `STRONG`, ...; only ever repeats what the words say.
        bullet: whether it is one of a list.
    """

    text: str
    label: str = ""
    tone: str = PLAIN
    bullet: bool = False


@dataclass(frozen=True, kw_only=True)
class Command:
    """Something to copy, character by character."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """Cells by row.

    Attributes:
        columns: headings.
        rows: as many cells each as there are headings.
        keys: leading columns that name the row, repeated where a table is split to fit a page.
        prose: whether cells are sentences, which may wrap.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    keys: int = 1
    prose: bool = False

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers only, which are set on the right."""
        return column > 0 and all(NUMBERS.fullmatch(row[column]) for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    title: str
    parts: tuple[Line | Command | Table, ...]
