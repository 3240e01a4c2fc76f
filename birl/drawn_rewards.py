"""A recovered reward on a model, with draws of it: what comparisons take their intervals from.

Axes: S states, A actions, F features, D draws (column 0 is the estimate itself).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birl.distance.rewards import as_reward
from birl.distance.starc import advantage_form
from birl.irl.base import IDENTIFIED, RewardEstimate
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray

__all__ = ["DrawnReward", "drawn_reward", "drawn_weights", "repeated"]


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnReward:
    """One estimate on one model.

    Attributes:
        estimate: the estimate.
        weights: its weights and draws of them, [D, F]; avoided events at the value nearest 0 that their bound allows.
        rewards: in the model, [S*A, D]; nothing where there is a reason.
        forms: their advantages under the random walk, [S*A, D].
        reason: why there are none.
    """

    estimate: RewardEstimate
    weights: FloatArray
    rewards: FloatArray
    forms: FloatArray
    reason: str = ""


def drawn_reward(estimate: RewardEstimate, model: TabularModel, *, draws: int, rng: np.random.Generator) -> DrawnReward:
    """An estimate with draws, where it has any to give: a posterior's, or normal ones of its covariance.

    Args:
        estimate: linear, a network, or a table of this very model.
        model: the world.
        draws: how many.
        rng: for them.
    """
    weights = drawn_weights(estimate, draws, rng)
    nothing, reason = np.zeros((model.live.size, 0)), ""
    if model.discount == 1.0:
        reason = "nothing is discounted in this world"
    else:
        try:
            columns = np.where(model.live[:, None], _values(estimate, model, weights), 0.0)
            forms = advantage_form(model, columns)
            return DrawnReward(estimate=estimate, weights=weights, rewards=columns, forms=forms)
        except BirlError as error:
            reason = str(error)
    return DrawnReward(estimate=estimate, weights=weights, rewards=nothing, forms=nothing, reason=reason)


def repeated(draws: FloatArray, count: int) -> FloatArray:
    """Draws along axis 0, as many as wanted; an estimate without draws stays what it is in all of them."""
    return draws if len(draws) == count else np.repeat(draws[:1], count, axis=0)


def drawn_weights(estimate: RewardEstimate, count: int, rng: np.random.Generator) -> FloatArray:
    """The weights and draws of them, [1 + D, F], or [1, F] where there are none to draw from."""
    point = estimate.simplest
    drawn = np.zeros((0, point.size))
    if estimate.draws is not None:
        drawn = estimate.draws[rng.choice(len(estimate.draws), size=count)]
    elif estimate.covariance is not None:
        drawn = rng.multivariate_normal(estimate.vector, estimate.covariance, size=count, method="eigh")
    known = np.array([estimate.status[name] == IDENTIFIED for name in estimate.weights], bool)
    return np.concatenate([point[None], np.where(known, drawn, point)])


def _values(estimate: RewardEstimate, model: TabularModel, weights: FloatArray) -> FloatArray:
    if not estimate.weights:
        return as_reward(model, estimate, estimate.method).pairs[:, None]
    missing = [name for name in estimate.weights if name not in model.feature_names]
    if missing:
        raise BirlError(f"the world has no feature {missing[0]!r}")
    order = [model.feature_names.index(name) for name in estimate.weights]
    return model.features[:, order] @ weights.T
