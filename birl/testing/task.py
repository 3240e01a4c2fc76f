"""What a task owes whoever is scored on it, as a suite anybody's task can run.

Most of what goes wrong in a world of one's own is a model and an environment that are not the same world. So episodes
of random actions are played in the environment and followed in the model, through every state that could look so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from birl.outcomes import find_events
from birl.tabular import TabularModel
from birl.task import Distribution, Task, conflicts, objective_vector
from birl.testing.plain import check_environment
from birl.testing.shadow import follow
from birl.types import BirlError

__all__ = ["check_task"]


def check_task(task: Task, *, episodes: int = 20, seed: int = 0) -> tuple[str, ...]:
    """Run the contract suite on a task.

    Features, discount, actions and observation shapes agree everywhere; the environment does what the model says, on
    random rollouts; episodes start in live states; objectives can be evaluated.

    Args:
        task: what `birl.load_task` returns.
        episodes: rollouts in each environment.
        seed: of levels and actions.

    Returns:
        Warnings, one line each: what is allowed and makes the task say less, such as a distribution that does not
        resolve into events, or a candidate that never conflicts with the base objective.

    Raises:
        AssertionError: naming the distribution and what is broken.
    """
    rng, notes = np.random.default_rng(seed), []
    everywhere = (*task.distributions, *task.ghosts.values())
    assert task.train.shift == "train", f"task {task.name!r}: training has shift {task.train.shift!r}"
    assert task.shifts, f"task {task.name!r}: no shift: there is nothing to hold training against"
    _spaces_agree(everywhere)
    for distribution in everywhere:
        if distribution.model is not None:
            _check_model(distribution, distribution.model, task)
            notes += _events(distribution.name, distribution.model)
        if distribution.model is not None and distribution.make_env is not None:
            notes += follow(distribution, distribution.model, episodes=episodes, rng=rng)
        elif distribution.model is None:
            check_environment(task, distribution, episodes=episodes, rng=rng)
    notes += _conflicts(task)
    return tuple(dict.fromkeys(notes))


def _check_model(distribution: Distribution, model: TabularModel, task: Task) -> None:
    name = distribution.name
    lost = float(model.start[model.terminal].sum())
    assert lost == 0, f"{name}: {lost:.2g} of all episodes start in a terminal state: start in live ones"
    empty = int((model.level_starts == 0).sum())
    assert empty == 0, f"{name}: {empty} of {model.n_levels} levels have no start: leave them out or start there"
    assert model.discount == task.discount, f"{name}: discount {model.discount}, the task's is {task.discount}"
    assert tuple(model.feature_names) == _feature_names(task), f"{name}: features differ from training's"
    for label, objective in {"base objective": task.base, **task.candidates}.items():
        try:
            objective_vector(model, objective)
        except BirlError as error:
            raise AssertionError(f"{name}: {label}: {error}") from error


def _feature_names(task: Task) -> tuple[str, ...]:
    models = [d.model for d in task.distributions if d.model is not None]
    return tuple(models[0].feature_names)


def _spaces_agree(distributions: tuple[Distribution, ...]) -> None:
    """Compared as checkpoints are: by type, shape, dtype and n, never by bounds."""
    seen: dict[str, Any] = {}
    for distribution in distributions:
        if distribution.make_env is None and (distribution.model is None or distribution.model.observe is None):
            continue
        spaces = distribution.spaces()
        seen[distribution.name] = tuple(map(_outline, (spaces.observation, spaces.action)))
        first = next(iter(seen))
        assert seen[distribution.name] == seen[first], (
            f"{distribution.name}: spaces {seen[distribution.name]} differ from those of {first}, {seen[first]}: "
            "one policy must fit them all"
        )
        if distribution.model is not None:
            _model_fits(distribution.name, distribution.model, spaces)


def _outline(space: Any) -> tuple[Any, ...]:
    return type(space).__name__, space.shape, str(space.dtype), getattr(space, "n", None)


def _model_fits(name: str, model: TabularModel, spaces: Any) -> None:
    actions = getattr(spaces.action, "n", None)
    assert actions is None or actions == model.n_actions, (
        f"{name}: the model has {model.n_actions} actions, the environment {actions}"
    )
    if model.observe is not None:
        shape = np.asarray(model.observe(np.arange(min(2, model.n_states)))).shape[1:]
        assert shape == tuple(spaces.observation.shape), (
            f"{name}: the model shows observations {shape}, the environment {tuple(spaces.observation.shape)}"
        )


def _events(name: str, model: TabularModel) -> list[str]:
    found = find_events(model)
    if isinstance(found, str):
        return [f"{name}: {found}; methods that read outcomes do not apply"]
    assert len(set(found.names)) == len(found.names), f"{name}: events of one name: {found.names}"
    return []


def _conflicts(task: Task) -> list[str]:
    """Candidates that no shifted level sets against the base objective."""
    return [
        f"candidate {name!r}: following it costs the base objective nothing on any shifted level, so behaviour cannot "
        "tell the two apart: add a shift where they part"
        for name, candidate in task.candidates.items()
        if _comparable(task) and not _ever_conflicts(task, candidate)
    ]


def _comparable(task: Task) -> bool:
    return any(d.model is not None for d in task.shifts)


def _ever_conflicts(task: Task, candidate: Mapping[str, float] | Any) -> bool:
    return any(
        bool(conflicts(d.model, objective_vector(d.model, task.base), objective_vector(d.model, candidate)).any())
        for d in task.shifts
        if d.model is not None
    )
