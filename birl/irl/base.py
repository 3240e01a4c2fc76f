"""What every inverse-RL method shares: its declaration, its answer, and the checks on that answer.

A method is a frozen dataclass of settings; `fit` takes behaviour (which carries no reward) and returns a
`RewardEstimate`. Nothing is stored on the method.

Axes: F features, K parameters (the F weights, then nuisance parameters), L levels, D draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from birl.behavior import Behavior
from birl.irl.network import RewardNetwork
from birl.irl.tested import CandidateTest
from birl.sampled import SampledBehavior
from birl.stats import normal_interval, percentile_interval
from birl.tabular import RewardLike, TabularModel, reward_vector
from birl.trajectories import Transitions
from birl.types import BirlError, FloatArray, Interval

__all__ = [
    "BOUNDED",
    "HELD",
    "IDENTIFIED",
    "UNIDENTIFIED",
    "AnyBehavior",
    "Check",
    "Estimator",
    "Identifiability",
    "RewardEstimate",
]

IDENTIFIED, BOUNDED, HELD, UNIDENTIFIED = "identified", "upper bound", "held at 0", "not identified"

AnyBehavior = Behavior | SampledBehavior
"""What a method may be given: a policy on an exact model, or one that was rolled out."""

RIDGE = 1e-9  # eigenvalue, relative to the largest, below which a direction has no information and stays where it is


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that must hold for an answer to be trusted.

    Attributes:
        name: what was checked.
        passed: whether it holds.
        message: the measured number, the limit, and what to do when it fails.
        value: the measured number, where there is one.
        limit: what it is held against.
        required: whether a verdict is impossible without it.
    """

    name: str
    passed: bool
    message: str
    value: float | None = None
    limit: float | None = None
    required: bool = False


@dataclass(frozen=True, kw_only=True)
class Identifiability:
    """Which directions of the weights the behaviour says nothing about.

    Attributes:
        rank: directions that move the likelihood; None with too many features to tell.
        nullity: directions that do not; None likewise.
        null_directions: for each of those, its loading on the features.
        selector: what chose the representative among equals.
    """

    rank: int | None
    nullity: int | None
    null_directions: tuple[Mapping[str, float], ...]
    selector: str


