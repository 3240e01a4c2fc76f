"""The best policy for a reward, by what it brings: planned in a model, or picked from a pool of policies.

Axes: S states, F features, C clusters (levels, starts or episodes that are resampled together), P policies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.common import shared_features
from birl.irl.linear import named_features
from birl.irl.rolling import episode_counts, roll, simulator_of
from birl.sampled import PlacePolicy, SampledBehavior
from birl.simulator import Actions
from birl.stats import level_weights
from birl.tabular import hard_plan
from birl.types import FloatArray, IntArray

__all__ = ["Clusters", "Planner", "model_planner", "pool_planner"]

NOISE = (0.1, 0.3)  # of the copies in a pool; the policy itself and the random walk are in it too


@dataclass(frozen=True, kw_only=True, eq=False)
class Clusters:
    """What is resampled, distribution by distribution.

    Attributes:
        mass: share of its distribution's episodes that begin in each, [C]; sums to 1 for each distribution.
        side: which distribution each belongs to, [C].
    """

    mass: FloatArray
    side: IntArray

    @property
    def weights(self) -> FloatArray:
        """Weights under which sums over clusters are means over distributions, [C]."""
        return np.full(self.side.size, 1.0 / (self.side.max() + 1))

    def resampled(self, draws: int, rng: np.random.Generator) -> FloatArray:
        """The same with clusters drawn anew within each distribution, [draws, C]."""
        found = np.zeros((draws, self.side.size))
        for d in range(int(self.side.max()) + 1):
            mine = np.flatnonzero(self.side == d)
            picked = level_weights(mine.size, draws, rng=rng)
            found[:, mine] = picked / np.maximum(picked @ self.mass[mine], np.finfo(float).tiny)[:, None]
        return found / (self.side.max() + 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Planner:
    """Policies and what they bring, each cluster's part (its mass times its counts), with scaled features.

    Attributes:
        names: F features.
        scale: largest magnitude of each feature, by which counts are divided, [F]; 1 where it is always 0.
        seen: which features are ever anything but 0, bool [F].
        own: the policy's, [C', F].
        walk: the random walk's, [C, F].
        clusters: of all policies.
        own_clusters: of the policy's own counts, where only its episodes are known; else those of all.
        best: w [F] -> the parts of a policy best for it, [C, F].
        kind: how it is found, in words.
        exact: whether it is the best of all policies.
    """

    names: tuple[str, ...]
    scale: FloatArray
    seen: np.ndarray
    own: FloatArray
    walk: FloatArray
    clusters: Clusters
    own_clusters: Clusters
    best: Callable[[FloatArray], FloatArray]
    kind: str
    exact: bool


def model_planner(behaviors: Sequence[Behavior]) -> Planner:
    """Planning in exact models, Bellman-optimally."""
    names = shared_features(behaviors)
    largest = np.max([abs(b.model.features).max(axis=0).toarray().ravel() for b in behaviors], axis=0)
    scale = np.where(largest > 0, largest, 1.0)

    def parts(policies: Sequence[FloatArray | None]) -> FloatArray:
        return np.concatenate([b.level_feature_counts(p) for b, p in zip(behaviors, policies, strict=True)]) / scale

    def best(w: FloatArray) -> FloatArray:
        return parts([hard_plan(b.model, b.model.features @ (w / scale)).greedy for b in behaviors])

    clusters = Clusters(
        mass=np.concatenate([b.model.level_starts for b in behaviors]),
        side=np.repeat(np.arange(len(behaviors)), [b.model.n_levels for b in behaviors]),
    )
    return Planner(
        names=names,
        scale=scale,
        seen=largest > 0,
        own=parts([None] * len(behaviors)),
        walk=parts([b.model.uniform for b in behaviors]),
        clusters=clusters,
        own_clusters=clusters,
        best=best,
        kind="policy iteration in the exact model",
        exact=True,
    )


def pool_planner(
    behaviors: Sequence[SampledBehavior], method: Any, *, episodes: int, pool: int, rng: np.random.Generator
) -> Planner:
    """The best of a pool: the policy and noisy copies of it, the random walk, and random linear policies.

    Args:
        behaviors: with simulators.
        method: named in errors.
        episodes: of every policy, from the same starts.
        pool: random linear policies.
        rng: drives everything.
    """
    names = named_features(behaviors, method)
    seeds = rng.integers(2**31, size=pool)
    rolled = [_rolled(b, episodes, seeds, rng) for b in behaviors]  # [P, episodes, F] each, the walk first
    owned = [_own(b, r) for b, r in zip(behaviors, rolled, strict=True)]
    largest = np.max([np.abs(r).max(axis=(0, 1)) for r in rolled], axis=0)
    scale = np.where(largest > 0, largest, 1.0)
    parts = np.concatenate([r / episodes for r in rolled], axis=1) / scale
    own = np.concatenate([o / len(o) for o in owned]) / scale
    clusters, own_clusters = _equal([episodes] * len(behaviors)), _equal([len(o) for o in owned])
    totals = np.einsum("c,pcf->pf", clusters.weights, parts)
    known = all(b.policy is not None for b in behaviors)
    return Planner(
        names=names,
        scale=scale,
        seen=largest > 0,
        own=own,
        walk=parts[0],
        clusters=clusters,
        own_clusters=clusters if known else own_clusters,
        best=lambda w: parts[int((totals @ w).argmax())],
        kind=f"the best of {len(parts)} policies, each by {episodes} episodes",
        exact=False,
    )


def _equal(sizes: Sequence[int]) -> Clusters:
    return Clusters(
        mass=np.concatenate([np.full(size, 1.0 / size) for size in sizes]), side=np.repeat(np.arange(len(sizes)), sizes)
    )


def _rolled(behavior: SampledBehavior, episodes: int, seeds: IntArray, rng: np.random.Generator) -> FloatArray:
    """Counts of every policy of the pool from the same starts, [P, episodes, F]; the walk, then the policy itself."""
    starts = simulator_of(behavior).start(episodes, rng)
    copies = (0.0, *NOISE) if behavior.policy is not None else ()
    found = [roll(behavior, starts, horizon=behavior.horizon, rng=rng, noise=noise).counts for noise in (1.0, *copies)]
    for seed in seeds:
        other = replace(behavior, policy=PlacePolicy(source=_Linear(int(seed), simulator_of(behavior).actions)))
        found.append(roll(other, starts, horizon=behavior.horizon, rng=rng).counts)
    return np.stack(found)


def _own(behavior: SampledBehavior, rolled: FloatArray) -> FloatArray:
    if behavior.policy is not None:
        return rolled[1]
    return episode_counts(behavior.trajectories, discount=behavior.discount, horizon=behavior.horizon)


@dataclass(frozen=True)
class _Linear:
    """A random linear policy of the flattened observation, the same for a seed wherever it acts."""

    seed: int
    actions: Actions

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> Any:
        seen = np.reshape(np.asarray(observations, np.float64), (len(observations), -1))
        own, count = np.random.default_rng(self.seed), self.actions.count
        outputs = self.actions.low.size if count is None else count
        score = seen @ own.normal(size=(seen.shape[1], outputs)) + own.normal(size=outputs)
        if count is not None:
            return score.argmax(axis=1)
        low, high = self.actions.low, self.actions.high
        return (low + (np.tanh(score) + 1) / 2 * (high - low)).astype(np.float32)
