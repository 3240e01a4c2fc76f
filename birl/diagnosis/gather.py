"""Gathering evidence: every quantity with its interval, from one set of joint draws.

A draw resamples levels (the same picks for every quantity) and moves the joint objective one Newton step on them, so
that the sampling of levels is counted once and everywhere.

Axes: D draws, L levels, S states, A actions, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from birl.behavior import Behavior
from birl.diagnosis.brought import BROUGHT_ABOUT, brought_about
from birl.diagnosis.capability import enter_slopes
from birl.diagnosis.compare import Comparison
from birl.diagnosis.compliance import enter_compliance
from birl.diagnosis.controls import Controls
from birl.diagnosis.cues import enter_cue_gaps
from birl.diagnosis.evidence import Evidence
from birl.diagnosis.fallen import enter_fallen, fallen_levels
from birl.diagnosis.held_out import HeldOut, OutcomesHeldOut
from birl.diagnosis.links import enter_links
from birl.diagnosis.reliance import enter_reliance
from birl.diagnosis.still import enter_still
from birl.gap import CANNOT_BE_EARNED, Gap, LevelReturns, pursue, tied_returns
from birl.irl import RewardEstimate
from birl.stats import percentile_interval
from birl.types import FloatArray, Interval

__all__ = ["Entries", "Inputs", "gaps", "gather"]

FLOOR = 0.02  # nats a decision: a policy that differs less from chance leaves nothing to explain
NOTHING_TO_GAIN = "no policy gains over the random walk on the joint objective here"
CUT_SHORT = "its episodes were cut with much of the discounted future to come: what it forgoes there is not known"
COUNTED = (
    "only episodes are known: directedness and device are shares of what their own counts would explain, which fit "
    "themselves, and so at least what is said; what the policy would do in states it never met is not known"
)
DIGITS = 6  # significant digits of a stored draw; far below its sampling error, and a card stays small


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """What evidence is made from.

    Attributes:
        behaviors: one per distribution, training first.
        base: the base objective on each model, [S*A].
        returns: base returns on each.
        held_out: held-out likelihoods on each.
        joint: the joint objective.
        weights: the joint objective on resampled levels, [D, F].
        level_weights: bootstrap weights of each distribution's levels, [D, L].
        comparison: the joint objective beside base and candidates, as rewards.
        odds: for each candidate and shift, log-likelihood of a decision minus the base's on conflict levels, [L], 0
            elsewhere.
        conflict: conflict levels by candidate and shift, bool [L].
        failed: required checks that failed.
        disagreement: what methods disagree about.
        candidates: candidate -> distribution -> the same as `base`.
        controls: what the task declares to tell causes apart, and behaviour under it.
    """

    behaviors: Sequence[Behavior]
    base: Mapping[str, FloatArray]
    returns: Mapping[str, LevelReturns]
    held_out: Mapping[str, HeldOut]
    joint: RewardEstimate
    weights: FloatArray
    level_weights: Mapping[str, FloatArray]
    comparison: Comparison
    odds: Mapping[str, Mapping[str, FloatArray]]
    conflict: Mapping[str, Mapping[str, np.ndarray]]
    failed: tuple[str, ...]
    disagreement: tuple[str, ...]
    candidates: Mapping[str, Mapping[str, FloatArray]] = field(default_factory=dict)
    controls: Controls = field(default_factory=Controls)


@dataclass
class Entries:
    """Intervals, draws and reasons as they come in."""

    intervals: dict[str, dict[str, Interval]] = field(default_factory=dict)
    draws: dict[str, tuple[float, ...]] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)

    def put(self, quantity: str, key: str, value: float, draws: FloatArray) -> None:
        """Enter a quantity; draws that are not finite could not be computed and fall back on the value."""
        draws = np.where(np.isfinite(draws), draws, value)
        self.intervals.setdefault(quantity, {})[key] = percentile_interval(value, draws)
        self.draws[f"{quantity}[{key}]"] = tuple(float(f"{x:.{DIGITS}g}") for x in draws)

    def ratio(
        self,
        quantity: str,
        key: str,
        parts: tuple[FloatArray, FloatArray, FloatArray],
        reason: str,
        *,
        most: float = np.inf,
    ) -> None:
        """Enter sum(numerator) / sum(denominator) over resampled levels; undefined where too little is below.

        A share of what can be explained is at most 1: a fit may beat what ties leave over by luck of a few levels.
        """
        numerator, denominator, weights = parts
        total = float(denominator.sum())
        if total <= FLOOR:
            self.undefined[f"{quantity}[{key}]"] = reason
            return
        below = weights @ denominator
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = np.where(below > FLOOR / 10, (weights @ numerator) / below, np.nan)
        self.put(quantity, key, min(float(numerator.sum()) / total, most), np.minimum(draws, most))


def gather(inputs: Inputs) -> Evidence:
    """All the evidence there is for one policy."""
    ledger = Entries()
    weights = inputs.weights
    for b in inputs.behaviors:
        _explained(ledger, b, inputs)
        seen, returns = inputs.held_out[b.distribution], inputs.returns[b.distribution]
        enter_fallen(ledger, b, seen, returns, inputs.level_weights[b.distribution])
        enter_still(ledger, b, inputs.level_weights[b.distribution])
    _offered(ledger, {b.distribution: _lost(ledger, b, inputs, weights) for b in inputs.behaviors})
    rows = np.concatenate([inputs.joint.simplest[None], weights])
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
        repeats=inputs.controls.repeats,
        episodes={b.distribution: len(b.trajectories) for b in inputs.behaviors if not b.policy_known},
        caveats=() if all(b.policy_known for b in inputs.behaviors) else (COUNTED,),
    )


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
    in_training = {name: objective[train] for name, objective in inputs.candidates.items()}
    enter_links(ledger, seen[0], in_training, base=inputs.base[train], picks=picks[train])


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
        ledger.undefined[f"outcome_directedness[{name}]"] = "this world does not resolve into events"
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


def _lost(ledger: Entries, b: Behavior, inputs: Inputs, weights: FloatArray) -> FloatArray:
    """Base return, and its loss split into goal and capability; regret under the joint objective itself.

    Returns:
        What its optimiser gains on the joint objective, point estimate first, [1 + D].
    """
    name, model = b.distribution, b.model
    returns, picks = inputs.returns[name], inputs.level_weights[name]
    point = inputs.joint.simplest
    pursuit = pursue(model, np.concatenate([point[None], weights]), inputs.base[name])
    counts = b.level_feature_counts()  # [L, F]
    own_gain, forgone = _forgone(pursuit.best, np.concatenate([point[None], weights]), counts, b, picks)
    if own_gain[0] <= 0 or returns.endless is not None:
        ledger.undefined[f"own_regret[{name}]"] = NOTHING_TO_GAIN if own_gain[0] <= 0 else CUT_SHORT
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.where(own_gain > 0, forgone / own_gain, np.nan)
        ledger.put("own_regret", name, float(own[0]), own[1:])
    if not returns.can_be_earned(inputs.base[name]):
        for quantity in ("base_return", "goal_regret", "capability_regret"):
            ledger.undefined[f"{quantity}[{name}]"] = CANNOT_BE_EARNED
        return own_gain
    least, _ = tied_returns(model, model.features @ point, inputs.base[name])
    tied = pursuit.base[0] - least  # what the tie-break that serves the base worst loses on top of the greedy one
    rows = np.concatenate([np.ones((1, model.n_levels)), picks])
    gain = rows @ returns.gain
    reached = (rows @ (returns.policy - returns.walk)) / gain
    ideal = returns.endless or returns
    goal = (np.einsum("dl,dl->d", rows, ideal.best - pursuit.base) + rows @ tied) / (rows @ ideal.gain)
    ledger.put("base_return", name, float(reached[0]), reached[1:])
    ledger.put("goal_regret", name, float(goal[0]), goal[1:])
    ledger.put("capability_regret", name, float(1 - reached[0] - goal[0]), 1 - reached[1:] - goal[1:])
    return own_gain


def _offered(ledger: Entries, gains: Mapping[str, FloatArray]) -> None:
    """What each distribution offers on the joint objective, beside what training does."""
    training = next(iter(gains.values()))
    for name, gain in gains.items():
        if training[0] <= 0:
            ledger.undefined[f"own_gain[{name}]"] = "the joint objective offers nothing in training"
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            ledger.put("own_gain", name, float(gain[0] / training[0]), gain[1:] / training[1:])


def _forgone(
    best: FloatArray, weights: FloatArray, counts: FloatArray, b: Behavior, picks: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What is to be gained under each weight vector and what the policy forgoes of it, point first, [1 + D] each."""
    rows = np.concatenate([np.ones((1, b.model.n_levels)), picks])
    walk = b.level_feature_counts(b.model.uniform) @ weights.T  # [L, 1 + D]
    reached = counts @ weights.T
    gain = np.einsum("dl,dl->d", rows, best - walk.T)
    nothing = 1e-9 * max(1.0, float(np.abs(weights[0]).max(initial=0.0)))
    return np.where(gain > nothing, gain, 0.0), np.einsum("dl,dl->d", rows, best - reached.T)


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
