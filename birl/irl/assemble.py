"""From a maximum to an estimate: covariance, status of each weight, checks; the same for every likelihood method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import Check, RewardEstimate
from birl.irl.common import cluster_check, feature_status, identifiability, sandwich
from birl.irl.newton import Maximum, SparsePrior
from birl.irl.provenance import provenance
from birl.types import FloatArray

__all__ = ["Fit", "assemble", "with_likelihood"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """Where a likelihood method ended.

    Attributes:
        theta: parameters, the F weights first, [K].
        nuisance: what is not reward, by name, as a reader wants it.
        parameters: the rest of theta by name, on the scale it was fitted on.
        maximum: how the search ended.
        prior: the prior that was on.
        held: weights held at 0, bool [F].
        scores: each level's part of the gradient, [L, K] by distribution; None with too many features.
        information: negative Hessian of the log-likelihood, which says what is identified, [K, K]; None likewise.
        curvature: what uncertainty is computed with, where that is not the information (a likelihood with kinks).
        checks: the method's own checks.
    """

    theta: FloatArray
    nuisance: Mapping[str, float]
    parameters: Mapping[str, float]
    maximum: Maximum
    prior: SparsePrior
    held: np.ndarray
    scores: Mapping[str, FloatArray] | None
    information: FloatArray | None
    checks: Sequence[Check | None]
    curvature: FloatArray | None = None


def assemble(
    method: Any,
    behaviors: Sequence[Behavior],
    names: Sequence[str],
    fit: Fit,
    *,
    log_likelihood: float | None = None,
) -> RewardEstimate:
    """The estimate of a fit.

    Args:
        method: the estimator: its name, its behavioural model, its settings.
        behaviors: what was fitted.
        names: the F features.
        fit: where it ended.
        log_likelihood: where it is known already.
    """
    n = len(names)
    covariance = information = None
    curvature = fit.information if fit.curvature is None else fit.curvature
    if fit.scores is not None and fit.information is not None and curvature is not None:
        information = fit.information[:n, :n]
        moved = np.append(~fit.held, np.ones(fit.theta.size - n, bool)) & (fit.theta != 0)
        covariance = sandwich(fit.scores, curvature, moved)[:n, :n]
    clusters = None if fit.scores is None else cluster_check(behaviors, fit.scores)
    if clusters is not None and not clusters.passed:
        covariance = None
    selector = "sparse prior" if fit.prior.strength else "least change from 0"
    return RewardEstimate(
        method=method.name,
        behavioral_model=method.behavioral_model,
        distributions=tuple(b.distribution for b in behaviors),
        weights=dict(zip(names, fit.theta[:n].tolist(), strict=True)),
        status=feature_status(names, behaviors, information, fit.held),
        covariance=covariance,
        nuisance=fit.nuisance,
        log_likelihood=log_likelihood,
        checks=tuple(c for c in (*fit.checks, clusters) if c is not None),
        identifiability=identifiability(information, names, held=fit.held, selector=selector),
        settings={key: str(value) for key, value in asdict(method).items()},
        provenance=provenance(behaviors),
        prior=fit.prior.strength,
        parameters=fit.parameters,
        scores=fit.scores,
        curvature=curvature,
    )


def with_likelihood(
    behaviors: Sequence[Behavior], predicted: Sequence[FloatArray], estimate: RewardEstimate
) -> RewardEstimate:
    """The estimate with its mean log-likelihood of a decision filled in, levels weighing equally.

    Args:
        behaviors: what was fitted.
        predicted: the estimate's policy for each of them, [S, A].
        estimate: without it.
    """
    means = [b.model.level_starts @ b.log_likelihood(table) for b, table in zip(behaviors, predicted, strict=True)]
    return replace(estimate, log_likelihood=float(np.mean(means)))
