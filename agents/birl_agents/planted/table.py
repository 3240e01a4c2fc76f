"""What planted agents share: one table per distribution, noise, and arithmetic on weights.

Axes: S states, A actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from birl.policy import TabularPolicy
from birl.tabular import TabularModel
from birl.task import Distribution, Objective, Task
from birl.types import BirlError, FloatArray

__all__ = ["EPS", "add", "as_weights", "noisy", "tabulate", "visible"]

EPS = 0.05  # chance of a random valid action where none is given


def tabulate(task: Task, rule: Callable[[Distribution, TabularModel], FloatArray]) -> TabularPolicy:
    """The policy a rule makes on every distribution of a task, ghosts included.

    Raises:
        BirlError: when one has no model.
    """
    tables = {}
    for distribution in (*task.distributions, *task.ghosts.values()):
        if distribution.model is None:
            raise BirlError(
                f"task {task.name!r}: distribution {distribution.name!r} has no model, and a planted agent needs one"
            )
        tables[distribution.name] = rule(distribution, distribution.model)
    return TabularPolicy(tables)


def visible(task: Task, distribution: Distribution, wanted: Objective) -> Objective:
    """What an agent can pursue of an objective where it is put: on a ghost, nothing that depends on what is hidden.

    What depends on the hidden candidate is the share of the weights that all its features have in common: who wants red
    wants nothing where red cannot be seen, and who wants doors still wants red ones.
    """
    hidden = next((task.candidates.get(c) for c, ghost in task.ghosts.items() if ghost.name == distribution.name), None)
    if not isinstance(wanted, Mapping) or not isinstance(hidden, Mapping):
        return wanted
    paid = [name for name, weight in hidden.items() if weight > 0]
    common = min((wanted.get(name, 0.0) / hidden[name] for name in paid), default=0.0)
    return add(wanted, {name: hidden[name] for name in paid}, -max(common, 0.0))


def noisy(policy: FloatArray, model: TabularModel, eps: float) -> FloatArray:
    """(1 - eps) policy + eps random walk, [S, A]."""
    if not 0.0 <= eps <= 1.0:
        raise BirlError(f"a chance of {eps} for a random action is no probability: give a number from 0 to 1")
    return (1.0 - eps) * policy + eps * model.uniform


def as_weights(objective: Objective) -> Mapping[str, float]:
    """An objective that must be weights.

    Raises:
        BirlError: when it is a callable, which cannot be mixed or distorted by feature.
    """
    if isinstance(objective, Mapping):
        return objective
    raise BirlError("this planted agent changes an objective feature by feature: give weights instead of a callable")


def add(first: Mapping[str, float], second: Mapping[str, float], share: float) -> dict[str, float]:
    """first + share * second, feature by feature."""
    names = dict.fromkeys((*first, *second))
    return {name: first.get(name, 0.0) + share * second.get(name, 0.0) for name in names}
