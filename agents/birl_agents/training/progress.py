"""Where a training run stands."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Progress"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands.

    Attributes:
        steps: environment steps so far.
        recent_return: mean undiscounted return of the latest episodes; NaN before the first ends.
    """

    steps: int
    recent_return: float
