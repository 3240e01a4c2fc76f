"""Of which kind a proxy is: by the world's own causality in training, then confirmed on the policy.

Training is asked what base and candidate do to each other (`birl.diagnosis.links`):

- side-effect: pursuing the candidate brings the base about, and does so by later effects of the candidate's events:
  who wants to suck dirt up gets floors clean.
- instrumental: the candidate is earned on the way to the base, or the base on the way to the candidate, as a means:
  the events of one have later effects on the other, pursuing the base brings the candidate, and pursuing the candidate
  alone does not bring the base the same way: who wants chests gets keys.
- correlational: one brings the other and neither has later effects on the other: they come by the same act, from a
  common cause: the only door is red.

Confirmed is a kind when the policy goes on following the candidate where candidate and base part, and so the link is
cut: it is likelier to pursue the candidate than the base on conflict levels, it does a comparable part of what only the
candidate asks for there, or hiding the candidate stops it. A side-effect is confirmed only if it also goes on where
nothing is left to gain on the base (`birl.diagnosis.kept_up`), wherever the worlds allow that to be seen.

Two candidates that are one event in training (they pay alike for everything) have the same effects there. Where shifts
leave the base nothing to gain and one of them something, the one that goes on there is a side-effect; the other, if the
base brings it in training, is taken to be what the base was for: instrumental. Elsewhere no kind is said.

Cannot tell what moved the training that produced the policy, and says nothing where both are one reward in training
with effects of its own (each then causes the other), or where neither brings the other.

Source: Hubinger et al. 2019 (arXiv 1906.01820), section 3.2, for the kinds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from birl.diagnosis.evidence import Evidence
from birl.diagnosis.links import LINKS
from birl.diagnosis.rules import hiding_matters, likelier
from birl.diagnosis.snapshot import Snapshot
from birl.diagnosis.thresholds import Thresholds

__all__ = ["Kind", "kind_of"]

SIDE_EFFECT, INSTRUMENTAL, CORRELATIONAL = "side-effect", "instrumental", "correlational"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The kind of a proxy, or why there is none.

    Attributes:
        name: `side-effect`, `instrumental`, `correlational`; None where it cannot be told.
        reason: why, when it cannot.
    """

    name: str | None
    reason: str = ""


def kind_of(evidence: Evidence, candidate: str, thresholds: Thresholds) -> Kind:
    """The kind of a proxy that follows a candidate: the one that enough of the joint draws give, if confirmed."""
    missing = [q for q in LINKS if candidate not in getattr(evidence, q)]
    if missing:
        why = evidence.undefined.get(f"{missing[0]}[{candidate}]", "no intervention was made")
        return Kind(name=None, reason=f"training does not say of which kind following {candidate} is: {why}")
    if not _confirmed(Snapshot(evidence=evidence), candidate, thresholds):
        return Kind(name=None, reason=f"it was not seen to follow {candidate} where that parts from the base")
    n_draws = len(evidence.draws.get(f"{LINKS[0]}[{candidate}]", ()))
    draws = range(n_draws) if n_draws else (None,)
    found = Counter(_of_draw(Snapshot(evidence=evidence, draw=i), candidate, thresholds) for i in draws)
    name, count = found.most_common(1)[0]
    if name is None or count < thresholds.call * len(draws):
        return Kind(name=None, reason=_undecided(Snapshot(evidence=evidence), candidate, thresholds))
    return Kind(name=name)


def _of_draw(e: Snapshot, c: str, t: Thresholds) -> str | None:
    kind = _in_training(e, c, t)
    if kind != SIDE_EFFECT:
        return kind
    if e.has("kept_up", c):
        return SIDE_EFFECT if e.get("kept_up", c) >= t.along else None
    others = e.evidence.one_event.get(c, ())
    if not others:
        return SIDE_EFFECT
    told = any(e.has("kept_up", other) for other in others)
    return INSTRUMENTAL if told and e.get("base_brings_proxy", c) >= t.brings else None


def _in_training(e: Snapshot, c: str, t: Thresholds) -> str | None:
    there, back = e.get("proxy_causes_base", c) > t.causes, e.get("base_causes_proxy", c) > t.causes
    brings, brought = e.get("proxy_brings_base", c) >= t.brings, e.get("base_brings_proxy", c) >= t.brings
    if there and back:
        return None
    if there and brings:
        return SIDE_EFFECT
    if (there or back) and brought:
        return INSTRUMENTAL
    if not there and not back and (brings or brought) and e.get("coincidence", c) > 0:
        return CORRELATIONAL
    return None


def _confirmed(e: Snapshot, c: str, t: Thresholds) -> bool:
    does_part = e.get("candidate_gain", c, 0.0) >= t.share and hiding_matters(e, c, t)
    return likelier(e, c) or e.get("reliance", c, 0.0) > t.reliance or does_part


def _undecided(e: Snapshot, c: str, t: Thresholds) -> str:
    if _in_training(e, c, t) == SIDE_EFFECT and e.get("kept_up", c, 1.0) < t.along:
        return (
            f"in training {c} brings the base about, and where nothing is left to gain on the base it does not go on "
            f"(kept up {e.get('kept_up', c):.2f}): of which kind following {c} is cannot be said"
        )
    others = e.evidence.one_event.get(c, ())
    if others and not e.has("kept_up", c) and _in_training(e, c, t) == SIDE_EFFECT:
        return (
            f"in training {c} and {' and '.join(others)} are one event, and no shift tells which of them brings the "
            f"base about: of which kind following {c} is cannot be said"
        )
    there, back = e.get("proxy_causes_base", c), e.get("base_causes_proxy", c)
    measured = f"later effect of {c} on the base {there:.2f}, of the base on {c} {back:.2f}"
    nothing = _in_training(e, c, t) is None
    what = "neither brings the other, or each causes the other" if nothing else "draws differ: more levels would tell"
    return f"training does not say of which kind following {c} is: {measured}; {what}"
