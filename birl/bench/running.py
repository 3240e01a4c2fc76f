"""Running a suite: what is not done yet, in parallel, until nothing is left.

A run that was killed goes on where it was: done units have rows, and what was being worked on is done again. Several
machines may run the same suite into the same folder: what another holds is left to it, and waited for at the end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from birl.bench.claim import Watch
from birl.bench.engine import Engine
from birl.bench.row import Row
from birl.bench.store import Store
from birl.bench.suite import Suite
from birl.bench.unit import Unit, units
from birl.bench.work import Job, work
from birl.types import BirlError

__all__ = ["Finished", "Progress", "Told", "run"]

POLL = 0.5  # seconds between looks at what others hold


@dataclass(frozen=True, kw_only=True)
class Told:
    """How far a run is.

    Attributes:
        done: units with a row.
        total: units of the suite.
        fresh: how many of the done ones this run did.
        row: the one just done; None when it was another's, or nothing happened.
        waiting: units that others hold.
        broken: a row that cannot be read and is made anew.
    """

    done: int
    total: int
    fresh: int = 0
    row: Row | None = None
    waiting: int = 0
    broken: str = ""


Progress = Callable[[Told], None]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A suite with a row for every unit.

    Attributes:
        store: where they lie.
        rows: by id, in the order of the suite.
        fresh: how many of them this run did.
    """

    store: Store
    rows: Mapping[str, Row]
    fresh: int

    @property
    def failures(self) -> Sequence[Row]:
        """Those with a reason instead of numbers."""
        return [row for row in self.rows.values() if row.reason]


def run(
    suite: Suite,
    results: str | Path,
    *,
    engine: Engine | None = None,
    seeds: int | None = None,
    retry: bool = False,
    progress: Progress | None = None,
) -> Finished:
    """Do every unit of a suite that has no row yet.

    Args:
        suite: agents, tasks, seeds, methods.
        results: the folder; made if it is not there.
        engine: where to run; one worker on this machine if left out.
        seeds: seeds of every entry; as the suite says if left out.
        retry: do failed units again.
        progress: called at the start, after every unit, and while waiting for others.

    Raises:
        BirlError: for agents or tasks that are not there, a folder that is not one of results, or one that cannot be
            written.
    """
    store = Store(Path(results).absolute())
    store.check(new=True)
    members = units(suite, seeds=seeds)
    with (engine or Engine()).started() as each:
        store.register(suite, members)
        work_left = _Run(store=store, todo={unit.id: unit for _, unit in members}, tell=progress or (lambda _: None))
        work_left.start(retry=retry)
        work_left.finish(each)
    rows, broken = store.readable(unit.id for _, unit in members)
    if broken:
        raise BirlError(next(iter(broken.values())))
    return Finished(store=store, rows=rows, fresh=work_left.fresh)


class _Run:
    """What is left to do; it shrinks until nothing is."""

    def __init__(self, *, store: Store, todo: dict[str, Unit], tell: Progress) -> None:
        self.store, self.todo, self.tell = store, todo, tell
        self.total, self.fresh, self.watch = len(todo), 0, Watch()

    def start(self, *, retry: bool) -> None:
        """Leave out what is done; forget what cannot be read and, on request, what failed."""
        rows, broken = self.store.readable(self.todo)
        for name, row in rows.items():
            if retry and row.reason:
                self.store.forget(name)
            elif not self.store.has_card(row):
                self.store.forget(name)
                self.say(broken=f"{self.store.card_path(name)} is lost or was changed: {row.unit} is done again")
            else:
                del self.todo[name]
        for name, message in broken.items():
            self.store.forget(name)
            self.say(broken=message)
        self.say()

    def finish(self, each: Callable[..., Iterator[Row | None]]) -> None:
        """Do what is free, then look what others have done, until nothing is left."""
        while self.todo:
            free = [unit for name, unit in self.todo.items() if self.watch.clear(self.store.claims / f"{name}.json")]
            for row in each(work, [self._job(unit) for unit in free]):
                if row is not None:
                    self.fresh += 1
                    del self.todo[row.unit.id]
                    self.say(row=row)
            for name in [name for name in self.todo if self.store.row_path(name).exists()]:
                del self.todo[name]
                self.say()
            if self.todo and not free:
                self.say(waiting=len(self.todo))
                time.sleep(POLL)

    def _job(self, unit: Unit) -> Job:
        return Job(unit=unit, folder=str(self.store.folder), home=os.getcwd())

    def say(self, *, row: Row | None = None, waiting: int = 0, broken: str = "") -> None:
        """Tell how far it is."""
        done = self.total - len(self.todo)
        self.tell(Told(done=done, total=self.total, fresh=self.fresh, row=row, waiting=waiting, broken=broken))
