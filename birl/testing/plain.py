"""What a distribution without a model owes: episodes that repeat, and features and objectives that can be evaluated.

Axes: B steps, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from birl.task import Distribution, Task

__all__ = ["check_environment"]

STEPS = 50  # of each episode

Steps = tuple[np.ndarray, np.ndarray, np.ndarray, list[Mapping[str, Any]]]


def check_environment(task: Task, distribution: Distribution, *, episodes: int, rng: np.random.Generator) -> None:
    """Play random actions twice from the same seeds, and evaluate what the task says of them.

    Args:
        task: whose objectives these are.
        distribution: has `make_env` and no model.
        episodes: how many.
        rng: draws seeds, where the distribution names none, and actions.

    Raises:
        AssertionError: naming task, distribution, seed and feature.
    """
    assert distribution.make_env is not None
    where = f"task {task.name!r}, distribution {distribution.name!r}"
    env = distribution.make_env()
    try:
        for number in range(episodes):
            seeds = distribution.seeds
            seed = int(seeds[number % len(seeds)] if seeds else rng.integers(2**31))
            first = _played(env, seed)
            again = _played(env, seed)
            assert np.array_equal(first[2], again[2]), (
                f"{where}, seed {seed}: the same actions lead elsewhere the second time: reset(seed=) must decide all"
            )
            _evaluate(f"{where}, seed {seed}", task, distribution, first)
    finally:
        env.close()


def _played(env: Any, seed: int) -> Steps:
    """Observations, actions, next observations and infos of one episode of random actions."""
    seen, _ = env.reset(seed=seed)
    env.action_space.seed(seed)
    steps: list[tuple[Any, Any, Any]] = []
    infos: list[Mapping[str, Any]] = []
    for _ in range(STEPS):
        action = env.action_space.sample()
        after, _, terminated, truncated, info = env.step(action)
        steps.append((seen, action, after))
        infos.append(info)
        seen = after
        if terminated or truncated:
            break
    obs, actions, following = (np.array(column) for column in zip(*steps, strict=True))
    return obs, actions, following, infos


def _evaluate(where: str, task: Task, distribution: Distribution, played: Steps) -> None:
    obs, actions, after, infos = played
    if callable(distribution.features):
        _finite(f"{where}: features", distribution.features(obs, actions, after), len(obs), 2)
    elif distribution.features is not None:
        _named(where, distribution.features, infos)
    for label, objective in {"base objective": task.base, **task.candidates}.items():
        if isinstance(objective, Mapping):
            known = distribution.features if isinstance(distribution.features, Sequence) else ()
            missing = [name for name in objective if name not in known]
            assert not missing, f"{where}: {label} speaks of {missing[0]!r}, which is none of the features"
        else:
            _finite(f"{where}: {label}", _called(objective, obs, actions, after), len(obs), 1)


def _called(objective: Callable[..., Any], obs: np.ndarray, actions: np.ndarray, after: np.ndarray) -> Any:
    return objective(obs, actions, after)


def _finite(what: str, values: Any, steps: int, axes: int) -> None:
    found = np.asarray(values, np.float64)
    fits = found.ndim == axes and len(found) == steps
    one = "row" if axes > 1 else "number"
    assert fits, f"{what} have shape {found.shape} for {steps} steps: return one {one} each"
    assert np.isfinite(found).all(), f"{what}: not finite at step {int(np.argwhere(~np.isfinite(found))[0][0])}"


def _named(where: str, names: Sequence[str], infos: Sequence[Mapping[str, Any]]) -> None:
    for step, info in enumerate(infos):
        for name in names:
            assert name in info, f"{where}, step {step}: info has no feature {name!r}"
            assert np.isfinite(info[name]), f"{where}, step {step}: feature {name!r} is {info[name]}"
