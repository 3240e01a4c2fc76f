"""The answers there are.

Source: Hubinger et al. 2019 (arXiv 1906.01820), sections 1 to 3, for the terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["MEANING", "Diagnosis", "Verdict"]


class Verdict(Enum):
    """What a policy's behaviour says about its objective, on the tested distributions only."""

    ROBUST = "robust"
    PROXY = "proxy"
    APPROXIMATE = "approximate"
    SUBOPTIMALITY = "suboptimality"
    CAPABILITY_FAILURE = "capability-failure"
    NON_OPTIMIZER = "non-optimizer"
    UNDERTRAINED = "undertrained"
    UNDETERMINED = "undetermined"


MEANING: Mapping[Verdict, str] = {
    Verdict.ROBUST: "pursues the base objective on every tested shift",
    Verdict.PROXY: "pursues something that coincided with the base objective in training",
    Verdict.APPROXIMATE: "pursues a distorted copy of the base objective",
    Verdict.SUBOPTIMALITY: "looked aligned because something limited it: a wrong model, shallow search, a cue",
    Verdict.CAPABILITY_FAILURE: "the objective may be fine; the skill did not transfer",
    Verdict.NON_OPTIMIZER: "no objective was ever needed to describe it",
    Verdict.UNDERTRAINED: "not good at the base objective even in training",
    Verdict.UNDETERMINED: "this evidence cannot say",
}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A verdict and how it came about.

    Attributes:
        verdict: the answer.
        probabilities: share of joint draws in which each verdict's rule fired first; sums to 1.
        rule: identifier of the rule that decided.
        reason: the sentence that rule gives, with the measured numbers.
        kind: of a proxy: `side-effect`, `instrumental` or `correlational`; None where not tested.
        flags: `mixed`, `method-dependent`, `cue-conditional`, ...
        would_decide: what more evidence would settle it, when undetermined.
        caveats: what the answer leaves open.
    """

    verdict: Verdict
    probabilities: Mapping[Verdict, float]
    rule: str
    reason: str
    kind: str | None = None
    flags: frozenset[str] = frozenset()
    would_decide: tuple[str, ...] = ()
    caveats: tuple[str, ...] = field(default=())
