"""What the log-policy is regressed on, whichever way it was gathered.

Axes: F weights of the reward, H weights of the shaping, K = F + H.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.irl.base import Check
from birl.irl.log_policy_fit import Choices
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Material", "RandomLayer", "random_layer"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomLayer:
    """tanh of random combinations of standardised observations, and a constant.

    Attributes:
        shift: subtracted from observations, [D].
        scale: what they are then divided by, [D].
        weight: [H, D].
        bias: [H].
    """

    shift: FloatArray
    scale: FloatArray
    weight: FloatArray
    bias: FloatArray

    def __call__(self, observations: Any) -> FloatArray:
        """The layer's outputs, [B, H]; the last is constant."""
        flat = np.asarray(observations, np.float64).reshape(len(observations), -1)
        return np.tanh((flat - self.shift) / self.scale @ self.weight.T + self.bias)


def random_layer(observations: Sequence[Any], width: int, *, rng: np.random.Generator) -> RandomLayer:
    """A layer for observations like these, one array a distribution.

    Raises:
        BirlError: when they are not of one size.

    Source: Rahimi & Recht 2008 (random features).
    """
    flat = [np.asarray(seen, np.float64).reshape(len(seen), -1) for seen in observations]
    if len({seen.shape[1] for seen in flat}) > 1:
        raise BirlError("observations of the distributions differ in size: fit distributions of one task together")
    seen = np.concatenate(flat)
    spread = seen.std(axis=0)
    weight = rng.normal(size=(width, seen.shape[1])) / np.sqrt(max(np.count_nonzero(spread), 1))
    bias = rng.normal(size=width)
    weight[-1], bias[-1] = 0.0, 1.0
    return RandomLayer(shift=seen.mean(axis=0), scale=np.where(spread > 0, spread, 1.0), weight=weight, bias=bias)


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Equations and what is known of their weights.

    Attributes:
        choices: in K weights.
        names: of the first F; none where the reward is a network.
        layer: of that network; None where features have names.
        random: weights of a random layer, which a ridge holds, bool [K].
        held: weights of the reward held at 0, bool [F].
        own: mean features of the policy, [F].
        walk: the same of the random walk, [F].
        checks: on what was gathered.
        actions: the first of each choice, [P, K, ...]; None where nothing was rolled out.
        behavior: which behaviour each place is of, int [P]; None likewise.
    """

    choices: Choices
    names: tuple[str, ...]
    layer: RandomLayer | None
    random: np.ndarray
    held: np.ndarray
    own: FloatArray
    walk: FloatArray
    checks: tuple[Check, ...]
    actions: Any = None
    behavior: IntArray | None = None
