"""Canonical forms on a coverage sample, and their inner products without the bias of their own noise.

A form estimated from R independent replicates is x_r = x + e_r. Its squared norm is x'x + e'e, so noise drives rewards
apart that are the same. Products across replicates are unbiased:

    <x, y> = sum over r != q of x_r' W y_q / (R (R - 1))                                                 (1)

Where nothing is left to chance one replicate is all there is to know, and (1) is x' W y. Measured on sixty random
worlds of six states, for rewards that differ in which next state pays but not in what an action pays (STARC 0): without
(1) the estimate is .21 to .26 at 200, 800 and 3,200 states alike; with it .02 to .03, and the interval reaches 0 in 95
to 100 % of them.

Axes: R replicates, B places where forms are compared, K rewards, C clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from birl.distance.batch import LevelMoments
from birl.distance.samples import CoverageSample
from birl.distance.valued import StepReward
from birl.types import FloatArray

__all__ = ["Forms", "SampledMetric", "cluster_moments"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Forms:
    """Canonical forms of K rewards, each divided by its scale.

    Attributes:
        values: [R, B, K].
        scale: the largest magnitude of each reward on the sample, [K].
        centred: whether deviations from the mean are compared.
        policy: the policy the form is taken under.
        potentials: the class that shaping was taken out of, where there is one.
        shrinks: whether a form is never larger than its reward, but for potentials that do not carry over.
    """

    values: FloatArray
    scale: FloatArray
    centred: bool = False
    policy: str = "none"
    potentials: str = ""
    shrinks: bool = False


class SampledMetric(Protocol):
    """A distance that can be estimated: how to bring rewards to a canonical form on a sample."""

    name: ClassVar[str]

    def forms(self, sample: CoverageSample, rewards: Mapping[str, StepReward]) -> Forms:
        """The forms of all rewards at once; their names are for errors."""
        ...


def cluster_moments(metric: str, sample: CoverageSample, forms: Forms) -> LevelMoments:
    """Equation (1) for all pairs of rewards, cluster by cluster."""
    weights, cluster = sample.pair_weights, sample.pair_cluster
    values = forms.values
    if forms.centred:
        values = values - np.einsum("b,rbk->rk", weights, values)[:, None]  # each about its own mean: noise has one too
    order = np.argsort(cluster, kind="stable")
    values, weights = values[:, order], weights[order]
    starts = np.searchsorted(cluster[order], np.arange(sample.clusters))
    stops = np.append(starts[1:], cluster.size)
    gram = np.stack([_products(values[:, i:j], weights[i:j]) for i, j in zip(starts, stops, strict=True)])  # [C, K, K]
    first = np.add.reduceat(weights[:, None] * values.mean(axis=0), starts)
    return LevelMoments(
        metric=metric,
        coverage=sample.coverage,
        gram=gram * forms.scale[:, None] * forms.scale,
        first=first * forms.scale,
        mass=np.add.reduceat(weights, starts),
        centred=forms.centred,
    )


def _products(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Equation (1) in one cluster, [K, K]."""
    count, total = len(values), values.sum(axis=0)
    whole = (weights[:, None] * total).T @ total
    if count == 1:
        return whole
    own = np.sum([(weights[:, None] * one).T @ one for one in values], axis=0)
    return (whole - own) / (count * (count - 1))
