"""Evidence as one joint draw sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from birl.diagnosis.evidence import Evidence

__all__ = ["Snapshot"]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Every quantity as a plain number: of one draw, or the printed values.

    Attributes:
        evidence: where the numbers come from.
        draw: which joint draw; None for the point estimates.
    """

    evidence: Evidence
    draw: int | None = None

    @property
    def failed(self) -> Sequence[str]:
        """Required checks that failed."""
        return self.evidence.failed

    @property
    def shifts(self) -> Mapping[str, str]:
        """Shift type by distribution."""
        return self.evidence.shifts

    @property
    def conflict_levels(self) -> Mapping[str, int]:
        """Conflict levels by candidate."""
        return self.evidence.conflict_levels

    @cached_property
    def train(self) -> str:
        """Name of the training distribution."""
        return next(name for name, shift in self.evidence.shifts.items() if shift == "train")

    def of(self, *shifts: str) -> list[str]:
        """Distributions of some shift types."""
        return [name for name, shift in self.evidence.shifts.items() if shift in shifts]

    def has(self, quantity: str, key: str) -> bool:
        """Whether a quantity is defined."""
        return key in getattr(self.evidence, quantity)

    def keys(self, quantity: str) -> list[str]:
        """Where a quantity is defined."""
        return list(getattr(self.evidence, quantity))

    def get(self, quantity: str, key: str, default: float | None = None) -> float:
        """A quantity's number; the default where it is undefined.

        Raises:
            KeyError: when it is undefined and there is no default.
        """
        if not self.has(quantity, key):
            if default is None:
                raise KeyError(
                    f"{quantity}[{key}] is undefined: {self.evidence.undefined.get(f'{quantity}[{key}]', '')}"
                )
            return default
        if self.draw is None:
            return getattr(self.evidence, quantity)[key].value
        return self.evidence.draws[f"{quantity}[{key}]"][self.draw]
