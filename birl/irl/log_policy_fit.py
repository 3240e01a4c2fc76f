"""Weights from what choices bring and how likely the policy makes them: least squares, or the order of choices alone.

Every choice in a place is one linear equation, y = x.w. Where x was measured with noise, squares of that noise bias
least squares towards 0; a second, independent measurement z takes its place on one side, z'W(y - xw) = 0: no bias.

Axes: P places, K choices in each, F weights, C clusters (levels or episodes).
Source: Angrist & Krueger 1995 (split-sample instruments); Baird 1995 (two independent next states); Liang & Zeger 1986
(clustered covariance); Fuernkranz & Huellermeier 2010 (learning from pairwise order).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from birl.types import FloatArray, IntArray

__all__ = ["Choices", "Fitted", "centred", "explained", "in_order", "least_squares", "order_fit", "together"]

NULL = 1e-9  # information, relative to the largest, below which a direction is left where it is
CALM = 5e-3  # ridge of the order fit, in standardised weights: an order that nothing contradicts has no finite scale
NEWTON_STEPS = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class Choices:
    """Equations y = x.w, K of them in each place.

    Attributes:
        brought: x, [P, K, F].
        instrument: z, the same measured by independent chance, [P, K, F]; x itself where nothing is random.
        target: y, [P, K].
        weight: [P, K]; 0 for a choice that counts for nothing.
        cluster: which level or episode each place is of, int [P].
    """

    brought: FloatArray
    instrument: FloatArray
    target: FloatArray
    weight: FloatArray
    cluster: IntArray

    def take(self, places: np.ndarray) -> Choices:
        """Some of the places."""
        return Choices(**{name: value[places] for name, value in vars(self).items()})


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """Where a fit ended.

    Attributes:
        weights: w, [F].
        information: how the gradient changes with the weights, [F, F].
        covariance: clustered, [F, F].
    """

    weights: FloatArray
    information: FloatArray
    covariance: FloatArray


def together(parts: Sequence[Choices]) -> Choices:
    """The choices of several distributions, which weigh the same; clusters stay apart."""
    count = np.cumsum([0, *(part.cluster.max(initial=-1) + 1 for part in parts)])
    scaled = [
        replace(part, weight=part.weight / max(part.weight.sum(), 1e-300), cluster=part.cluster + first)
        for part, first in zip(parts, count, strict=False)
    ]
    return Choices(**{name: np.concatenate([vars(part)[name] for part in scaled]) for name in vars(scaled[0])})


def centred(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Values [P, K] or [P, K, F] less their weighted mean in each place: what a choice adds to not choosing."""
    total = weight.sum(axis=1, keepdims=True)
    share = weight / np.where(total > 0, total, 1.0)
    return values - np.einsum("pk,pk...->p...", share, values)[:, None]


def least_squares(choices: Choices, *, ridge: FloatArray | None = None) -> Fitted:
    """The weights that explain the targets best; what nothing is known of stays at 0.

    Args:
        choices: the equations.
        ridge: of each weight, relative to its information, [F]; none if left out.
    """
    x, z = (v.reshape(-1, v.shape[-1]) for v in (choices.brought, choices.instrument))
    y, weight = choices.target.ravel(), choices.weight.ravel()
    scale = np.sqrt(weight @ x**2)
    scale = np.where(scale > 0, scale, 1.0)
    if z is x or np.shares_memory(z, x):
        root = np.sqrt(weight)[:, None]
        extra = np.diag(np.sqrt(np.zeros(scale.size) if ridge is None else ridge))
        stacked, known = np.vstack([root * x / scale, extra]), np.append(root[:, 0] * y, np.zeros(scale.size))
        weights = np.linalg.lstsq(stacked, known, rcond=np.sqrt(NULL))[0] / scale
        moment = (x * weight[:, None]).T @ x
    else:
        moment = (z * weight[:, None]).T @ x
        bent = moment / np.outer(scale, scale) + np.diag(np.zeros(scale.size) if ridge is None else ridge)
        weights = np.linalg.pinv(bent, rcond=NULL) @ ((z / scale).T @ (weight * y)) / scale
    information = (moment + moment.T) / 2 + np.diag(np.zeros(scale.size) if ridge is None else ridge * scale**2)
    residual = choices.target - choices.brought @ weights
    scores = np.einsum("pk,pkf->pf", choices.weight * residual, choices.instrument)
    return Fitted(weights=weights, information=information, covariance=_sandwich(scores, information, choices.cluster))


