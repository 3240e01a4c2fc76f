"""What is seen of a policy before anything is inferred: base returns and outcomes, with intervals over levels.

Axes: S states, A actions, L levels, D draws.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from birl.behavior import Behavior
from birl.gap import CANNOT_BE_EARNED, LevelReturns
from birl.outcomes import NOTHING, Outcomes
from birl.scorecard import Reading
from birl.stats import percentile_interval, ratio_interval
from birl.types import FloatArray, Interval

__all__ = ["read"]


def read(behavior: Behavior, returns: LevelReturns, base: FloatArray, weights: FloatArray) -> Reading:
    """What was seen on one distribution.

    Args:
        behavior: the policy there.
        returns: its base returns.
        base: the base objective, [S*A].
        weights: bootstrap weights of the levels, [D, L].
    """
    model, seen = behavior.model, behavior.outcomes
    earned = returns.can_be_earned(base)
    mass = model.level_starts
    shares: Mapping[str, Interval] = {}
    walk: dict[str, float] = {}
    if not isinstance(seen, str):
        shares = _shares(seen, mass, weights)
        walk = {name: float(mass @ seen.walk[:, o]) for o, name in enumerate(seen.names) if name in shares}
    return Reading(
        shift=behavior.shift,
        levels=model.n_levels,
        states=model.n_states,
        base_return=ratio_interval(returns.policy - returns.walk, returns.gain, weights) if earned else None,
        base_return_reason="" if earned else CANNOT_BE_EARNED,
        returns={
            "policy": float(returns.policy.sum()),
            "random walk": float(returns.walk.sum()),
            "best": float(returns.best.sum()),
        },
        outcomes=shares,
        random_walk=walk,
        outcomes_reason=seen if isinstance(seen, str) else "",
    )


def _shares(seen: Outcomes, mass: FloatArray, weights: FloatArray) -> Mapping[str, Interval]:
    """The share of every event within reach, levels resampled."""
    found = {}
    for o, name in enumerate(seen.names):
        if name != NOTHING and not np.isfinite(seen.distance[:, o]).any():
            continue
        share = mass * seen.share[:, o]
        found[name] = ratio_interval(share, mass, weights) or percentile_interval(0.0, np.zeros(1))
    return found
