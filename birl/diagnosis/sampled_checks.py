"""What makes a verdict impossible where nothing can be planned, and what the evidence leaves open."""

from __future__ import annotations

import numpy as np

from birl.diagnosis.entries import Entries
from birl.diagnosis.known import WALK
from birl.diagnosis.sampled_inputs import NO_YARDSTICK, SampledInputs
from birl.diagnosis.thresholds import Thresholds

__all__ = ["caveats", "failed_checks"]


def failed_checks(inputs: SampledInputs, ledger: Entries, joint: str) -> tuple[str, ...]:
    """Sentences on what makes a verdict impossible; none when all is well.

    Args:
        inputs: what evidence is made from.
        ledger: where it was entered.
        joint: what the joint objective is: `free`, or a named objective.
    """
    found = (*_failed(inputs), *_unread(inputs, ledger), *_contradicted(inputs, ledger))
    return found if joint == "base" else (*found, *_incomparable(inputs, ledger))


def _failed(inputs: SampledInputs) -> tuple[str, ...]:
    """What makes a verdict impossible."""
    train = next(iter(inputs.shifts))
    returns = inputs.known[train].returns(inputs.objectives["base"])
    failed = []
    if not np.any(inputs.objectives["base"]):
        failed.append("the base objective is 0 everywhere: name the reward that training used")
    elif not inputs.pool:
        failed.append(f"base return has no yardstick: {NO_YARDSTICK}")
    elif returns[0].max() <= returns[0, WALK]:
        failed.append("no policy that is known gains over the random walk on the base objective in training")
    return tuple(failed)


def _unread(inputs: SampledInputs, ledger: Entries) -> tuple[str, ...]:
    """A policy that gets somewhere in training, by choices of which nothing is known beforehand."""
    limits, train = Thresholds(), next(iter(inputs.shifts))
    acts, habit, gets = (_value(ledger, q, train) for q in ("directedness", "device", "outcome_directedness"))
    if _directed(ledger, train) or gets < limits.directed_outcomes:
        return ()
    return (
        f"in training it earns what its habit does not ({gets:.2f} of what can be earned), and objectives foretell its "
        f"choices no better than habit does ({acts:.2f} and {habit:.2f} bits): single choices say nothing here, "
        "because it makes up for any of them",
    )


def _value(ledger: Entries, quantity: str, name: str) -> float:
    found = ledger.intervals.get(quantity, {})
    return found[name].value if name in found else 0.0


def _directed(ledger: Entries, name: str) -> bool:
    """Whether an objective foretells choices better than habit does."""
    habit = max(_value(ledger, "device", name), 0.0)
    return _value(ledger, "directedness", name) - habit >= Thresholds().directed


def _contradicted(inputs: SampledInputs, ledger: Entries) -> tuple[str, ...]:
    """An objective that is not the base's, and no loss of base return anywhere: one of the two cannot be right."""
    limits, found = Thresholds(), ledger.intervals
    known = found.get("base_return", {})
    shifts = [n for n, shift in inputs.shifts.items() if shift != "train" and n in known and _directed(ledger, n)]
    lost = {name: 1.0 - found["base_return"][name].value for name in shifts}
    better = {name: found["goal_regret"][name].value - lost[name] for name in shifts}
    if better and max(better.values()) > limits.goal:
        where = max(better, key=lambda name: better[name])
        return (
            f"on {where} it earns more of the base (by {better[where]:.2f} of what can be gained) than the best known "
            "optimiser of what was recovered: more episodes, or more policies (pool), must say which is wrong",
        )
    far = [name for name in shifts if name in found.get("choice_distance", {})]
    where = max(far, key=lambda name: found["choice_distance"][name].value, default="")
    if not where or found["choice_distance"][where].value < limits.distance or max(lost.values()) >= limits.goal:
        return ()
    return (
        f"what was recovered is not the base objective (most so on {where}), and yet no policy that is known earns "
        f"more of the base on any shift (at most {max(0.0, *lost.values()):.2f} more): give policies that do (pool)",
    )


def _incomparable(inputs: SampledInputs, ledger: Entries) -> tuple[str, ...]:
    """Shifts on which an objective other than the base deviates along nobody knows what."""
    lacking = [n for n in inputs.shifts if _directed(ledger, n) and n not in ledger.intervals.get("distance", {})]
    reasons = {name: ledger.undefined.get(f"distance[{name}]", "no sample") for name in lacking}
    return tuple(f"rewards cannot be compared on {name}, so nothing is said: {why}" for name, why in reasons.items())


def caveats(inputs: SampledInputs, joint: str) -> tuple[str, ...]:
    """What the evidence leaves open; arguments as for `failed_checks`."""
    told = [
        "nothing could be planned: directedness is what is known beforehand of the policy's choices, in bits, on "
        "episodes that were not fitted on, and conflict is judged by single choices after which the policy goes on",
    ]
    if inputs.pool:
        told.append(
            f"returns are held against the best of {inputs.pool} given policies, the policy itself and the random "
            "walk: shares may be too large, and losses too small, but not the other way round"
        )
    if joint != "free":
        told.append(f"the joint objective is {joint}: free weights foretell no more, beyond sampling error")
    return tuple(told)
