"""A unit of work: one agent on one task with the levels of one seed. Its id is the hash of all that decides its result.

Two things a number depends on are not in it: the processor (other kernels round the last digit differently) and what a
task reads from outside its package. A folder is best filled by machines of one kind.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from birl.bench.code import code
from birl.bench.suite import Entry, Suite
from birl.checkpoint.location import Location, locate
from birl.score import PACKAGES
from birl.task import Task, load_task, task_names
from birl.types import unknown_name
from birl.zoo import Agent, agents

__all__ = ["Unit", "find_agent", "unit_task", "units", "versions"]

FORMAT = 1  # of rows; a new one makes every unit new
LENGTH = 20  # hexadecimal digits: two of a million units collide with a chance of 1e-12


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One row's worth of work.

    Attributes:
        agent: name of an installed agent, or a checkpoint.
        task: short name, or module:NAME.
        levels: of every distribution.
        seed: of the draws; it also picks the levels, the block of that number in the task's sequence.
        draws: of the bootstrap over levels.
        methods: names, in order.
        deterministic: whether the likeliest actions are scored.
        sha256: of the checkpoint, or of what is known about a planted agent.
        statistics: SHA-256 of what VecNormalize saved beside a checkpoint; empty without.
        code: hash of the sources that the result comes from.
        versions: of Python and of the packages that numbers come from.
    """

    agent: str
    task: str
    levels: int
    seed: int
    draws: int
    methods: tuple[str, ...]
    deterministic: bool
    sha256: str
    statistics: str
    code: str
    versions: Mapping[str, str]

    @property
    def id(self) -> str:
        """The hash of all of the above: equal ids, equal rows."""
        told = json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:LENGTH]

    @property
    def recipe(self) -> str:
        """The same for every seed, and for nothing else."""
        return replace(self, seed=0).id

    def __str__(self) -> str:
        """How progress calls it."""
        alone = f", by {self.methods[0]}" if len(self.methods) == 1 else ""
        return f"{self.agent} on {self.task}, seed {self.seed}{alone}"


def units(suite: Suite, *, seeds: int | None = None) -> Sequence[tuple[Entry, Unit]]:
    """Every unit of a suite with the entry it belongs to, seed by seed: the first seed is whole before the second.

    Raises:
        BirlError: for an agent or a task that is not there.
    """
    known, tasks = agents(), task_names()
    found = {name: find_agent(name, known) for name in {entry.agent for entry in suite.entries}}
    hashes = {name: _hashes(one) for name, one in found.items()}
    for entry in suite.entries:
        if ":" not in entry.task and entry.task not in tasks:
            raise unknown_name("task", entry.task, tasks, "see `birl tasks`, or give module:NAME")
    return [
        (entry, _unit(entry, suite, seed, methods, hashes[entry.agent]))
        for seed in range(suite.seeds if seeds is None else seeds)
        for entry in suite.entries
        for methods in suite.together
    ]


def _unit(entry: Entry, suite: Suite, seed: int, methods: tuple[str, ...], hashes: tuple[str, str]) -> Unit:
    return Unit(
        agent=entry.agent,
        task=entry.task,
        levels=suite.levels,
        seed=seed,
        draws=suite.draws,
        methods=methods,
        deterministic=suite.deterministic,
        sha256=hashes[0],
        statistics=hashes[1],
        code=code(entry.task),
        versions=versions(),
    )


def unit_task(unit: Unit) -> Task:
    """The task of a unit, on the levels of its seed.

    Raises:
        BirlError: when it is not there, or has not so many levels.
    """
    return load_task(unit.task, levels=unit.levels, block=unit.seed)


def find_agent(name: str, known: Mapping[str, Agent]) -> Agent | Location:
    """An installed agent, or the files of a checkpoint.

    Raises:
        BirlError: when it is neither.
    """
    if name in known:
        return known[name]
    if "/" in name or name.endswith(".zip") or Path(name).exists():
        return locate(name)
    raise unknown_name("agent", name, known, "see `birl agents`")


@cache
def versions() -> Mapping[str, str]:
    """Of Python and of the packages that numbers come from, as they are here."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def _hashes(found: Agent | Location) -> tuple[str, str]:
    """Of the checkpoint, or of what is known about a planted agent; and of the statistics beside it."""
    if found.checkpoint is not None:
        statistics = found.statistics if isinstance(found, Location) else None
        return _sha256(found.checkpoint.read_bytes()), _sha256(statistics.read_bytes()) if statistics else ""
    card: Mapping[str, Any] = (found.card if isinstance(found, Agent) else None) or {}
    return str(card.get("sha256") or _sha256(json.dumps(dict(card), sort_keys=True).encode())), ""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
