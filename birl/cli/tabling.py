"""`birl table`: a results folder in, one table out."""

from __future__ import annotations

from pathlib import Path

import click

from birl.cli.console import complain
from birl.cli.loading import in_colour, limit_threads

__all__ = ["TABLE_FORMATS", "table"]

TABLE_FORMATS = ("text", "markdown", "latex", "csv", "html")


def table(folder: str, format: str) -> int:
    """Read the rows, show them; rows that cannot be read are named and left out. The exit code."""
    limit_threads(1)
    from birl.bench import Store, results
    from birl.report import render_results

    found = results(Store(Path(folder)))
    for message in found.broken:
        complain(message, kind="warning")
    colour = in_colour(format)
    click.echo(render_results(found, format, colour=colour), nl=False, color=colour)
    return 0
