"""Base return on a distribution, what goal and capability lose of it, and how the joint objective fares itself.

Axes: D draws, L levels, F features.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.inputs import Inputs
from birl.diagnosis.ledger import Ledger
from birl.gap import CANNOT_BE_EARNED, Pursuit, tied_returns
from birl.stats import with_point
from birl.types import FloatArray

__all__ = ["NOTHING_TO_GAIN", "enter_losses", "enter_offered"]

NOTHING_TO_GAIN = "no policy gains over the random walk on the joint objective here"
CUT_SHORT = "its episodes were cut with much of the discounted future to come: what it forgoes there is not known"


def enter_losses(ledger: Ledger, b: Behavior, inputs: Inputs, weights: FloatArray, pursuit: Pursuit) -> FloatArray:
    """Base return, and its loss split into goal and capability; regret under the joint objective itself.

    Args:
        ledger: where they are entered.
        b: behaviour on the distribution.
        inputs: what evidence is made from.
        weights: the joint objective, point estimate first, [1 + D, F].
        pursuit: what optimising it brings there.

    Returns:
        What its optimiser gains on the joint objective, point estimate first, [1 + D].
    """
    name, model = b.distribution, b.model
    returns, picks = inputs.returns[name], inputs.level_weights[name]
    counts = b.level_feature_counts()  # [L, F]
    own_gain, forgone = _forgone(pursuit.best, weights, counts, b, picks)
    if own_gain[0] <= 0 or returns.endless is not None:
        ledger.undefined[f"own_regret[{name}]"] = NOTHING_TO_GAIN if own_gain[0] <= 0 else CUT_SHORT
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.where(own_gain > 0, forgone / own_gain, np.nan)
        ledger.put("own_regret", name, float(own[0]), own[1:])
    if not returns.can_be_earned(inputs.base[name]):
        for quantity in ("base_return", "goal_regret", "capability_regret"):
            ledger.undefined[f"{quantity}[{name}]"] = CANNOT_BE_EARNED
        return own_gain
    brings = pursuit.brings["base"]
    least, _ = tied_returns(model, model.features @ weights[0], inputs.base[name])
    tied = brings[0] - least  # what the tie-break that serves the base worst loses on top of the greedy one
    rows = with_point(picks)
    gain = rows @ returns.gain
    reached = (rows @ (returns.policy - returns.walk)) / gain
    ideal = returns.endless or returns
    goal = (np.einsum("dl,dl->d", rows, ideal.best - brings) + rows @ tied) / (rows @ ideal.gain)
    ledger.put("base_return", name, float(reached[0]), reached[1:])
    ledger.put("goal_regret", name, float(goal[0]), goal[1:])
    ledger.put("capability_regret", name, float(1 - reached[0] - goal[0]), 1 - reached[1:] - goal[1:])
    return own_gain


def enter_offered(ledger: Ledger, gains: Mapping[str, FloatArray]) -> None:
    """What each distribution offers on the joint objective, beside what training does."""
    training = next(iter(gains.values()))
    for name, gain in gains.items():
        if training[0] <= 0:
            ledger.undefined[f"own_gain[{name}]"] = "the joint objective offers nothing in training"
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            ledger.put("own_gain", name, float(gain[0] / training[0]), gain[1:] / training[1:])


def _forgone(
    best: FloatArray, weights: FloatArray, counts: FloatArray, b: Behavior, picks: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What is to be gained under each weight vector and what the policy forgoes of it, point first, [1 + D] each."""
    rows = with_point(picks)
    walk = b.level_feature_counts(b.model.uniform) @ weights.T  # [L, 1 + D]
    reached = counts @ weights.T
    gain = np.einsum("dl,dl->d", rows, best - walk.T)
    nothing = 1e-9 * max(1.0, float(np.abs(weights[0]).max(initial=0.0)))
    return np.where(gain > nothing, gain, 0.0), np.einsum("dl,dl->d", rows, best - reached.T)
