"""`birl bench`, once its arguments make sense: find the suite, run what is missing, tell how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from birl.cli.console import complain, one_line
from birl.cli.loading import limit_threads, see_this_folder

if TYPE_CHECKING:
    from birl.bench import Finished, Told

__all__ = ["BACKENDS", "BenchRequest", "bench"]

BACKENDS = ("loky", "ray", "dask")
EVERY = 30.0  # seconds between lines on waiting, in a log


@dataclass(frozen=True, kw_only=True)
class BenchRequest:
    """The arguments of `birl bench`.

    Attributes:
        suite: name or module:NAME; None to list the suites.
        results: folder.
        jobs: units at a time.
        backend: one of `BACKENDS`.
        address: of a cluster.
        seeds: of every agent; the suite's if None.
        by_method: whether every method is scored alone, too.
        retry: whether failed units are done again.
    """

    suite: str | None
    results: str | None
    jobs: int
    backend: str
    address: str | None
    seeds: int | None
    by_method: bool
    retry: bool


def bench(request: BenchRequest) -> int:
    """Run a suite, or list those there are; the exit code.

    A unit that failed is a row, no error: the run has done what it was asked for.
    """
    limit_threads(1)
    see_this_folder()
    from birl.bench import Engine, load_suite, run

    if request.suite is None:
        return _list_suites()
    suite = load_suite(request.suite)
    if request.by_method:
        suite = replace(suite, name=f"{suite.name}-by-method", by_method=True)
    engine = Engine(backend=request.backend, jobs=request.jobs, address=request.address)
    if request.results is None:
        raise click.UsageError("--results is missing: give a folder for the results, such as results")
    with _progress(suite.name) as tell:
        found = run(suite, request.results, engine=engine, seeds=request.seeds, retry=request.retry, progress=tell)
    _conclude(found, Path(request.results))
    return 0


def _list_suites() -> int:
    from birl.bench import suites
    from birl.cli.listing import show

    show(
        [
            (
                one.name,
                f"{len(one.entries) * one.seeds * len(one.together)} units",
                f"{one.levels} levels, {one.seeds} seeds",
                one.about,
            )
            for one in suites().values()
        ]
    )
    return 0


def _conclude(found: Finished, folder: Path) -> None:
    failed = len(found.failures)
    done = f"{len(found.rows)} units in {folder}, {found.fresh} of them new, {failed} failed"
    click.echo(done + ("; --retry does them again" if failed else ""))
    click.echo(f"birl table {folder}")


@contextmanager
def _progress(name: str) -> Iterator[Callable[[Told], None]]:
    """A bar with the time left on a terminal, a line for every unit elsewhere."""
    if sys.stderr.isatty():
        with _bar(name) as tell:
            yield tell
    else:
        yield _Lines(name)


class _Lines:
    """A log: what was done, what came out, and how long the rest will take."""

    def __init__(self, name: str) -> None:
        self.name, self.began, self.waited = one_line(name), time.monotonic(), -EVERY

    def __call__(self, told: Told) -> None:
        """Write a line, where there is something to say."""
        if told.broken:
            complain(told.broken, kind="warning")
            return
        now = time.monotonic()
        if told.waiting and now - self.waited < EVERY:
            return
        if told.waiting:
            self.waited = now
        click.echo(f"{self.name}: {told.done} of {told.total}{_event(told)}{self._left(told, now)}", err=True)

    def _left(self, told: Told, now: float) -> str:
        if not told.fresh or told.done == told.total:
            return ""
        seconds = (now - self.began) / told.fresh * (told.total - told.done)
        return f"; {_duration(seconds)} left"


def _event(told: Told) -> str:
    if told.waiting:
        return f"; waiting for {told.waiting} that other workers hold"
    if told.row is None:
        return ""
    said = f"failed: {told.row.reason}" if told.row.reason else told.row.verdict or "not diagnosed"
    return f"; {one_line(told.row.unit)}: {one_line(said)}"


def _duration(seconds: float) -> str:
    """A time in its largest units."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


@contextmanager
def _bar(name: str) -> Iterator[Callable[[Told], None]]:
    from rich.console import Console  # only where somebody watches
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task(one_line(name), total=None)

        def tell(told: Told) -> None:
            if told.broken or (told.row is not None and told.row.reason):
                bar.console.print(one_line(told.broken or _event(told)[2:]), markup=False, highlight=False)
            if told.row is not None or told.waiting:
                bar.update(row, description=f"{one_line(name)}{_event(told)}"[:60])
            bar.update(row, completed=told.done, total=told.total)

        yield tell
