"""The joint objective beside the base and the candidates, as rewards: how far, and along which.

All rewards are compared in canonical form (advantage under the random walk, STARC's VAL), so potential shaping does
not count, and weighed by feasible coverage. Canonicalisation is linear: the Gram matrix of the canonical features is
computed once, and every draw of the weights and of the levels is then algebra on a matrix of the features' size.

Axes: D draws, L levels, F features, C candidates, K = F + 1 + C columns (features, base, candidates).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from birl.behavior import Behavior
from birl.distance.batch import LevelMoments, canonical_gram, distances_from_gram
from birl.stats import with_point
from birl.types import FloatArray

__all__ = ["Comparison", "Mixture", "compare"]

Put = Callable[[str, str, float, FloatArray], None]
SMALL = 1e-12  # squared norm of a canonical form, relative to the largest feature's, below which it prefers nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """The best non-negative combination of base and one candidate, for D draws.

    Attributes:
        share: the candidate's part of the coefficients, [D]; 0 all base, 1 all candidate.
        residual: norm of what is left, as a share of the objective's norm, [D].
    """

    share: FloatArray
    residual: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Features, base and candidates in canonical form on every distribution.

    Attributes:
        moments: of the canonical columns, level by level, by distribution.
        candidates: names, in the order of the last C columns.
        n_features: F.
    """

    moments: Mapping[str, LevelMoments]
    candidates: Sequence[str]
    n_features: int

    def enter(
        self, put: Put, undefined: dict[str, str], weights: FloatArray, level_weights: Mapping[str, FloatArray]
    ) -> None:
        """Enter distances and mixtures; row 0 of `weights` [1 + D, F] is the point estimate."""
        base = np.zeros(self.n_features + 1 + len(self.candidates))
        base[self.n_features] = 1.0
        padded = np.pad(weights, ((0, 0), (0, base.size - self.n_features)))
        for name, moments in self.moments.items():
            found = distances_from_gram(moments, padded, base, with_point(level_weights[name]))
            if found.undefined[0]:
                undefined[f"distance[{name}]"] = "the base or the joint objective prefers nothing to anything here"
            else:
                draws = np.where(found.undefined, np.nan, found.values)
                put("distance", name, float(draws[0]), draws[1:])
                choices = self.choice_distance(weights, moments, with_point(level_weights[name]))
                put("choice_distance", name, float(choices[0]), choices[1:])
        pooled = self._pool(level_weights)
        alone = self.residual_of_base(weights, pooled)
        if not np.isfinite(alone[0]):
            undefined["residual[base]"] = "the joint objective prefers nothing to anything"
            return
        put("residual", "base", float(alone[0]), alone[1:])
        for c, name in enumerate(self.candidates):
            mixture = self.mixture(weights, pooled, c)
            put("candidate_share", name, float(mixture.share[0]), mixture.share[1:])
            put("residual", name, float(mixture.residual[0]), mixture.residual[1:])

    def choice_distance(self, weights: FloatArray, moments: LevelMoments, level_weights: FloatArray) -> FloatArray:
        """Distance between objective and base on each level by itself, averaged over levels, [D].

        No choice joins two levels: how much more an objective pays on one of them than on the other shows in nothing
        the policy does but in how firmly it does it. Each level is therefore compared in units of its own. Where the
        base prefers nothing to anything, so does whoever shares it: such levels do not count.
        """
        n, gram = self.n_features, moments.gram
        own = np.maximum(np.einsum("df,lfg,dg->dl", weights, gram[:, :n, :n], weights), 0.0)
        base = np.maximum(gram[:, n, n], 0.0)
        both = np.einsum("df,lf->dl", weights, gram[:, :n, n])
        norms = np.sqrt(own * base)
        wanted = (weights**2).max(axis=1, keepdims=True) * np.trace(gram[:, :n, :n], axis1=1, axis2=2)
        cosine = np.divide(both, norms, out=np.zeros_like(both), where=(own > SMALL * wanted) & (base > 0))
        apart = np.sqrt((1.0 - np.clip(cosine, -1.0, 1.0)) / 2.0)
        counted = level_weights * (base > SMALL * max(float(base.max(initial=0.0)), np.finfo(float).tiny))
        return (counted * apart).sum(axis=1) / np.maximum(counted.sum(axis=1), np.finfo(float).tiny)

    def residual_of_base(self, weights: FloatArray, grams: FloatArray) -> FloatArray:
        """Norm left of the objective after the best non-negative multiple of the base, as a share, [D]."""
        objective, base = self._against(weights, grams, self.n_features)
        own = self._squared(weights, grams)
        explained = np.divide(np.maximum(objective, 0.0) ** 2, base, out=np.zeros_like(own), where=base > 0)
        share = np.divide(explained, own, out=np.full_like(own, np.nan), where=own > 0)
        return np.sqrt(np.clip(1.0 - share, 0.0, 1.0))

    def mixture(self, weights: FloatArray, grams: FloatArray, candidate: int) -> Mixture:
        """The best non-negative combination of base and one candidate."""
        with_base, base = self._against(weights, grams, self.n_features)
        column = self.n_features + 1 + candidate
        with_other, other = self._against(weights, grams, column)
        cross = grams[:, self.n_features, column]
        own = self._squared(weights, grams)
        unit_base, unit_other = np.sqrt(np.maximum(base, SMALL)), np.sqrt(np.maximum(other, SMALL))
        a, b = _two_columns(with_base / unit_base, with_other / unit_other, cross / (unit_base * unit_other))
        explained = a * with_base / unit_base + b * with_other / unit_other
        left = np.divide(explained, own, out=np.zeros_like(own), where=own > 0)
        a, b = a / unit_base, b / unit_other
        return Mixture(
            share=np.divide(b, a + b, out=np.zeros_like(b), where=a + b > 0),
            residual=np.sqrt(np.clip(1.0 - left, 0.0, 1.0)),
        )

    def _pool(self, level_weights: Mapping[str, FloatArray]) -> FloatArray:
        """Gram matrices of each draw's levels, the point estimate's first, [1 + D, K, K]."""
        parts = [np.tensordot(with_point(level_weights[name]), m.gram, axes=1) for name, m in self.moments.items()]
        return np.sum(parts, axis=0)

    def _against(self, weights: FloatArray, grams: FloatArray, column: int) -> tuple[FloatArray, FloatArray]:
        """Inner product of the objective with a column, and the column's squared norm, [D] each."""
        return (
            np.einsum("df,df->d", weights, grams[:, : self.n_features, column]),
            np.broadcast_to(grams[:, column, column], len(weights)),
        )

    def _squared(self, weights: FloatArray, grams: FloatArray) -> FloatArray:
        n = self.n_features
        own = np.einsum("df,dfg,dg->d", weights, np.broadcast_to(grams[:, :n, :n], (len(weights), n, n)), weights)
        scale = (weights**2).max(axis=1) * np.trace(grams[0, :n, :n])
        return np.where(own > SMALL * scale, own, 0.0)


