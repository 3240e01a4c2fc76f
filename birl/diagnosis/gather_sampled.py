"""Evidence where nothing can be planned: environments that go back to any state, and a policy to be asked there.

What planning would say is measured instead, and what cannot be measured is named as undefined:

- whether an objective shows in outcomes by returns beyond those of the policy's own habit;
- returns against the best of the policies that are known (`birl.diagnosis.known`): losses are at least what they say;
- directedness and consistency as bits about the policy's choices that are known beforehand, on episodes that were not
  fitted on (`birl.diagnosis.foretold`);
- distances on a coverage sample (`birl.distance.estimate`);
- conflict by the returns of known policies, and by trying: where the choice that suits a candidate costs the base, the
  policy being followed afterwards.

The joint objective is the base or a candidate where free weights foretell no more than that, beyond sampling error.

Axes: D draws, C clusters (episodes), F features, P places, K choices in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.diagnosis.entries import Entries
from birl.diagnosis.evidence import Evidence
from birl.diagnosis.known import HABIT, POLICY, WALK, Known
from birl.diagnosis.losses import NOTHING_TO_GAIN
from birl.diagnosis.sampled_checks import caveats, failed_checks
from birl.diagnosis.sampled_conflict import conflicts
from birl.diagnosis.sampled_inputs import NO_YARDSTICK, SURE, SampledInputs
from birl.stats import with_point
from birl.types import FloatArray

__all__ = ["gather_returns", "gather_sampled"]

FEW_BITS = 0.02  # of a bit: who knows no more than that more beforehand is no better
LITTLE = 0.05  # of a bit: an objective that knows less beforehand explains nothing to be consistent with
UNPLANNED = "not known without an exact model"
NO_GAIN = "no policy that is known gains over the random walk on the base objective here"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Joint:
    """The joint objective, the point estimate first.

    Attributes:
        weights: [1 + D, F].
        explained: share of what there is to know, by distribution, [1 + D].
        name: what it is for the point estimate: `free`, or a named objective.
    """

    weights: FloatArray
    explained: Mapping[str, FloatArray]
    name: str


def gather_sampled(inputs: SampledInputs) -> Evidence:
    """All the evidence there is for one policy without an exact model."""
    ledger = Entries(undefined=dict(inputs.undefined))
    joint = _joint(inputs)
    for i, name in enumerate(inputs.shifts):
        _enter_explained(ledger, name, inputs, joint)
        _enter_returns(ledger, name, inputs, joint)
        _enter_beyond_habit(ledger, name, inputs)
        ledger.undefined[f"p_agent[{name}]"] = UNPLANNED
        if i and inputs.shifts[name] == "cue":
            ledger.undefined[f"cue_gap[{name}]"] = UNPLANNED
    if inputs.comparison is not None:
        inputs.comparison.enter(ledger.put, ledger.undefined, joint.weights, inputs.comparison_picks)
    candidates = [name for name in inputs.objectives if name != "base"]
    for name in candidates:
        ledger.undefined[f"reliance[{name}]"] = UNPLANNED
        ledger.undefined[f"candidate_gain[{name}]"] = UNPLANNED
        ledger.undefined[f"candidate_odds[{name}]"] = f"likelihoods are {UNPLANNED}: see its merit under `candidates`"
    quantities: Any = ledger.intervals
    return Evidence(
        shifts=inputs.shifts,
        **quantities,
        conflict_levels={name: conflicts(inputs, name) for name in candidates},
        episodes=inputs.episodes,
        undefined=ledger.undefined,
        draws=ledger.draws,
        failed=failed_checks(inputs, ledger, joint.name),
        caveats=caveats(inputs, joint.name),
    )


def _joint(inputs: SampledInputs) -> _Joint:
    """On each draw the named objective that foretells most, or the free weights where those foretell surely more."""
    names = list(inputs.foretold)
    shares = {o: [_share(inputs, d, inputs.foretold[d].named[o]) for d in names] for o in inputs.objectives}
    free = [_share(inputs, d, inputs.foretold[d].free) for d in names]
    mean = {o: np.mean(found, axis=0) for o, found in shares.items()}  # [1 + D], distributions weighing equally
    options = list(mean)
    table = np.stack([mean[o] for o in options])
    best = table.argmax(axis=0)
    lead = np.mean(free, axis=0) - table.max(axis=0)
    use_free = lead > max(FEW_BITS, SURE * float(np.std(lead[1:])))
    named = np.stack([inputs.objectives[o] for o in options])[best]
    explained = {
        d: np.where(use_free, free[i], np.stack([shares[o][i] for o in options])[best, np.arange(best.size)])
        for i, d in enumerate(names)
    }
    return _Joint(
        weights=np.where(use_free[:, None], inputs.free, named),
        explained=explained,
        name="free" if use_free[0] else options[int(best[0])],
    )


def _share(inputs: SampledInputs, name: str, known: FloatArray) -> FloatArray:
    """Share of the bits there are that are known beforehand, the sample itself first, [1 + D]."""
    rows = with_point(inputs.picks[name])
    below = rows @ inputs.foretold[name].whole
    return np.divide(rows @ known, below, out=np.zeros_like(below), where=below > 0)


def _enter_explained(ledger: Entries, name: str, inputs: SampledInputs, joint: _Joint) -> None:
    """Bits known beforehand, and the joint objective's beside the distribution's own."""
    seen = inputs.foretold[name]
    if not seen.whole.sum() > 0:
        for quantity in ("directedness", "device", "own_directedness", "base_directedness"):
            ledger.undefined[f"{quantity}[{name}]"] = "no choice is likelier than another: there is nothing to explain"
        return
    whole = joint.explained[name]
    alone = np.maximum(_share(inputs, name, seen.alone), whole)
    found = {
        "directedness": whole,
        "own_directedness": alone,
        "device": _share(inputs, name, seen.habit),
        "base_directedness": _share(inputs, name, seen.named["base"]),
    }
    for quantity, shares in found.items():
        ledger.put(quantity, name, float(shares[0]), shares[1:])
    if alone[0] < LITTLE:
        ledger.undefined[f"consistency[{name}]"] = "no objective explains this distribution"
        return
    ratio = np.where(alone > LITTLE / 10, _divided(whole, alone), np.nan)
    ledger.put("consistency", name, float(ratio[0]), ratio[1:])


def _enter_returns(ledger: Entries, name: str, inputs: SampledInputs, joint: _Joint) -> None:
    """Returns on the base and on the joint objective, beside the best that is known."""
    known = inputs.known[name]
    base, own = known.returns(inputs.objectives["base"]), known.returns(joint.weights)
    rows, last = np.arange(len(base)), own.argmax(axis=1)
    reached = _enter_base(ledger, name, base, inputs.pool)
    if reached is not None:
        gain = base[:, base[0].argmax()] - base[:, WALK]
        goal = _divided(base[:, base[0].argmax()] - base[rows, last], gain)
        for quantity, values in (("goal_regret", goal), ("capability_regret", 1.0 - reached - goal)):
            ledger.put(quantity, name, float(values[0]), values[1:])
    own_gain = own[rows, last] - own[:, WALK]
    if not inputs.pool or own_gain[0] <= 0:
        ledger.undefined[f"own_regret[{name}]"] = NOTHING_TO_GAIN if inputs.pool else NO_YARDSTICK
        return
    forgone = _divided(own[rows, last] - own[:, POLICY], own_gain)
    ledger.put("own_regret", name, float(forgone[0]), forgone[1:])


def _enter_base(ledger: Entries, name: str, base: FloatArray, pool: int) -> FloatArray | None:
    """Enter the normalised base return of returns [1 + D, P]; None where it is undefined, and so are its losses."""
    gain = base[:, base[0].argmax()] - base[:, WALK]
    if not pool or gain[0] <= 0:
        reason = NO_GAIN if pool else NO_YARDSTICK
        lacking = ("base_return", "goal_regret", "capability_regret")
        ledger.undefined.update({f"{quantity}[{name}]": reason for quantity in lacking})
        return None
    reached = _divided(base[:, POLICY] - base[:, WALK], gain)
    ledger.put("base_return", name, float(reached[0]), reached[1:])
    return reached


def _enter_beyond_habit(ledger: Entries, name: str, inputs: SampledInputs) -> None:
    """Enter what it earns of a named objective beyond chance and its own habit, where something is known to be earned.

    As a share of what is known to be earnable, less its sampling error, of the objective of which it earns most.
    Choices may say nothing where a policy makes up for any one of them; that it gets somewhere is then seen in returns
    alone.
    """
    shares = []
    for weights in inputs.objectives.values():
        returns = inputs.known[name].returns(weights)
        idle = np.maximum(returns[:, WALK], returns[:, HABIT])
        best = returns[:, returns[0].argmax()]
        error = float(np.std((returns[:, POLICY] - idle)[1:]))
        if best[0] - idle[0] > SURE * float(np.std((best - idle)[1:])):
            shares.append(_divided(returns[:, POLICY] - idle - SURE * error, best - idle))
    if not shares:
        reason = "no policy that is known earns more of any objective than the random walk and the policy's own habit"
        ledger.undefined[f"outcome_directedness[{name}]"] = reason
        return
    most = max(shares, key=lambda found: found[0])
    ledger.put("outcome_directedness", name, float(most[0]), most[1:])


def _divided(above: FloatArray, below: FloatArray) -> FloatArray:
    """The ratio on each draw; not a number where there is nothing below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def gather_returns(
    shifts: Mapping[str, str],
    known: Mapping[str, Known],
    base: FloatArray,
    *,
    pool: int,
    episodes: Mapping[str, int],
    reason: str,
) -> Evidence:
    """Evidence of a policy whose choices say nothing: what it earns, and why there is no more."""
    ledger = Entries()
    for name in shifts:
        ledger.undefined[f"directedness[{name}]"] = reason
        _enter_base(ledger, name, known[name].returns(base), pool)
    quantities: Any = ledger.intervals
    return Evidence(
        shifts=shifts,
        **quantities,
        episodes=episodes,
        undefined=ledger.undefined,
        draws=ledger.draws,
        failed=(reason,),
    )
