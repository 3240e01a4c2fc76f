"""What a task declares so that causes can be told apart, and what the policy does there.

A ghost hides a candidate; a knob makes the policy more capable; a twin is a cue that never meant anything; stakes say
where hiding another goal would pay. What a task does not declare is left out, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from birl.behavior import Behavior, observe
from birl.tabular import TabularModel
from birl.task import Distribution, Task, apart
from birl.types import BirlError

__all__ = ["Controls", "See", "observe_controls"]

See = Callable[[Any, Distribution], Behavior]
"""A policy on a distribution, as behaviour."""

LOOKED_AT = 512  # states whose looks are compared


@dataclass(frozen=True, kw_only=True, eq=False)
class Controls:
    """Behaviour under the controls a task declares.

    Attributes:
        ghosts: candidate -> what the policy does where that candidate cannot be seen (its `pair` named), or the reason
            why that is not known.
        capable: distribution -> what the policy does with the knob turned up, or the reason why that is not known.
        twins: cue distribution -> the one whose cue is as new and means nothing.
        stakes: distribution -> what an agent with another goal would gain by hiding it there.
        apart: candidate -> features by which it differs from the base objective.
        repeats: shifts that are training over again: the same model, and the same to look at.
    """

    ghosts: Mapping[str, Behavior | str] = field(default_factory=dict)
    capable: Mapping[str, Behavior] | str = "the task declares no capability knob"
    twins: Mapping[str, str] = field(default_factory=dict)
    stakes: Mapping[str, float] = field(default_factory=dict)
    apart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    repeats: tuple[str, ...] = ()


def observe_controls(policy: Any, task: Task, *, see: See = observe) -> Controls:
    """What the policy does on the ghosts, and with the knob turned up.

    Args:
        policy: a `Policy`, or anything `as_policy` adapts; None where only episodes are known.
        task: every distribution needs an exact model.
        see: how it is observed.
    """
    ghosts: dict[str, Behavior | str] = {}
    for candidate, ghost in task.ghosts.items():
        try:
            ghosts[candidate] = see(policy, ghost)
        except BirlError as error:
            ghosts[candidate] = f"the policy cannot be seen on its ghost: {error}"
    return Controls(
        ghosts=ghosts,
        capable=_turned_up(policy, task, see),
        twins={d.name: d.twin for d in task.distributions if d.twin is not None},
        stakes={d.name: d.stakes for d in task.distributions if d.stakes is not None},
        apart={name: apart(task.base, candidate) for name, candidate in task.candidates.items()},
        repeats=tuple(d.name for d in task.shifts if _same(d.model, task.train.model)),
    )


def _same(one: TabularModel | None, other: TabularModel | None) -> bool:
    """Whether two models are one world: dynamics, features and starts, and what is seen where anything is."""
    if one is None or other is None or one.transitions.shape != other.transitions.shape:
        return False
    if not np.array_equal(one.start, other.start) or not np.array_equal(one.level, other.level):
        return False
    if (one.transitions != other.transitions).nnz or (one.features != other.features).nnz:
        return False
    if one.observe is None or other.observe is None:
        return one.observe is other.observe
    first = np.arange(min(one.n_states, LOOKED_AT))
    return np.array_equal(np.asarray(one.observe(first)), np.asarray(other.observe(first)))


def _turned_up(policy: Any, task: Task, see: See) -> Mapping[str, Behavior] | str:
    if task.knob is None:
        return "the task declares no capability knob"
    if policy is None:
        return "only episodes are known: the capability knob turns a policy"
    try:
        better = task.knob(policy, task.knob_setting)
        return {d.name: see(better, d) for d in task.distributions}
    except BirlError as error:
        return f"the capability knob does not turn to {task.knob_setting:g}: {error}"