@dataclass(frozen=True, kw_only=True, eq=False)
class RewardEstimate:
    """A recovered reward: linear weights on named features or, of methods without features, a network or a table.

    Attributes:
        method: name of the estimator.
        behavioral_model: how the policy is assumed to turn a reward into actions.
        distributions: what it was fitted on.
        weights: the reward per unit of each feature; scale and temperature are one number. Empty where the reward is a
            network or a table.
        status: for each feature `identified`, `upper bound` (avoided: behaviour only bounds it from above), `held at 0`
            (by convention, the other features stand in for it) or `not identified`.
        covariance: of the weights, clustered by level, [F, F]; None with too many features.
        upper: upper bounds of avoided events, where behaviour pins them down.
        nuisance: parameters that are not reward (`eps`, the share of random actions).
        log_likelihood: mean log-likelihood of a decision (an outcome for `outcome-choice`), levels weighing equally;
            None where the fitted policy changes with time.
        checks: what was checked.
        identifiability: rank, nullity, selector.
        settings: the estimator's settings, as text.
        prior: strength of the sparse prior, in nats an episode and unit of weight.
        parameters: nuisance parameters on the scale they were fitted on (logit of eps), after the weights in `redraw`.
        scores: each level's part of the gradient (each episode's, of few levels that were counted), [L, K] by
            distribution; a scorecard leaves them out.
        curvature: how fast the gradient changes with the parameters, [K, K]; a scorecard leaves it out.
        draws: of the weights from their posterior, [D, F], where the method has one.
        network: the reward as a function of transitions, where it is no sum of named features.
        table: the reward of each state and action of the one world it was read off, [S, A], where it is neither.
        provenance: versions and whatever else it takes to find the same estimate again.
        tested: what was found of each named reward, by methods that test rather than recover.
    """

    method: str
    behavioral_model: str
    distributions: tuple[str, ...]
    weights: Mapping[str, float]
    status: Mapping[str, str]
    nuisance: Mapping[str, float]
    log_likelihood: float | None
    checks: tuple[Check, ...]
    identifiability: Identifiability
    covariance: FloatArray | None = None
    upper: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    prior: float = 0.0
    parameters: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, FloatArray] | None = None
    curvature: FloatArray | None = None
    draws: FloatArray | None = None
    network: RewardNetwork | None = None
    table: FloatArray | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    tested: Mapping[str, CandidateTest] = field(default_factory=dict)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, in the order of `vector`."""
        return tuple(self.weights)

    @property
    def vector(self) -> FloatArray:
        """The weights as an array, [F]."""
        return np.array(list(self.weights.values()))

    @property
    def theta(self) -> FloatArray:
        """The weights and, after them, the nuisance parameters on the scale they were fitted on, [K]."""
        return np.concatenate([self.vector, list(self.parameters.values())])

    def evaluate(self, seen: Transitions) -> FloatArray:
        """The reward of each transition, whatever it depends on: the state, the action, what comes next, [N].

        Raises:
            BirlError: when the transitions lack what the reward is made of, or the reward is a table.
        """
        if self.network is not None:
            return self.network(seen)
        if self.table is not None:
            raise BirlError(
                f"{self.method}: a reward by state and action has no value outside its model: use on(model)"
            )
        if seen.features is None or np.shape(seen.features)[-1] != len(self.weights):
            raise BirlError(
                f"{self.method}: the transitions do not carry the {len(self.weights)} features of the reward"
            )
        return np.asarray(seen.features, np.float64) @ self.vector

    def on(self, model: TabularModel) -> FloatArray:
        """The reward in a model: of each state and action, [S*A]; of a network, of each stored transition, [E].

        Raises:
            BirlError: when the model lacks a feature, or is not the one that a table was read off.
        """
        if self.network is not None:
            return self.network.on(model)
        return reward_vector(model, self.weights if self.table is None else self.table)

    def save(self, path: str | Path) -> None:
        """Write the estimate as one npz file, without pickling, whole or not at all."""
        from birl.irl.storage import save  # storage needs this class

        save(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> RewardEstimate:
        """Read an estimate that `save` wrote.

        Raises:
            BirlError: when there is no such file, or it is not a whole estimate.
        """
        from birl.irl.storage import load  # storage needs this class

        return load(Path(path))

    @property
    def intervals(self) -> Mapping[str, Interval]:
        """95 % intervals of the identified weights, and of bounded ones whose bound is known; the others have none.

        Nor has a weight that a sparse prior put to 0: its sampling error is not 0, and not known. Quantiles of draws
        where there are draws, otherwise normal ones.
        """
        if self.covariance is None and self.draws is None:
            return {}
        found = {}
        for i, (name, weight) in enumerate(self.weights.items()):
            own = self._interval(i, weight)
            if self.status[name] in (IDENTIFIED, BOUNDED) and weight != 0:
                found[name] = own
            if self.status[name] == BOUNDED and name in self.upper:
                found[name] = replace(own, high=max(self.upper[name], weight))
        return found

    def _interval(self, i: int, weight: float) -> Interval:
        if self.draws is not None:
            return percentile_interval(weight, self.draws[:, i])
        assert self.covariance is not None  # asked for only where there is one
        return normal_interval(weight, float(self.covariance[i, i]))

    @property
    def simplest(self) -> FloatArray:
        """The weights with every avoided event at the value nearest 0 that its bound allows, [F].

        Behaviour only says that an avoided event is worth at most so much; what it is worth below that, simplicity
        says.
        """
        return self._simplify(self.vector[None])[0]

    def _simplify(self, weights: FloatArray) -> FloatArray:
        intervals = self.intervals
        found = weights.copy()
        for i, name in enumerate(self.weights):
            if self.status[name] == BOUNDED:
                found[:, i] = min(0.0, intervals[name].high) if name in intervals else 0.0
        return found

    def redraw(self, level_weights: Mapping[str, FloatArray]) -> FloatArray:
        """The weights on resampled levels: one Newton step each, on the curvature of all levels, [D, F].

        Weights that the prior put to 0 stay there, and avoided events stay as in `simplest`.

        Args:
            level_weights: for each distribution fitted on, how often each draw picks each level, [D, L].

        Source: the one-step score bootstrap (Davison & Hinkley 1997, section 2.7.2; Kline & Santos 2012).
        """
        if self.scores is None or self.curvature is None:
            raise BirlError(
                f"{self.method}: this estimate was read from a file or has too many features: it cannot be drawn from"
            )
        theta = self.theta
        held = [self.status.get(name) == HELD for name in (*self.weights, *self.parameters)]
        free = np.flatnonzero((theta != 0) & ~np.array(held))
        slopes = np.sum([level_weights[name] @ score for name, score in self.scores.items()], axis=0)[:, free]
        slopes -= np.where(free < len(self.weights), self.prior * np.sign(theta[free]), 0.0)
        moved = np.tile(theta, (len(slopes), 1))
        moved[:, free] += slopes @ np.linalg.pinv(self.curvature[np.ix_(free, free)], rcond=RIDGE, hermitian=True)
        return self._simplify(moved[:, : len(self.weights)])


class Estimator(Protocol):
    """An inverse-RL method: settings in, behaviour in, an estimate out."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    behavioral_model: ClassVar[str]
    cannot_identify: ClassVar[str]
    source: ClassVar[str]

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One reward for all the behaviours together; `start` is an earlier fit's `theta`, for speed."""
        ...


@runtime_checkable
class PolicyEstimator(Estimator, Protocol):
    """A method whose estimate predicts actions."""

    def predict(self, estimate: RewardEstimate, model: TabularModel) -> FloatArray:
        """pi_w(a | s), [S, A], in any model with the same features."""
        ...


@runtime_checkable
class DrawingEstimator(Estimator, Protocol):
    """A method that draws better than by one Newton step (`RewardEstimate.redraw`): its likelihood has kinks, say."""

    def redraw(
        self, estimate: RewardEstimate, behaviors: Sequence[Behavior], level_weights: Mapping[str, FloatArray]
    ) -> FloatArray:
        """The weights on resampled levels, [D, F]."""
        ...
