"""Maximum causal entropy with policy access: the reward whose soft-optimal policy is nearest to this one.

Assumes pi(a|s) = exp(Q - V) / n(s) with soft planning regularised to the random walk. The temperature is one with the
scale of the weights. For a policy of another kind the fit converges to its nearest soft-optimal twin, not to its
weights.
Cannot tell: potential shaping within the span of the features, the scale apart from the temperature, weights of events
that never come within reach.

Axes: S states, A actions, F features, L levels, T steps.
Source: Ziebart, Bagnell & Dey 2010 (ICML; "Modeling interaction via the principle of maximum causal entropy");
Gleave & Toyer 2022 (arXiv 2203.11409), section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from birl.behavior import Behavior
from birl.irl.assemble import Fit, assemble, with_likelihood
from birl.irl.base import AnyBehavior, RewardEstimate
from birl.irl.common import (
    adaptation_check,
    convergence_check,
    determinism_check,
    random_share,
    shared_features,
    step_check,
    with_plain_constants,
)
from birl.irl.finite_likelihood import FiniteLikelihood
from birl.irl.needs import exact
from birl.irl.newton import Maximum, SparsePrior, maximise
from birl.irl.quasi_newton import climb
from birl.irl.read_off import read_off
from birl.irl.soft_likelihood import SoftLikelihood
from birl.tabular import RewardLike, TabularModel, soft_plan
from birl.types import BirlError, FloatArray

__all__ = ["MaxCausalEntropy"]

SCOUT_LEVELS = 32  # weights to begin from come from this many levels of each distribution
NEWTON_FEATURES = 200  # with more features than this the Hessian costs more than it saves


@dataclass(frozen=True, kw_only=True)
class MaxCausalEntropy:
    """Settings of the maximum-causal-entropy fit.

    Attributes:
        horizon: plan over this many steps; None for the infinite, discounted case.
        tolerance: largest error of an expected feature count (with one-hot features: of the occupancy) at which to
            stop.
        prior: strength of the sparse prior, in nats an episode and unit of weight; 0 turns it off.
        equal_levels: let every level weigh the same; False weighs by occupancy, as the textbook does.
        max_steps: Newton or quasi-Newton steps at most.
    """

    name: ClassVar[str] = "mce"
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    behavioral_model: ClassVar[str] = "soft-optimal (maximum causal entropy)"
    cannot_identify: ClassVar[str] = "potential shaping, scale apart from temperature, events never within reach"
    source: ClassVar[str] = "Ziebart, Bagnell & Dey 2010"

    horizon: int | None = None
    tolerance: float = 1e-6
    prior: float = 1e-3
    equal_levels: bool = True
    max_steps: int = 500

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.horizon is not None and self.horizon < 1:
            raise BirlError(f"mce: horizon {self.horizon} is below 1: give a number of steps, or None")
        if self.tolerance <= 0 or self.prior < 0:
            raise BirlError("mce: tolerance must be above 0 and prior at least 0")

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
            rng: not used: the likelihood is concave and the fit exact.
            candidates: not used, for the same reason.
            start: weights to begin from, [F]; for speed only.

        Raises:
            BirlError: when behaviours do not share features, or planning fails.
        """
        behaviors = exact(behaviors, self)
        names = shared_features(behaviors)
        first = self._first(behaviors) if start is None else start
        if self.horizon is not None:
            return self._fit(behaviors, first, np.zeros(len(names), bool))
        return with_plain_constants(partial(self._fit, behaviors, first), behaviors)

    def _fit(self, behaviors: Sequence[Behavior], first: FloatArray, held: np.ndarray) -> RewardEstimate:
        """The estimate with some weights held at 0, bool [F]."""
        theta = np.where(held, 0.0, first)
        search = {
            "prior": SparsePrior(strength=self.prior, n_weights=len(theta)),
            "tolerance": self.tolerance,
            "max_steps": self.max_steps,
            "free": ~held,
        }
        if self.horizon is not None:
            likelihood: Any = FiniteLikelihood(behaviors, horizon=self.horizon)
        else:
            likelihood = SoftLikelihood(behaviors, equal_levels=self.equal_levels)
        point, maximum = (maximise if self._newton(behaviors) else climb)(likelihood.at, theta, **search)
        return self._finish(behaviors, point, maximum, held)

    def _newton(self, behaviors: Sequence[Behavior]) -> bool:
        return self.horizon is None and behaviors[0].model.n_features <= NEWTON_FEATURES

    def _first(self, behaviors: Sequence[Behavior]) -> FloatArray:
        """Weights to begin from that cost next to nothing: read off the policy, or those of a few levels."""
        few = [b.first_levels(SCOUT_LEVELS) for b in behaviors]
        if not self._newton(behaviors):
            return read_off(behaviors, horizon=self.horizon)
        if all(f is b for f, b in zip(few, behaviors, strict=True)):
            return np.zeros(behaviors[0].model.n_features)
        return replace(self, tolerance=max(self.tolerance, 1e-3)).fit(few).vector

    def predict(self, estimate: RewardEstimate, model: TabularModel) -> FloatArray:
        """The soft-optimal policy of the estimate, its share of random actions mixed in, [S, A].

        The model may be any with the same features.
        """
        eps = estimate.nuisance.get("eps", 0.0)
        return (1.0 - eps) * soft_plan(model, model.features @ estimate.vector).policy + eps * model.uniform

    def _finish(self, behaviors: Sequence[Behavior], point: Any, maximum: Maximum, held: np.ndarray) -> RewardEstimate:
        names = behaviors[0].model.feature_names
        few = len(names) <= NEWTON_FEATURES
        fit = Fit(
            theta=point.theta,
            nuisance={},
            parameters={},
            maximum=maximum,
            prior=SparsePrior(strength=self.prior, n_weights=len(names)),
            held=held,
            scores={b.distribution: point.scores(i) for i, b in enumerate(behaviors)} if few else None,
            information=point.curvature if few else None,
            checks=[
                convergence_check(maximum, self.tolerance),
                step_check(behaviors),
                determinism_check(behaviors),
                adaptation_check(behaviors),
            ],
        )
        estimate = assemble(self, behaviors, names, fit)
        if self.horizon is not None:
            return estimate
        plans = [plan.policy for plan in point.plans]
        eps = random_share(behaviors, plans)
        tables = [(1.0 - eps) * plan + eps * b.model.uniform for b, plan in zip(behaviors, plans, strict=True)]
        return with_likelihood(behaviors, tables, replace(estimate, nuisance={"eps": eps}))
