"""Gathering evidence: every quantity with its interval, from one set of joint draws.

A draw resamples levels (the same picks for every quantity) and moves the joint objective one Newton step on them, so
that the sampling of levels is counted once and everywhere.

Axes: D draws, L levels, S states, A actions, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import expit

from birl.behavior import Behavior
from birl.diagnosis.brought import BROUGHT_ABOUT, brought_about
from birl.diagnosis.candidate_gain import Place, enter_candidate_gain
from birl.diagnosis.capability import enter_slopes
from birl.diagnosis.compliance import enter_compliance
from birl.diagnosis.cues import enter_cue_gaps
from birl.diagnosis.entries import Entries
from birl.diagnosis.evidence import Evidence
from birl.diagnosis.fallen import enter_fallen, fallen_levels
from birl.diagnosis.held_out import OutcomesHeldOut
from birl.diagnosis.inputs import Inputs
from birl.diagnosis.kept_up import enter_kept_up
from birl.diagnosis.links import enter_links, one_event
from birl.diagnosis.losses import enter_losses, enter_offered
from birl.diagnosis.reliance import enter_reliance
from birl.diagnosis.still import enter_still
from birl.gap import Gap, Pursuit, pursue
from birl.types import FloatArray

__all__ = ["gaps", "gather"]

COUNTED = (
    "only episodes are known: directedness and device are shares of what their own counts would explain, which fit "
    "themselves, and so at least what is said; what the policy would do in states it never met is not known"
)


def gather(inputs: Inputs) -> Evidence:
    """All the evidence there is for one policy."""
    ledger = Entries()
    weights = inputs.weights
    for b in inputs.behaviors:
        _explained(ledger, b, inputs)
        seen, returns = inputs.held_out[b.distribution], inputs.returns[b.distribution]
        enter_fallen(ledger, b, seen, returns, inputs.level_weights[b.distribution])
        enter_still(ledger, b, inputs.level_weights[b.distribution])
    rows = np.concatenate([inputs.joint.simplest[None], weights])
    by_name = {b.distribution: b for b in inputs.behaviors}
    pursuits = {name: pursue(b.model, rows, inputs.objectives_on(name)) for name, b in by_name.items()}
    gains = {name: enter_losses(ledger, b, inputs, rows, pursuits[name]) for name, b in by_name.items()}
    enter_offered(ledger, gains)
    for candidate in inputs.candidates:
        places = _places(candidate, inputs, pursuits)
        enter_candidate_gain(ledger, candidate, places)
        enter_kept_up(ledger, candidate, places, inputs.returns)
    inputs.comparison.enter(ledger.put, ledger.undefined, rows, inputs.level_weights)
    for candidate, by_shift in inputs.odds.items():
        _odds(ledger, candidate, by_shift, inputs)
    _told_apart(ledger, inputs)
    return Evidence(
        shifts={b.distribution: b.shift for b in inputs.behaviors},
        **ledger.intervals,
        conflict_levels={
            c: int(sum(levels.sum() for levels in by_shift.values())) for c, by_shift in inputs.conflict.items()
        },
        fallen_levels={name: int(fallen_levels(r).sum()) for name, r in inputs.returns.items()},
        undefined=ledger.undefined,
        draws=ledger.draws,
        failed=inputs.failed,
        disagreement=inputs.disagreement,
        twins=inputs.controls.twins,
        stakes=inputs.controls.stakes,
        apart=inputs.controls.apart,
        one_event=one_event(inputs.behaviors[0], _in_training(inputs)),
        repeats=inputs.controls.repeats,
        episodes={b.distribution: len(b.trajectories) for b in inputs.behaviors if not b.policy_known},
        caveats=(*_unheld(inputs.behaviors), *(() if all(b.policy_known for b in inputs.behaviors) else (COUNTED,))),
    )


def _unheld(behaviors: Sequence[Behavior]) -> Sequence[str]:
    """Where there are no other levels to hold anything against."""
    single = [b.distribution for b in behaviors if b.model.n_levels == 1]
    said = f"a single level of {' and '.join(single)}: nothing is held out, and no interval says what others would show"
    return [said] if single else []


def _told_apart(ledger: Entries, inputs: Inputs) -> None:
    """What the controls say: ghosts, cues, the capability knob, and interventions in training."""
    picks, seen, capable = inputs.level_weights, inputs.behaviors, inputs.controls.capable
    enter_reliance(
        ledger,
        seen,
        inputs.controls.ghosts,
        objectives={"base": inputs.base, **inputs.candidates},
        level_weights=picks,
        conflict={name: inputs.conflict[name] for name in inputs.candidates},
    )
    enter_cue_gaps(ledger, seen, base=inputs.base, returns=inputs.returns, level_weights=picks)
    for b in seen if any(b.shift == "cue" for b in seen) else ():
        if b.shift in ("train", "cue"):
            enter_compliance(ledger, b, inputs.base[b.distribution], picks[b.distribution])
    if isinstance(capable, str):
        names = [f"{quantity}[{b.distribution}]" for quantity in ("capability_slope", "own_slope") for b in seen]
        ledger.undefined.update(dict.fromkeys(names, capable))
    else:
        enter_slopes(ledger, seen, capable, base=inputs.base, method=inputs.joint.method, level_weights=picks)
    train = seen[0].distribution
    enter_links(ledger, seen[0], _in_training(inputs), base=inputs.base[train], picks=picks[train])


def _in_training(inputs: Inputs) -> Mapping[str, FloatArray]:
    """The candidates on the training model, [S*A] each."""
    train = inputs.behaviors[0].distribution
    return {name: objective[train] for name, objective in inputs.candidates.items()}


def _explained(ledger: Entries, b: Behavior, inputs: Inputs) -> None:
    """How much of the decisions and of the outcomes an objective explains, and a device."""
    name, seen = b.distribution, inputs.held_out[b.distribution]
    mass, weights = b.model.level_starts, inputs.level_weights[b.distribution]
    whole = mass * (seen.own - seen.walk)
    nothing = "the policy is all but the random walk: there is nothing to explain"
    if not any(inputs.joint.weights.values()):
        ledger.undefined[f"directedness[{name}]"] = "the joint objective is empty: it prefers nothing to anything"
    else:
        ledger.ratio("directedness", name, (mass * (seen.joint - seen.walk), whole, weights), nothing, most=1.0)
    raw = mass * (seen.policy - seen.walk)
    ledger.ratio("device", name, (mass * (seen.device - seen.walk), raw, weights), nothing)
    if seen.base is None:
        ledger.undefined[f"base_directedness[{name}]"] = "the base objective makes no difference here"
    else:
        ledger.ratio("base_directedness", name, (mass * (seen.base - seen.walk), whole, weights), nothing)
    ledger.ratio(
        "consistency",
        name,
        (mass * (seen.joint - seen.walk), mass * (seen.alone - seen.walk), weights),
        "no objective explains this distribution, so there is nothing to be consistent with",
    )
    odds = seen.decisions * (seen.joint - seen.device)
    ledger.put("p_agent", name, float(expit(odds.sum())), expit(weights @ odds))
    if seen.outcomes is None:
        why = b.outcomes if isinstance(b.outcomes, str) else "no outcome could be foretold"
        ledger.undefined |= dict.fromkeys((f"outcome_directedness[{name}]", f"outcome_consistency[{name}]"), why)
    else:
        _outcomes_explained(ledger, b, seen.outcomes, weights)
    parts = (mass * (seen.alone - seen.walk), whole, weights)
    ledger.ratio("own_directedness", name, parts, nothing, most=1.0)


def _outcomes_explained(ledger: Entries, b: Behavior, o: OutcomesHeldOut, weights: FloatArray) -> None:
    """How much of which event comes first an objective explains, where the policy brings events about at all."""
    name, share = b.distribution, b.model.level_starts * o.weight
    if not isinstance(b.outcomes, str) and brought_about(b, b.outcomes) < BROUGHT_ABOUT:
        for quantity in ("outcome_directedness", "outcome_consistency"):
            ledger.undefined[f"{quantity}[{name}]"] = "it brings no event about more often than the random walk does"
        return
    parts = (share * (o.fitted - o.chance), share * (o.own - o.chance), weights)
    ledger.ratio("outcome_directedness", name, parts, "events come as the random walk meets them")
    parts = (share * (o.fitted - o.chance), share * (o.alone - o.chance), weights)
    ledger.ratio("outcome_consistency", name, parts, "no objective explains the outcomes here")


def _places(candidate: str, inputs: Inputs, pursuits: Mapping[str, Pursuit]) -> Sequence[Place]:
    """The shifts, as base and one candidate see them."""
    return [
        Place(
            behavior=b,
            base=inputs.base[b.distribution],
            candidate=inputs.candidates[candidate][b.distribution],
            joint=b.model.features @ inputs.joint.simplest,
            conflict=inputs.conflict[candidate][b.distribution],
            brings=pursuits[b.distribution].brings[candidate],
            picks=inputs.level_weights[b.distribution],
        )
        for b in inputs.behaviors[1:]
    ]


def _odds(ledger: Entries, candidate: str, by_shift: Mapping[str, FloatArray], inputs: Inputs) -> None:
    """Nats a conflict level by which a candidate explains behaviour better than the base."""
    where = inputs.conflict[candidate]
    total = count = 0.0
    draws: FloatArray | float = 0.0
    below: FloatArray | float = 0.0
    for name, odds in by_shift.items():
        picks, on = inputs.level_weights[name], where[name].astype(float)
        total, count = total + float(odds.sum()), count + float(on.sum())
        draws, below = draws + picks @ odds, below + picks @ on
    if not count:
        ledger.undefined[f"candidate_odds[{candidate}]"] = "no level of any shift separates it from the base"
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        ledger.put("candidate_odds", candidate, total / count, np.asarray(draws) / np.asarray(below))


def gaps(evidence: Evidence) -> Mapping[str, Gap]:
    """The reward-result gap by distribution, as the evidence has it."""
    found = {}
    for name in evidence.shifts:
        parts = ("distance", "goal_regret", "capability_regret", "own_regret")
        reasons = {evidence.undefined[k] for p in parts if (k := f"{p}[{name}]") in evidence.undefined}
        found[name] = Gap(
            distance=evidence.distance.get(name),
            goal_regret=evidence.goal_regret.get(name),
            capability_regret=evidence.capability_regret.get(name),
            own_regret=evidence.own_regret.get(name),
            reason="; ".join(sorted(reasons)),
        )
    return found
