"""How much of what a candidate asks for is done where the base asks for something else.

    candidate_gain[c] = (J_c(x) - J_c(base's optimiser)) / (J_c(c's optimiser) - J_c(base's optimiser))

on conflict levels, for the policy and for the optimiser of the joint objective, whichever gains less: 0 who serves the
candidate no better than the base's optimiser does, 1 who serves it as its own would. Ties of the base are broken in
favour of the candidate, those of the joint objective against it. Weights of events that a policy never lets happen can
hide a candidate among them; what the weights make one do cannot. Episodes that were cut count as far as they went.

Axes: L levels, D draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.ledger import Ledger
from birl.gap import level_returns, tied_returns
from birl.stats import with_point
from birl.types import FloatArray

__all__ = ["Place", "enter_candidate_gain"]

NO_CONFLICT = "no level of any shift separates it from the base"
NOTHING = "its optimiser gains next to nothing that the base's does not"
LITTLE = 1e-6  # of what its optimiser gains over the random walk


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A shift, as base and one candidate see it.

    Attributes:
        behavior: what the policy does there.
        base: the base objective, [S*A].
        candidate: the candidate, [S*A].
        joint: the joint objective, [S*A].
        conflict: levels on which base and candidate part, bool [L].
        brings: what the joint objective's optimiser earns on the candidate, the point estimate first, [1 + D, L].
        picks: bootstrap weights of the levels, [D, L].
    """

    behavior: Behavior
    base: FloatArray
    candidate: FloatArray
    joint: FloatArray
    conflict: np.ndarray
    brings: FloatArray
    picks: FloatArray


def enter_candidate_gain(ledger: Ledger, candidate: str, shifts: Sequence[Place]) -> None:
    """Enter `candidate_gain[candidate]` from all the shifts on which it parts from the base."""
    where = [place for place in shifts if place.conflict.any()]
    if not where:
        ledger.undefined[f"candidate_gain[{candidate}]"] = NO_CONFLICT
        return
    wanted = offered = done = planned = np.zeros(1 + len(where[0].picks))
    for place in where:
        model, returns = place.behavior.model, level_returns(place.behavior, place.candidate)
        ideal = returns.endless or returns
        on = place.conflict * with_point(place.picks)  # [1 + D, L]
        _, free = tied_returns(model, place.base, place.candidate)  # what the base's optimiser can get on the way
        least, _ = tied_returns(model, place.joint, place.candidate)
        sure = place.brings - (place.brings[0] - least)
        wanted, offered = wanted + on @ (ideal.best - free), offered + on @ ideal.gain
        done, planned = done + on @ (returns.policy - free), planned + np.einsum("dl,dl->d", on, sure - free)
    if not wanted[0] > LITTLE * offered[0]:
        ledger.undefined[f"candidate_gain[{candidate}]"] = NOTHING
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.minimum(done, planned) / wanted
    ledger.put("candidate_gain", candidate, float(gain[0]), gain[1:])
