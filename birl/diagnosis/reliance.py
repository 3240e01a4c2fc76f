"""Does behaviour follow a candidate because it sees it? Conflict levels, and the same with the candidate invisible.

On a conflict level base and candidate ask for different things. Behaviour follows the candidate there when it earns
more of what the candidate has to give than of what the base has, and at least `ENOUGH` of it. What follows a candidate
that cannot be seen follows something else that leads to the same place; so reliance is the share of conflict levels on
which it follows the candidate, minus that share on the same levels with the candidate hidden.

Axes: L levels, D draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.ledger import Ledger
from birl.gap import level_returns
from birl.types import FloatArray

__all__ = ["enter_reliance", "follows"]

ENOUGH = 0.5  # of what the candidate's optimiser gains over the random walk
Objectives = Mapping[str, FloatArray]


def enter_reliance(
    ledger: Ledger,
    behaviors: Sequence[Behavior],
    ghosts: Mapping[str, Behavior | str],
    *,
    objectives: Mapping[str, Objectives],
    level_weights: Mapping[str, FloatArray],
    conflict: Mapping[str, Mapping[str, np.ndarray]],
) -> None:
    """Enter `reliance[candidate]` for every candidate.

    Args:
        ledger: where they are entered.
        behaviors: one per distribution.
        ghosts: candidate -> behaviour where it cannot be seen, or why there is none.
        objectives: `base` and the candidates, each on every distribution's model, [S*A].
        level_weights: bootstrap weights of each distribution's levels, [D, L].
        conflict: conflict levels by candidate and shift, bool [L].
    """
    by_name = {b.distribution: b for b in behaviors}
    for candidate in conflict:
        found = _parts(by_name, ghosts.get(candidate), objectives["base"], objectives[candidate], conflict[candidate])
        if isinstance(found, str):
            ledger.undefined[f"reliance[{candidate}]"] = found
            continue
        where, on, less = found
        picks = level_weights[where]
        with np.errstate(divide="ignore", invalid="ignore"):
            ledger.put("reliance", candidate, float(less.sum() / on.sum()), (picks @ less) / (picks @ on))


def _parts(
    behaviors: Mapping[str, Behavior],
    ghost: Behavior | str | None,
    base: Objectives,
    candidate: Objectives,
    conflict: Mapping[str, np.ndarray],
) -> tuple[str, FloatArray, FloatArray] | str:
    """Where the ghost belongs, its conflict levels and by how much hiding changes them, [L] each; or why not."""
    if ghost is None or isinstance(ghost, str):
        return ghost or "the task declares no ghost, in which this candidate cannot be seen"
    where = ghost.pair or ""
    if where not in conflict or where not in behaviors:
        return f"its ghost is paired with {where or 'nothing'!r}, which is no shift"
    seen = behaviors[where]
    if seen.model.transitions.shape != ghost.model.transitions.shape:
        return f"its ghost and {where} are not the same world: their models have different sizes"
    on = conflict[where].astype(np.float64)
    if not on.any():
        return f"no level of {where} separates it from the base"
    followed, blind = (follows(b, base[where], candidate[where]) for b in (seen, ghost))
    return where, on, on * (followed - blind)


def follows(behavior: Behavior, base: FloatArray, candidate: FloatArray) -> FloatArray:
    """1 on levels where behaviour earns enough of the candidate and more of it than of the base, else 0, [L]."""
    ours, theirs = (_earned(behavior, reward) for reward in (candidate, base))
    return ((ours >= ENOUGH) & (ours > theirs)).astype(np.float64)


def _earned(behavior: Behavior, reward: FloatArray) -> FloatArray:
    """Return over the random walk's as a share of what can be gained on each level, [L]; 0 where nothing can."""
    found = level_returns(behavior, reward)
    can = found.gain > 1e-9 * max(1.0, float(np.abs(reward).max(initial=0.0)))
    return np.where(can, (found.policy - found.walk) / np.where(can, found.gain, 1.0), 0.0)
