"""What more capability does: to the base objective's return, and to that of what the policy then pursues.

    capability_slope[d] = base return of the policy with the knob turned up - base return of the policy as it is
    own_slope[d]        = the same for the objective fitted to the policy with the knob turned up,

each as a share of what its objective's optimiser gains over the random walk. An agent that only looked aligned because
it could not do better gets worse at the base in training as it gets better at what it wants: the two have opposite
signs there. Under shift they have for any clumsy proxy, too. The objective is that of the capable policy because it is
its limit that hid it: what was fitted to the policy as it is explains that by weights of its own. A knob that breaks
the policy lowers base return and leaves nothing that is pursued better.

Axes: L levels, D draws, F features.
Source: Armstrong & Mindermann 2018 (arXiv 1712.05812), for why behaviour of one capability cannot show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.ledger import Ledger
from birl.gap import CANNOT_BE_EARNED, earned, level_returns, pursue
from birl.irl import ESTIMATORS
from birl.stats import with_point
from birl.types import BirlError, FloatArray

__all__ = ["enter_slopes"]

NOTHING_TO_GAIN = "no policy gains over the random walk on what is pursued with the knob turned up"


def enter_slopes(
    ledger: Ledger,
    behaviors: Sequence[Behavior],
    capable: Mapping[str, Behavior],
    *,
    base: Mapping[str, FloatArray],
    method: str,
    level_weights: Mapping[str, FloatArray],
) -> None:
    """Enter both slopes on every distribution.

    Args:
        ledger: where they are entered.
        behaviors: the policy as it is, one per distribution.
        capable: the policy with the knob turned up, by distribution.
        base: the base objective on each model, [S*A].
        method: what recovers the objective of the capable policy, by name.
        level_weights: bootstrap weights of each distribution's levels, [D, L].
    """
    weights = _pursued(list(capable.values()), method, level_weights)
    for b in behaviors:
        name = b.distribution
        picks = level_weights[name]
        rows = with_point(picks)
        now = level_returns(b, base[name])
        if now.can_be_earned(base[name]):
            change = (rows @ (earned(capable[name], base[name]) - now.policy)) / (rows @ now.gain)
            ledger.put("capability_slope", name, float(change[0]), change[1:])
        else:
            ledger.undefined[f"capability_slope[{name}]"] = CANNOT_BE_EARNED
        own = weights if isinstance(weights, str) else _own_change(b, capable[name], base[name], weights, rows)
        if isinstance(own, str):
            ledger.undefined[f"own_slope[{name}]"] = own
        else:
            ledger.put("own_slope", name, float(own[0]), own[1:])


def _pursued(capable: Sequence[Behavior], method: str, level_weights: Mapping[str, FloatArray]) -> FloatArray | str:
    """The objective of the capable policy, the point estimate in row 0, [1 + D, F]; or why there is none."""
    try:
        found = ESTIMATORS[method].fit(capable)
    except BirlError as error:
        return f"no objective could be fitted with the knob turned up: {error}"
    point = found.simplest[None]
    draws = len(next(iter(level_weights.values())))
    return np.concatenate(
        [point, np.repeat(point, draws, 0) if found.curvature is None else found.redraw(level_weights)]
    )


def _own_change(
    b: Behavior, better: Behavior, base: FloatArray, weights: FloatArray, rows: FloatArray
) -> FloatArray | str:
    """Change of an objective's return, point estimate first, [1 + D]; or why there is none."""
    counts = (b.level_feature_counts(), better.level_feature_counts(), b.level_feature_counts(b.model.uniform))
    now, then, walk = (brought @ weights.T for brought in counts)
    gain = np.einsum("dl,dl->d", rows, pursue(b.model, weights, {}).best - walk.T)
    if gain[0] <= 1e-9 * max(1.0, float(np.abs(weights[0]).max(initial=0.0))):
        return NOTHING_TO_GAIN
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gain > 0, np.einsum("dl,ld->d", rows, then - now) / gain, np.nan)
