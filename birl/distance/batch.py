"""Distances of thousands of draws at the price of one.

Canonical forms are linear in the reward: with r = sum_k a_k column_k, inner products of two canonical forms follow from
those of the columns. These are kept level by level, so levels can be resampled without touching the world again. For
`starc-min` and `npec` that is exact where no transition leads from one level to another. The norm is L2: it alone has
inner products.

Axes: S states, A actions, E stored transitions, K columns, L levels, D draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from birl.distance.base import NO_PREFERENCE
from birl.distance.coverage import CoverageLike, as_coverage, edge_weights
from birl.distance.dard import dard_columns
from birl.distance.epic import epic_columns
from birl.distance.npec import edge_form, sine
from birl.distance.starc import advantage_form, minimal_form
from birl.stats import percentile_interval
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, IntArray, Interval, unknown_name

__all__ = ["DrawDistances", "LevelMoments", "canonical_gram", "distances_from_gram"]

BatchMetric = Literal["starc-val", "starc-min", "epic", "dard", "npec"]
BATCH: tuple[BatchMetric, ...] = ("starc-val", "starc-min", "epic", "dard", "npec")
CANCELLED = 1e-14  # squared norm, relative to the columns it is made of, that is rounding


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelMoments:
    """Moments of the canonical forms of K rewards under a coverage, level by level.

    Attributes:
        metric: `starc-val`, `starc-min`, `epic`, `dard` or `npec`.
        coverage: name of the coverage.
        gram: sum of w c_j c_k, [L, K, K].
        first: sum of w c_k, [L, K].
        mass: sum of w, [L]; sums to 1.
        centred: whether the metric compares deviations from the mean (EPIC and DARD do).
    """

    metric: str
    coverage: str
    gram: FloatArray
    first: FloatArray
    mass: FloatArray
    centred: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawDistances:
    """One distance for each draw.

    Attributes:
        values: in [0, 1], to about 1e-8, [D]; 0 where undefined, so mask before use.
        undefined: draws in which a reward expresses no preference, bool [D].
    """

    values: FloatArray
    undefined: np.ndarray

    def interval(self, value: float, *, level: float = 0.95) -> Interval | None:
        """The percentile interval over the defined draws; None when there are none."""
        kept = self.values[~self.undefined]
        return percentile_interval(value, kept, level=level) if kept.size else None


def canonical_gram(
    model: TabularModel, columns: FloatArray, *, metric: BatchMetric = "starc-val", coverage: CoverageLike = None
) -> LevelMoments:
    """Canonicalise every column once, and keep what distances between their combinations need.

    Args:
        model: the world.
        columns: rewards by state and action, [S*A, K]; such as `model.features`, dense.
        metric: `starc-val`, `starc-min`, `epic`, `dard` or `npec`.
        coverage: `feasible` (the default), or weights [S*A].

    Raises:
        BirlError: for columns or coverage that do not fit the model, or an unknown metric.
    """
    where = as_coverage(model, coverage)
    scale, unit = _scaled(model, columns)
    level = np.repeat(model.level, model.n_actions)
    weights = where.weights
    if metric == "starc-val":
        forms = advantage_form(model, unit)
    elif metric == "starc-min":
        forms = minimal_form(model, unit, weights)
    elif metric in BATCH:
        level, weights = level[model.elimination.row], edge_weights(model, where)
        forms = _by_transition(model, unit, weights, metric)
    else:
        raise unknown_name("batch metric", metric, BATCH)
    mass = np.bincount(level, weights=weights, minlength=model.n_levels)
    gram, first = _moments(forms, weights, level, model.n_levels)
    audible = np.einsum("lkk->lk", gram) > NO_PREFERENCE**2 * mass[:, None]
    gram = np.where(audible[:, :, None] & audible[:, None, :], gram, 0.0)
    first = np.where(audible, first, 0.0)
    return LevelMoments(
        metric=metric,
        coverage=where.name,
        gram=gram * scale[:, None] * scale,
        first=first * scale,
        mass=np.asarray(mass, np.float64),
        centred=metric in ("epic", "dard"),
    )


def distances_from_gram(
    moments: LevelMoments, a: FloatArray, b: FloatArray, level_weights: FloatArray | None = None
) -> DrawDistances:
    """d = 1/2 || c_a / n(c_a) - c_b / n(c_b) || for every draw.

    Args:
        moments: of the columns.
        a: weights on the columns, [D, K] or [K].
        b: the same of the other reward.
        level_weights: how often each draw picks each level, [D, L]; every level once if left out.

    Raises:
        BirlError: for weights that do not fit the columns, the levels or each other, or are not finite.
    """
    n_levels, n_columns = moments.first.shape
    given = [np.atleast_2d(np.asarray(x, np.float64)) for x in (a, b)]
    picks = np.ones((1, n_levels)) if level_weights is None else np.atleast_2d(np.asarray(level_weights, np.float64))
    for name, x, width in (("a", given[0], n_columns), ("b", given[1], n_columns), ("level_weights", picks, n_levels)):
        if x.ndim != 2 or x.shape[1] != width or not np.isfinite(x).all():
            raise BirlError(f"distances: {name} is {x.shape} or not finite: give finite weights [D, {width}]")
    draws = {len(x) for x in (*given, picks)} - {1}
    if len(draws) > 1 or (picks < 0).any():
        raise BirlError(
            "distances: draws differ in number or a level weight is negative: give [D, ...] of one D, from 0 up"
        )
    gram = _pooled(moments, picks)
    one, two = (x / np.maximum(np.abs(x).max(axis=1, keepdims=True), np.finfo(float).tiny) for x in given)
    (square_a, heard_a), (square_b, heard_b) = _square(gram, one), _square(gram, two)
    defined = heard_a & heard_b
    norm_a, norm_b = np.sqrt(np.where(defined, square_a, 1.0)), np.sqrt(np.where(defined, square_b, 1.0))
    apart = one / norm_a[:, None] - two / norm_b[:, None]
    squared = np.maximum(_square(gram, apart)[0], 0.0)
    half = np.minimum(0.5 * np.sqrt(squared), 1.0)
    return DrawDistances(
        values=np.where(defined, sine(half) if moments.metric == "npec" else half, 0.0), undefined=~defined
    )


def _scaled(model: TabularModel, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Largest magnitude of each column [K], and the columns divided by it, [S*A, K]."""
    values = np.asarray(columns, np.float64)
    if values.ndim != 2 or len(values) != model.live.size:
        raise BirlError(f"columns: shape {values.shape} for {model.live.size} state-action pairs: give [S*A, K]")
    if not np.isfinite(values).all():
        raise BirlError("columns: a value is not finite (NaN or infinity): mend the rewards")
    values = np.where(model.live[:, None], values, 0.0)
    scale = np.abs(values).max(axis=0, initial=0.0)
    return scale, values / np.where(scale > 0.0, scale, 1.0)


