"""The dual of relative-entropy IRL on sampled episodes: how well a tilt of base episodes matches the policy's counts.

    L(w) = w.f_own - mean_start ln sum_k weight_k exp(w.f_k)

Axes: G starts, K base episodes of a start, E episodes, F features, C clusters.
Source: Boularias, Kober & Peters 2011, equations 4-7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from birl.types import FloatArray, IntArray

__all__ = ["Side", "Tilt", "Tilted"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One distribution's episodes.

    Attributes:
        name: of the distribution.
        own: counts of the policy, of each start [G, F] or of each of its episodes [E, F].
        paired: whether they are by start.
        exact: whether they are expectations rather than means of episodes.
        base: counts of base episodes, [G, K, F].
        log_weight: log of U / q of each, [G, K].
        level: of each start, [G].
    """

    name: str
    own: FloatArray
    paired: bool
    exact: bool
    base: FloatArray
    log_weight: FloatArray
    level: IntArray

    @property
    def walk(self) -> FloatArray:
        """Mean counts of the random walk, [F]."""
        return np.average(self.base, axis=(0, 1), weights=np.broadcast_to(self._shares[..., None], self.base.shape))

    @cached_property
    def _shares(self) -> FloatArray:
        return np.exp(self.log_weight - self.log_weight.max())

    def clusters(self) -> IntArray:
        """Which starts are resampled together: those of a level or, where there is but one, each its own, [G]."""
        found = np.unique(self.level, return_inverse=True)[1]
        return found if found.max(initial=0) > 0 else np.arange(found.size)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tilted:
    """All distributions, with features divided by `scale` [F]."""

    sides: Sequence[Side]
    scale: FloatArray

    def at(self, theta: FloatArray, near: Any = None) -> Tilt:
        """The dual at scaled weights [F]."""
        return Tilt(theta=theta, sides=self.sides, scale=self.scale)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tilt:
    """The dual at one vector of scaled weights; derivatives are computed when asked for."""

    theta: FloatArray
    sides: Sequence[Side]
    scale: FloatArray

    @cached_property
    def _normalised(self) -> list[tuple[FloatArray, FloatArray]]:
        """P(k | start), [G, K], and ln Z, [G], of each side."""
        found = []
        for side in self.sides:
            score = side.log_weight + side.base @ (self.theta / self.scale)
            top = score.max(axis=1, keepdims=True)
            total = np.exp(score - top).sum(axis=1, keepdims=True)
            found.append((np.exp(score - top) / total, (top + np.log(total))[:, 0] - np.log(score.shape[1])))
        return found

    @cached_property
    def value(self) -> float:
        """The dual, averaged over distributions."""
        own = [float(side.own.mean(axis=0) @ (self.theta / self.scale)) for side in self.sides]
        return float(np.mean([o - log_z.mean() for o, (_, log_z) in zip(own, self._normalised, strict=True)]))

    @cached_property
    def expected(self) -> list[FloatArray]:
        """What the tilted episodes bring, by start, [G, F] each."""
        return [
            np.einsum("gk,gkf->gf", p, side.base) for side, (p, _) in zip(self.sides, self._normalised, strict=True)
        ]

    @cached_property
    def gradient(self) -> FloatArray:
        """What the policy brings more than the tilted episodes, scaled, [F]."""
        off = [side.own.mean(axis=0) - e.mean(axis=0) for side, e in zip(self.sides, self.expected, strict=True)]
        return np.mean(off, axis=0) / self.scale

    @cached_property
    def curvature(self) -> FloatArray:
        """Mean covariance of counts under the tilt, scaled, [F, F]."""
        total = np.zeros((self.theta.size, self.theta.size))
        for side, (p, _), mean in zip(self.sides, self._normalised, self.expected, strict=True):
            centred = (side.base - mean[:, None, :]) / self.scale
            flat = centred.reshape(-1, self.theta.size)
            total += flat.T @ (p.reshape(-1, 1) * flat) / len(p)
        return total / len(self.sides)

    def scores(self) -> Mapping[str, FloatArray]:
        """Each cluster's part of the gradient, [C, F]; episodes that belong to no start are clusters of their own."""
        found = {}
        for side, expected in zip(self.sides, self.expected, strict=True):
            share = 1.0 / len(self.sides) / self.scale
            if side.paired:
                found[side.name] = _summed((side.own - expected) * share / len(expected), side.clusters())
            else:
                found[f"{side.name}: episodes"] = side.own * share / len(side.own)
                found[side.name] = _summed(-expected * share / len(expected), side.clusters())
        return found

    def effective(self) -> FloatArray:
        """Effective number of base episodes of each start, 1 / sum p^2, [G of all sides] (Kong 1992)."""
        return np.concatenate([1.0 / (p**2).sum(axis=1) for p, _ in self._normalised])


def _summed(rows: FloatArray, cluster: IntArray) -> FloatArray:
    total = np.zeros((int(cluster.max()) + 1, rows.shape[1]))
    np.add.at(total, cluster, rows)
    return total