def _two_columns(a: FloatArray, b: FloatArray, cross: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Non-negative least squares on two unit columns with inner products a, b and `cross` between them, [D] each."""
    spread = 1.0 - cross**2
    apart = spread > 1e-9
    first = np.divide(a - cross * b, spread, out=np.full_like(a, -1.0), where=apart)
    second = np.divide(b - cross * a, spread, out=np.full_like(b, -1.0), where=apart)
    inside = (first >= 0) & (second >= 0)
    only_first = np.maximum(a, 0.0) >= np.maximum(b, 0.0)
    return (
        np.where(inside, first, np.where(only_first, np.maximum(a, 0.0), 0.0)),
        np.where(inside, second, np.where(only_first, 0.0, np.maximum(b, 0.0))),
    )


def compare(
    behaviors: Sequence[Behavior],
    base: Mapping[str, FloatArray],
    candidates: Mapping[str, Mapping[str, FloatArray]],
) -> Comparison:
    """Canonicalise features, base and candidates on every distribution.

    Args:
        behaviors: one per distribution.
        base: the base objective on each model, [S*A].
        candidates: candidate -> the same.
    """
    moments = {}
    for b in behaviors:
        others = [objective[b.distribution] for objective in candidates.values()]
        columns = np.column_stack([b.model.features.toarray(), base[b.distribution], *others])
        moments[b.distribution] = canonical_gram(b.model, columns, metric="starc-val")
    return Comparison(moments=moments, candidates=tuple(candidates), n_features=behaviors[0].model.n_features)
