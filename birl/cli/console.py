"""What goes to standard error: one line for an error or a warning, and how far the work is."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

__all__ = ["Tell", "complain", "one_line", "progress", "warnings_in_one_line"]

Tell = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


def one_line(text: object) -> str:
    """Text on one line, without control characters (names come from files and from the shell)."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))


def complain(message: object, *, kind: str = "error") -> None:
    """Say on standard error what went wrong."""
    click.echo(f"birl: {kind}: {one_line(message)}", err=True)


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Python's warnings in the form of our errors, while this is on."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        complain(message, kind="warning")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@contextmanager
def progress(label: str) -> Iterator[Tell]:
    """A bar on a terminal, a line for every stage elsewhere.

    Args:
        label: what is being worked on.
    """
    if sys.stderr.isatty():
        with _bar(one_line(label)) as tell:
            yield tell
    else:
        yield _lines(one_line(label))


def _lines(label: str) -> Tell:
    told: set[str] = set()

    def tell(stage: str, done: int, total: int) -> None:
        if stage not in told:
            told.add(stage)
            click.echo(f"{label}: {one_line(stage)}", err=True)

    return tell


@contextmanager
def _bar(label: str) -> Iterator[Tell]:
    from rich.console import Console  # only where somebody watches
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task(label, total=None)

        def tell(stage: str, done: int, total: int) -> None:
            bar.update(row, description=f"{label}: {one_line(stage)}", completed=done, total=total)

        yield tell
