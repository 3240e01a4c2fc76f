"""What more capability does: to the base objective's return, and to that of the recovered objective.

    capability_slope[d] = base return of the policy with the knob turned up - base return of the policy as it is
    own_slope[d]        = the same for the joint objective,

each as a share of what its objective's optimiser gains over the random walk. An agent that only looked aligned because
it could not do better gets worse at the base as it gets better at what it wants: the two have opposite signs.

Axes: L levels, D draws, F features.
Source: Armstrong & Mindermann 2018 (arXiv 1712.05812), for why behaviour of one capability cannot show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.ledger import Ledger
from birl.gap import CANNOT_BE_EARNED, level_return, level_returns, pursue
from birl.types import FloatArray

__all__ = ["enter_slopes"]

NOTHING_TO_GAIN = "no policy gains over the random walk on the joint objective here"


def enter_slopes(
    ledger: Ledger,
    behaviors: Sequence[Behavior],
    capable: Mapping[str, Behavior],
    *,
    base: Mapping[str, FloatArray],
    weights: FloatArray,
    level_weights: Mapping[str, FloatArray],
) -> None:
    """Enter both slopes on every distribution.

    Args:
        ledger: where they are entered.
        behaviors: the policy as it is, one per distribution.
        capable: the policy with the knob turned up, by distribution.
        base: the base objective on each model, [S*A].
        weights: the joint objective, the point estimate in row 0, [1 + D, F].
        level_weights: bootstrap weights of each distribution's levels, [D, L].
    """
    for b in behaviors:
        name = b.distribution
        picks = level_weights[name]
        rows = np.concatenate([np.ones((1, picks.shape[1])), picks])
        now = level_returns(b, base[name])
        if now.can_be_earned(base[name]):
            change = (rows @ (level_return(b.model, capable[name].policy, base[name]) - now.policy)) / (rows @ now.gain)
            ledger.put("capability_slope", name, float(change[0]), change[1:])
        else:
            ledger.undefined[f"capability_slope[{name}]"] = CANNOT_BE_EARNED
        own = _own_change(b, capable[name], base[name], weights, rows)
        if own is None:
            ledger.undefined[f"own_slope[{name}]"] = NOTHING_TO_GAIN
        else:
            ledger.put("own_slope", name, float(own[0]), own[1:])


def _own_change(
    b: Behavior, better: Behavior, base: FloatArray, weights: FloatArray, rows: FloatArray
) -> FloatArray | None:
    """Change of the joint objective's return, point estimate first, [1 + D]; None where it cannot be gained."""
    now, then, walk = (
        b.level_feature_counts(policy) @ weights.T for policy in (b.policy, better.policy, b.model.uniform)
    )
    gain = np.einsum("dl,dl->d", rows, pursue(b.model, weights, base).best - walk.T)
    if gain[0] <= 1e-9 * max(1.0, float(np.abs(weights[0]).max(initial=0.0))):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gain > 0, np.einsum("dl,ld->d", rows, then - now) / gain, np.nan)
