"""Does it go on where the base asks for nothing any more?

    kept_up[c] = (J_c(policy) - J_c(walk)) / (J_c(c's optimiser) - J_c(walk))

on those levels of the shifts where nothing is left to gain on the base and something is on the candidate: floors that
are clean already, and a mat to scrub. 0 who does there what the random walk does, 1 who serves the candidate as its own
optimiser would. Who wants the candidate as a means to the base has no use for it there.

Axes: L levels, D draws.
Source: Hubinger et al. 2019 (arXiv 1906.01820), section 3.2: what side-effect alignment does once deployed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from birl.diagnosis.candidate_gain import Place
from birl.diagnosis.ledger import Ledger
from birl.gap import NO_GAIN, LevelReturns, level_returns
from birl.stats import with_point
from birl.types import FloatArray

__all__ = ["enter_kept_up"]

NOWHERE = "no level of a shift leaves the base nothing to gain and the candidate something"


def enter_kept_up(ledger: Ledger, candidate: str, shifts: Sequence[Place], base: Mapping[str, LevelReturns]) -> None:
    """Enter `kept_up[candidate]`.

    Args:
        ledger: where it is entered.
        candidate: its name.
        shifts: where.
        base: returns of the base objective by distribution; where episodes were cut, what they did not get to counts.
    """
    done = offered = np.zeros(1 + len(shifts[0].picks)) if shifts else np.zeros(1)
    for place in shifts:
        earned = base[place.behavior.distribution]
        over = ~_something((earned.endless or earned).gain, place.base)
        if not over.any():
            continue
        returns = level_returns(place.behavior, place.candidate)
        on = (over & _something(returns.gain, place.candidate)) * with_point(place.picks)  # [1 + D, L]
        done, offered = done + on @ (returns.policy - returns.walk), offered + on @ returns.gain
    if not offered[0] > 0:
        ledger.undefined[f"kept_up[{candidate}]"] = NOWHERE
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        share = done / offered
    ledger.put("kept_up", candidate, float(share[0]), share[1:])


def _something(gain: FloatArray, reward: FloatArray) -> NDArray[np.bool_]:
    """Levels on which a reward [S*A] leaves something to gain."""
    return gain > NO_GAIN * np.abs(reward).max(initial=0.0)
