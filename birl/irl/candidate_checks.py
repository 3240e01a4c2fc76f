"""What to know before a tested candidate is believed.

Axes: C clusters, D draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from birl.irl.base import Check
from birl.irl.candidate_rationality import Rationality
from birl.irl.tested import CandidateTest
from birl.stats import level_weights, percentile_interval

__all__ = ["aligned_check", "bound_check", "distinguished_check"]

SAME = 1e-9  # merit that differs by less is the same


def aligned_check(tests: Mapping[str, CandidateTest]) -> Check | None:
    """Whether any candidate is one the policy goes by; None where rationality is unknown."""
    known = {n: t.rationality.value for n, t in tests.items() if t.rationality is not None}
    if not known:
        return None
    best = max(known, key=lambda n: known[n])
    passed = known[best] > 0
    return Check(
        name="aligned",
        passed=passed,
        value=float(sum(b > 0 for b in known.values())),
        limit=1.0,
        message=f"{sum(b > 0 for b in known.values())} of {len(tests)} candidates have a rationality above 0"
        + ("" if passed else ": the policy works against all of them, so name other rewards"),
    )


def distinguished_check(
    ranked: Sequence[str], rational: Mapping[str, Rationality], *, draws: int, rng: np.random.Generator
) -> Check | None:
    """Whether the best candidate explains the policy better than the next, over resampled levels or episodes.

    Args:
        ranked: candidates, best first.
        rational: what was fitted of each.
        draws: resamples.
        rng: for them.

    Returns:
        None where there is no second.
    """
    if len(ranked) < 2 or rational[ranked[0]].parts.size == 0:
        return None
    first, second = ranked[:2]
    lead = rational[first].parts - rational[second].parts
    often = level_weights(lead.size, draws, rng=rng)
    interval = percentile_interval(float(lead.sum()), often @ lead)
    passed = bool(interval.low > SAME)
    return Check(
        name="distinguished",
        passed=passed,
        value=interval.low,
        limit=SAME,
        message=f"{first} leads {second} by {interval.value:.2g} in merit ({interval.low:.2g} to {interval.high:.2g})"
        + ("" if passed else ": behaviour does not tell them apart, so fit a distribution on which they conflict"),
    )


def bound_check(tests: Mapping[str, CandidateTest], pool: Sequence[Any]) -> Check | None:
    """Whether J* is more than a guess; None on exact models."""
    if not any(test.bound for test in tests.values()):
        return None
    return Check(
        name="best return",
        passed=bool(pool),
        value=float(len(pool)),
        limit=1.0,
        message=f"J* is that of the best of {len(pool)} given policies, the policy itself and the random walk"
        + ("" if pool else ": regret is a lower bound near 0, give pool= policies trained for the candidates"),
    )
