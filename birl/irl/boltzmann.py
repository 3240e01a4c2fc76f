"""Boltzmann on Q*: the reward whose optimal action values, through a softmax and some random actions, give this policy.

Assumes pi(a|s) = (1 - eps) softmax Q*(s, .) + eps / n(s) with the hard-optimal Q*: the better model for value-based and
nearly greedy agents. The inverse temperature is absorbed in the weights. The likelihood is not concave, so the fit
climbs from `mce`, from the candidates or from two of them together, whichever three begin highest, and keeps the best.
Cannot tell: positive scale apart from temperature, potential shaping within the span of the features, the weights of
events the greedy policy avoids beyond an upper bound.

Axes: F features, K = F + 1 parameters.
Source: Ramachandran & Amir 2007 (IJCAI; "Bayesian inverse reinforcement learning"), equation 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import ClassVar

import numpy as np
from scipy.special import logit

from birl.behavior import Behavior
from birl.irl.assemble import Fit, assemble, with_likelihood
from birl.irl.base import AnyBehavior, Check, RewardEstimate
from birl.irl.boltzmann_likelihood import BoltzmannLikelihood, BoltzmannPoint, boltzmann_policy
from birl.irl.common import (
    adaptation_check,
    determinism_check,
    shared_features,
    step_check,
    with_plain_constants,
)
from birl.irl.mce import MaxCausalEntropy
from birl.irl.needs import exact
from birl.irl.newton import Maximum, SparsePrior, maximise
from birl.tabular import RewardLike, TabularModel, hard_plan
from birl.types import FloatArray

__all__ = ["Boltzmann"]

FIRST_EPS = (0.05, 0.3)  # shares of random actions tried for each start
SCALES = (1.0, 3.0, 10.0, 30.0, 100.0)  # inverse temperatures tried for each start
FARTHEST = 0.4  # of the largest weight that a draw may go
WIDTH = 0.05  # of the largest weight: about the sampling error at a hundred levels
FEW_LEVELS = 16  # of each distribution, for the `mce` fit that is only a start
CLIMBED = 3  # starts: the likelihood has several hills, and kinks to be stuck at on the way up
ALIKE = 0.99  # cosine from which two starts are the same


@dataclass(frozen=True, kw_only=True)
class Boltzmann:
    """Settings of the Boltzmann fit.

    Attributes:
        tolerance: largest entry of the gradient at which to stop, in nats an episode and unit of weight.
        prior: strength of the sparse prior, in nats an episode and unit of weight; 0 turns it off.
        max_steps: Gauss-Newton steps at most.
    """

    name: ClassVar[str] = "boltzmann"
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    behavioral_model: ClassVar[str] = "Boltzmann on Q* with random actions"
    cannot_identify: ClassVar[str] = "scale apart from temperature, potential shaping, avoided events beyond a bound"
    source: ClassVar[str] = "Ramachandran & Amir 2007"

    tolerance: float = 1e-4
    prior: float = 1e-3
    max_steps: int = 60

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One reward and one eps for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task.
            rng: not used: starts are fixed.
            candidates: objectives to start from, as weights by feature; arrays are passed over.
            start: weights of an earlier Boltzmann fit to go on from, with logit eps or without, [F] or [K]; no other
                start is then tried.
        """
        behaviors = exact(behaviors, self)
        names = shared_features(behaviors)
        starts = self._starts(behaviors, names, candidates) if start is None else start
        return with_plain_constants(partial(self._fit, behaviors, starts), behaviors)

    def _fit(
        self, behaviors: Sequence[Behavior], starts: list[FloatArray] | FloatArray, held: np.ndarray
    ) -> RewardEstimate:
        """The best of some starts, or what one leads to, with some weights held at 0, bool [F]."""
        names = behaviors[0].model.feature_names
        prior = SparsePrior(strength=self.prior, n_weights=len(names))
        free = np.append(~held, True)
        likelihood = BoltzmannLikelihood(behaviors)
        if isinstance(starts, list):
            promising = self._promising(likelihood, prior, [np.where(held, 0.0, s) for s in starts])
        else:
            promising = [np.append(starts, logit(FIRST_EPS[0]))[: len(names) + 1]]
            promising[0][:-1][held] = 0.0
        climb = partial(maximise, prior=prior, tolerance=self.tolerance, max_steps=self.max_steps, free=free)
        tops = [climb(likelihood.at, first) for first in promising]
        point, maximum = max(tops, key=lambda top: top[0].value + prior.value(top[0].theta))
        fit = Fit(
            theta=point.theta,
            nuisance={"eps": point.eps},
            parameters={"logit eps": float(point.theta[-1])},
            maximum=maximum,
            prior=prior,
            held=held,
            scores={b.distribution: point.scores(i) for i, b in enumerate(behaviors)},
            information=point.curvature,
            curvature=likelihood.wide_curvature(point, free & (point.theta != 0), width=WIDTH),
            checks=[
                _settled(maximum, self.tolerance),
                step_check(behaviors),
                determinism_check(behaviors),
                adaptation_check(behaviors),
            ],
        )
        tables = [boltzmann_policy(b.model, p.q, point.eps) for b, p in zip(behaviors, point.plans, strict=True)]
        return with_likelihood(behaviors, tables, assemble(self, behaviors, names, fit))

    def predict(self, estimate: RewardEstimate, model: TabularModel) -> FloatArray:
        """The Boltzmann policy of the estimate in any model with the same features, [S, A]."""
        plan = hard_plan(model, model.features @ estimate.vector)
        return boltzmann_policy(model, plan.q, estimate.nuisance["eps"])

    def redraw(
        self, estimate: RewardEstimate, behaviors: Sequence[Behavior], level_weights: Mapping[str, FloatArray]
    ) -> FloatArray:
        """The weights on resampled levels, [D, F]: one Newton step each, as far as it can be trusted.

        The likelihood has kinks, and its curvature is measured over a certain distance. A step that is longer is halved
        until it does not lower the likelihood of the resampled levels, or is no longer than that distance.

        Args:
            estimate: of all the behaviours together, with its curvature.
            behaviors: one per distribution.
            level_weights: how often each draw picks each level, [D, L] by distribution.
        """
        draws, point = estimate.redraw(level_weights), estimate.simplest
        size = float(np.abs(point).max(initial=0.0))
        longest = np.abs(draws - point).max(axis=1, initial=0.0)
        far = np.flatnonzero(longest > WIDTH * size)
        if not far.size:
            return draws
        likelihood = BoltzmannLikelihood(exact(behaviors, self))
        logit_eps = estimate.parameters["logit eps"]
        here = likelihood.at(np.append(point, logit_eps))
        picks = np.concatenate([level_weights[b.distribution] for b in behaviors], axis=1)
        reached = picks @ np.concatenate(here.levels)
        for d in far:
            step = (draws[d] - point) * min(1.0, FARTHEST * size / longest[d])
            while np.abs(step).max() > WIDTH * size:
                there = likelihood.at(np.append(point + step, logit_eps), here)
                if picks[d] @ np.concatenate(there.levels) >= reached[d]:
                    break
                step = step / 2
            draws[d] = point + step
        return draws

    def _starts(
        self,
        behaviors: Sequence[Behavior],
        names: Sequence[str],
        candidates: Mapping[str, RewardLike] | None,
    ) -> list[FloatArray]:
        """Directions to begin from: `mce` on a few levels, each candidate, and each two together."""
        few = [b.first_levels(FEW_LEVELS) for b in behaviors]
        found = [MaxCausalEntropy(tolerance=1e-3).fit(few).vector]
        named = [
            np.array([float(reward.get(name, 0.0)) for name in names])
            for reward in (candidates or {}).values()
            if isinstance(reward, Mapping)
        ]
        return found + named + [a + b for a, b in combinations(named, 2)]

    def _promising(
        self, likelihood: BoltzmannLikelihood, prior: SparsePrior, starts: list[FloatArray]
    ) -> list[FloatArray]:
        """The best of the starts, each at its best temperature and share of random actions, none like another."""
        score = lambda p: p.value + prior.value(p.theta)  # noqa: E731
        tried: list[BoltzmannPoint] = []
        for direction in starts:
            point = likelihood.at(np.append(direction, 0.0))
            tried.append(max((likelihood.scaled(point, s, eps) for s in SCALES for eps in FIRST_EPS), key=score))
        found: list[FloatArray] = []
        for point in sorted(tried, key=score, reverse=True):
            if len(found) < CLIMBED and not any(_alike(point.theta[:-1], other[:-1]) for other in found):
                found.append(point.theta)
        return found


def _alike(one: FloatArray, other: FloatArray) -> bool:
    """Whether two weight vectors point the same way; nothing is like no reward at all but itself."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return bool(one @ other >= ALIKE * lengths) if lengths > 0 else not (one.any() or other.any())


def _settled(maximum: Maximum, tolerance: float) -> Check:
    """A search that found no way up has converged, also where Q* has a kink and no gradient vanishes."""
    return Check(
        name="converged",
        passed=maximum.converged or maximum.stuck,
        value=maximum.gap,
        limit=tolerance,
        message=f"largest gradient {maximum.gap:.2g} after {maximum.steps} steps (limit {tolerance:g})"
        + (", at a kink of Q*: no step goes up" if maximum.stuck and not maximum.converged else "")
        + ("" if maximum.converged or maximum.stuck else ": raise max_steps"),
    )
