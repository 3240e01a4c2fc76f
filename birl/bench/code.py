"""Which code a result comes from: a version says it for releases only, a hash of the sources always does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from birl.task import task_names
from birl.types import BirlError

__all__ = ["code"]

SHOWING = ("birl.bench", "birl.cli", "birl.report")  # these run and show results, no number comes from them


@cache
def code(task: str) -> str:
    """The hash of every source that a unit of a task runs: the library, the packages of agents, and the task's own.

    Raises:
        BirlError: for a task whose module is not there.
    """
    homes = [point.value for point in entry_points(group="birl.agents")]
    modules = {"birl", *map(_package, homes), _package(task_names().get(task, task))}
    digest = hashlib.sha256()
    for module in sorted(modules):
        digest.update(_hash(module).encode())
    return digest.hexdigest()


def _package(target: str) -> str:
    """The top-level package of `package.module:NAME`."""
    return target.partition(":")[0].partition(".")[0]


@cache
def _hash(module: str) -> str:
    """Names and contents of a module's sources; a package that is no Python has none."""
    try:
        found = find_spec(module)
    except ValueError:  # made by hand, without a specification
        found = None
    if found is None:
        raise BirlError(f"module {module!r} is not there: install it, or run where it lies")
    digest = hashlib.sha256()
    for name, path in _sources(module, list(found.submodule_search_locations or []), found.origin):
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _sources(module: str, folders: list[str], origin: str | None) -> Iterable[tuple[str, Path]]:
    if not folders:
        return [(module, Path(origin))] if origin and Path(origin).is_file() else []
    hidden = tuple(f"{one.replace('.', '/')}/" for one in SHOWING)
    every = (
        (f"{module}/{path.relative_to(folder).as_posix()}", path)
        for folder in folders
        for path in Path(folder).rglob("*.py")
    )
    return sorted(pair for pair in every if not pair[0].startswith(hidden))
