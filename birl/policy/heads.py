"""Networks seen from outside: a function of observations, and what its numbers mean for actions.

Stable-Baselines3 objects and rebuilt checkpoints both become one of these, so nothing else has to meet torch.

Axes: B a batch, A actions, D dimensions of a continuous action.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.policy.sampling import choose
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["CategoricalPolicy", "GaussianPolicy", "GreedyPolicy", "Moments"]

BATCH = 8192  # observations per forward pass: 13x13x12 planes in float32 take 66 MB


@dataclass(frozen=True, kw_only=True)
class Moments:
    """A diagonal Gaussian per observation.

    Attributes:
        mean: [B, D].
        std: standard deviation, [B, D].
    """

    mean: FloatArray
    std: FloatArray


@dataclass(frozen=True)
class CategoricalPolicy:
    """pi(a | o) = softmax of a network's logits.

    Attributes:
        logits: observations [B, ...] -> [B, A].
    """

    logits: Callable[[Any], FloatArray]
    stateful = False

    def action_probabilities(self, observations: Any) -> FloatArray:
        """Probability of every action, [B, A].

        Raises:
            BirlError: when the network returns NaN or infinity.
        """
        logits = _in_batches(self.logits, observations)
        weight = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weight / weight.sum(axis=1, keepdims=True)

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> IntArray:
        """Actions drawn from the probabilities, or the likeliest, [B]."""
        return choose(self.action_probabilities(observations), rng=rng, deterministic=deterministic)


@dataclass(frozen=True)
class GreedyPolicy:
    """The greedy policy of action values; of tied actions the first, as argmax takes it.

    Stable-Baselines3's DQN explores (epsilon-greedy) when it acts stochastically; this bare policy never does.

    Attributes:
        q_values: observations [B, ...] -> [B, A].
    """

    q_values: Callable[[Any], FloatArray]
    stateful = False

    def action_probabilities(self, observations: Any) -> FloatArray:
        """One on the best action, [B, A]."""
        q = _in_batches(self.q_values, observations)
        return np.eye(q.shape[1])[q.argmax(axis=1)]

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> IntArray:
        """The best actions, [B]; `rng` and `deterministic` change nothing."""
        return _in_batches(self.q_values, observations).argmax(axis=1)


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
        z = (np.asarray(actions, np.float64).reshape(moments.mean.shape) - moments.mean) / moments.std
        return -(0.5 * z**2 + np.log(moments.std) + 0.5 * math.log(2 * math.pi)).sum(axis=1)

    def sample(self, observations: Any, *, rng: np.random.Generator) -> FloatArray:
        """One unclipped action per observation, [B, *shape of the box]."""
        moments = self.moments(observations)
        drawn = moments.mean + moments.std * rng.standard_normal(moments.mean.shape)
        return drawn.reshape(-1, *np.shape(self.low))

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> FloatArray:
        """Actions inside the box: drawn, or the mean, [B, *shape of the box]."""
        if deterministic:
            actions = self.moments(observations).mean.reshape(-1, *np.shape(self.low))
        else:
            actions = self.sample(observations, rng=rng)
        return np.clip(actions, self.low, self.high)


def _in_batches(network: Callable[[Any], FloatArray], observations: Any) -> FloatArray:
    seen = np.asarray(observations)
    parts = [network(seen[i : i + BATCH]) for i in range(0, max(len(seen), 1), BATCH)]
    values = np.concatenate(parts).astype(np.float64)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise BirlError(f"policy: its network returns NaN or infinity for observation {row}: check the weights")
    return values
