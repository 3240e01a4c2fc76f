"""What behaviour says of the weights, by either behavioural model, worth a stated number of episodes.

A policy that is known is no sample: how many episodes it counts for is a choice. Behaviour counted from episodes counts
for those, each decision as it was seen.

Axes: S states, A actions, F features, K parameters (the F weights, then nuisance parameters), C points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import numpy as np
from scipy.special import expit

from birl.behavior import Behavior
from birl.irl.bayes_guide import LogDensity
from birl.irl.bayes_soft import SoftField
from birl.irl.boltzmann import Boltzmann
from birl.irl.boltzmann_likelihood import BoltzmannLikelihood, BoltzmannPoint, boltzmann_policy
from birl.irl.soft_likelihood import SoftLikelihood, SoftPoint
from birl.tabular import RewardLike, TabularModel, hard_plan, soft_plan
from birl.types import FloatArray

__all__ = ["EVIDENCE", "BoltzmannEvidence", "Evidence", "SoftEvidence", "worth"]


def worth(behavior: Behavior, episodes: float) -> float:
    """How many episodes a behaviour counts for: those it was counted from, or the stated number."""
    return episodes if behavior.policy_known or not behavior.trajectories else float(len(behavior.trajectories))


class Evidence(Protocol):
    """A log-likelihood that can be climbed, walked around in, and asked for its policy."""

    nuisance: ClassVar[tuple[str, ...]]  # parameters after the weights, each the logit of a share
    assumes: ClassVar[str]  # the behavioural model, in words

    def first(self, candidates: Mapping[str, RewardLike] | None) -> FloatArray:
        """Parameters to look for the mode from, [K]."""
        ...

    def at(self, theta: FloatArray, near: Any = None) -> Any:
        """The log-likelihood at a point, with its derivatives; planning starts from a nearby point."""
        ...

    def around(self, point: Any) -> LogDensity:
        """The log-likelihood and its gradient near a point, as functions of where they are asked alone."""
        ...

    @staticmethod
    def policy(theta: FloatArray, model: TabularModel) -> FloatArray:
        """pi(a | s) of parameters in any model with the features, [S, A]."""
        ...


class SoftEvidence:
    """The log-likelihood of soft-optimal planning, as in `mce`.

    Args:
        behaviors: one per distribution.
        episodes: that a known policy counts for.
        equal_levels: give every level of a known policy the same weight.
    """

    nuisance: ClassVar[tuple[str, ...]] = ()
    assumes: ClassVar[str] = "soft-optimal (maximum causal entropy)"

    def __init__(self, behaviors: Sequence[Behavior], *, episodes: float, equal_levels: bool = True) -> None:
        self._n_features = behaviors[0].model.n_features
        self._likelihood = SoftLikelihood([], equal_levels=equal_levels)
        for b in behaviors:
            (side,) = SoftLikelihood([b], equal_levels=equal_levels and b.policy_known).sides
            count = worth(b, episodes)
            self._likelihood.sides.append(replace(side, start=count * side.start, counts=count * side.counts))

    def first(self, candidates: Mapping[str, RewardLike] | None) -> FloatArray:
        """No reward at all: the likelihood is concave."""
        return np.zeros(self._n_features)

    def at(self, theta: FloatArray, near: SoftPoint | None = None) -> SoftPoint:
        """At weights [F]."""
        return self._likelihood.at(theta, near)

    def around(self, point: SoftPoint) -> LogDensity:
        """With the point's plan expanded to second order and its factors used again."""
        return SoftField(point)

    @staticmethod
    def policy(theta: FloatArray, model: TabularModel) -> FloatArray:
        """Soft-optimal, [S, A]."""
        return soft_plan(model, model.features @ theta).policy


class BoltzmannEvidence:
    """The log-likelihood of a softmax of Q* with a share eps of random actions, as in `boltzmann`.

    Args:
        behaviors: one per distribution.
        episodes: that a known policy counts for.
        equal_levels: give every level of a known policy the same weight.
    """

    nuisance: ClassVar[tuple[str, ...]] = ("eps",)
    assumes: ClassVar[str] = Boltzmann.behavioral_model

    def __init__(self, behaviors: Sequence[Behavior], *, episodes: float, equal_levels: bool = True) -> None:
        self._behaviors = behaviors
        self._likelihood = BoltzmannLikelihood(behaviors)
        for i, (side, b) in enumerate(zip(self._likelihood.sides, behaviors, strict=True)):
            rho = side.rho if equal_levels and b.policy_known else b.occupancy[side.states]
            rho = worth(b, episodes) * rho
            self._likelihood.sides[i] = replace(side, rho=rho, weight=rho[:, None] * b.policy[side.states])

    def first(self, candidates: Mapping[str, RewardLike] | None) -> FloatArray:
        """Where `boltzmann` ends: the likelihood has several hills."""
        return Boltzmann().fit(self._behaviors, candidates=candidates).theta

    def at(self, theta: FloatArray, near: BoltzmannPoint | None = None) -> BoltzmannPoint:
        """At weights and logit eps, [K]."""
        return self._likelihood.at(theta, near)

    def around(self, point: BoltzmannPoint) -> LogDensity:
        """Each point planned from this one's greedy policy."""

        def look(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
            points = [self._likelihood.at(one, point) for one in theta]
            return np.array([p.value for p in points]), np.stack([p.gradient for p in points])

        return look

    @staticmethod
    def policy(theta: FloatArray, model: TabularModel) -> FloatArray:
        """Boltzmann, with its random actions, [S, A]."""
        plan = hard_plan(model, model.features @ theta[:-1])
        return boltzmann_policy(model, plan.q, float(expit(theta[-1])))


EVIDENCE: dict[str, type[SoftEvidence] | type[BoltzmannEvidence]] = {
    "mce": SoftEvidence,
    "boltzmann": BoltzmannEvidence,
}
"""The log-likelihoods, by the method that maximises each."""
