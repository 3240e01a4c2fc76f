"""The levels on which base return fell: is there an objective in what the policy does on these?

A shift may hold levels that look like training's beside others; what the policy can still do on the former says nothing
about the latter. So whether skill was lost is asked of fallen levels alone: those on which it earns less than half of
what the base's optimiser gains over the random walk. The objective may be the joint one or the shift's own, whichever
explains more: skill is lost where none does.

Axes: L levels, D draws.
"""

from __future__ import annotations

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.brought import BROUGHT_ABOUT, brought_about
from birl.diagnosis.held_out import HeldOut
from birl.diagnosis.ledger import Ledger
from birl.gap import LevelReturns
from birl.types import FloatArray

__all__ = ["enter_fallen", "fallen_levels"]

HALF = 0.5
NOTHING = "on the levels where base return fell the policy is all but the random walk"


def fallen_levels(returns: LevelReturns) -> FloatArray:
    """1 on levels where less than half of the base is earned, 0 elsewhere and where none can be, [L]."""
    can = returns.gain > 1e-9 * max(1.0, float(np.abs(returns.best).max(initial=0.0)))
    return (can & (returns.policy - returns.walk < HALF * returns.gain)).astype(np.float64)


def enter_fallen(ledger: Ledger, b: Behavior, seen: HeldOut, returns: LevelReturns, picks: FloatArray) -> None:
    """Enter how much an objective, a device and the outcomes' objective explain on the fallen levels of a distribution.

    Args:
        ledger: where they are entered.
        b: behaviour on the distribution.
        seen: held-out likelihoods there.
        returns: base returns there.
        picks: bootstrap weights of its levels, [D, L].
    """
    name, fallen = b.distribution, fallen_levels(returns)
    mass = b.model.level_starts * fallen
    best = max((seen.joint, seen.alone), key=lambda fit: float(mass @ fit))
    whole, raw = mass * (seen.own - seen.walk), mass * (seen.policy - seen.walk)
    share = float(mass.sum()) or 1.0  # so that what is too little to explain is judged per decision
    ledger.ratio(
        "fallen_directedness", name, (mass * (best - seen.walk) / share, whole / share, picks), NOTHING, most=1.0
    )
    ledger.ratio("fallen_device", name, (mass * (seen.device - seen.walk) / share, raw / share, picks), NOTHING)
    if seen.outcomes is not None and not isinstance(b.outcomes, str):
        o = seen.outcomes
        if brought_about(b, b.outcomes, fallen) < BROUGHT_ABOUT:
            ledger.undefined[f"fallen_outcomes[{name}]"] = "it brings no event about there"
            return
        fitted = max((o.fitted, o.alone), key=lambda fit: float((mass * o.weight) @ fit))
        mass = mass * o.weight / share
        parts = (mass * (fitted - o.chance), mass * (o.own - o.chance), picks)
        ledger.ratio("fallen_outcomes", name, parts, "events come as the random walk meets them")
