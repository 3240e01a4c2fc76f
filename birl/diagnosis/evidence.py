"""Evidence: every number a verdict rests on, with its interval and the joint draws behind it.

Axes: D draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from birl.types import Interval

__all__ = ["Evidence"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Quantities by distribution (by candidate where said), each with a 95 % interval.

    What is undefined is missing from its mapping and named in `undefined` with the reason; it is never 0 or NaN.

    Attributes:
        shifts: shift type of each distribution; `train` first.
        base_return: (J_b(pi) - J_b(random)) / (J_b(pi*_b) - J_b(random)).
        directedness: held-out log-likelihood per decision of the best objective over the random walk's, as a share of
            the policy's own after averaging it over tied actions.
        outcome_directedness: the same for first events, over chance: the random walk, the action habit, or nearness.
        device: the same as `directedness` for the best device (action habits, short contexts).
        p_agent: posterior probability of an objective against a device.
        base_directedness: `directedness` of the base objective with one free rationality.
        consistency: directedness of the joint objective as a share of that of the one fitted to this distribution
            alone.
        outcome_consistency: the same for first events.
        own_directedness: `directedness` of the objective fitted to this distribution alone.
        fallen_directedness: `directedness` on the levels where base return fell (`birl.diagnosis.fallen`), of the joint
            objective or the distribution's own, whichever explains more there.
        fallen_device: `device` on these levels.
        fallen_outcomes: `outcome_directedness` on these levels.
        fallen_levels: how many of them there are.
        still: share of decisions that leave the world as it is.
        distance: STARC distance between base and joint objective.
        choice_distance: the same level by level, each in units of its own, averaged: what shows in choices.
        goal_regret: normalised base return that an ideal optimiser of the joint objective loses.
        capability_regret: what the policy loses on top.
        own_regret: the policy's normalised regret under the joint objective.
        own_gain: what the joint objective's optimiser gains over the random walk, as a share of what it gains in
            training: how much of what it pursues is to be had here.
        candidate_odds: log-likelihood of each candidate minus the base's on conflict levels, in nats a level.
        candidate_share: each candidate's part in the best combination of base and that candidate, 0 none to 1 all.
        candidate_gain: share of what each candidate's optimiser gains over the base's on conflict levels that both the
            policy and the joint objective's optimiser gain (`birl.diagnosis.candidate_gain`).
        kept_up: of what each candidate's optimiser gains over the random walk where nothing is left to gain on the base
            the policy's share (`birl.diagnosis.kept_up`).
        residual: norm of the joint objective that is left over, as a share: by `base` alone, and by base with each
            candidate.
        reliance: share of conflict levels on which behaviour follows each candidate, minus that share with the
            candidate hidden (`birl.diagnosis.reliance`).
        cue_gap: base return on the matched levels without a cue, minus that under it (`birl.diagnosis.cues`).
        compliance: share of decisions that the base's optimiser would take too, 0 that of the random walk and 1 all;
            on training and on shifts of cue.
        capability_slope: change of base return as the capability knob is turned up (`birl.diagnosis.capability`).
        own_slope: the same for the return of what it pursues with the knob turned up.
        proxy_brings_base: in training, what each candidate's optimiser gains on the base (`birl.diagnosis.links`).
        base_brings_proxy: in training, what the base's optimiser gains on each candidate.
        proxy_causes_base: in training, the later effect of each candidate's events on the base.
        base_causes_proxy: the same of the base's events on each candidate.
        coincidence: in training, correlation of what the two earn by the same action.
        twins: cue distribution -> the one whose cue is as new and means nothing.
        stakes: distribution -> what an agent with another goal would gain by hiding it there.
        apart: candidate -> features by which it differs from the base objective.
        one_event: candidate -> others that pay alike for everything in training.
        repeats: shifts that are training over again, state by state.
        disagreement: what methods disagree about, a sentence each.
        conflict_levels: number of conflict levels of each candidate on the shifts.
        episodes: distribution -> how many episodes of it are all that is known; empty where the policy itself is.
        caveats: what the evidence itself leaves open, a sentence each.
        undefined: `quantity[distribution]` -> reason.
        draws: `quantity[distribution]` -> joint draws, [D].
        failed: required checks that failed, with their remedies.
    """

    shifts: Mapping[str, str]
    base_return: Mapping[str, Interval] = field(default_factory=dict)
    directedness: Mapping[str, Interval] = field(default_factory=dict)
    outcome_directedness: Mapping[str, Interval] = field(default_factory=dict)
    device: Mapping[str, Interval] = field(default_factory=dict)
    p_agent: Mapping[str, Interval] = field(default_factory=dict)
    base_directedness: Mapping[str, Interval] = field(default_factory=dict)
    consistency: Mapping[str, Interval] = field(default_factory=dict)
    outcome_consistency: Mapping[str, Interval] = field(default_factory=dict)
    own_directedness: Mapping[str, Interval] = field(default_factory=dict)
    fallen_directedness: Mapping[str, Interval] = field(default_factory=dict)
    fallen_device: Mapping[str, Interval] = field(default_factory=dict)
    fallen_outcomes: Mapping[str, Interval] = field(default_factory=dict)
    fallen_levels: Mapping[str, int] = field(default_factory=dict)
    still: Mapping[str, Interval] = field(default_factory=dict)
    distance: Mapping[str, Interval] = field(default_factory=dict)
    choice_distance: Mapping[str, Interval] = field(default_factory=dict)
    goal_regret: Mapping[str, Interval] = field(default_factory=dict)
    capability_regret: Mapping[str, Interval] = field(default_factory=dict)
    own_regret: Mapping[str, Interval] = field(default_factory=dict)
    own_gain: Mapping[str, Interval] = field(default_factory=dict)
    candidate_odds: Mapping[str, Interval] = field(default_factory=dict)
    candidate_share: Mapping[str, Interval] = field(default_factory=dict)
    candidate_gain: Mapping[str, Interval] = field(default_factory=dict)
    kept_up: Mapping[str, Interval] = field(default_factory=dict)
    residual: Mapping[str, Interval] = field(default_factory=dict)
    reliance: Mapping[str, Interval] = field(default_factory=dict)
    cue_gap: Mapping[str, Interval] = field(default_factory=dict)
    compliance: Mapping[str, Interval] = field(default_factory=dict)
    capability_slope: Mapping[str, Interval] = field(default_factory=dict)
    own_slope: Mapping[str, Interval] = field(default_factory=dict)
    proxy_brings_base: Mapping[str, Interval] = field(default_factory=dict)
    base_brings_proxy: Mapping[str, Interval] = field(default_factory=dict)
    proxy_causes_base: Mapping[str, Interval] = field(default_factory=dict)
    base_causes_proxy: Mapping[str, Interval] = field(default_factory=dict)
    coincidence: Mapping[str, Interval] = field(default_factory=dict)
    twins: Mapping[str, str] = field(default_factory=dict)
    stakes: Mapping[str, float] = field(default_factory=dict)
    apart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    one_event: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    repeats: tuple[str, ...] = ()
    conflict_levels: Mapping[str, int] = field(default_factory=dict)
    episodes: Mapping[str, int] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)
    draws: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    disagreement: tuple[str, ...] = ()
