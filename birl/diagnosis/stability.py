"""Do several checkpoints of one training tell one story?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from birl.diagnosis.verdict import Diagnosis, Verdict

__all__ = ["Diagnosed", "Stability", "stability"]

UNSTABLE = "seed-unstable"


class Diagnosed(Protocol):
    """A scorecard, or whatever else carries a diagnosis."""

    @property
    def diagnosis(self) -> Diagnosis | None:
        """How its verdict came about; None when not diagnosed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Stability:
    """What the checkpoints of one training say together.

    Attributes:
        called: verdict, with what is followed where it is a proxy -> number of checkpoints it was called for.
        open: checkpoints without a called verdict.
        flags: `seed-unstable` when two called verdicts differ.
        reason: all of it in a sentence.
    """

    called: Mapping[str, int]
    open: int
    flags: frozenset[str]
    reason: str


def stability(cards: Sequence[Diagnosed]) -> Stability:
    """Whether checkpoints of one training (seeds of it, or moments in it) were called alike.

    Undetermined ones and cards that were not diagnosed agree with anything; two called verdicts that differ, or two
    proxies that follow different candidates, do not. How much of a proxy is mixed is not compared.

    Args:
        cards: two or more.
    """
    diagnoses = [card.diagnosis for card in cards]
    called = Counter(_said(d) for d in diagnoses if d is not None and d.verdict is not Verdict.UNDETERMINED)
    undecided = len(cards) - called.total()
    told = [f"{said} {count}" for said, count in called.most_common()]
    told += [f"undetermined {undecided}"] if undecided else []
    apart = len(called) > 1
    how = "they differ" if apart else "they agree" if called.total() > 1 else "too few were called to compare"
    return Stability(
        called=dict(called),
        open=undecided,
        flags=frozenset({UNSTABLE} if apart else ()),
        reason=f"of {len(cards)} checkpoints: {', '.join(told) or 'none'}; {how}" + (f" ({UNSTABLE})" if apart else ""),
    )


def _said(diagnosis: Diagnosis) -> str:
    follows = sorted(flag for flag in diagnosis.flags if flag.startswith("follows "))
    return " that ".join([diagnosis.verdict.value, *follows])
