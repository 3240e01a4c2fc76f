"""Suites: which agents are scored on which tasks, how often and by which methods. They are data.

They are found by the entry-point group `birl.suites` (each entry point names a mapping name -> `Suite`) or as
`module:NAME`, so that anybody's package can add its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points

from birl.diagnosis import Verdict
from birl.irl import ESTIMATORS, SCORED
from birl.types import BirlError, unknown_name

__all__ = ["Entry", "Suite", "load_suite", "suites"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One agent on one task.

    Attributes:
        agent: name of an installed agent, or a checkpoint: a .zip, a folder or hf:owner/name.
        task: short name, or module:NAME.
        group: what its line in the table is called; agents that are runs of one recipe share it. The agent if left out.
        truth: verdicts that are right for it, where its objective is known; none where only behaviour is.
    """

    agent: str
    task: str
    group: str = ""
    truth: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an unknown verdict."""
        known = [verdict.value for verdict in Verdict]
        for verdict in self.truth:
            if verdict not in known:
                raise unknown_name(f"verdict of {self.agent!r} on {self.task!r}", verdict, known)
        object.__setattr__(self, "group", self.group or self.agent)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """What a benchmark scores.

    Attributes:
        name: what `birl bench` calls it.
        about: one line for listings.
        entries: agents on tasks.
        levels: of every distribution, for each seed.
        seeds: seeds 0, 1, ..., each with levels of its own.
        draws: of the bootstrap over levels.
        methods: names; those of `birl.irl.SCORED` if left out.
        deterministic: whether the likeliest actions are scored.
        by_method: whether every method is scored alone, too.
    """

    name: str
    about: str
    entries: tuple[Entry, ...]
    levels: int = 100
    seeds: int = 1
    draws: int = 200
    methods: tuple[str, ...] = tuple(SCORED)
    deterministic: bool = False
    by_method: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be run before anything is."""
        for name, value, least in (("levels", self.levels, 1), ("seeds", self.seeds, 1), ("draws", self.draws, 2)):
            if value < least:
                raise BirlError(f"suite {self.name!r}: {value} {name}: give at least {least}")
        for method in self.methods:
            if method not in ESTIMATORS:
                raise unknown_name(f"method of suite {self.name!r}", method, ESTIMATORS, "see `birl methods`")
        if not self.entries or not self.methods:
            raise BirlError(f"suite {self.name!r} has nothing to run: give it at least one entry and one method")
        pairs = [(entry.agent, entry.task) for entry in self.entries]
        twice = next((pair for pair in pairs if pairs.count(pair) > 1), None)
        if twice:
            raise BirlError(f"suite {self.name!r} has {twice[0]!r} on {twice[1]!r} twice: name it once")

    @property
    def together(self) -> Sequence[tuple[str, ...]]:
        """The methods of each unit of an entry: all of them, and each alone where that is asked for."""
        alone = [(method,) for method in self.methods] if self.by_method and len(self.methods) > 1 else []
        return [self.methods, *alone]


def suites() -> Mapping[str, Suite]:
    """Every installed suite by name.

    Raises:
        BirlError: when a package's suites cannot be imported, or two share a name.
    """
    found: dict[str, Suite] = {}
    for point in entry_points(group="birl.suites"):
        try:
            listed = point.load()
        except (ImportError, AttributeError) as error:
            raise BirlError(f"suites of {point.value!r} cannot be loaded: {error}") from error
        for name, one in listed.items():
            if name in found:
                raise BirlError(f"two installed suites are called {name!r} (one is from {point.value!r}): rename one")
            found[name] = one
    return found


def load_suite(name: str) -> Suite:
    """The installed suite of that name, or that of `module:NAME`."""
    if ":" not in name:
        known = suites()
        if name not in known:
            raise unknown_name("suite", name, known, "or give module:NAME")
        return known[name]
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BirlError(f"suite {name!r} cannot be loaded: {error}") from error
    if not isinstance(found, Suite):
        raise BirlError(f"suite {name!r} is a {type(found).__name__}: name a birl.bench.Suite")
    return found
