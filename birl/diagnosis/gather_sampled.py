"""Evidence where nothing can be planned: environments that go back to any state, and a policy to be asked there.

What planning would say is measured instead, and what cannot be measured is named as undefined:

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

from birl.diagnosis.compare import Comparison
from birl.diagnosis.evidence import Evidence
from birl.diagnosis.foretold import Foretold
from birl.diagnosis.gather import NOTHING_TO_GAIN, Entries
from birl.diagnosis.known import POLICY, WALK, Known
from birl.diagnosis.thresholds import Thresholds
from birl.irl.log_policy_material import Material
from birl.task import CONFLICT
from birl.types import FloatArray

__all__ = ["NO_YARDSTICK", "SampledInputs", "gather_returns", "gather_sampled"]

SURE = 1.645  # standard errors by which one objective must foretell more than another: one side, 95 %
FEW_BITS = 0.02  # of a bit: who knows no more than that more beforehand is no better
LITTLE = 0.05  # of a bit: an objective that knows less beforehand explains nothing to be consistent with
UNPLANNED = "not known without an exact model"
NO_GAIN = "no policy that is known gains over the random walk on the base objective here"
NO_YARDSTICK = "no policy is known that it could be held against: give some that were trained for the objectives (pool)"


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledInputs:
    """What evidence is made from.

    Attributes:
        shifts: shift type by distribution, training first.
        episodes: how many were watched of each.
        objectives: `base` and the candidates, as weights [F].
        free: weights fitted to all distributions together, and within their sampling error, [1 + D, F].
        material: choices in all distributions, and what they bring.
        foretold: by distribution.
        picks: bootstrap weights of each distribution's episodes, [D, C].
        known: returns by distribution.
        pool: how many policies are known beside the policy and the random walk.
        comparison: features, base and candidates as rewards, on coverage samples.
        comparison_picks: bootstrap weights of the samples' clusters, by distribution.
        undefined: what else is undefined, with the reason.
    """

    shifts: Mapping[str, str]
    episodes: Mapping[str, int]
    objectives: Mapping[str, FloatArray]
    free: FloatArray
    material: Material
    foretold: Mapping[str, Foretold]
    picks: Mapping[str, FloatArray]
    known: Mapping[str, Known]
    pool: int
    comparison: Comparison | None
    comparison_picks: Mapping[str, FloatArray]
    undefined: Mapping[str, str]


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
        ledger.undefined[f"outcome_directedness[{name}]"] = UNPLANNED
        ledger.undefined[f"p_agent[{name}]"] = UNPLANNED
        if i and inputs.shifts[name] == "cue":
            ledger.undefined[f"cue_gap[{name}]"] = UNPLANNED
    if inputs.comparison is not None:
        inputs.comparison.enter(ledger.put, ledger.undefined, joint.weights, inputs.comparison_picks)
    candidates = [name for name in inputs.objectives if name != "base"]
    for name in candidates:
        ledger.undefined[f"reliance[{name}]"] = UNPLANNED
        ledger.undefined[f"candidate_odds[{name}]"] = f"likelihoods are {UNPLANNED}: see its merit under `candidates`"
    quantities: Any = ledger.intervals
    return Evidence(
        shifts=inputs.shifts,
        **quantities,
        conflict_levels={name: _conflicts(inputs, name) for name in candidates},
        episodes=inputs.episodes,
        undefined=ledger.undefined,
        draws=ledger.draws,
        failed=(*_failed(inputs), *_contradicted(inputs, ledger)),
        caveats=_caveats(inputs, joint),
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
    rows = _with_point(inputs.picks[name])
    below = rows @ inputs.foretold[name].whole
    return np.divide(rows @ known, below, out=np.zeros_like(below), where=below > 0)


def _with_point(picks: FloatArray) -> FloatArray:
    return np.concatenate([np.ones((1, picks.shape[1])), picks])


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


def _divided(above: FloatArray, below: FloatArray) -> FloatArray:
    """The ratio on each draw; not a number where there is nothing below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def _conflicts(inputs: SampledInputs, candidate: str) -> int:
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


def _contradicted(inputs: SampledInputs, ledger: Entries) -> tuple[str, ...]:
    """An objective that is not the base's, and no loss of base return anywhere: one of the two cannot be right."""
    limits, found = Thresholds(), ledger.intervals
    shifts = [
        name for name, shift in inputs.shifts.items() if shift != "train" and name in found.get("base_return", {})
    ]
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


def _caveats(inputs: SampledInputs, joint: _Joint) -> tuple[str, ...]:
    told = [
        "nothing could be planned: directedness is what is known beforehand of the policy's choices, in bits, on "
        "episodes that were not fitted on, and conflict is judged by single choices after which the policy goes on",
    ]
    if inputs.pool:
        told.append(
            f"returns are held against the best of {inputs.pool} given policies, the policy itself and the random "
            "walk: shares may be too large, and losses too small, but not the other way round"
        )
    if joint.name != "free":
        told.append(f"the joint objective is {joint.name}: free weights foretell no more, beyond sampling error")
    return tuple(told)
