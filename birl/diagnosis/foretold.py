"""How well objectives and habits foretell a policy where nothing can be planned: on episodes they were not fitted on.

In a place two choices are held side by side, one of which the policy is likelier to make (over vectors: one it made and
one it did not). An objective tells which by what each brings when the policy goes on from it, a habit by how often such
an action is taken anywhere. Both are logistic in that, so

    foretold = 1 + E log2 sigma(d),    d = (what the likelier brings - what the other brings) . w             (1)

is the share of one bit that is known beforehand: 0 for a coin, 1 for certainty, below 0 for what is confidently wrong.

Axes: P places, K choices in each, F features, C clusters (episodes).
Source: as `birl.irl.policy_airl`; Fuernkranz & Huellermeier 2010 (learning from pairwise order).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from birl.irl.log_policy_fit import Choices, Fitted, order_fit
from birl.irl.log_policy_material import Material
from birl.types import FloatArray, IntArray

__all__ = ["Foretold", "along", "bits", "foretell"]

FOLDS = 2
BINS = 8  # of each dimension of an action, in the habit of a policy over vectors
KT = 0.5  # pseudo-count of each action, or bin


@dataclass(frozen=True, kw_only=True, eq=False)
class Foretold:
    """Bits known beforehand about one distribution, cluster by cluster, every cluster foretold by the others.

    Attributes:
        whole: bits there are to know, [C].
        free: known by the weights fitted to all distributions together, [C].
        alone: by those fitted to this distribution, [C].
        habit: by how often each action is taken, whatever the place, [C].
        named: by each named objective at the rationality that suits it, [C].
    """

    whole: FloatArray
    free: FloatArray
    alone: FloatArray
    habit: FloatArray
    named: Mapping[str, FloatArray]


def foretell(material: Material, objectives: Mapping[str, FloatArray]) -> Sequence[Foretold]:
    """Everything foretold from the other half of the episodes, behaviour by behaviour.

    Args:
        material: what choices bring, rolled out.
        objectives: named ones, as weights [F].
    """
    choices, behavior = material.choices, material.behavior
    assert behavior is not None  # of rolled-out behaviour
    counts = range(int(behavior.max()) + 1)
    fold_of = _folds(choices.cluster, behavior)
    known = {name: np.zeros(behavior.size) for name in ("free", "alone", "habit", *objectives)}
    for fold in range(FOLDS):
        fit, unseen = fold_of != fold, fold_of == fold
        known["free"][unseen] = _known(choices, fit, unseen)
        for name, weights in objectives.items():
            known[name][unseen] = _known(along(choices, choices.brought @ weights), fit, unseen, forwards=True)
        for i in counts:
            here, there = fit & (behavior == i), unseen & (behavior == i)
            if not there.any():
                continue
            known["alone"][there] = _known(choices, here, there)
            habit = along(choices, _log_habit(material, here))
            known["habit"][there] = _known(habit, here, there, forwards=True)
    whole = _pairs(choices)[1].sum(axis=1)
    return [_record(whole, known, choices.cluster, behavior == i) for i in counts]


def along(choices: Choices, brought: FloatArray) -> Choices:
    """The same choices with one number for what each brings, [P, K]."""
    return replace(choices, brought=brought[..., None], instrument=brought[..., None])


def bits(choices: Choices, weights: FloatArray) -> FloatArray:
    """Equation (1) summed over the pairs of each place, [P]."""
    apart, weight = _pairs(choices)
    return (weight * (1.0 - np.logaddexp(0.0, -(apart @ weights)) / np.log(2.0))).sum(axis=1)


def _pairs(choices: Choices) -> tuple[FloatArray, FloatArray]:
    """What the likelier of two neighbours brings more, [P, K, F], and the weight of the two, [P, K]."""
    x, y = choices.brought, choices.target
    sign = np.sign(y - np.roll(y, 1, axis=1))
    weight = choices.weight * np.roll(choices.weight, 1, axis=1) * np.abs(sign)
    total = weight.sum()
    return (x - np.roll(x, 1, axis=1)) * sign[..., None], weight / (total if total > 0 else 1.0)


def _folds(cluster: IntArray, behavior: IntArray) -> IntArray:
    """The fold of each place: clusters of each behaviour in turn, [P]."""
    found = np.zeros(cluster.size, np.int64)
    for i in range(int(behavior.max()) + 1):
        own = behavior == i
        found[own] = np.unique(cluster[own], return_inverse=True)[1].ravel() % FOLDS
    return found


def _known(choices: Choices, fit: np.ndarray, unseen: np.ndarray, *, forwards: bool = False) -> FloatArray:
    """Bits that a fit to some places knows of others, [unseen]; `forwards`: working against it explains nothing."""
    fitted: Fitted | None = order_fit(choices.take(fit), rescaled=False) if fit.any() else None
    weights = np.zeros(choices.brought.shape[2]) if fitted is None else fitted.weights
    return bits(choices, np.maximum(weights, 0.0) if forwards else weights)[unseen]


def _log_habit(material: Material, fit: np.ndarray) -> FloatArray:
    """Log of how often the policy takes such an action in some places, [P, K]; dimensions of a vector apart."""
    choices, bins = material.choices, _bins(material.actions)
    taken = choices.weight * (choices.target > 0) if _only_acts(choices) else choices.weight
    total = np.zeros(choices.target.shape)
    size = taken[fit].sum() / max(int(fit.sum()), 1) or 1.0
    for d in range(bins.shape[2]):
        here = bins[..., d]
        count = np.bincount(here[fit].ravel(), weights=taken[fit].ravel() / size, minlength=int(here.max()) + 1)
        total += np.log((count + KT) / (count + KT).sum())[here]
    return total


def _only_acts(choices: Choices) -> bool:
    """Whether targets say no more than what the policy did, 1, and did not, 0."""
    return bool(np.isin(choices.target, (0.0, 1.0)).all())


def _bins(actions: FloatArray) -> IntArray:
    """Numbered actions as they are, vectors by equal parts of the range that was tried, [P, K, D or 1]."""
    if actions.ndim == 2:
        return actions[..., None].astype(np.int64)
    low, high = actions.min(axis=(0, 1)), actions.max(axis=(0, 1))
    scaled = (actions - low) / np.where(high > low, high - low, 1.0)
    return np.minimum((scaled * BINS).astype(np.int64), BINS - 1)


def _record(whole: FloatArray, known: Mapping[str, FloatArray], cluster: IntArray, own: np.ndarray) -> Foretold:
    """One behaviour's bits by cluster."""
    which = np.unique(cluster[own], return_inverse=True)[1].ravel()
    by_cluster = lambda values: np.asarray(np.bincount(which, weights=values[own]), np.float64)  # noqa: E731
    summed = {name: by_cluster(values) for name, values in known.items()}
    parts = {name: summed.pop(name) for name in ("free", "alone", "habit")}
    return Foretold(whole=by_cluster(whole), named=summed, **parts)
