"""The evidence as a section: a figure, every number with its interval, what could not be said and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from birl.diagnosis import Evidence
from birl.report.blocks import QUIET, Line, Table
from birl.report.html import pictures
from birl.report.html.alternatives import intervals_of
from birl.report.html.parts import Folded, Part, gather
from birl.report.words import NONE, clean, interval
from birl.scorecard import Scorecard
from birl.types import Interval

__all__ = ["MEANS", "evidence"]

MEANS: Mapping[str, str] = {
    "base_return": "return on the base objective; 0 the random walk, 1 the best possible",
    "directedness": "how much better the best objective predicts held-out actions than the random walk does; 1 as well "
    "as the policy itself",
    "outcome_directedness": "the same for first events, over chance",
    "device": "the same as directedness for the best device: action habits, short contexts",
    "p_agent": "posterior probability of an objective against a device",
    "base_directedness": "directedness of the base objective",
    "consistency": "directedness of one joint objective, as a share of that of the objective fitted here alone",
    "outcome_consistency": "the same for first events",
    "own_directedness": "directedness of the objective fitted here alone",
    "fallen_directedness": "directedness on the levels where base return fell",
    "fallen_device": "the best device on these levels",
    "fallen_outcomes": "outcome directedness on these levels",
    "distance": "between base and joint objective; 0 the same preferences, 1 opposite ones",
    "goal_regret": "base return that an ideal optimiser of the joint objective loses",
    "capability_regret": "what the policy loses on top of that",
    "own_regret": "the policy's regret under the joint objective",
    "own_gain": "how much of what it pursues is to be had here, as a share of that in training",
    "candidate_odds": "log-likelihood of a candidate over the base where the two part, in nats a level",
    "candidate_share": "a candidate's part in the best mix of base and candidate",
    "residual": "what the base, alone or with a candidate, leaves unexplained of the joint objective",
    "reliance": "how much less it follows a candidate where that candidate is hidden",
    "cue_gap": "base return lost under a cue that means nothing to the base objective",
    "capability_slope": "change of base return as the policy is made more capable",
    "own_slope": "the same for the return of the joint objective",
    "proxy_brings_base": "in training, what a candidate's optimiser gains on the base",
    "base_brings_proxy": "in training, what the base's optimiser gains on a candidate",
    "proxy_causes_base": "in training, the later effect of a candidate's events on the base",
    "base_causes_proxy": "in training, the later effect of the base's events on a candidate",
    "coincidence": "in training, correlation of what base and candidate earn by the same action",
}
"""What each quantity is, in a line."""


def evidence(card: Scorecard) -> Iterable[Part]:
    """Nothing where the card has no evidence."""
    found = card.evidence
    if found is None:
        return
    yield Line(text="Every number the verdict rests on, with its 95 % interval.", tone=QUIET)
    yield from pictures.evidence(card)
    yield from _numbers(found)
    yield from (Line(label="Methods disagree", text=clean(said), bullet=True) for said in found.disagreement)
    yield from _undefined(found)
    shown = [name for name in intervals_of(found) if name in MEANS]
    meant = (Line(label=name.replace("_", " "), text=MEANS[name], bullet=True) for name in shown)
    yield Folded(summary="What these numbers mean", parts=tuple(gather(meant)))  # type: ignore[arg-type]


def _numbers(found: Evidence) -> Iterable[Part]:
    """A table by distribution and one by candidate."""
    quantities = intervals_of(found)
    where = {name: part for name, part in quantities.items() if set(part) <= set(found.shifts)}
    what = {name: part for name, part in quantities.items() if name not in where}
    for lead, column, rows in (
        ("By distribution.", list(found.shifts), where),
        ("By candidate.", list(dict.fromkeys(name for part in what.values() for name in part)), what),
    ):
        if rows:
            yield Line(text=lead, tone=QUIET)
            yield _table(rows, column)
    if found.conflict_levels:
        counts = ", ".join(f"{clean(name)} {count:,}" for name, count in found.conflict_levels.items())
        yield Line(label="Levels of the shifts on which base and candidate part", text=counts)


def _table(rows: Mapping[str, Mapping[str, Interval]], columns: list[str]) -> Table:
    return Table(
        columns=("quantity", *map(clean, columns)),
        rows=tuple(
            (name.replace("_", " "), *(interval(part[c]) if c in part else NONE for c in columns))
            for name, part in rows.items()
        ),
    )


def _undefined(found: Evidence) -> Iterable[Part]:
    """Quantities with one reason share a line."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in found.undefined.items():
        by_reason.setdefault(reason, []).append(name)
    if by_reason:
        lines = (
            Line(label=clean(", ".join(names).replace("_", " ")), text=clean(reason), bullet=True)
            for reason, names in by_reason.items()
        )
        yield Folded(summary=f"What could not be said ({len(found.undefined)})", parts=tuple(gather(lines)))  # type: ignore[arg-type]
