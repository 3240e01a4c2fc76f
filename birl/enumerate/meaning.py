"""What features mean to a search: names in `info`, or callables of observations.

Axes: S states, A actions, F features, B a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.enumerate.reach import Found
from birl.types import BirlError, FloatArray, IntArray, unknown_name

__all__ = ["Features", "from_info", "from_observations", "told_names"]

Features = Sequence[str] | Mapping[str, Callable[..., Any]] | Callable[..., Any]
"""Names of entries of `info`; name -> callable of arrays (obs, action, next_obs) that returns [B]; or one such callable
that returns [B, F], its columns then named `feature-0`, `feature-1`, ..."""

BATCH = 65_536  # transitions in one call: 7x7x3 windows of that many are 10 MB


def told_names(features: Features) -> tuple[str, ...]:
    """The names read from `info`; none where features are callables.

    Raises:
        BirlError: for no features, or names that repeat.
    """
    if callable(features):
        return ()
    names = (features,) if isinstance(features, str) else tuple(features)
    if not names:
        raise BirlError("no features: name entries of `info`, or give callables of (obs, action, next_obs)")
    if len(set(names)) != len(names):
        raise BirlError(f"features repeat: {', '.join(names)}: give each once")
    return () if isinstance(features, Mapping) else names


def from_info(info: Mapping[str, Any], names: Sequence[str], where: str) -> list[float]:
    """The values of some entries of `info`, [F].

    Raises:
        BirlError: for an entry that is missing or not a finite number.
    """
    values = []
    for name in names:
        if name not in info:
            raise BirlError(f"{where}: {unknown_name('entry of info', name, map(str, info))}")
        try:
            value = float(info[name])
        except (TypeError, ValueError) as error:
            raise BirlError(f"{where}: feature {name!r} is {info[name]!r}: report one number a step") from error
        if not math.isfinite(value):
            raise BirlError(f"{where}: feature {name!r} is {value}: report a finite number")
        values.append(value)
    return values


def from_observations(features: Any, found: Found, where: Callable[[int], str]) -> tuple[tuple[str, ...], FloatArray]:
    """Names and values [S*A, F] of features given as callables, asked about every transition; 0 in ended states.

    Args:
        features: as `Features`, callables.
        found: states, where they lead and what they show.
        where: state -> how to name it in a message.

    Raises:
        BirlError: for a wrong shape, or a value that is not finite.
    """
    n_actions = found.successor.shape[1]
    rows = np.flatnonzero(np.repeat(~found.ended, n_actions))
    parts = []
    for first in range(0, rows.size, BATCH):
        some = rows[first : first + BATCH]
        state, action = np.divmod(some, n_actions)
        parts.append(_ask(features, found.seen[state], action, found.seen[found.successor.ravel()[some]]))
    asked = np.concatenate(parts)
    names = tuple(features) if isinstance(features, Mapping) else tuple(f"feature-{i}" for i in range(asked.shape[1]))
    bad = np.argwhere(~np.isfinite(asked))
    if bad.size:
        at, column = bad[0]
        state, action = divmod(int(rows[at]), n_actions)
        raise BirlError(
            f"{where(state)}: feature {names[column]!r} is {asked[at, column]} for action {action}: "
            "return finite numbers"
        )
    values = np.zeros((found.successor.size, len(names)))
    values[rows] = asked
    return names, values


def _ask(features: Any, seen: NDArray[Any], action: IntArray, after: NDArray[Any]) -> FloatArray:
    calls = features if isinstance(features, Mapping) else {"features": features}
    columns = []
    for name, call in calls.items():
        value = np.asarray(call(seen, action, after), np.float64)
        named = isinstance(features, Mapping)
        if value.shape[:1] != action.shape or value.ndim != (1 if named else 2):
            raise BirlError(
                f"feature {name!r} returned shape {value.shape} for {action.size} transitions: "
                f"return {'one number each' if named else '[B, F]'}"
            )
        columns.append(value.reshape(action.size, -1))
    return np.concatenate(columns, axis=1)
