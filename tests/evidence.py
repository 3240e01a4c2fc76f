"""Evidence made by hand: a robust agent, and whatever a test changes about it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from birl.diagnosis import Evidence
from birl.types import Interval

SHIFTS = {"train": "train", "blue-door": "feature"}
EVERYWHERE = {
    "base_return": 0.9,
    "directedness": 0.95,
    "outcome_directedness": 0.95,
    "device": 0.1,
    "base_directedness": 0.95,
    "consistency": 1.0,
    "outcome_consistency": 1.0,
    "own_directedness": 0.95,
    "distance": 0.01,
    "goal_regret": 0.0,
}
"""What an agent that wants what it was paid for shows on every distribution."""
ROBUST = {
    **EVERYWHERE,
    "candidate_share": {"red": 0.0},
    "residual": {"base": 0.1, "red": 0.1},
}
AIMLESS = {"directedness": 0.1, "outcome_directedness": 0.0, "device": 0.1, "own_directedness": 0.1}
SPLIT = {"consistency": 0.3, "outcome_consistency": 0.3}
FOLLOWS_RED = {
    "distance": {"train": 0.0, "blue-door": 0.7},
    "goal_regret": {"train": 0.0, "blue-door": 1.1},
    "candidate_share": {"red": 1.0},
    "residual": {"base": 0.9, "red": 0.1},
}
BENT = {"distance": 0.3, "goal_regret": 0.2, "residual": {"base": 0.5, "red": 0.5}}
CUED = {"shifts": {**SHIFTS, "dark": "cue"}, "cue_gap": {"dark": 0.5}}
TURNED = {"capability_slope": {"train": -0.4}, "own_slope": {"train": 0.3}}
"""What others show instead: no objective, one on each distribution, a candidate, a distorted copy, less compliance
under a cue, less of the base and more of its own with more capability."""
PLAIN = (
    "shifts",
    "conflict_levels",
    "failed",
    "disagreement",
    "undefined",
    "draws",
    "twins",
    "stakes",
    "apart",
    "one_event",
    "fallen_levels",
)

Value = float | np.ndarray | None


def evidence(**changes) -> Evidence:
    """Evidence of a robust agent with changes.

    Args:
        changes: a quantity as one value for every distribution, or as values by key; `None` leaves it undefined. An
            array gives joint draws, all of one length, of which the mean is printed. Other fields are taken as given.
    """
    shifts = changes.get("shifts", SHIFTS)
    quantities = {name: _by_key(value, shifts) for name, value in ROBUST.items()}
    for name, change in changes.items():
        if name not in PLAIN:
            quantities[name] = {**quantities.get(name, {}), **_by_key(change, shifts)}
    given = {(q, key): value for q, found in quantities.items() for key, value in found.items() if value is not None}
    count = max(np.size(value) for value in given.values())
    intervals: dict[str, dict[str, Interval]] = {}
    for (quantity, key), value in given.items():
        intervals.setdefault(quantity, {})[key] = _interval(value)
    rest = {"shifts": shifts, "conflict_levels": {"red": 40}, **{k: v for k, v in changes.items() if k in PLAIN}}
    draws = {f"{q}[{key}]": tuple(np.broadcast_to(value, count).tolist()) for (q, key), value in given.items()}
    return Evidence(**rest, **intervals, draws=draws if count > 1 else {})


def _by_key(value: Value | Mapping[str, Value], shifts: Mapping[str, str]) -> dict[str, Value]:
    return dict(value) if isinstance(value, Mapping) else dict.fromkeys(shifts, value)


def _interval(value: float | np.ndarray) -> Interval:
    return Interval(value=float(np.mean(value)), low=float(np.min(value)), high=float(np.max(value)))
