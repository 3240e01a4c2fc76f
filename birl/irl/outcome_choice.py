"""Outcome choice: a conditional logit on what happens, not on how.

In each level the policy's chain ends in one first event, or in none, with exactly known probability. Fit

    P(o | level) proportional to exp(u . phi(o) - c d(o)),

over the events within reach, d the fewest steps to the event, c the price of a step, "nothing" at utility 0. It is
concave, needs no planning, and does not mind dithering, ties, discount or entropy. Weights are utilities against
"nothing"; the weight of the `step` feature is -c.
Cannot tell: objectives about how (costs on the way), worlds that do not resolve into events, utilities of events that
are never within reach.

Axes: L levels, O events (column O is "nothing"), F features, K = F' + 1 parameters (event features, price).
Source: McFadden 1974 ("Conditional logit analysis of qualitative choice behavior"); clustered as Liang & Zeger 1986.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from birl.behavior import Behavior
from birl.irl.assemble import Fit, assemble
from birl.irl.base import AnyBehavior, RewardEstimate
from birl.irl.common import convergence_check, shared_features
from birl.irl.needs import exact
from birl.irl.newton import SparsePrior, maximise
from birl.outcomes import Outcomes, constant_features
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray

__all__ = ["OutcomeChoice"]


@dataclass(frozen=True, kw_only=True)
class OutcomeChoice:
    """Settings of the outcome-choice fit.

    Attributes:
        tolerance: largest entry of the gradient, in nats a level, at which to stop.
        prior: strength of the sparse prior, in nats a level and unit of utility.
        random_walk_offset: add the log of the random walk's share, so that utilities are over and above chance.
        proximity_only: let no event be worth more than another, so that only the price of a step tells them apart: what
            a policy without preferences that moves about would meet first.
        max_steps: Newton steps at most.
    """

    name: ClassVar[str] = "outcome-choice"
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    behavioral_model: ClassVar[str] = "conditional logit over first events"
    cannot_identify: ClassVar[str] = (
        "costs on the way, events never within reach, discount apart from the price of a step"
    )
    source: ClassVar[str] = "McFadden 1974"

    tolerance: float = 1e-8
    prior: float = 1e-2
    random_walk_offset: bool = False
    proximity_only: bool = False
    max_steps: int = 100

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """Utilities of events for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task.
            rng: not used: the likelihood is concave.
            candidates: not used.
            start: not used.

        Raises:
            BirlError: when a distribution does not resolve into events.
        """
        behaviors = exact(behaviors, self)
        names = shared_features(behaviors)
        sides = [self._side(b) for b in behaviors]
        constant = constant_features(behaviors[0].model)
        prior = SparsePrior(strength=self.prior, n_weights=len(names))
        # constant features are priced together, through the distance; the first of them carries the price
        carrier = int(np.flatnonzero(constant)[0]) if constant.any() else None
        logit = _Logit(sides=sides, carrier=carrier, constant=constant)
        point, maximum = maximise(
            logit.at, np.zeros(logit.size), prior, tolerance=self.tolerance, max_steps=self.max_steps
        )
        price = {} if carrier is not None else {"price": float(point.theta[-1])}
        fit = Fit(
            theta=point.theta,
            nuisance=price,
            parameters=price,
            maximum=maximum,
            prior=prior,
            held=np.zeros(len(names), bool),
            scores={b.distribution: point.scores(i) for i, b in enumerate(behaviors)},
            information=point.curvature,
            checks=[convergence_check(maximum, self.tolerance)],
        )
        return assemble(self, behaviors, names, fit, log_likelihood=point.value / len(behaviors))

    def predict_outcomes(self, estimate: RewardEstimate, behavior: Behavior) -> FloatArray:
        """Shares of first events that the estimate predicts on other levels, [L, O + 1]."""
        side = self._side(behavior)
        constant = constant_features(behavior.model)
        carrier = int(np.flatnonzero(constant)[0]) if constant.any() else None
        theta = estimate.vector if carrier is not None else np.append(estimate.vector, estimate.nuisance["price"])
        return _Logit(sides=[side], carrier=carrier, constant=constant).at(theta).predicted[0]

    def _side(self, behavior: Behavior) -> _Side:
        seen = behavior.outcomes
        if isinstance(seen, str):
            raise BirlError(f"outcome-choice: distribution {behavior.distribution!r}: {seen}; use another method")
        weight = behavior.model.level_starts * (behavior.model.level_starts > 0)
        return _Side(
            phi=np.zeros_like(seen.events.features) if self.proximity_only else seen.events.features,
            distance=np.where(np.isfinite(seen.distance), seen.distance, 0.0),
            offset=_offset(seen, self.random_walk_offset),
            share=seen.share,
            weight=weight,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Side:
    phi: FloatArray  # [O, F]
    distance: FloatArray  # [L, O]
    offset: FloatArray  # [L, O + 1]; -inf where an event is out of reach
    share: FloatArray  # [L, O + 1]
    weight: FloatArray  # [L], sums to 1


def _offset(seen: Outcomes, random_walk: bool) -> FloatArray:
    reach = np.concatenate([np.isfinite(seen.distance), np.ones((len(seen.share), 1), bool)], axis=1)
    base = np.log(np.maximum(seen.walk, np.finfo(float).tiny)) if random_walk else np.zeros_like(seen.share)
    return np.where(reach, base, -np.inf)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Logit:
    sides: Sequence[_Side]
    carrier: int | None
    constant: np.ndarray

    @property
    def size(self) -> int:
        """K: the features, and the price where no feature carries it."""
        return self.constant.size + (self.carrier is None)

    def at(self, theta: FloatArray, near: _LogitPoint | None = None) -> _LogitPoint:
        return _LogitPoint(theta=theta, sides=self.sides, attributes=[self._attributes(s) for s in self.sides])

    def _attributes(self, side: _Side) -> FloatArray:
        """What each outcome offers in each level, [L, O + 1, K]."""
        n_levels, n_events = side.distance.shape
        offered = np.zeros((n_levels, n_events + 1, self.size))
        offered[:, :-1, : self.constant.size] = np.where(self.constant, 0.0, side.phi)
        if self.carrier is None:
            offered[:, :-1, -1] = -side.distance
        else:
            offered[:, :-1, self.carrier] = side.distance
        return offered


@dataclass(frozen=True, kw_only=True, eq=False)
class _LogitPoint:
    theta: FloatArray
    sides: Sequence[_Side]
    attributes: Sequence[FloatArray]

    @cached_property
    def log_predicted(self) -> list[FloatArray]:
        """log P(o | level), [L, O + 1] each; -inf out of reach."""
        found = []
        for side, offered in zip(self.sides, self.attributes, strict=True):
            utility = offered @ self.theta + side.offset
            top = utility.max(axis=1, keepdims=True)
            found.append(utility - top - np.log(np.exp(utility - top).sum(axis=1, keepdims=True)))
        return found

    @cached_property
    def predicted(self) -> list[FloatArray]:
        return [np.exp(log) for log in self.log_predicted]

    @cached_property
    def value(self) -> float:
        total = 0.0
        for side, log in zip(self.sides, self.log_predicted, strict=True):
            total += float(side.weight @ (side.share * np.where(side.share > 0, log, 0.0)).sum(axis=1))
        return total

    def scores(self, i: int) -> FloatArray:
        side = self.sides[i]
        return np.einsum("lo,lok->lk", side.weight[:, None] * (side.share - self.predicted[i]), self.attributes[i])

    @cached_property
    def gradient(self) -> FloatArray:
        return np.sum([self.scores(i).sum(axis=0) for i in range(len(self.sides))], axis=0)

    @cached_property
    def curvature(self) -> FloatArray:
        total = np.zeros((self.theta.size, self.theta.size))
        for side, offered, p in zip(self.sides, self.attributes, self.predicted, strict=True):
            centred = offered - np.einsum("lo,lok->lk", p, offered)[:, None, :]
            flat = centred.reshape(-1, self.theta.size)
            total += flat.T @ ((side.weight[:, None] * p).reshape(-1, 1) * flat)
        return total
