"""The value of rewards on steps, whatever form a reward comes in.

Axes: B steps, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import numpy as np

from birl.trajectories import Transitions
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["Evaluated", "Featured", "StepReward", "by_feature", "feature_weights", "values"]


class Featured(Protocol):
    """Something whose steps have named features."""

    @property
    def feature_names(self) -> Sequence[str]:
        """F names."""
        ...


class Evaluated(Protocol):
    """A reward that has a value on steps."""

    def evaluate(self, seen: Transitions) -> FloatArray:
        """The value of each step, [B]."""
        ...


StepReward = Mapping[str, float] | Evaluated | Callable[[Any, Any, Any], FloatArray]
"""A reward: weights by feature, something that evaluates steps, or a callable (obs, action, next_obs) -> [B]."""


def by_feature(reward: StepReward) -> bool:
    """Whether a reward is known by what a step brings, and so only on steps that were made."""
    named = reward if isinstance(reward, Mapping) else getattr(reward, "weights", None)
    return isinstance(named, Mapping) and (named is reward or len(named) > 0)


def feature_weights(names: Sequence[str], reward: StepReward, called: str) -> FloatArray:
    """The weights of a reward by feature in the order of names, [F].

    Raises:
        BirlError: for a feature that is not there, or a weight that is not finite.
    """
    named = cast(Mapping[str, float], reward if isinstance(reward, Mapping) else getattr(reward, "weights", {}))
    for name in named:
        if name not in names:
            raise unknown_name(f"feature of reward {called}", name, names)
    weights = np.array([float(named.get(name, 0.0)) for name in names])
    if not np.isfinite(weights).all():
        raise BirlError(f"reward {called}: a weight is not finite (NaN or infinity): mend the reward")
    return weights


def values(sample: Featured, reward: StepReward, seen: Transitions, called: str) -> FloatArray:
    """The reward of each step, [B].

    Args:
        sample: names the features of the steps: a coverage sample, or a behaviour.
        reward: in whatever form.
        seen: the steps.
        called: its name in errors.

    Raises:
        BirlError: for a reward of the wrong shape, without a value on steps, or with one that is not finite.
    """
    if by_feature(reward):
        if seen.features is None:
            raise BirlError(f"reward {called} is a sum of features, and these steps have none: evaluate steps made")
        found = np.asarray(seen.features, np.float64) @ feature_weights(sample.feature_names, reward, called)
    elif hasattr(reward, "evaluate"):
        found = np.asarray(cast(Evaluated, reward).evaluate(seen), np.float64)
    elif callable(reward):
        found = np.asarray(reward(seen.observations, seen.actions, seen.next_observations), np.float64)
    else:
        raise BirlError(
            f"reward {called}: a {type(reward).__name__} has no value on steps: give weights by feature, something "
            "with evaluate(Transitions), or a callable (obs, action, next_obs)"
        )
    if found.shape != (len(seen),):
        raise BirlError(f"reward {called}: shape {found.shape} for {len(seen)} steps: give one number for each")
    if not np.isfinite(found).all():
        raise BirlError(f"reward {called}: a value is not finite (NaN or infinity): mend the reward")
    return found