def _by_transition(model: TabularModel, columns: FloatArray, weights: FloatArray, metric: BatchMetric) -> FloatArray:
    """Forms of rewards by state and action on the stored transitions, [E, K]."""
    if metric == "npec":
        return edge_form(model, columns[model.elimination.row], weights)
    return epic_columns(model, columns) if metric == "epic" else dard_columns(model, columns)


def _moments(forms: FloatArray, weights: FloatArray, level: IntArray, n_levels: int) -> tuple[FloatArray, FloatArray]:
    """Weighted second and first moments of each level, [L, K, K] and [L, K]."""
    if (np.diff(level) < 0).any():
        order = np.argsort(level, kind="stable")
        forms, weights, level = forms[order], weights[order], level[order]
    bounds = np.searchsorted(level, np.arange(n_levels + 1))
    weighted = forms * weights[:, None]
    gram = np.empty((n_levels, forms.shape[1], forms.shape[1]))
    first = np.empty((n_levels, forms.shape[1]))
    for n, (start, stop) in enumerate(pairwise(bounds)):
        gram[n] = weighted[start:stop].T @ forms[start:stop]
        first[n] = weighted[start:stop].sum(axis=0)
    return gram, first


def _pooled(moments: LevelMoments, picks: FloatArray) -> FloatArray:
    """Moments of the resampled whole, [D, K, K]: about the mean for a centred metric."""
    n_levels, n_columns = moments.first.shape
    mass = picks @ moments.mass
    mass = np.where(mass > 0.0, mass, 1.0)
    gram = (picks @ moments.gram.reshape(n_levels, -1)).reshape(-1, n_columns, n_columns) / mass[:, None, None]
    if moments.centred:
        mean = (picks @ moments.first) / mass[:, None]
        gram = gram - mean[:, :, None] * mean[:, None, :]
    return gram


def _square(gram: FloatArray, x: FloatArray) -> tuple[FloatArray, np.ndarray]:
    """x' G x for every draw, [D], and whether it is more than rounding, bool [D]."""
    draws = max(len(gram), len(x))
    gram, x = np.broadcast_to(gram, (draws, *gram.shape[1:])), np.broadcast_to(x, (draws, x.shape[1]))
    square = np.einsum("dj,djk,dk->d", x, gram, x, optimize=True)
    parts = np.abs(x) * np.sqrt(np.maximum(np.einsum("dkk->dk", gram), 0.0))
    return square, square > CANCELLED * parts.sum(axis=1) ** 2
