"""An agent whose goal depends on where it is put, not on what is there: no single objective explains it."""

from __future__ import annotations

from collections.abc import Collection

from birl.policy import TabularPolicy
from birl.task import Objective, Task
from birl.types import unknown_name
from birl_agents.planted.distortion import foreign_kind
from birl_agents.planted.goals import planner
from birl_agents.planted.table import EPS

__all__ = ["switcher"]


def switcher(
    task: Task, goal: Objective | None = None, *, where: Collection[str] | None = None, eps: float = EPS
) -> TabularPolicy:
    """Pursues the base objective in training, and another goal on chosen shifts.

    Truth: suboptimality, provided one of the chosen shifts is of training's kind, so that the same level gets two
    answers. Where the chosen shifts look different from training, one objective may well explain both.

    Args:
        task: every distribution needs a model.
        goal: what it pursues there; things of the last kind the base does not weigh (in red-door keys of any colour,
            which is along no candidate) if left out.
        where: names of the distributions on which it does; every shift if left out. A ghost counts as what it pairs.
        eps: chance of a random valid action.

    Raises:
        BirlError: for a name that is no distribution of the task.
    """
    names = [d.name for d in task.distributions]
    chosen = set(names[1:] if where is None else where)
    for name in chosen:
        if name not in names:
            raise unknown_name(f"distribution of task {task.name!r}", name, names)
    loyal = planner(task, eps=eps)
    other = planner(task, foreign_kind(task) if goal is None else goal, eps=eps)
    tables = {}
    for d in (*task.distributions, *task.ghosts.values()):
        place = d.name if d.name in names else d.pair
        tables[d.name] = (other if place in chosen else loyal).table(d)
    return TabularPolicy(tables)
