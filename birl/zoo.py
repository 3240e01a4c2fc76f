"""Agents that come with an installation: trained checkpoints and planted policies, by name.

They are found by the entry-point group `birl.agents`, so that anybody's package can add its own: each entry point names
a mapping name -> `Agent`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from birl.checkpoint import load_policy
from birl.task import Task
from birl.types import BirlError, Policy, unknown_name

__all__ = ["KINDS", "Agent", "agent", "agents"]

KINDS = ("trained", "planted")


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A policy with what is known about it independently of our estimators.

    Attributes:
        name: unique among the installed agents.
        kind: one of `KINDS`: of a trained agent only behaviour is known, of a planted one the objective.
        about: one line for listings.
        task: short name of the task it belongs to; None for any task with exact models.
        checkpoint: the file, of a trained agent.
        build: task -> policy, of a planted one.
        card: what is known about it, as in its JSON file.
    """

    name: str
    kind: str
    about: str
    task: str | None = None
    checkpoint: Path | None = None
    build: Callable[[Task], Policy] | None = None
    card: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Check that there is exactly one way to get the policy."""
        if self.kind not in KINDS:
            raise unknown_name(f"kind of agent {self.name!r}", self.kind, KINDS)
        if (self.checkpoint is None) == (self.build is None):
            raise BirlError(f"agent {self.name!r}: give a checkpoint or build, one of the two")

    def policy(self, task: Task, *, num_threads: int = 1) -> Policy:
        """The policy on a task: loaded (safely) or built.

        Raises:
            BirlError: when the agent belongs to another task, or its checkpoint cannot be read.
        """
        if self.task is not None and self.task != task.name:
            raise BirlError(f"agent {self.name!r} belongs to task {self.task!r}, not {task.name!r}: name that one")
        if self.checkpoint is not None:
            return load_policy(self.checkpoint, task, num_threads=num_threads)
        assert self.build is not None
        return self.build(task)


def agents() -> Mapping[str, Agent]:
    """Every installed agent by name, in the order the packages list them.

    Raises:
        BirlError: when a package's agents cannot be imported, or two agents share a name.
    """
    found: dict[str, Agent] = {}
    for point in entry_points(group="birl.agents"):
        try:
            listed = point.load()
        except (ImportError, AttributeError) as error:
            raise BirlError(f"agents of {point.value!r} cannot be loaded: {error}") from error
        for name, one in listed.items():
            if name in found:
                raise BirlError(f"two installed agents are called {name!r} (one is from {point.value!r}): rename one")
            found[name] = one
    return found


def agent(name: str) -> Agent:
    """The installed agent of that name."""
    known = agents()
    if name not in known:
        raise unknown_name("agent", name, known, "see `birl agents`")
    return known[name]
