"""Two rewards as combinations of columns, so that what they share is canonicalised once.

Axes: D draws, K columns, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.distance.samples import CoverageSample
from birl.distance.valued import StepReward, by_feature, feature_weights, values
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Columns", "Draws", "as_columns"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Posterior draws of one or both rewards, as weights in the order of the sample's features.

    Attributes:
        a: [D, F]; None where the reward is taken as it is.
        b: [D, F]; draws of both are taken in pairs.
    """

    a: FloatArray | None = None
    b: FloatArray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """Rewards `a` and `b` on common columns.

    Attributes:
        rewards: the K columns by name: features that are weighed at all, then whatever is no sum of features.
        weights: of each reward, [K] by name.
        draws: of each reward that has posterior draws, [D, K] by name.
        features: which of the features are columns, int [at most K], in their order; they come first.
        others: the rewards that are columns of their own, after them.
    """

    rewards: Mapping[str, StepReward]
    weights: Mapping[str, FloatArray]
    draws: Mapping[str, FloatArray]
    features: IntArray
    others: Mapping[str, Any]

    def resampled(self, count: int, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Weights of both for `count` resamples or as many as there are draws, [D, K]; draws come in turn.

        Raises:
            BirlError: for other numbers of draws of a than of b.
        """
        known = [len(d) for d in self.draws.values()]
        if len(set(known)) > 1:
            raise BirlError(f"draws: {known[0]} of a and {known[1]} of b: give as many of each")
        if not known:
            return {name: np.tile(weights, (count, 1)) for name, weights in self.weights.items()}
        count = max(count, known[0])
        turn = np.concatenate([rng.permutation(known[0]) for _ in range(-(-count // known[0]))])[:count]
        return {
            name: self.draws[name][turn] if name in self.draws else np.tile(weights, (count, 1))
            for name, weights in self.weights.items()
        }

    def paid(self, sample: CoverageSample, name: str) -> FloatArray:
        """What a reward pays for the first step of each action tried, [N*K]."""
        total = np.zeros(len(sample.first))
        for weight, (called, column) in zip(self.weights[name], self.rewards.items(), strict=True):
            if weight:
                total += weight * values(sample, column, sample.first, called)
        return total


def as_columns(names: Sequence[str], rewards: Mapping[str, Any], draws: Draws) -> Columns:
    """Bring rewards `a` and `b`, and their draws, to common columns.

    Args:
        names: the features there are.
        rewards: `a` and `b`; what is no sum of features is a column of its own.
        draws: of their weights; a reward's own `draws` where there are none.

    Raises:
        BirlError: for unknown features, or draws that do not fit.
    """
    linear = {n: feature_weights(names, r, n) for n, r in rewards.items() if by_feature(r)}
    drawn = {n: found for n, r in rewards.items() if (found := _drawn(names, r, getattr(draws, n), n)) is not None}
    used = np.zeros(len(names), bool)
    for weights in (*linear.values(), *drawn.values()):
        used |= (weights != 0.0).reshape(-1, len(names)).any(axis=0)
    if linear and not used.any():
        used[:1] = True
    rest = {n: r for n, r in rewards.items() if n not in linear}
    known, width = np.flatnonzero(used), int(used.sum()) + len(rest)
    spread = lambda weights: np.pad(weights[..., used], [(0, 0)] * (weights.ndim - 1) + [(0, len(rest))])  # noqa: E731
    alone = {n: np.eye(width)[known.size + i] for i, n in enumerate(rest)}
    return Columns(
        rewards={f"feature {names[i]!r}": {names[i]: 1.0} for i in known.tolist()} | rest,
        weights={n: spread(linear[n]) if n in linear else alone[n] for n in rewards},
        draws={n: spread(d) for n, d in drawn.items()},
        features=known,
        others=rest,
    )


def _drawn(names: Sequence[str], reward: Any, given: FloatArray | None, called: str) -> FloatArray | None:
    """Draws in the order of the sample's features, [D, F]; a reward's own ones are in the order of its weights."""
    own = getattr(reward, "draws", None) if given is None else None
    if given is None and own is None:
        return None
    if not by_feature(reward):
        raise BirlError(f"draws of {called}: the reward is no sum of features: canonicalise draws by sampled_moments")
    drawn = np.asarray(own if given is None else given, np.float64)
    width = len(names) if given is not None else len(reward.weights)
    if drawn.ndim != 2 or drawn.shape[1] != width or not len(drawn) or not np.isfinite(drawn).all():
        raise BirlError(f"draws of {called}: shape {drawn.shape} or not finite: give finite weights [D, {width}]")
    if given is not None:
        return drawn
    order = list(reward.weights)
    columns = [drawn[:, order.index(n)] if n in order else np.zeros(len(drawn)) for n in names]
    return np.stack(columns, axis=1)
