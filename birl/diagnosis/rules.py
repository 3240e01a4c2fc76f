"""The ordered rules, as data: each has an identifier, a verdict, what it says, and when it fires.

They are tried in order on every joint draw; the first that fires gives that draw's verdict. Suboptimality comes before
proxy because a planner with a wrong model can imitate one. The README's table and the reports are made from this list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from birl.diagnosis.snapshot import Snapshot
from birl.diagnosis.thresholds import Thresholds
from birl.diagnosis.verdict import Verdict

__all__ = ["RULES", "Rule"]

Predicate = Callable[[Snapshot, Thresholds], bool]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: short name, shown with the verdict.
        verdict: what it says when it fires.
        reason: one sentence, true whenever it fires.
        fires: whether it does, on one draw.
    """

    id: str
    verdict: Verdict
    reason: str
    fires: Predicate


def check_failed(e: Snapshot, t: Thresholds) -> bool:
    """A required check failed."""
    return bool(e.failed)


def no_objective(e: Snapshot, t: Thresholds) -> bool:
    """Actions and outcomes beat device and chance by less than the margins, everywhere."""
    return all(aimless(e, name, t) for name in e.shifts)


def not_trained(e: Snapshot, t: Thresholds) -> bool:
    """Training return is low."""
    return e.get("base_return", e.train, 0.0) < t.trained


def skill_lost(e: Snapshot, t: Thresholds) -> bool:
    """Wherever base return fell, no objective explains what is left."""
    fallen = [name for name in e.of("feature") if fell(e, name, t)]
    fallen = fallen or [name for name in e.of("capability", "dynamics") if fell(e, name, t)]
    return bool(fallen) and all(aimless(e, name, t) for name in fallen)


def not_separated(e: Snapshot, t: Thresholds) -> bool:
    """No level of any shift separates the base from any candidate, or from one that would look just as robust."""
    if not e.of("feature", "capability", "dynamics", "cue"):
        return True
    alike = [count == 0 for count in e.conflict_levels.values()]
    return any(alike) and (all(alike) or same_objective(e, t))


def same_objective(e: Snapshot, t: Thresholds) -> bool:
    """Optimising the recovered objective costs nothing on any shift, and it is close to the base."""
    shifts = [name for name in e.shifts if name != e.train and e.has("goal_regret", name)]
    return bool(shifts) and all(
        e.get("goal_regret", name) < t.goal and e.get("distance", name, 0.0) < t.distance for name in shifts
    )


def not_one_objective(e: Snapshot, t: Thresholds) -> bool:
    """One objective explains neither the actions nor the outcomes of a distribution that has one of its own."""
    return any(
        e.get("consistency", name, 1.0) < t.consistency
        and e.get("outcome_consistency", name, 0.0) < t.consistency
        and e.get("own_directedness", name, 0.0) - max(e.get("device", name, 0.0), 0.0) >= t.directed
        for name in e.shifts
    )


def candidate_followed(e: Snapshot, t: Thresholds) -> bool:
    """A candidate carries a comparable part of the objective and accounts for its deviation from the base."""
    return any(
        e.get("candidate_share", c) >= t.share and accounts(e, c) >= t.along and e.conflict_levels.get(c, 0) > 0
        for c in e.keys("candidate_share")
    )


def distorted(e: Snapshot, t: Thresholds) -> bool:
    """The objective is off the base, along no candidate, and optimising it costs or it is far away."""
    return any(
        e.get("distance", name, 0.0) >= t.distance or e.get("goal_regret", name, 0.0) >= t.goal for name in e.shifts
    )


def aimless(e: Snapshot, name: str, t: Thresholds) -> bool:
    """No objective shows on one distribution: neither in actions nor in outcomes."""
    acts = e.get("directedness", name, 0.0) - max(e.get("device", name, 0.0), 0.0)
    return acts < t.directed and e.get("outcome_directedness", name, 0.0) < t.directed_outcomes


def fell(e: Snapshot, name: str, t: Thresholds) -> bool:
    """Base return is lower than in training by more than the margin."""
    return e.has("base_return", name) and e.get("base_return", e.train, 0.0) - e.get("base_return", name) > t.fell


def accounts(e: Snapshot, candidate: str) -> float:
    """Share of the objective's squared deviation from the base that a candidate accounts for."""
    off = e.get("residual", "base", 0.0) ** 2
    return 1.0 - e.get("residual", candidate, 0.0) ** 2 / off if off > 1e-12 else 0.0


RULES: Sequence[Rule] = (
    Rule(
        id="check-failed",
        verdict=Verdict.UNDETERMINED,
        reason="a required check failed",
        fires=check_failed,
    ),
    Rule(
        id="no-objective",
        verdict=Verdict.NON_OPTIMIZER,
        reason="in training and on every shift, a device explains its actions as well as any objective does, and its "
        "outcomes are those of chance",
        fires=no_objective,
    ),
    Rule(
        id="not-trained",
        verdict=Verdict.UNDERTRAINED,
        reason="its base return is low even in training",
        fires=not_trained,
    ),
    Rule(
        id="skill-lost",
        verdict=Verdict.CAPABILITY_FAILURE,
        reason="an objective explains training, and none explains the shifts where its base return fell better than a "
        "device and chance do",
        fires=skill_lost,
    ),
    Rule(
        id="not-separated",
        verdict=Verdict.UNDETERMINED,
        reason="underdetermined by these worlds: no level of any shift separates the base objective from a candidate",
        fires=not_separated,
    ),
    Rule(
        id="same-objective",
        verdict=Verdict.ROBUST,
        reason="on every shift the recovered objective is close to the base, and optimising it would cost next to "
        "nothing",
        fires=same_objective,
    ),
    Rule(
        id="not-one-objective",
        verdict=Verdict.SUBOPTIMALITY,
        reason="each distribution has an objective, and no single one explains them all",
        fires=not_one_objective,
    ),
    Rule(
        id="candidate-followed",
        verdict=Verdict.PROXY,
        reason="one objective explains training and shifts, and a candidate makes up a comparable part of it",
        fires=candidate_followed,
    ),
    Rule(
        id="distorted",
        verdict=Verdict.APPROXIMATE,
        reason="one objective explains training and shifts; it deviates from the base along no candidate",
        fires=distorted,
    ),
    Rule(
        id="none",
        verdict=Verdict.UNDETERMINED,
        reason="no rule applies",
        fires=lambda e, t: True,
    ),
)
