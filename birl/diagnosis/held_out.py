"""What an estimate is worth on levels it was not fitted on.

"Explains" is claimed on held-out levels only: a reward for every state and action explains everything in-sample. Levels are
split in two halves; each half is predicted by the fit on the other.

Axes: L levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from birl.behavior import Behavior
from birl.irl import PolicyEstimator, RewardEstimate
from birl.types import FloatArray, IntArray

__all__ = ["FOLDS", "CrossFit", "cross_fit", "halves"]

FOLDS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossFit:
    """Predictions of each level by a fit on the others.

    Attributes:
        joint: mean log-likelihood of a decision under the fit to all distributions together, by distribution, [L].
        fits: the joint fit of each fold.
    """

    joint: Mapping[str, FloatArray]
    fits: tuple[RewardEstimate, ...]

    def mean(self, behaviors: Sequence[Behavior]) -> float:
        """Mean log-likelihood of a decision, levels and distributions weighing equally."""
        return float(np.mean([b.model.level_starts @ self.joint[b.distribution] for b in behaviors]))


def halves(behavior: Behavior) -> list[tuple[IntArray, IntArray]]:
    """(levels to fit on, levels to predict), fold by fold; a single level is both."""
    levels = np.arange(behavior.model.n_levels)
    if levels.size < FOLDS:
        return [(levels, levels)] * FOLDS
    return [(levels[levels % FOLDS != fold], levels[levels % FOLDS == fold]) for fold in range(FOLDS)]


def cross_fit(estimator: PolicyEstimator, behaviors: Sequence[Behavior], estimate: RewardEstimate) -> CrossFit:
    """Fit on each half of the levels, starting from the fit to all of them, and predict the other half."""
    predicted = {b.distribution: np.zeros(b.model.n_levels) for b in behaviors}
    splits = {b.distribution: halves(b) for b in behaviors}
    fits = []
    for fold in range(FOLDS):
        shown = [b.restrict(splits[b.distribution][fold][0]) for b in behaviors]
        fit = estimator.fit(shown, start=estimate.vector)
        fits.append(fit)
        for b in behaviors:
            unseen = splits[b.distribution][fold][1]
            hidden = b.restrict(unseen)
            predicted[b.distribution][unseen] = hidden.log_likelihood(estimator.predict(fit, hidden.model))
    return CrossFit(joint=predicted, fits=tuple(fits))
