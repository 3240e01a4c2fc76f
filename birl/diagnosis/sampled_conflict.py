"""Where base and candidate part, as far as that can be said without planning.

Axes: D draws, P places, K choices in each.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from birl.diagnosis.known import WALK
from birl.diagnosis.sampled_inputs import SURE, SampledInputs
from birl.diagnosis.thresholds import Thresholds
from birl.task import CONFLICT

__all__ = ["conflicts"]


def conflicts(inputs: SampledInputs, candidate: str) -> int:
    """Episodes of shifts on which base and candidate part, by returns or by single choices, and not by luck."""
    by_choice = _costly_choices(inputs, candidate)
    return sum(
        inputs.episodes[name] if _costs(inputs, name, candidate) else by_choice[name]
        for name, shift in inputs.shifts.items()
        if shift != "train"
    )


def _costs(inputs: SampledInputs, name: str, candidate: str) -> bool:
    """Whether of the known policies the best for the candidate loses base return that another one earns."""
    base, other = (inputs.known[name].returns(inputs.objectives[o]) for o in ("base", candidate))
    if not inputs.pool:
        return False
    best, follows = int(base[0].argmax()), int(other[0].argmax())
    beyond = base[:, best] - base[:, follows] - CONFLICT * (base[:, best] - base[:, WALK])
    return bool(beyond[0] > 0) and float(np.mean(beyond[1:] > 0)) >= Thresholds().call


def _costly_choices(inputs: SampledInputs, candidate: str) -> Mapping[str, int]:
    """Episodes in which the choice that suits the candidate costs the base, by distribution; 0 where that may be luck.

    Where chance has a say, one measurement of what choices bring chooses and the other tells, so that noise in the
    choice does not look like a cost.
    """
    choices, behavior, count = inputs.material.choices, inputs.material.behavior, {}
    base, other = inputs.objectives["base"], inputs.objectives[candidate]
    rows = np.arange(len(choices.brought))
    ours, theirs = ((choices.brought @ objective).argmax(axis=1) for objective in (base, other))
    told = choices.instrument @ base  # [P, K]
    cost = told[rows, ours] - told[rows, theirs]
    margin = cost - CONFLICT * np.maximum(told[rows, ours] - told.mean(axis=1), 0.0)
    for i, name in enumerate(inputs.shifts):
        own = behavior == i
        which = np.unique(choices.cluster[own], return_inverse=True)[1].ravel()
        beyond = np.bincount(which, weights=margin[own])
        sure = beyond.sum() > SURE * float(np.std(beyond)) * np.sqrt(beyond.size)
        count[name] = int((beyond > 0).sum()) if sure else 0
    return count
