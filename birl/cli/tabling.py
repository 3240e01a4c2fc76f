"""`birl table`: a results folder in, one table out."""

from __future__ import annotations

from pathlib import Path

import click

from birl.cli.console import complain
from birl.cli.loading import in_colour, limit_threads, see_this_folder

__all__ = ["TABLE_FORMATS", "table"]

TABLE_FORMATS = ("text", "markdown", "latex", "csv", "html")


def table(folder: str, format: str, *, pages: str | None = None, jobs: int = 1) -> int:
    """Read the rows, show them; rows that cannot be read are named and left out. The exit code.

    Args:
        folder: the results.
        format: of the table.
        pages: also write an index and a page for every card into this folder.
        jobs: processes that draw pages.
    """
    limit_threads(1)
    see_this_folder()
    from birl.bench import Store, results
    from birl.report import render_results, write_site

    store = Store(Path(folder))
    found = results(store)
    for message in found.broken:
        complain(message, kind="warning")
    if pages is not None:
        index = write_site(store, pages, jobs=jobs, progress=_told)
        click.echo(f"wrote {index}", err=True)
    colour = in_colour(format)
    click.echo(render_results(found, format, colour=colour), nl=False, color=colour)
    return 0


def _told(done: int, total: int) -> None:
    click.echo(f"pages: {done} of {total}", err=True)
