"""Intervals, draws and reasons, as they are worked out.

Axes: D draws, L levels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from birl.stats import percentile_interval
from birl.types import FloatArray, Interval

__all__ = ["FLOOR", "Entries"]

FLOOR = 0.02  # nats a decision: a policy that differs less from chance leaves nothing to explain
DIGITS = 6  # significant digits of a stored draw; far below its sampling error, and a card stays small


@dataclass
class Entries:
    """Intervals, draws and reasons as they come in."""

    intervals: dict[str, dict[str, Interval]] = field(default_factory=dict)
    draws: dict[str, tuple[float, ...]] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)

    def put(self, quantity: str, key: str, value: float, draws: FloatArray) -> None:
        """Enter a quantity; draws that are not finite could not be computed and fall back on the value."""
        draws = np.where(np.isfinite(draws), draws, value)
        self.intervals.setdefault(quantity, {})[key] = percentile_interval(value, draws)
        self.draws[f"{quantity}[{key}]"] = tuple(float(f"{x:.{DIGITS}g}") for x in draws)

    def ratio(
        self,
        quantity: str,
        key: str,
        parts: tuple[FloatArray, FloatArray, FloatArray],
        reason: str,
        *,
        most: float = np.inf,
    ) -> None:
        """Enter sum(numerator) / sum(denominator) over resampled levels; undefined where too little is below.

        A share of what can be explained is at most 1: a fit may beat what ties leave over by luck of a few levels.
        """
        numerator, denominator, weights = parts
        total = float(denominator.sum())
        if total <= FLOOR:
            self.undefined[f"{quantity}[{key}]"] = reason
            return
        below = weights @ denominator
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = np.where(below > FLOOR / 10, (weights @ numerator) / below, np.nan)
        self.put(quantity, key, min(float(numerator.sum()) / total, most), np.minimum(draws, most))
