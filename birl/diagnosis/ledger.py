"""Where quantities are entered as they are worked out.

Axes: D draws.
"""

from __future__ import annotations

from typing import Protocol

from birl.types import FloatArray

__all__ = ["Ledger"]


class Ledger(Protocol):
    """Takes quantities and the reasons why some are undefined."""

    undefined: dict[str, str]
    """`quantity[key]` -> why it has no value."""

    def put(self, quantity: str, key: str, value: float, draws: FloatArray) -> None:
        """Enter a quantity with its joint draws, [D]; draws that are not finite fall back on the value."""
        ...

    def ratio(
        self,
        quantity: str,
        key: str,
        parts: tuple[FloatArray, FloatArray, FloatArray],
        reason: str,
        *,
        most: float = ...,
    ) -> None:
        """Enter sum(numerator) / sum(denominator) over resampled levels: both [L], and the weights [D, L]."""
        ...
