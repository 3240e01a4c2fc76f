"""Networks over finitely many actions, seen from outside: a function of observations, and what its numbers mean.

Stable-Baselines3 objects and rebuilt checkpoints both become one of these, so nothing else has to meet torch.

Axes: B a batch, A actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.policy.critic import ActionValues
from birl.policy.sampling import choose
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["CategoricalPolicy", "GreedyPolicy", "MaskablePolicy"]

BATCH = 8192  # observations per forward pass: 13x13x12 planes in float32 take 66 MB


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
        return _softmax(_in_batches(self.logits, observations))

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> IntArray:
        """Actions drawn from the probabilities, or the likeliest, [B]."""
        return choose(self.action_probabilities(observations), rng=rng, deterministic=deterministic)


@dataclass(frozen=True)
class MaskablePolicy(CategoricalPolicy):
    """pi(a | o) = softmax of a network's logits over the actions that are allowed.

    Whoever rolls it out or tabulates it gives the masks; without any, every action counts as allowed.
    """

    maskable = True

    def action_probabilities(self, observations: Any, *, action_masks: Any = None) -> FloatArray:
        """Probability of every action, [B, A].

        Args:
            observations: [B, ...].
            action_masks: bool [B, A], True where an action is allowed; a row of nothing but False masks nothing.
        """
        logits = _in_batches(self.logits, observations)
        if action_masks is not None:
            allowed = np.asarray(action_masks, bool).reshape(logits.shape)
            logits = np.where(allowed | ~allowed.any(axis=1, keepdims=True), logits, -np.inf)
        return _softmax(logits)

    def act(
        self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False, action_masks: Any = None
    ) -> IntArray:
        """Actions drawn from the probabilities, or the likeliest, among those allowed, [B]."""
        chances = self.action_probabilities(observations, action_masks=action_masks)
        return choose(chances, rng=rng, deterministic=deterministic)


@dataclass(frozen=True)
class GreedyPolicy:
    """The greedy policy of action values, with a share of uniform actions; of tied actions the first, as argmax has it.

    Stable-Baselines3's DQN and QR-DQN act epsilon-greedily when asked for stochastic actions, with the exploration rate
    they were saved with: so does this one. Deterministically it is greedy.

    Attributes:
        q_values: observations [B, ...] -> [B, A].
        exploration: chance of an action drawn uniformly from all, in [0, 1].
        discount: that the values were learnt with, where it is known.
    """

    q_values: Callable[[Any], FloatArray]
    exploration: float = 0.0
    discount: float | None = None
    stateful = False

    @property
    def critic(self) -> ActionValues:
        """The action values as a critic."""
        return ActionValues(network=self.q_values, discount=self.discount)

    def action_probabilities(self, observations: Any) -> FloatArray:
        """1 - exploration on the best action, and an equal share of the rest on every one, [B, A]."""
        q = _in_batches(self.q_values, observations)
        n_actions = q.shape[1]
        return (1.0 - self.exploration) * np.eye(n_actions)[q.argmax(axis=1)] + self.exploration / n_actions

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> IntArray:
        """Actions drawn from the probabilities, or the best, [B]."""
        return choose(self.action_probabilities(observations), rng=rng, deterministic=deterministic)


def _softmax(logits: FloatArray) -> FloatArray:
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)


def _in_batches(network: Callable[[Any], FloatArray], observations: Any) -> FloatArray:
    seen = np.asarray(observations)
    parts = [network(seen[i : i + BATCH]) for i in range(0, max(len(seen), 1), BATCH)]
    values = np.concatenate(parts).astype(np.float64)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise BirlError(f"policy: its network returns NaN or infinity for observation {row}: check the weights")
    return values
