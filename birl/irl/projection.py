"""Apprenticeship by projection: the reward whose best policy brings what the policy brings.

    w = mu_own - mu_bar                      the direction in which the policy is ahead                        (1)
    mu_i = counts of a policy best for w
    mu_bar <- mu_bar + <mu_i - mu_bar, w> / |mu_i - mu_bar|^2 (mu_i - mu_bar)                                  (2)

until the margin |w| is small. mu_bar is the nearest mixture of the policies found; the margin never grows, and with
each best policy found exactly it shrinks at least by |mu_i - mu_own| / sqrt(|mu_i - mu_own|^2 + |w|^2) a step. Of all w
the one whose best policy came nearest to mu_own is returned, at length 1: only its direction means anything.

On an exact model the best policy is planned. With a simulator only it is the best of a pool (noisy copies of the
policy, the random walk, random linear policies), and the answer then says only that nothing in the pool does better.
Assumes that the policy is nearly best for a reward linear in the features. Distributions weigh equally and share w.
Cannot tell: scale, potential shaping, anything between rewards with the same best policy; for a noisy policy, how much
of what it does is meant.

Axes: S states, F features (each divided by its largest magnitude), L levels, I policies found, D draws.
Source: Abbeel & Ng 2004 (ICML; "Apprenticeship learning via inverse reinforcement learning"), sections 3 and 3.1,
theorem 1 and lemma 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import AnyBehavior, Check, RewardEstimate
from birl.irl.linear import LinearFit, held_constants, linear_estimate
from birl.irl.needs import sampled
from birl.irl.planners import Planner, model_planner, pool_planner
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray

__all__ = ["Path", "Projection", "project"]

DRAWS = 200  # of the cluster bootstrap
NEAR = 0.1  # margin left, as a share of the first one, above which no mixture of the policies found does what it does


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """What the projection went through.

    Attributes:
        directions: w of each step, [I, F].
        margins: |w| of each step, [I]; the last one is what is left.
        mismatch: distance of each best policy's counts from the policy's own, [I].
    """

    directions: FloatArray
    margins: FloatArray
    mismatch: FloatArray

    @property
    def weights(self) -> FloatArray:
        """The direction whose best policy came nearest, at length 1, [F]; the first of equals; 0 where none leads."""
        if not self.mismatch.size:
            return np.zeros(self.directions.shape[1])
        chosen = self.directions[int(np.argmin(self.mismatch > self.mismatch.min() * (1 + 1e-9)))]
        return chosen / np.linalg.norm(chosen)


def project(
    own: FloatArray,
    first: FloatArray,
    plan: Callable[[FloatArray], FloatArray],
    *,
    tolerance: float,
    max_steps: int,
) -> Path:
    """Equations (1) and (2) until the margin falls to `tolerance`, no policy helps, or steps run out.

    Args:
        own: counts of the policy, [F].
        first: counts of the policy to begin from, [F].
        plan: w [F] -> counts of a policy best for it, [F].
        tolerance: of the margin, in units of the counts.
        max_steps: policies found at most.
    """
    mean, directions, margins, mismatch = first, [], [float(np.linalg.norm(own - first))], []
    while margins[-1] > tolerance and len(directions) < max_steps:
        direction = own - mean
        found = plan(direction)
        directions.append(direction)
        mismatch.append(float(np.linalg.norm(found - own)))
        toward = found - mean
        length = float(toward @ toward)
        share = float(np.clip(toward @ direction / length, 0.0, 1.0)) if length > 0 else 0.0
        mean = mean + share * toward
        margins.append(float(np.linalg.norm(own - mean)))
        if share == 0.0:
            break
    return Path(
        directions=np.reshape(directions, (-1, own.size)),
        margins=np.array(margins),
        mismatch=np.array(mismatch),
    )


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Settings of the projection method.

    Attributes:
        tolerance: margin at which to stop, as a share of the first margin.
        max_steps: policies to find at most.
        episodes: of each policy of the pool, where there is no model to plan in.
        pool: random linear policies in the pool.
    """

    name: ClassVar[str] = "projection"
    needs: ClassVar[frozenset[str]] = frozenset({"simulator", "trajectories"})
    behavioral_model: ClassVar[str] = "as good as the best in every feature together"
    cannot_identify: ClassVar[str] = "scale, potential shaping, rewards with the same best policy, noise from intent"
    source: ClassVar[str] = "Abbeel & Ng 2004"

    tolerance: float = 1e-3
    max_steps: int = 100
    episodes: int = 100
    pool: int = 20

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.tolerance <= 0 or self.max_steps < 1 or self.episodes < 2 or self.pool < 0:
            raise BirlError("projection: give tolerance above 0, max_steps from 1, episodes from 2, pool from 0")

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One reward for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task; all on exact models, or all treated as rolled out.
            rng: draws episodes and resampled levels; that of seed 0 if left out.
            candidates: not used.
            start: not used: the first policy is the random walk.

        Raises:
            BirlError: without features, a simulator, or episodes or a policy that makes them.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        rolled = sampled(behaviors, self, rng=rng)
        exact = [b for b in behaviors if isinstance(b, Behavior)]
        planner = (
            model_planner(exact)
            if len(exact) == len(behaviors)
            else pool_planner(rolled, self, episodes=self.episodes, pool=self.pool, rng=rng)
        )
        held = held_constants(behaviors, len(planner.names))
        return linear_estimate(self, behaviors, planner.names, self._search(planner, held, rng))

    def _search(self, planner: Planner, held: np.ndarray, rng: np.random.Generator) -> LinearFit:
        free = np.flatnonzero(~held & planner.seen)
        found: list[FloatArray] = []

        def plan(direction: FloatArray) -> FloatArray:
            w = np.zeros(held.size)
            w[free] = direction
            found.append(planner.best(w)[:, free])
            return planner.clusters.weights @ found[-1]

        own = planner.own_clusters.weights @ planner.own
        walk = planner.clusters.weights @ planner.walk
        path = self._path(own[free], walk[free], plan)
        spread = self._spread(planner, found, free, rng)
        return LinearFit(
            weights=_spread_out(path.weights, free, planner),
            own=own,
            walk=walk,
            held=held,
            information=np.diag(planner.seen.astype(np.float64)),
            covariance=None if spread is None else spread / np.outer(planner.scale, planner.scale),
            checks=[_matched(path), _planner_check(planner), _resampling_check(planner)],
            selector="the direction whose best policy comes nearest, at length 1 in scaled features",
            nuisance={"first margin": float(path.margins[0]), "last margin": float(path.margins[-1])},
            provenance={"planner": planner.kind, "margins": ", ".join(f"{m:.6g}" for m in path.margins)},
        )

    def _path(self, own: FloatArray, walk: FloatArray, plan: Callable[[FloatArray], FloatArray]) -> Path:
        first = float(np.linalg.norm(own - walk))
        return project(own, walk, plan, tolerance=self.tolerance * first, max_steps=self.max_steps)

    def _spread(
        self, planner: Planner, found: Sequence[FloatArray], free: np.ndarray, rng: np.random.Generator
    ) -> FloatArray | None:
        """Covariance of the weights over resampled clusters, the best policy picked from those found, [F, F]."""
        sizes = np.bincount(planner.clusters.side)
        if sizes.min() < 2 or not found:
            return None
        shares = planner.clusters.resampled(DRAWS, rng)
        paired = planner.own_clusters is planner.clusters
        own_shares = shares if paired else planner.own_clusters.resampled(DRAWS, rng)
        policies = np.stack(found)
        draws = []
        for share, own_share in zip(shares, own_shares, strict=True):
            totals = np.einsum("c,icf->if", share, policies)
            pick = lambda w, totals=totals: totals[int((totals @ w).argmax())]  # noqa: E731
            path = self._path(own_share @ planner.own[:, free], share @ planner.walk[:, free], pick)
            draws.append(path.weights)
        covariance = np.zeros((planner.scale.size, planner.scale.size))
        covariance[np.ix_(free, free)] = np.cov(np.array(draws).T)
        return covariance


