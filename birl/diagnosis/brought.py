"""Does a policy bring events about at all, more often than the random walk meets them?

A policy that gets stuck meets few events, and those nearer ones than the random walk meets: that looks like a
preference and is none. What it wants, it brings about more often than chance does.

Axes: L levels.
"""

from __future__ import annotations

import numpy as np

from birl.behavior import Behavior
from birl.outcomes import Outcomes
from birl.types import FloatArray

__all__ = ["BROUGHT_ABOUT", "brought_about"]

BROUGHT_ABOUT = 0.05  # share of episodes; habits reach .05 by luck, a planner acting at random 17 times in 20 .26


def brought_about(b: Behavior, seen: Outcomes, among: FloatArray | None = None) -> float:
    """Share of episodes that end in an event in excess of the random walk's share of it, over all events in excess.

    Args:
        b: behaviour.
        seen: its outcomes.
        among: 1 on the levels it is asked of, [L]; all if left out.
    """
    mass = b.model.level_starts * (1.0 if among is None else among)
    if not mass.sum() > 0:
        return 0.0
    beyond = (seen.share - seen.walk)[:, :-1]
    if not b.policy_known:
        return _surely_about(beyond, mass / mass.sum())
    return float(np.maximum(mass @ beyond / mass.sum(), 0.0).sum())


def _surely_about(beyond: FloatArray, mass: FloatArray) -> float:
    """The same from counted episodes, less its standard error.

    Some event is always met more often than the random walk meets it, by luck. So the events in excess are found on one
    half of the levels and counted on the other.
    """
    half = np.arange(mass.size) % 2
    found = np.stack([mass[half != fold] @ beyond[half != fold] > 0 for fold in range(2)])  # [2, O]
    excess = (beyond * found[half]).sum(axis=1)
    mean = float(mass @ excess)
    return mean - float(np.sqrt(mass**2 @ (excess - mean) ** 2))
