"""What tells causes apart: ghosts, cues, the capability knob, and what training makes of each candidate."""

from __future__ import annotations

from collections.abc import Iterable

from birl.diagnosis import Evidence
from birl.report.blocks import QUIET, Line, Section, Table
from birl.report.words import clean, interval
from birl.scorecard import Scorecard

__all__ = ["controls"]

CANDIDATES = {
    "candidate_gain": "served",
    "kept_up": "kept up",
    "reliance": "reliance",
    "proxy_brings_base": "brings base",
    "base_brings_proxy": "brought by base",
    "proxy_causes_base": "effect on base",
    "base_causes_proxy": "effect of base",
    "coincidence": "coincidence",
}
DISTRIBUTIONS = {
    "cue_gap": "lost under the cue",
    "compliance": "compliance",
    "capability_slope": "base, with capability",
    "own_slope": "its own, with capability",
}
LEAD_CANDIDATES = (
    "Served: of what a candidate's optimiser gains over the base's on conflict levels, the share that both the policy "
    "and the optimiser of what it pursues gain; 0 as much as the base's optimiser, 1 all. Kept up: of what the "
    "candidate's optimiser gains over the random walk where nothing is left to gain on the base, the policy's share. "
    "Reliance: share of conflict levels on which it follows a candidate, minus that share with the candidate hidden. "
    "The rest is the training world's own doing: what pursuing the one brings of the other, the later effect of the "
    "events of one on the other (both as shares of what can be gained), and how far the two come by the same act."
)
LEAD_DISTRIBUTIONS = (
    "Base return lost on matched levels that differ only in a cue; the share of decisions that serve the base, 0 where "
    "they are drawn by lot and 1 where all do; and what more capability does to base return and to that of what it "
    "then pursues."
)


def controls(card: Scorecard) -> Iterable[Section]:
    """The section, where there is anything to tell."""
    if card.evidence is None:
        return
    parts = [
        *_table(card.evidence, "candidate", CANDIDATES, LEAD_CANDIDATES),
        *_table(card.evidence, "distribution", DISTRIBUTIONS, LEAD_DISTRIBUTIONS),
    ]
    if parts:
        yield Section(title="What tells causes apart", parts=tuple(parts))


def _table(evidence: Evidence, key: str, columns: dict[str, str], lead: str) -> Iterable[Line | Table]:
    """One table of what is defined of some quantities, under its explanation; none where nothing is."""
    shown = {quantity: heading for quantity, heading in columns.items() if getattr(evidence, quantity)}
    names = dict.fromkeys(name for quantity in shown for name in getattr(evidence, quantity))
    if names:
        yield Line(text=lead, tone=QUIET)
        rows = tuple((clean(n), *(interval(getattr(evidence, q).get(n)) for q in shown)) for n in names)
        yield Table(columns=(key, *shown.values()), rows=rows)
