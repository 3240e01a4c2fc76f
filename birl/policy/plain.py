"""Plain functions as policies: one observation in, one action out.

Axes: B a batch, A actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.types import BirlError, FloatArray

__all__ = ["CallablePolicy", "ChoicePolicy"]


@dataclass(frozen=True)
class CallablePolicy:
    """A deterministic policy given as `observation -> action`; it can act, and nothing is known of its chances.

    Attributes:
        function: one observation -> one action.
    """

    function: Callable[[Any], Any]
    stateful = False

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> NDArray[Any]:
        """The function's action for each observation, [B, ...]; `rng` and `deterministic` change nothing."""
        return np.stack([np.asarray(self.function(observation)) for observation in observations])


@dataclass(frozen=True)
class ChoicePolicy(CallablePolicy):
    """A deterministic policy over finitely many actions, which can therefore be tabulated.

    Attributes:
        n_actions: A.
    """

    n_actions: int

    def action_probabilities(self, observations: Any) -> FloatArray:
        """One on the action the function names, [B, A].

        Raises:
            BirlError: when it names an action that does not exist.
        """
        named = [np.asarray(self.function(observation)).reshape(-1) for observation in observations]
        table = np.zeros((len(named), self.n_actions))
        for row, action in enumerate(named):
            if action.size != 1 or action[0] not in range(self.n_actions):
                raise BirlError(
                    f"policy: the callable returned {action.tolist()} for observation {row}: "
                    f"return one whole number from 0 to {self.n_actions - 1}"
                )
            table[row, int(action[0])] = 1.0
        return table
