"""Policies over a box of actions: Gaussian, Gaussian squashed into the box, deterministic.

Densities are with respect to the environment's own units of action.

Axes: B a batch, D dimensions of an action.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.policy.critic import ActionValues
from birl.types import BirlError, FloatArray

__all__ = ["DeterministicPolicy", "GaussianPolicy", "Moments", "SquashedGaussianPolicy"]

EDGE = float(np.finfo(np.float32).eps)  # actions this close to the edge count as that close: tanh never gets there


@dataclass(frozen=True, kw_only=True)
class Moments:
    """A diagonal Gaussian per observation.

    Attributes:
        mean: [B, D].
        std: standard deviation, [B, D].
    """

    mean: FloatArray
    std: FloatArray

    def log_density(self, points: FloatArray) -> FloatArray:
        """Log density of points [B, D], [B]."""
        z = (points - self.mean) / self.std
        return -(0.5 * z**2 + np.log(self.std) + 0.5 * math.log(2 * math.pi)).sum(axis=1)

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """One point per row, [B, D]."""
        return self.mean + self.std * rng.standard_normal(self.mean.shape)


@dataclass(frozen=True)
class GaussianPolicy:
    """A diagonal Gaussian over a box of actions.

    Attributes:
        moments: observations [B, ...] -> `Moments`.
        low: least action, [D]; what is sent to the environment is clipped, the density is that of the unclipped action.
        high: greatest action, [D].
    """

    moments: Callable[[Any], Moments]
    low: FloatArray
    high: FloatArray
    stateful = False

    def action_log_prob(self, observations: Any, actions: Any) -> FloatArray:
        """Log density of unclipped actions [B, ...], [B]."""
        moments = self.moments(observations)
        return moments.log_density(np.asarray(actions, np.float64).reshape(moments.mean.shape))

    def sample(self, observations: Any, *, rng: np.random.Generator) -> FloatArray:
        """One unclipped action per observation, [B, *shape of the box]."""
        return self.moments(observations).draw(rng).reshape(-1, *np.shape(self.low))

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> FloatArray:
        """Actions inside the box: drawn, or the mean, [B, *shape of the box]."""
        if deterministic:
            actions = self.moments(observations).mean.reshape(-1, *np.shape(self.low))
        else:
            actions = self.sample(observations, rng=rng)
        return np.clip(actions, self.low, self.high)


@dataclass(frozen=True)
class _Scaled:
    """Actions from [-1, 1] stretched to a box.

    Attributes:
        network: observations [B, ...] -> what the class says.
        low: least action, [D], finite.
        high: greatest action, [D], finite.
        critic: what the network that taught it believes actions are worth, where there is one.
    """

    network: Callable[[Any], Any]
    low: FloatArray
    high: FloatArray
    critic: ActionValues | None = None
    stateful = False

    def __post_init__(self) -> None:
        """Refuse a box without edges, to which nothing can be scaled."""
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise BirlError("policy: its actions are scaled to the box, which has infinite bounds: give finite ones")

    def _stretch(self, inside: FloatArray) -> FloatArray:
        low, high = np.asarray(self.low, np.float64), np.asarray(self.high, np.float64)
        return np.clip(low + 0.5 * (inside.reshape(-1, *low.shape) + 1.0) * (high - low), low, high)


@dataclass(frozen=True)
class SquashedGaussianPolicy(_Scaled):
    """A diagonal Gaussian sent through tanh and stretched to the box, as SAC has it (Haarnoja et al. 2018).

    With u Gaussian and a = low + (tanh u + 1) / 2 * (high - low),

        log p(a) = log N(u) - sum_d log(1 - tanh^2 u_d) - sum_d log((high_d - low_d) / 2)

    On the very edge of the box the density is taken at float32's nearest inner point.

    Attributes:
        network: observations [B, ...] -> `Moments` of u.
    """

    def action_log_prob(self, observations: Any, actions: Any) -> FloatArray:
        """Log density of actions in the box [B, ...], [B]."""
        moments = self.network(observations)
        low, half = np.ravel(self.low).astype(np.float64), 0.5 * np.ravel(np.subtract(self.high, self.low, dtype=float))
        inside = (np.asarray(actions, np.float64).reshape(moments.mean.shape) - low) / half - 1.0
        inside = np.clip(inside, -1.0 + EDGE, 1.0 - EDGE)
        return moments.log_density(np.arctanh(inside)) - np.log((1.0 - inside**2) * half).sum(axis=1)

    def sample(self, observations: Any, *, rng: np.random.Generator) -> FloatArray:
        """One action per observation, [B, *shape of the box]."""
        return self._stretch(np.tanh(self.network(observations).draw(rng)))

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> FloatArray:
        """Actions in the box: drawn, or where the mean goes, [B, *shape of the box]."""
        return (
            self._stretch(np.tanh(self.network(observations).mean))
            if deterministic
            else self.sample(observations, rng=rng)
        )


@dataclass(frozen=True)
class DeterministicPolicy(_Scaled):
    """One action per observation, as TD3 and DDPG act (the noise of their training is no part of the policy).

    Attributes:
        network: observations [B, ...] -> [B, D] in [-1, 1].
    """

    def action_log_prob(self, observations: Any, actions: Any) -> FloatArray:
        """Undefined: there is no density where one action has all the probability.

        Raises:
            BirlError: always.
        """
        raise BirlError(
            "log density of actions: undefined, because the policy is deterministic (TD3, DDPG): "
            "use a method that reads its actions"
        )

    def sample(self, observations: Any, *, rng: np.random.Generator) -> FloatArray:
        """The action of each observation, [B, *shape of the box]; `rng` changes nothing."""
        return self._stretch(np.asarray(self.network(observations), np.float64))

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> FloatArray:
        """The same; `deterministic` changes nothing."""
        return self.sample(observations, rng=rng)
