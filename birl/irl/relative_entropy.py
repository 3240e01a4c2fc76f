"""Relative-entropy IRL: tilt the episodes of a base policy until they bring what the policy brings.

    P(tau) = U(tau) exp(w.f(tau)) / Z      maximise  w.f_own - mean_start ln Z(w) - sum_i slack_i |w_i|

U is the random walk, f an episode's discounted feature counts, and Z is estimated from episodes of another policy with
importance weights U / q: no model is needed and nothing is planned. Here q is in equal parts the random walk and noisy
copies of the policy, weighed by the balance heuristic, so that weights are bounded; and Z is taken start by start, so
that the tilt cannot choose where episodes begin.

Assumes that episodes, not actions, are chosen. Where chance decides, the tilt credits the policy with luck and weights
come out too small; in a deterministic world this is maximum causal entropy with sampled sums.
Cannot tell: potential shaping, the scale apart from the temperature, choice from luck, events no base episode meets.

Axes: G starts, K base episodes of a start, E episodes, F features.
Source: Boularias, Kober & Peters 2011 (AISTATS; "Relative entropy inverse reinforcement learning"), section 3;
the balance heuristic is Veach & Guibas 1995 (SIGGRAPH), section 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import AnyBehavior, Check, RewardEstimate
from birl.irl.common import convergence_check, sandwich
from birl.irl.linear import LinearFit, held_constants, linear_estimate, named_features, state_counts
from birl.irl.needs import sampled
from birl.irl.newton import Maximum, SparsePrior, maximise
from birl.irl.rolling import episode_counts, has_likelihood, roll, simulator_of
from birl.irl.tilted import Side, Tilt, Tilted
from birl.sampled import SampledBehavior
from birl.simulator import Places
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray

__all__ = ["RelativeEntropy"]

TOLERANCE = 1e-8  # on feature counts scaled to their range
MAX_STEPS = 200
ENOUGH = 10.0  # effective base episodes of a start, below which Z is a guess


@dataclass(frozen=True, kw_only=True)
class RelativeEntropy:
    """Settings of the relative-entropy fit.

    Attributes:
        starts: places that episodes begin in, of each distribution.
        episodes: base episodes from each start.
        noise: shares of random actions in the noisy copies of the policy that join the random walk; none takes the
            walk alone, and so does a policy whose actions have no likelihood.
        horizon: steps of an episode at most; the distribution's own if None.
        prior: strength of the sparse prior, per unit of weight on a feature scaled to the range of its counts.
        confidence: chance that true counts lie within the slack allowed to counts known from episodes only, in [0, 1);
            small, so that the slack stays below the error of sampling.
    """

    name: ClassVar[str] = "relative-entropy"
    needs: ClassVar[frozenset[str]] = frozenset({"simulator", "trajectories"})
    behavioral_model: ClassVar[str] = "episodes of the random walk, tilted by their reward"
    cannot_identify: ClassVar[str] = "potential shaping, scale apart from temperature, choice from luck"
    source: ClassVar[str] = "Boularias, Kober & Peters 2011"

    starts: int = 50
    episodes: int = 200
    noise: tuple[float, ...] = (0.3, 0.1, 0.0)
    horizon: int | None = None
    prior: float = 1e-3
    confidence: float = 0.1

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.starts < 2 or self.episodes <= len(self.noise):
            raise BirlError("relative-entropy: give at least 2 starts, and more base episodes than kinds of noise")
        if not all(0.0 <= noise < 1.0 for noise in self.noise):
            raise BirlError(f"relative-entropy: noise {self.noise}: give shares of random actions in [0, 1)")
        if self.prior < 0 or not 0.0 <= self.confidence < 1.0:
            raise BirlError("relative-entropy: prior must be at least 0 and confidence in [0, 1)")

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
            behaviors: one per distribution, of one task.
            rng: draws starts and base episodes; that of seed 0 if left out.
            candidates: not used: the problem is concave.
            start: not used, for the same reason.

        Raises:
            BirlError: without features, a simulator, or episodes or a policy that makes them.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        rolled = sampled(behaviors, self, rng=rng)
        names = named_features(rolled, self)
        sides = [self._side(given, seen, rng) for given, seen in zip(behaviors, rolled, strict=True)]
        spread = np.max([np.ptp(side.base, axis=(0, 1)) for side in sides], axis=0)
        held = held_constants(behaviors, len(names))
        tilted = Tilted(sides=sides, scale=np.where(spread > 0, spread, 1.0))
        prior = SparsePrior(strength=self.prior + max(map(self._slack, sides)), n_weights=len(names))
        free = ~held & (spread > 0)
        point, maximum = maximise(
            tilted.at, np.zeros(len(names)), prior, tolerance=TOLERANCE, max_steps=MAX_STEPS, free=free
        )
        return linear_estimate(self, behaviors, names, _finish(point, maximum, held))

    def _side(self, given: AnyBehavior, seen: SampledBehavior, rng: np.random.Generator) -> Side:
        starts = simulator_of(seen).start(self.starts, rng)
        base, log_weight = self._base(seen, starts, rng)
        own, paired = self._own(given, seen, starts, rng)
        return Side(
            name=seen.distribution,
            own=own,
            paired=paired,
            exact=isinstance(given, Behavior) and given.policy_known,
            base=base,
            log_weight=log_weight,
            level=starts.level,
        )

    def _base(self, seen: SampledBehavior, starts: Places, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Counts [G, K, F] of base episodes, and their importance weights' logarithms [G, K]."""
        copies = self.noise if has_likelihood(seen.policy) else ()
        per_kind = np.full(1 + len(copies), self.episodes // (1 + len(copies)))
        per_kind[0] += self.episodes - per_kind.sum()  # the walk
        counts, log_weight = [], []
        for count, noise in zip(per_kind, (1.0, *copies), strict=True):
            many = starts.take(np.repeat(np.arange(self.starts), count))
            found = roll(seen, many, horizon=self._horizon(seen), rng=rng, noise=noise, copies=copies)
            log_each = np.column_stack([found.log_walk, found.log_copies])
            log_q = np.logaddexp.reduce(log_each + np.log(per_kind / self.episodes), axis=1)
            counts.append(found.counts.reshape(self.starts, count, -1))
            log_weight.append((found.log_walk - log_q).reshape(self.starts, count))
        return np.concatenate(counts, axis=1), np.concatenate(log_weight, axis=1)

    def _own(
        self, given: AnyBehavior, seen: SampledBehavior, starts: Places, rng: np.random.Generator
    ) -> tuple[FloatArray, bool]:
        """What the policy brings: from each start [G, F] where it can be asked, of each episode [E, F] where not."""
        horizon = self._horizon(seen)
        if isinstance(given, Behavior) and given.policy_known:
            return state_counts(given.model, given.policy, horizon=horizon)[starts.states], True
        if seen.policy is None:
            return episode_counts(seen.trajectories, discount=seen.discount, horizon=horizon), False
        again = starts.take(np.repeat(np.arange(self.starts), self.episodes))
        counts = roll(seen, again, horizon=horizon, rng=rng).counts
        return counts.reshape(self.starts, self.episodes, -1).mean(axis=1), True

    def _horizon(self, seen: SampledBehavior) -> int:
        return self.horizon or seen.horizon

    def _slack(self, side: Side) -> float:
        """Half-width of a count's confidence interval, as a share of its range (Hoeffding 1963; their equation 3)."""
        if side.exact:
            return 0.0
        known = len(side.own) * (self.episodes if side.paired else 1)
        return float(np.sqrt(-np.log1p(-self.confidence) / (2 * known)))


def _finish(point: Tilt, maximum: Maximum, held: np.ndarray) -> LinearFit:
    own = np.mean([side.own.mean(axis=0) for side in point.sides], axis=0)
    moved = ~held & (point.theta != 0)
    scale = np.outer(point.scale, point.scale)
    return LinearFit(
        weights=point.theta / point.scale,
        own=own,
        walk=np.mean([side.walk for side in point.sides], axis=0),
        held=held,
        information=point.curvature * scale,
        covariance=sandwich(point.scores(), point.curvature, moved) / scale,
        checks=[convergence_check(maximum, TOLERANCE), _effective_check(point)],
        selector="sparse prior",
        provenance={"counts of the policy": "exact" if all(s.exact for s in point.sides) else "means of episodes"},
    )


def _effective_check(point: Tilt) -> Check:
    typical = float(np.median(point.effective()))
    fine = typical >= ENOUGH
    return Check(
        name="effective episodes",
        passed=fine,
        value=typical,
        limit=ENOUGH,
        message=f"Z of a typical start rests on {typical:.3g} effective base episodes"
        + ("" if fine else f" (limit {ENOUGH:g}): give more episodes, or noise nearer 0"),
    )
