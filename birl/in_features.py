"""Objectives as weights by feature: a callable could be anything.

A callable that is a weighted sum of the features, in a model or on sampled steps, is that sum. One that is not becomes
a feature of its own, so that every method can test it and return to it.

Axes: B steps, F features, S states, A actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from birl.sampled import world_of
from birl.tabular import TabularModel
from birl.task import Distribution, Task, objective_vector
from birl.trajectories import Transitions
from birl.types import BirlError, FloatArray

__all__ = ["in_features", "in_model_features"]

STARTS, STEPS = 8, 25  # of the random walk: what objectives are held against features on
SAME = 1e-6  # difference, relative to the objective's largest value, that is rounding


def in_features(task: Task, rng: np.random.Generator) -> Task:
    """The task with every objective as weights by feature, features added where there is no other way.

    Args:
        task: of environments, with features as a callable or by name.
        rng: of the steps that are sampled.

    Raises:
        BirlError: for an objective whose values are not finite or of the wrong shape, and for one that is no sum of the
            features where those are entries of `info`, to which none can be added.
    """
    objectives = {"base": task.base, **task.candidates}
    steps = [_wander(d, rng) for d in task.distributions]
    names = tuple(steps[0][0])
    told = {}
    added: dict[str, Callable[..., FloatArray]] = {}
    for label, objective in objectives.items():
        if isinstance(objective, Mapping):
            told[label] = dict(objective)
            _check_names(task, label, objective, names)
            continue
        weights = _as_sum(task, label, objective, names, [seen for _, seen in steps])
        if weights is None:
            added[_column(label, names)] = objective
        told[label] = {_column(label, names): 1.0} if weights is None else weights
    if added:
        task = _with_features(task, names, added)
    base = told.pop("base")
    return replace(task, base=base, candidates=told)


def in_model_features(task: Task) -> Task:
    """The same where every distribution has a model: the features are those of the models.

    Raises:
        BirlError: for a callable that does not give one finite number each, or that needs observations there are not.
    """
    called = {label: o for label, o in {"base": task.base, **task.candidates}.items() if not isinstance(o, Mapping)}
    if not called:
        return task
    models = {id(d.model): d.model for d in (*task.distributions, *task.ghosts.values()) if d.model is not None}
    names = next(iter(models.values())).feature_names
    told: dict[str, Mapping[str, float]] = {}
    for label, objective in called.items():
        paid = {key: np.where(model.live, objective_vector(model, objective), 0.0) for key, model in models.items()}
        weights = _sum_in_models(models, paid)
        if weights is None:
            name = _column(label, names)
            models = {key: _with_column(model, name, paid[key]) for key, model in models.items()}
            weights = {name: 1.0}
        told[label] = weights
    put = lambda d: replace(d, model=models.get(id(d.model)))  # noqa: E731
    return replace(
        task,
        train=put(task.train),
        shifts=[put(d) for d in task.shifts],
        ghosts={name: put(d) for name, d in task.ghosts.items()},
        base=told.pop("base", task.base),
        candidates={name: told.get(name, objective) for name, objective in task.candidates.items()},
    )


def _sum_in_models(models: Mapping[int, TabularModel], paid: Mapping[int, FloatArray]) -> Mapping[str, float] | None:
    """Weights that give what is paid [S*A] in every model; None if none do."""
    names = next(iter(models.values())).feature_names
    square = np.sum([(m.features.T @ m.features).toarray() for m in models.values()], axis=0)
    cross = np.sum([m.features.T @ paid[key] for key, m in models.items()], axis=0)
    weights = np.linalg.lstsq(square, cross, rcond=1e-12)[0]
    scale = max(float(np.abs(values).max(initial=0.0)) for values in paid.values())
    off = max(float(np.abs(m.features @ weights - paid[key]).max(initial=0.0)) for key, m in models.items())
    if off > SAME * scale:
        return None
    return _by_name(names, weights)


def _with_column(model: TabularModel, name: str, values: FloatArray) -> TabularModel:
    features = sp.hstack([model.features, sp.csr_matrix(values[:, None])], format="csr")
    return replace(model, features=features, feature_names=(*model.feature_names, name))


def _wander(distribution: Distribution, rng: np.random.Generator) -> tuple[Sequence[str], Transitions]:
    """Feature names and some steps of the random walk."""
    world = world_of(distribution)
    places, found = world.start(STARTS, rng), []
    for _ in range(STEPS):
        actions = world.wander(places, rng)
        step, on = world.step(places, actions, rng), np.flatnonzero(~places.terminal)
        before, after = (np.asarray(p.observations)[on] for p in (places, step.places))
        found.append((before, np.asarray(actions)[on], after, step.places.terminal[on], step.features[on]))
        places = step.places
    seen, actions, after, terminal, features = (np.concatenate(parts) for parts in zip(*found, strict=True))
    steps = Transitions(
        observations=seen, actions=actions, next_observations=after, terminal=terminal, features=features
    )
    return world.feature_names, steps


def _as_sum(
    task: Task, label: str, objective: Callable[..., Any], names: Sequence[str], steps: Sequence[Transitions]
) -> Mapping[str, float] | None:
    """Weights that say the same as a callable on every step, the fewest where one feature will do; None if none do."""
    wanted = np.concatenate([_values(task, label, objective, seen) for seen in steps])
    there = np.concatenate([np.asarray(seen.features, np.float64) for seen in steps])
    scale = float(np.abs(wanted).max(initial=0.0))
    alike = [n for n, column in zip(names, there.T, strict=True) if np.abs(column - wanted).max() <= SAME * scale]
    if alike:
        return {alike[0]: 1.0}
    weights = np.linalg.lstsq(there, wanted, rcond=None)[0]
    if np.abs(there @ weights - wanted).max(initial=0.0) > SAME * scale:
        return None
    return _by_name(names, weights)


def _values(task: Task, label: str, objective: Callable[..., Any], seen: Transitions) -> FloatArray:
    found = np.asarray(objective(seen.observations, seen.actions, seen.next_observations), np.float64).ravel()
    if found.shape != (len(seen),) or not np.isfinite(found).all():
        raise BirlError(
            f"task {task.name!r}: {_called(label)} gives shape {found.shape} for {len(seen)} steps "
            f"(finite: {bool(np.isfinite(found).all())}): return one finite number each"
        )
    return found


def _check_names(task: Task, label: str, weights: Mapping[str, float], names: Sequence[str]) -> None:
    for name, weight in weights.items():
        if name not in names:
            raise BirlError(
                f"task {task.name!r}: {_called(label)} weighs {name!r}, which is no feature: there are "
                f"{', '.join(names) or 'none'}"
            )
        if not isinstance(weight, Real) or not np.isfinite(weight):
            raise BirlError(f"task {task.name!r}: {_called(label)}: the weight of {name!r} is {weight}: give a number")


def _by_name(names: Sequence[str], weights: NDArray[np.floating[Any]]) -> Mapping[str, float]:
    """Weights without those that are rounding."""
    return {n: float(w) for n, w in zip(names, weights, strict=True) if abs(w) > SAME * np.abs(weights).max()}


def _column(label: str, names: Sequence[str]) -> str:
    """What an objective is called as a feature."""
    return label if label not in names else f"{label} objective"


def _called(label: str) -> str:
    return "the base objective" if label == "base" else f"candidate {label!r}"


@dataclass(frozen=True, kw_only=True)
class _Joined:
    """Features, then objectives that are no sum of them."""

    source: Callable[..., Any] | None
    added: tuple[Callable[..., Any], ...]

    def __call__(self, obs: Any, action: Any, next_obs: Any) -> FloatArray:
        columns = [np.asarray(one(obs, action, next_obs), np.float64).reshape(-1, 1) for one in self.added]
        if self.source is None:
            return np.concatenate(columns, axis=1)
        own = np.asarray(self.source(obs, action, next_obs), np.float64)
        return np.concatenate([own.reshape(len(columns[0]), -1), *columns], axis=1)


def _with_features(task: Task, names: Sequence[str], added: Mapping[str, Callable[..., FloatArray]]) -> Task:
    def grown(distribution: Distribution) -> Distribution:
        source = distribution.features or None
        if distribution.model is not None or (source is not None and not callable(source)):
            raise BirlError(
                f"task {task.name!r}: {_called(next(iter(added)))} is a callable and no sum of the features, to which "
                "none can be added here: give weights by feature, or features as a callable"
            )
        joined = _Joined(source=source, added=tuple(added.values()))
        return replace(distribution, features=joined, feature_names=(*names, *added))

    return replace(
        task,
        train=grown(task.train),
        shifts=[grown(d) for d in task.shifts],
        ghosts={c: grown(d) for c, d in task.ghosts.items()},
    )
