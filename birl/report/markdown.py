"""Sections as Markdown, with tables a page renders."""

from __future__ import annotations

import re
from collections.abc import Sequence

from birl.report.blocks import PLAIN, QUIET, Command, Line, Section, Table

__all__ = ["markdown"]

ACTIVE = re.compile(r"([\\`*|]|<(?=[A-Za-z/!?])|\](?=[(\[:]))")  # what Markdown would read as its own


def markdown(sections: Sequence[Section]) -> str:
    """Sections as Markdown text, the title of the first above all."""
    lines: list[str] = []
    for i, section in enumerate(sections):
        lines += [f"{'#' if i == 0 else '##'} {_escape(section.title)}", ""]
        for part in section.parts:
            lines += _block(part)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_tighten(lines))).rstrip() + "\n"


def _escape(text: str) -> str:
    return ACTIVE.sub(r"\\\1", text)


def _block(part: Line | Command | Table) -> list[str]:
    if isinstance(part, Table):
        return _table(part)
    if isinstance(part, Command):
        return ["```sh" if part.text.startswith("birl ") else "```python", part.text, "```", ""]
    said = _escape(part.text)
    if part.tone not in (PLAIN, QUIET) and not part.label:
        said = f"**{said}**"
    if part.label:
        said = f"**{_escape(part.label)}**: {said}"
    return [f"- {said}" if part.bullet else said, ""]


def _tighten(lines: list[str]) -> list[str]:
    """Bullets without blank lines between them."""
    return [
        line
        for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False)
        if line or not (before.startswith("- ") and after.startswith("- "))
    ]


def _table(table: Table) -> list[str]:
    marks = ["---:" if table.is_numeric(i) else "---" for i in range(len(table.columns))]
    rows = [table.columns, *table.rows]
    text = ["| " + " | ".join(_escape(cell) for cell in row) + " |" for row in rows]
    return [text[0], "|" + "|".join(marks) + "|", *text[1:], ""]
