"""Sections as terminal text: tables fit the width, nothing depends on colour."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from birl.report.blocks import BAD, GOOD, PLAIN, QUIET, STRONG, UNSURE, Command, Line, Section, Table

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["text"]

STYLE = {PLAIN: "", STRONG: "bold", GOOD: "bold green", BAD: "bold red", UNSURE: "bold yellow", QUIET: "dim"}
GAP = 2  # columns between cells
WRAPPED = 12  # columns a cell of words is granted before it wraps


def text(sections: Sequence[Section], *, width: int, colour: bool = False) -> str:
    """Sections as text, the title of the first above all.

    Args:
        sections: what to show.
        width: columns.
        colour: whether to put terminal colours in.
    """
    from rich.console import Console  # what is shown is often only JSON

    page = io.StringIO()
    console = Console(
        file=page,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for i, section in enumerate(sections):
        _typeset(console, section, first=i == 0)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _typeset(console: Console, section: Section, *, first: bool) -> None:
    if not first:
        console.print()
    console.print(section.title, style="bold")
    console.print(("=" if first else "-") * min(len(section.title), console.width), style="dim")
    before = None
    for part, after in zip(section.parts, [*section.parts[1:], None], strict=True):
        leads = before is not None and isinstance(after, Table)
        if leads or isinstance(part, Table) or isinstance(before, Table):
            console.print()
        if isinstance(part, Table):
            for i, fitting in enumerate(_fit(part, console.width)):
                if i:
                    console.print()
                console.print(_grid(fitting))
        elif isinstance(part, Command):
            console.print(f"  {part.text}", soft_wrap=True)  # whole, so that it can be copied
        else:
            console.print(_line(part))
        before = part


def _line(line: Line) -> Any:
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    styled = Text()
    if line.label:
        styled.append(f"{line.label}: ", style="bold" if line.tone != BAD else STYLE[BAD])
    styled.append(line.text, style=STYLE[line.tone] if not line.label else "")
    if not line.bullet:
        return Padding(styled, 0)
    hanging = Grid.grid(padding=(0, 1, 0, 0))
    hanging.add_row("-", styled)
    return hanging


def _widths(table: Table) -> list[int]:
    """Columns each column asks for."""
    asked = []
    for i, heading in enumerate(table.columns):
        cells = [max(map(len, row[i].split("\n")), default=0) for row in table.rows]
        longest = max([len(word) for word in heading.split()] + cells)
        asked.append(min(longest, 2 * WRAPPED) if table.prose and i >= table.keys else longest)
    return asked


def _fit(table: Table, width: int) -> Iterable[Table]:
    """The table as it is, with intervals under their values, or in several parts."""
    if _total(_widths(table)) <= width or table.prose:
        return [table]
    rows = tuple(tuple(cell.replace(" [", "\n[") for cell in row) for row in table.rows)
    stacked = replace(table, rows=rows)
    return [stacked] if _total(_widths(stacked)) <= width else _split(stacked, width)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _split(table: Table, width: int) -> Iterable[Table]:
    """Parts that fit, each with the key columns; a column that fits nowhere still gets a part."""
    asked, keys = _widths(table), list(range(table.keys))
    group: list[int] = []
    for column in range(table.keys, len(table.columns)):
        if group and _total([asked[i] for i in (*keys, *group, column)]) > width:
            yield _columns(table, [*keys, *group])
            group = []
        group.append(column)
    yield _columns(table, [*keys, *group])


def _columns(table: Table, wanted: Sequence[int]) -> Table:
    rows = tuple(tuple(row[i] for i in wanted) for row in table.rows)
    return replace(table, columns=tuple(table.columns[i] for i in wanted), rows=rows)


def _grid(table: Table) -> Any:
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for i, heading in enumerate(table.columns):
        justify = "right" if table.is_numeric(i) else "left"
        grid.add_column(Text(heading), justify=justify, overflow="fold")
    before: tuple[str, ...] = ()
    for row in table.rows:
        repeated = table.keys > 1 and before[:1] == row[:1]
        shown = ("", *row[1:]) if repeated else row
        grid.add_row(*(Text(cell) for cell in shown))
        before = row
    return grid