def _spread_out(weights: FloatArray, free: np.ndarray, planner: Planner) -> FloatArray:
    """Weights per unit of every feature, 0 where they are not free, [F]."""
    found = np.zeros(planner.scale.size)
    found[free] = weights
    return found / planner.scale


def _matched(path: Path) -> Check:
    left = float(path.margins[-1] / path.margins[0]) if path.margins[0] > 0 else 0.0
    fine = left <= NEAR and path.directions.size > 0
    why = "it does what the random walk does: there is no direction" if not path.directions.size else ""
    why = why or f"(limit {NEAR:g}): no mixture of best policies does what it does; add features or raise max_steps"
    return Check(
        name="matched",
        passed=fine,
        value=left,
        limit=NEAR,
        message=f"after {len(path.directions)} policies {left:.2g} of the first margin is left"
        + ("" if fine else f" {why}"),
    )


def _planner_check(planner: Planner) -> Check:
    told = "" if planner.exact else ": nothing in the pool does better, others might; give a model to plan in"
    return Check(name="planning", passed=planner.exact, message=f"best policies come from {planner.kind}{told}")


def _resampling_check(planner: Planner) -> Check:
    fewest = int(np.bincount(planner.clusters.side).min())
    return Check(
        name="resampling",
        passed=fewest >= 2,
        value=float(fewest),
        limit=2.0,
        message=f"{fewest} levels (or starts) to resample"
        + ("" if fewest >= 2 else ": weights have no interval; give more levels"),
    )
