"""What would decide an open case, as concretely as the evidence allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from birl.diagnosis.rules import Rule, is_served
from birl.diagnosis.snapshot import Snapshot
from birl.diagnosis.thresholds import Thresholds
from birl.diagnosis.verdict import Verdict
from birl.types import Interval

__all__ = ["would_decide"]

MOST_FEATURES = 4  # named in one sentence
MANY = 100.0  # times as many levels: nobody has them


def would_decide(e: Snapshot, rule: Rule, probabilities: Mapping[Verdict, float], t: Thresholds) -> tuple[str, ...]:
    """What more evidence would settle an undetermined case, the most telling first.

    Args:
        e: the printed values.
        rule: the one that decided, or that leads.
        probabilities: of the verdicts.
        t: margins.
    """
    if rule.id == "check-failed":
        return tuple(e.failed)
    if rule.id == "not-separated":
        alike = [candidate for candidate, count in e.conflict_levels.items() if not count]
        return tuple(_part(e, candidate) for candidate in alike) or (
            "add a shift in which the base objective and what else it might want part, and name that as a candidate",
        )
    found = [*_more_levels(e, t)]
    if Verdict.SUBOPTIMALITY in probabilities:
        found += _limits(e)
    if Verdict.PROXY in probabilities:
        found += [
            f"declare a ghost of {c}: its conflict levels with {c} hidden (Task.ghosts)"
            for c, count in e.conflict_levels.items()
            if count and not e.has("reliance", c)
            if e.get("candidate_share", c, 0.0) >= t.share or is_served(e, c, t)
        ]
    if Verdict.APPROXIMATE in probabilities or rule.id == "none":
        found.append("name a candidate for what it does instead")
    return tuple(found)


def _part(e: Snapshot, candidate: str) -> str:
    """The shift that would tell a candidate from the base."""
    features = e.evidence.apart.get(candidate, ())
    shown = ", ".join(features[:MOST_FEATURES]) + (", ..." if len(features) > MOST_FEATURES else "")
    how = f": levels on which {shown} can be had, the one without the other" if shown else ""
    return f"add a shift in which the base objective and {candidate} part{how}"


def _limits(e: Snapshot) -> Sequence[str]:
    """The contrasts that could prove a limit and are not declared."""
    wanted = []
    if not e.keys("capability_slope"):
        wanted.append("a capability knob (Task.knob): does more of it lower base return?")
    if not e.keys("cue_gap"):
        wanted.append("a matched pair of distributions that differ in a cue (shift='cue', pair=)")
    return ["declare " + ", or ".join(wanted)] if wanted else []


def _more_levels(e: Snapshot, t: Thresholds) -> Sequence[str]:
    """The comparison that is most open: the interval that lies most evenly across its margin."""
    margins = {
        "base_return": t.trained,
        "goal_regret": t.goal,
        "choice_distance": t.distance,
        "consistency": t.consistency,
        "candidate_share": t.share,
        "candidate_gain": t.along,
        "reliance": t.reliance,
        "cue_gap": t.cue,
    }
    across = {
        (quantity, key): i
        for quantity, margin in margins.items()
        for key, i in getattr(e.evidence, quantity).items()
        if i.low < margin < i.high and (quantity != "base_return" or key == e.train)
    }
    seen = e.evidence.episodes
    if not across:
        return [f"more episodes than {min(seen.values())} of each distribution"] if seen else []
    balance = lambda at: min(margins[at[0]] - across[at].low, across[at].high - margins[at[0]])  # noqa: E731
    quantity, key = max(across, key=balance)
    unit = "episodes, of other levels" if seen else "levels"
    return [_sentence(quantity, key, across[quantity, key], margins[quantity], unit)]


def _sentence(quantity: str, key: str, i: Interval, margin: float, unit: str) -> str:
    half = i.value - i.low if i.value > margin else i.high - i.value  # it shrinks with the root of the levels
    reach = abs(i.value - margin)
    factor = (half / reach) ** 2 if reach > 0 else math.inf
    many = f"about {math.ceil(factor)} times as many" if factor <= MANY else f"too close for {unit} alone to tell"
    name = quantity.replace("_", " ")
    return f"more {unit}: the interval of {name} on {key} is {i.low:.2f} to {i.high:.2f}, its margin {margin:g}; {many}"
