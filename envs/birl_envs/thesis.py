"""From a world and its variations to a task: training, the shifts, and each candidate made invisible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from birl.tabular import reward_vector
from birl.task import Distribution, Task, conflicts
from birl.types import unknown_name
from birl_envs.exact import distribution, tabular_model
from birl_envs.grid import Level
from birl_envs.sight import View
from birl_envs.world import World

__all__ = ["conflict", "declare", "grid_task"]


def conflict(world: World, level: Level, candidate: str) -> bool:
    """Whether whoever follows the candidate must lose base return on this level (`birl.task.conflicts`).

    Raises:
        BirlError: for an unknown candidate.
    """
    if candidate not in world.candidates:
        raise unknown_name(f"candidate of world {world.name!r}", candidate, world.candidates)
    model = tabular_model(world, [level])
    base, other = reward_vector(model, world.base), reward_vector(model, world.candidates[candidate])
    return bool(conflicts(model, base, other)[0])


def grid_task(
    world: World,
    make: Callable[[Any], Sequence[Level]],
    *,
    train: Any,
    shifts: Mapping[str, tuple[Any, ...]],
    ghosts: Mapping[str, tuple[Sequence[str], str]] | None = None,
) -> Task:
    """The task of a world.

    Args:
        world: the rule.
        make: variation -> its levels.
        train: variation of training.
        shifts: name -> (variation, shift type), or (variation, shift type, name of the distribution it matches level by
            level).
        ghosts: candidate -> (planes hidden, the distribution in which they are hidden).
    """
    made = {"train": make(train), **{name: make(shift[0]) for name, shift in shifts.items()}}
    return Task(
        name=world.name,
        train=distribution(world, "train", made["train"], shift="train"),
        shifts=[
            distribution(world, name, made[name], shift=shift, pair=next(iter(pair), None))
            for name, (_, shift, *pair) in shifts.items()
        ],
        base=world.base,
        candidates=world.candidates,
        discount=world.discount,
        ghosts={
            candidate: _ghost(world, candidate, made[where], hidden, where)
            for candidate, (hidden, where) in (ghosts or {}).items()
        },
        about=world.about,
    )


def declare(task: Task, *, twins: Mapping[str, str] | None = None, stakes: Mapping[str, float] | None = None) -> Task:
    """The task with what its cues stand for.

    Args:
        task: of a world.
        twins: distribution -> the one whose cue is as new and means nothing.
        stakes: distribution -> what an agent with another goal would gain by hiding it there.
    """
    twins, stakes = twins or {}, stakes or {}
    train, *shifts = (replace(d, twin=twins.get(d.name), stakes=stakes.get(d.name)) for d in task.distributions)
    return replace(task, train=train, shifts=shifts)


def _ghost(world: World, candidate: str, levels: Sequence[Level], hidden: Sequence[str], where: str) -> Distribution:
    view = View(hidden=tuple(hidden))
    return distribution(world, f"ghost-{candidate}", levels, shift="feature", view=view, pair=where)
