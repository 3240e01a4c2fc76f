"""What the network behind a policy believes its actions are worth: Q(s, a), where there is such a network.

It is the policy's own belief, learnt from a reward it was paid; nothing here says that it is right, or what it was.

Axes: B a batch, A actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.types import BirlError, FloatArray

__all__ = ["ActionValues", "critic_of"]

BATCH = 8192  # rows in one forward pass


@dataclass(frozen=True, kw_only=True)
class ActionValues:
    """Action values of a value-based policy.

    Attributes:
        network: observations [B, ...] -> [B, A] over numbered actions; observations and actions [B, ...], in the
            environment's own units, -> [B] over vectors.
        numbered: whether actions are numbers.
        discount: that it was trained with, in (0, 1]; None where the checkpoint does not say.
        temperature: price of entropy it was trained with (SAC's alpha), at least 0; None where it is not known.
    """

    network: Callable[..., Any]
    numbered: bool = True
    discount: float | None = None
    temperature: float | None = 0.0

    def action_values(self, observations: Any, actions: Any = None) -> FloatArray:
        """Q, [B, A] over numbered actions, of the given actions [B] over vectors.

        Raises:
            BirlError: when the network returns NaN or infinity, or vectors come without actions.
        """
        if not self.numbered and actions is None:
            raise BirlError("critic: values of vector actions need the actions: give actions")
        seen = np.asarray(observations)
        parts = []
        for first in range(0, max(len(seen), 1), BATCH):
            rows = slice(first, first + BATCH)
            given = (seen[rows],) if self.numbered else (seen[rows], np.asarray(actions)[rows])
            parts.append(np.asarray(self.network(*given), np.float64))
        found = np.concatenate(parts)
        if not np.isfinite(found).all():
            raise BirlError("critic: its network returns NaN or infinity: check the weights")
        return found

    def seen_through(self, lens: Callable[[Any], Any]) -> ActionValues:
        """The same critic of observations that are changed before it sees them."""
        inner = self.network
        return replace(self, network=lambda seen, *actions: inner(lens(seen), *actions))


def critic_of(policy: Any) -> ActionValues | None:
    """The critic a policy carries, if any."""
    found = getattr(policy, "critic", None)
    return found if isinstance(found, ActionValues) else None
