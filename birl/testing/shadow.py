"""An environment followed in a model: after each step, the states the model says it may be in and that look like it.

Axes: S states, A actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.tabular import TabularModel
from birl.task import Distribution
from birl.types import IntArray

__all__ = ["follow"]

EXACT = 1e-5  # observations and features may be float32


@dataclass(frozen=True, kw_only=True)
class _Shadow:
    """What is known of where an environment is.

    Attributes:
        name: the distribution's, for messages.
        model: the world it should be.
        states: where it may be.
    """

    name: str
    model: TabularModel
    states: IntArray


def follow(distribution: Distribution, model: TabularModel, *, episodes: int, rng: np.random.Generator) -> list[str]:
    """Play random actions in the environment and follow them in the model.

    Args:
        distribution: has `make_env`.
        model: its model.
        episodes: how many.
        rng: draws seeds and actions.

    Returns:
        Why it could not be followed, if it could not.

    Raises:
        AssertionError: where the two part.
    """
    if distribution.make_env is None or model.observe is None:
        return [f"{distribution.name}: its model shows no observations, so it was not compared with its environment"]
    env = distribution.make_env()
    try:
        for _ in range(episodes):
            _play(env, distribution, model, rng)
    finally:
        env.close()
    return []


def _play(env: Any, distribution: Distribution, model: TabularModel, rng: np.random.Generator) -> None:
    seen, _ = env.reset(seed=int(rng.choice(distribution.seeds or [rng.integers(2**31)])))
    assert env.observation_space.contains(seen), f"{distribution.name}: reset shows what is not in observation_space"
    begun = _Shadow(name=distribution.name, model=model, states=np.flatnonzero(model.start > 0))
    shadow = _that_look_like(begun, begun.states, seen, "begins where no episode of the model does")
    for _ in range(distribution.horizon):
        valid = np.flatnonzero(model.valid_actions[shadow.states].all(axis=0))
        assert valid.size, f"{distribution.name}: states that look alike have no valid action in common"
        action = int(rng.choice(valid))
        seen, _, terminated, truncated, info = env.step(action)
        shadow = _step(shadow, action, seen, bool(terminated), info)
        if terminated or truncated:
            return
    assert distribution.time_limit is None, (
        f"{distribution.name}: the environment goes on after its time limit of {distribution.horizon} steps: "
        "truncate there"
    )


def _step(shadow: _Shadow, action: int, seen: Any, terminated: bool, info: Any) -> _Shadow:
    """Where it may be after an action, having compared features and ending."""
    model, edges = shadow.model, shadow.model.transitions
    rows = shadow.states * model.n_actions + action
    features = _told(model, info)
    if features is not None and model.successors is not None:  # by chance, the model has expectations only
        expected = model.features[rows].toarray()
        alike = np.abs(expected - features).max(axis=1) <= EXACT
        assert alike.any(), (
            f"{shadow.name}: action {action}: the environment reports {_nonzero(model, features)}, "
            f"the model {_nonzero(model, expected[0])}"
        )
        rows = rows[alike]
    onward = np.unique(edges[rows].indices).astype(np.int64)
    ended = model.terminal[onward]
    assert (ended == terminated).any(), (
        f"{shadow.name}: action {action}: the environment says terminated={terminated}, the model {not terminated}"
    )
    return _that_look_like(
        shadow, onward[ended == terminated], seen, f"shows after action {action} what the model does not"
    )


def _that_look_like(shadow: _Shadow, states: IntArray, seen: Any, complaint: str) -> _Shadow:
    shown = np.asarray(shadow.model.observe(states), np.float64)  # type: ignore[misc]
    wanted = np.asarray(seen, np.float64)
    assert shown.shape[1:] == wanted.shape, (
        f"{shadow.name}: the environment shows {wanted.shape}, the model {shown.shape[1:]}"
    )
    alike = (np.abs(shown - wanted) <= EXACT).reshape(len(states), -1).all(axis=1)
    assert alike.any(), f"{shadow.name}: the environment {complaint}"
    return _Shadow(name=shadow.name, model=shadow.model, states=states[alike])


def _told(model: TabularModel, info: Any) -> Any:
    """The features an environment reports by name in `info`, [F]; None where it does not report them all."""
    if not all(name in info for name in model.feature_names):
        return None
    return np.array([float(info[name]) for name in model.feature_names])


def _nonzero(model: TabularModel, features: Any) -> str:
    named = [f"{n} {x:g}" for n, x in zip(model.feature_names, features, strict=True) if x]
    return ", ".join(named) or "no feature"
