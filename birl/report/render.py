"""One card, three formats."""

from __future__ import annotations

import shutil

from birl.report.markdown import markdown
from birl.report.text import text
from birl.scorecard import Scorecard
from birl.types import BirlError, unknown_name

__all__ = ["FORMATS", "render"]

FORMATS = ("text", "markdown", "json")
NARROWEST = 40  # columns; below this no table is legible


def render(card: Scorecard, format: str = "text", width: int | None = None, *, colour: bool = False) -> str:
    """A card for people (`text`, `markdown`) or for programs (`json`).

    Args:
        card: what to show.
        format: one of `FORMATS`.
        width: columns of text; those of the terminal if left out. The other formats have no width.
        colour: put terminal colours in text; nothing is said by colour alone.

    Raises:
        BirlError: for an unknown format or a width no table fits in.
    """
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    if width is not None and width < NARROWEST:
        raise BirlError(f"width {width} is below {NARROWEST} columns: no table fits, give more")
    if format == "json":
        return card.to_json()
    if format == "markdown":
        return markdown(card)
    columns = max(NARROWEST, width or shutil.get_terminal_size().columns)
    return text(card, width=columns, colour=colour)