def order_fit(choices: Choices, *, rescaled: bool = True) -> Fitted:
    """Weights from the order alone: of two choices in a place the one that brings more should be likelier.

    Logistic in the difference.

    Args:
        choices: the equations; of their targets only the order within a place counts.
        rescaled: give the weights the scale that explains the targets best; otherwise they are log-odds.
    """
    x, y = choices.brought, choices.target
    apart = (x - np.roll(x, 1, axis=1)) * np.sign(y - np.roll(y, 1, axis=1))[..., None]
    weight = choices.weight * np.roll(choices.weight, 1, axis=1)
    weight = weight / max(weight.sum(), 1e-300)
    scale = np.sqrt(np.einsum("pk,pkf->f", weight, apart**2))
    scale = np.where(scale > 0, scale, 1.0)
    unit, direction = apart / scale, np.zeros(scale.size)
    hessian, pull = np.eye(scale.size), np.zeros(scale.shape)
    for _ in range(NEWTON_STEPS):
        doubt = 0.5 * (1.0 - np.tanh(0.5 * (unit @ direction)))  # the logistic function, without overflow
        pull = np.einsum("pk,pkf->f", weight * doubt, unit) - CALM * direction
        slope = weight * doubt * (1.0 - doubt)
        hessian = np.einsum("pk,pkf,pkg->fg", slope, unit, unit) + CALM * np.eye(scale.size)
        step = np.linalg.solve(hessian, pull)
        direction = direction + step / max(1.0, float(np.abs(step).max()))
        if np.abs(pull).max() < 1e-10:
            break
    doubt = 0.5 * (1.0 - np.tanh(0.5 * (unit @ direction)))
    scores = np.einsum("pk,pkf->pf", weight * doubt, unit)
    gain = _gain(choices, direction / scale) if rescaled else 1.0
    covariance = _sandwich(scores, hessian, choices.cluster) * np.outer(gain / scale, gain / scale)
    return Fitted(weights=gain * direction / scale, information=hessian * np.outer(scale, scale), covariance=covariance)


def explained(choices: Choices, weights: FloatArray) -> float:
    """Share of the targets' variation within places that the weights explain, R^2; below 0 if worse than none.

    Where measurements are noisy the product of both residuals stands for a square.
    """
    y = centred(choices.target, choices.weight)
    first, second = (y - centred(x @ weights, choices.weight) for x in (choices.brought, choices.instrument))
    total = float((choices.weight * y**2).sum())
    return 1.0 - float((choices.weight * first * second).sum()) / total if total > 0 else 0.0


def in_order(choices: Choices, weights: FloatArray) -> float:
    """Share of pairs of choices in a place that the weights put in the policy's order; 0.5 is chance."""
    value, y = choices.brought @ weights, choices.target
    weight = choices.weight * np.roll(choices.weight, 1, axis=1)
    apart = (value - np.roll(value, 1, axis=1)) * np.sign(y - np.roll(y, 1, axis=1))
    total = float(weight.sum())
    return float((weight * (0.5 + 0.5 * np.sign(apart))).sum()) / total if total > 0 else 0.5


def _gain(choices: Choices, direction: FloatArray) -> float:
    value = centred(choices.brought @ direction, choices.weight)
    size = float((choices.weight * value**2).sum())
    gain = float((choices.weight * value * choices.target).sum()) / size if size > 0 else 0.0
    return gain if gain > 0 else 1.0


def _sandwich(scores: FloatArray, information: FloatArray, cluster: IntArray) -> FloatArray:
    count = int(cluster.max(initial=-1)) + 1
    summed = np.zeros((count, scores.shape[1]))
    np.add.at(summed, cluster, scores)
    summed = summed[np.bincount(cluster, minlength=count) > 0]
    off = summed - summed.mean(axis=0)
    bread = np.linalg.pinv(information, rcond=NULL, hermitian=True)
    found = bread @ (off.T @ off * (len(summed) / max(len(summed) - 1, 1))) @ bread
    return (found + found.T) / 2
