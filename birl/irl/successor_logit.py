"""Successor logit: the reward whose one-step-ahead soft values explain the policy's probabilities, with nothing solved.

Branch in a state, take each action, follow the policy. If the policy is soft-optimal for w, then

    log pi(a|s) = w.psi(s, a) + h(s, a) - V(s)                                                                    (1)

with psi and h of `birl.irl.branching`: a conditional logit in w, concave, without planning and without a model of the
dynamics. Where psi is exact w is the maximum of its likelihood. Where psi is sampled its noise would pull w towards 0;
the two halves of the rollouts then serve as instruments for each other,

    w = C^-1 c,   C = sum_s rho E_pi[psi_2' psi_1],   c = sum_s rho E_pi[psi_2' (log pi - h_1)]                   (2)

all centred within their state and symmetrised over the halves; in the limit of many states the noise drops out. Actions
that are vectors are a drawn set, half from the policy and half uniform, weighed by pi / q: equation 1 holds on any set.

Assumes soft-optimality for the policy's own discount. Whether it holds is measured: the share of the variance of log pi
that equation 1 explains.
Cannot tell: potential shaping within the features, the scale apart from the temperature, events never within reach.

Axes: H = 2 halves, N branching states, K actions tried in each, F features, C clusters.
Source: Hotz & Miller 1993 (Review of Economic Studies 60:497), equation 3.4 (conditional choice probabilities); Hotz,
Miller, Sanders & Smith 1994 (61:265: values by forward simulation); Angrist & Krueger 1995 (split-sample instruments).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import AnyBehavior, RewardEstimate
from birl.irl.branching import Branches, Budget, branches
from birl.irl.common import adaptation_check, convergence_check, sandwich
from birl.irl.linear import LinearFit, held_constants, linear_estimate
from birl.irl.newton import SparsePrior, maximise
from birl.irl.successor_fit import (
    SuccessorLikelihood,
    choice_log_likelihood,
    explained_check,
    instrumented,
    relevance_check,
    spread_check,
)
from birl.tabular import RewardLike, TabularModel, soft_plan
from birl.types import BirlError, FloatArray

__all__ = ["SuccessorLogit"]

MAX_STEPS = 200


@dataclass(frozen=True, kw_only=True)
class SuccessorLogit:
    """Settings of the successor logit; all but the first two are for simulators only.

    Attributes:
        prior: strength of the sparse prior, in nats an episode and unit of weight; for exact models only.
        tolerance: largest gradient at which to stop, likewise.
        states: to branch in, of each distribution.
        rollouts: of each branch; half of them are the instrument of the other half.
        actions: tried in each state where they are vectors.
        episodes: of the policy, to find states in; they are what is resampled.
        tail: share of the discounted future that is cut off.
    """

    name: ClassVar[str] = "successor-logit"
    needs: ClassVar[frozenset[str]] = frozenset({"policy", "simulator"})
    behavioral_model: ClassVar[str] = "soft-optimal (maximum causal entropy), one step ahead of the policy itself"
    cannot_identify: ClassVar[str] = "potential shaping, scale apart from temperature, events never within reach"
    source: ClassVar[str] = "Hotz & Miller 1993; Hotz, Miller, Sanders & Smith 1994"

    prior: float = 1e-3
    tolerance: float = 1e-8
    states: int = 64
    rollouts: int = 4
    actions: int = 8
    episodes: int = 32
    tail: float = 0.05

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.prior < 0 or self.tolerance <= 0:
            raise BirlError("successor-logit: tolerance must be above 0 and prior at least 0")
        self.budget.check(self.name)

    @property
    def budget(self) -> Budget:
        """What may be rolled out."""
        return Budget(
            episodes=self.episodes,
            states=self.states,
            rollouts=self.rollouts,
            actions=self.actions,
            tail=self.tail,
            cardinal=True,
        )

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
            behaviors: one per distribution, of one task, each with its policy and a simulator.
            rng: drives rollouts; that of seed 0 if left out. Exact models need none.
            candidates: not used: the problem is concave.
            start: weights to begin from, [F]; for speed only.

        Raises:
            BirlError: without policy, simulator or features, or for a policy without probabilities.
        """
        seen = branches(behaviors, self, self.budget, rng=rng)
        held = held_constants(behaviors, len(seen.names))
        if seen.exact:
            return self._exact(behaviors, seen, held, np.zeros(held.size) if start is None else start[: held.size])
        return self._sampled(behaviors, seen)

    def predict(self, estimate: RewardEstimate, model: TabularModel) -> FloatArray:
        """The soft-optimal policy of the estimate in any model with the same features, [S, A]."""
        return soft_plan(model, model.features @ estimate.vector).policy

    def _exact(
        self, behaviors: Sequence[AnyBehavior], seen: Branches, held: np.ndarray, start: FloatArray
    ) -> RewardEstimate:
        prior = SparsePrior(strength=self.prior, n_weights=held.size)
        point, maximum = maximise(
            SuccessorLikelihood(seen).at,
            np.where(held, 0.0, start),
            prior,
            tolerance=self.tolerance,
            max_steps=MAX_STEPS,
            free=~held,
        )
        scores = _by_distribution(seen, behaviors, point.scores)
        selector = "sparse prior" if self.prior else "least change from 0"
        estimate = self._estimate(
            behaviors,
            seen,
            point.theta,
            held=held,
            information=point.curvature,
            covariance=sandwich(scores, point.curvature, ~held & (point.theta != 0)),
            selector=selector,
            checks=[convergence_check(maximum, self.tolerance), adaptation_check(_models(behaviors))],
        )
        return replace(estimate, scores=scores, curvature=point.curvature, prior=self.prior)

    def _sampled(self, behaviors: Sequence[AnyBehavior], seen: Branches) -> RewardEstimate:
        fit = instrumented(seen)
        scores = _by_distribution(seen, behaviors, fit.scores)
        held = np.zeros(len(seen.names), bool)
        estimate = self._estimate(
            behaviors,
            seen,
            fit.theta,
            held=held,
            information=fit.information,
            covariance=sandwich(scores, fit.information, ~held),
            selector="least change from 0 where noise hides a direction",
            checks=[relevance_check(fit)],
        )
        return replace(estimate, scores=scores, curvature=fit.information)

    def _estimate(
        self, behaviors: Sequence[AnyBehavior], seen: Branches, theta: FloatArray, **found: Any
    ) -> RewardEstimate:
        checks = [*found.pop("checks"), explained_check(seen, theta), spread_check(seen)]
        fit = LinearFit(
            weights=theta,
            own=seen.own,
            walk=seen.walk,
            log_likelihood=choice_log_likelihood(seen, theta),
            checks=checks,
            **found,
        )
        return linear_estimate(self, behaviors, seen.names, fit)


def _by_distribution(seen: Branches, behaviors: Sequence[AnyBehavior], scores: FloatArray) -> Mapping[str, FloatArray]:
    return {b.distribution: scores[own] for b, own in zip(behaviors, seen.clusters, strict=True)}


def _models(behaviors: Sequence[AnyBehavior]) -> list[Behavior]:
    return [b for b in behaviors if isinstance(b, Behavior)]
