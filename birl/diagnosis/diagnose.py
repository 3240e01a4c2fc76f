"""From evidence to a verdict: the rules on every joint draw, and the share of draws in which each fires first."""

from __future__ import annotations

from collections import Counter

from birl.diagnosis.evidence import Evidence
from birl.diagnosis.rules import RULES, Rule, accounts
from birl.diagnosis.snapshot import Snapshot
from birl.diagnosis.thresholds import Thresholds
from birl.diagnosis.verdict import Diagnosis, Verdict

__all__ = ["diagnose"]

SCOPE = "on the tested shifts only"


def diagnose(evidence: Evidence, thresholds: Thresholds | None = None) -> Diagnosis:
    """The verdict that evidence supports, with probabilities and the rule that decided.

    A verdict is called when its rules fire in at least `thresholds.call` of the draws; otherwise the answer is
    undetermined, with the probabilities and what would decide it.

    Args:
        evidence: numbers with joint draws.
        thresholds: margins of the rules.
    """
    t = thresholds or Thresholds()
    n_draws = min((len(d) for d in evidence.draws.values()), default=0)
    fired = [first(Snapshot(evidence=evidence, draw=i), t) for i in range(n_draws)] or [
        first(Snapshot(evidence=evidence), t)
    ]
    shares = Counter(rule.verdict for rule in fired)
    probabilities = {verdict: shares[verdict] / len(fired) for verdict in Verdict if shares[verdict]}
    leading = max(probabilities, key=lambda verdict: probabilities[verdict])
    called = probabilities[leading] >= t.call
    rule = Counter(r for r in (r.id for r in fired if r.verdict == leading)).most_common(1)[0][0]
    deciding = next(r for r in RULES if r.id == rule)
    verdict = leading if called else Verdict.UNDETERMINED
    point = Snapshot(evidence=evidence)
    return Diagnosis(
        verdict=verdict,
        probabilities=probabilities,
        rule=rule if called else "no-majority",
        reason=_reason(deciding, point) if called else _split(probabilities),
        flags=_flags(point, leading, t),
        would_decide=_would_decide(point, deciding, probabilities, called=called),
        caveats=_caveats(point, verdict),
    )


def first(snapshot: Snapshot, thresholds: Thresholds) -> Rule:
    """The first rule that fires on one draw."""
    return next(rule for rule in RULES if rule.fires(snapshot, thresholds))


def _reason(rule: Rule, e: Snapshot) -> str:
    """The rule's sentence with the numbers it turned on."""
    if rule.id == "check-failed":
        return "; ".join(e.failed)
    shown = {
        "no-objective": ("directedness", "device"),
        "not-trained": ("base_return",),
        "skill-lost": ("base_return", "directedness"),
        "same-objective": ("goal_regret", "distance"),
        "not-one-objective": ("consistency",),
        "candidate-followed": ("candidate_share",),
        "distorted": ("distance", "residual"),
    }.get(rule.id, ())
    numbers = [
        f"{quantity.replace('_', ' ')} " + ", ".join(f"{key} {e.get(quantity, key):.2f}" for key in e.keys(quantity))
        for quantity in shown
        if e.keys(quantity)
    ]
    return rule.reason + (f" ({'; '.join(numbers)})" if numbers else "")


def _split(probabilities: dict[Verdict, float]) -> str:
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])
    return "no verdict has enough of the draws: " + ", ".join(f"{v.value} {p:.0%}" for v, p in ranked)


def _flags(e: Snapshot, leading: Verdict, t: Thresholds) -> frozenset[str]:
    flags = set()
    if leading is Verdict.PROXY:
        followed = max(e.keys("candidate_share"), key=lambda c: accounts(e, c))
        share = e.get("candidate_share", followed)
        flags.add(f"follows {followed}")
        if share <= 1.0 - t.kept:
            flags.add("mixed")
    if e.evidence.disagreement:
        flags.add("method-dependent")
    return frozenset(flags)


def _would_decide(e: Snapshot, rule: Rule, probabilities: dict[Verdict, float], *, called: bool) -> tuple[str, ...]:
    """What more evidence would settle an undetermined case."""
    if called and rule.verdict is not Verdict.UNDETERMINED:
        return ()
    if rule.id == "not-separated":
        alike = [candidate for candidate, count in e.conflict_levels.items() if not count]
        names = ", ".join(alike) or "something else it might want"
        return (f"add a shift in which the base objective and {names} part",)
    if rule.id == "check-failed":
        return tuple(e.failed)
    wide = _widest(e)
    found = [f"more levels: the interval of {wide}"] if wide else []
    if Verdict.SUBOPTIMALITY in probabilities:
        found.append("declare a capability knob, or a matched pair of distributions that differ in a cue")
    if Verdict.APPROXIMATE in probabilities or rule.id == "none":
        found.append("name a candidate for what it does instead")
    return tuple(found)


def _widest(e: Snapshot) -> str:
    """The deciding quantity whose interval is widest."""
    intervals = {
        f"{quantity.replace('_', ' ')} on {key} is {i.low:.2f} to {i.high:.2f}": i.high - i.low
        for quantity in ("goal_regret", "distance", "consistency", "candidate_share")
        for key, i in getattr(e.evidence, quantity).items()
    }
    return max(intervals, key=lambda text: intervals[text]) if intervals else ""


def _caveats(e: Snapshot, verdict: Verdict) -> tuple[str, ...]:
    found = [SCOPE]
    if verdict is Verdict.SUBOPTIMALITY and not e.of("cue"):
        found.append(
            "behaviour alone cannot prove a limit rather than a second objective: no cue contrast and no capability "
            "knob was declared (Armstrong & Mindermann 2018)"
        )
    if not e.conflict_levels:
        found.append("the task names no candidate, so a proxy could not be named")
    return tuple(found)
