"""A ledger that remembers what was entered."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Entries:
    """Values and draws by quantity and key, and reasons."""

    values: dict[tuple[str, str], float] = field(default_factory=dict)
    draws: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)

    def put(self, quantity: str, key: str, value: float, draws: np.ndarray) -> None:
        """Remember a quantity."""
        self.values[quantity, key], self.draws[quantity, key] = value, np.asarray(draws)

    def ratio(self, quantity, key, parts, reason, *, most=np.inf) -> None:
        """Remember a ratio, or the reason where its denominator is 0."""
        numerator, denominator, weights = parts
        if denominator.sum() <= 0:
            self.undefined[f"{quantity}[{key}]"] = reason
        else:
            self.put(
                quantity, key, numerator.sum() / denominator.sum(), (weights @ numerator) / (weights @ denominator)
            )

    def __getitem__(self, quantity: str) -> float:
        """The only value of a quantity."""
        (found,) = [value for (name, _), value in self.values.items() if name == quantity]
        return found
