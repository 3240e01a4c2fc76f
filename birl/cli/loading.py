"""What `birl score` and `birl recover` load before they start: checkpoints or agents, the task, the policy."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from birl.cli.console import complain
from birl.cli.request import looks_like_path, short_name

if TYPE_CHECKING:
    from birl.task import Task
    from birl.zoo import Agent

__all__ = [
    "Opening",
    "Target",
    "check_methods",
    "find_targets",
    "in_colour",
    "limit_threads",
    "open_policy",
    "open_task",
    "see_this_folder",
]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One policy to score.

    Attributes:
        given: what the command line called it.
        name: what its files are called.
        path: its checkpoint, where there is one.
        agent: the installed agent, unless it is a plain file.
    """

    given: str
    name: str
    path: Path | None
    agent: Agent | None = None

    @property
    def sha256(self) -> str | None:
        """Of its file; None of a planted agent."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest() if self.path else None


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How a checkpoint is opened.

    Attributes:
        trust: whether it may run code.
        vecnormalize: statistics of observations: auto, none, or a file.
        num_threads: that torch may use.
    """

    trust: bool
    vecnormalize: str
    num_threads: int


def limit_threads(count: int) -> None:
    """Keep linear algebra to as many threads as torch; it reads this once, when numpy is first imported.

    The matrices here are small: more threads wait for each other, and for those of the process next door.
    """
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", str(count))


def check_methods(names: Iterable[str]) -> None:
    """Refuse unknown methods before anything is loaded.

    Raises:
        BirlError: with the nearest names.
    """
    from birl.irl import ESTIMATORS
    from birl.types import unknown_name

    for name in names:
        if name not in ESTIMATORS:
            raise unknown_name("method", name, ESTIMATORS, "see `birl methods`")


def find_targets(checkpoints: Iterable[str]) -> tuple[Sequence[Target], bool]:
    """The policies that can be found, and whether some could not."""
    from birl.checkpoint.location import locate
    from birl.types import BirlError
    from birl.zoo import agent

    found, failed = [], False
    for given in checkpoints:
        try:
            if looks_like_path(given):
                found.append(Target(given=given, name=short_name(given), path=locate(given).checkpoint))
            else:
                one = agent(given)
                found.append(Target(given=given, name=given, path=one.checkpoint, agent=one))
        except BirlError as error:
            failed = True
            complain(error)
    return found, failed


def open_task(name: str, levels: int | None, block: int = 0) -> Task:
    """The task, from the installed ones or the folder one works in."""
    from birl.task import load_task

    if ":" in name:
        see_this_folder()
    return load_task(name, levels=levels, block=block)


def see_this_folder() -> None:
    """Find modules here, too: a task or a suite of one's own is usually in the folder one works in."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())


def open_policy(target: Target, task: Task, how: Opening) -> Any:
    """The policy of a checkpoint or an agent."""
    if target.agent is not None:
        return target.agent.policy(task, num_threads=how.num_threads)
    from birl.checkpoint import load_policy

    return load_policy(target.given, task, trust=how.trust, vecnormalize=how.vecnormalize, num_threads=how.num_threads)


def in_colour(format: str) -> bool:
    """Whether to colour what is shown: text, on a terminal, where nobody objects."""
    return format == "text" and sys.stdout.isatty() and "NO_COLOR" not in os.environ
