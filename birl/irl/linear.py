"""Weights from episodes: what is constant, what was met, and the estimate that methods on counted features share.

Axes: S states, F features, E episodes, D draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import BOUNDED, HELD, IDENTIFIED, UNIDENTIFIED, AnyBehavior, Check, RewardEstimate
from birl.irl.common import AVOIDED, LOST, identifiability, neutral_constants, null_space
from birl.irl.provenance import provenance
from birl.sampled import SampledBehavior
from birl.tabular import PolicyChain, TabularModel
from birl.types import BirlError, FloatArray

__all__ = ["LinearFit", "held_constants", "linear_estimate", "named_features", "state_counts"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearFit:
    """Where a method on counted features ended.

    Attributes:
        weights: [F].
        own: mean feature counts of the policy, [F].
        walk: the same of the random walk, [F].
        held: weights held at 0, bool [F].
        information: what says which directions the data move, [F, F].
        covariance: of the weights, [F, F]; None where nothing was resampled.
        checks: the method's own.
        selector: what chose among equals.
        nuisance: what is not reward.
        log_likelihood: of an episode, where there is one.
        provenance: what else it takes to find the estimate again.
    """

    weights: FloatArray
    own: FloatArray
    walk: FloatArray
    held: np.ndarray
    information: FloatArray
    covariance: FloatArray | None
    checks: Sequence[Check | None]
    selector: str
    nuisance: Mapping[str, float] = field(default_factory=dict)
    log_likelihood: float | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


def named_features(behaviors: Sequence[SampledBehavior], method: Any) -> tuple[str, ...]:
    """The features of behaviours that share them.

    Raises:
        BirlError: when the world names none.
    """
    names = behaviors[0].feature_names
    if not names:
        raise BirlError(
            f"{method.name}: distribution {behaviors[0].distribution!r} names no features: give the distribution "
            "features= and feature_names=, or use a method that recovers a network"
        )
    return names


def held_constants(behaviors: Sequence[AnyBehavior], size: int) -> np.ndarray:
    """Constant features that others can stand in for, bool [F]; known of exact models only."""
    models = [b for b in behaviors if isinstance(b, Behavior)]
    return neutral_constants(models) if len(models) == len(behaviors) else np.zeros(size, bool)


def state_counts(model: TabularModel, policy: FloatArray, *, horizon: int) -> FloatArray:
    """Expected discounted feature counts of a policy [S, A] over a horizon, from every state, [S, F]."""
    phi = PolicyChain(model, policy).features()
    onward = np.zeros_like(phi)
    for _ in range(horizon):
        after = (model.transitions @ onward).reshape(model.n_states, model.n_actions, -1)
        onward = np.where(model.terminal[:, None], 0.0, phi + model.discount * np.einsum("sa,saf->sf", policy, after))
    return onward


def linear_estimate(
    method: Any, behaviors: Sequence[AnyBehavior], names: Sequence[str], fit: LinearFit
) -> RewardEstimate:
    """The estimate of a fit on counted features."""
    return RewardEstimate(
        method=method.name,
        behavioral_model=method.behavioral_model,
        distributions=tuple(b.distribution for b in behaviors),
        weights=dict(zip(names, fit.weights.tolist(), strict=True)),
        status=dict(zip(names, _status(fit), strict=True)),
        covariance=None if fit.covariance is None else (fit.covariance + fit.covariance.T) / 2,
        nuisance=fit.nuisance,
        log_likelihood=fit.log_likelihood,
        checks=tuple(c for c in fit.checks if c is not None),
        identifiability=identifiability(fit.information, names, held=fit.held, selector=fit.selector),
        settings={key: str(value) for key, value in asdict(method).items()},
        provenance={**provenance(behaviors), **fit.provenance},
    )


def _status(fit: LinearFit) -> list[str]:
    """As `feature_status` has it, from counts alone."""
    never = (fit.own == 0) & (fit.walk == 0) & (np.diag(fit.information) == 0)
    avoided = (fit.walk > 0) & (np.abs(fit.own) < AVOIDED * fit.walk)  # less of a cost is sought, not avoided
    lost = np.zeros(fit.weights.size, bool)
    free = np.flatnonzero(~fit.held & ~never)
    if free.size:
        lost[free] = (null_space(fit.information[np.ix_(free, free)]) ** 2).sum(axis=1) > LOST
    return np.select([fit.held, never | lost, avoided], [HELD, UNIDENTIFIED, BOUNDED], IDENTIFIED).tolist()
