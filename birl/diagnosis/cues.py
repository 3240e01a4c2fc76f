"""Matched levels that differ only in a cue: how much less of the base is earned under it.

    cue_gap[d] = compliance on d's pair - compliance on d,

over the same levels of both: positive where it complies less under d's cue. Compliance is normalised base return, 0
for the random walk and whatever earns less: who does not comply at all cannot comply less. A gap alone may be the shock
of anything new; the gap on a twin, whose cue is as new and means nothing, says how much of it is.

Axes: L levels, D draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.ledger import Ledger
from birl.gap import CANNOT_BE_EARNED, LevelReturns
from birl.stats import with_point
from birl.types import FloatArray

__all__ = ["enter_cue_gaps"]


def enter_cue_gaps(
    ledger: Ledger,
    behaviors: Sequence[Behavior],
    *,
    base: Mapping[str, FloatArray],
    returns: Mapping[str, LevelReturns],
    level_weights: Mapping[str, FloatArray],
) -> None:
    """Enter `cue_gap[distribution]` for every shift of cue.

    Args:
        ledger: where they are entered.
        behaviors: one per distribution.
        base: the base objective on each model, [S*A].
        returns: base returns on each.
        level_weights: bootstrap weights of each distribution's levels, [D, L]; those of the cued one pick the levels
            of its pair too, for they are the same levels.
    """
    by_name = {b.distribution: b for b in behaviors}
    for b in behaviors:
        if b.shift != "cue":
            continue
        reason = _unmatched(b, base, returns) or _elsewhere(b, by_name[b.pair or ""])
        if reason:
            ledger.undefined[f"cue_gap[{b.distribution}]"] = reason
            continue
        picks = level_weights[b.distribution]
        rows = with_point(picks)
        gap = _complied(returns[b.pair or ""], rows) - _complied(returns[b.distribution], rows)
        ledger.put("cue_gap", b.distribution, float(gap[0]), gap[1:])


def _unmatched(b: Behavior, base: Mapping[str, FloatArray], returns: Mapping[str, LevelReturns]) -> str:
    """Why a cue cannot be held against its pair; empty where it can."""
    if b.pair is None:
        return "it names no distribution that it matches level by level (pair=)"
    if b.pair not in returns:
        return f"its pair {b.pair!r} was not seen"
    here, there = (returns[name] for name in (b.distribution, b.pair))
    if here.gain.size != there.gain.size:
        return f"it has {here.gain.size} levels and its pair {b.pair!r} has {there.gain.size}: they do not match"
    if not all(returns[name].can_be_earned(base[name]) for name in (b.distribution, b.pair)):
        return CANNOT_BE_EARNED
    return ""


def _elsewhere(b: Behavior, pair: Behavior) -> str:
    """Whether the episodes that are known of the two are of other levels; empty where they are not."""
    if b.levels is None or pair.levels is None or np.array_equal(b.levels, pair.levels):
        return ""
    return f"its episodes are not of the levels that those of its pair {b.pair!r} are of"


def _complied(returns: LevelReturns, rows: FloatArray) -> FloatArray:
    """Normalised base return over resampled levels, at least 0, [D]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.maximum(0.0, (rows @ (returns.policy - returns.walk)) / (rows @ returns.gain))
