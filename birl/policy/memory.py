"""Policies that remember: what they do depends on the whole episode so far.

Axes: B a batch, one row per environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from birl.types import Policy

__all__ = ["Cell", "RecurrentPolicy"]


class Cell(Protocol):
    """One step of a policy with memory."""

    def __call__(
        self, observations: Any, held: Any, starts: NDArray[np.bool_], *, rng: np.random.Generator, deterministic: bool
    ) -> tuple[NDArray[Any], Any]:
        """Actions [B, ...] and what is remembered next; `held` is None at first, `starts` marks rows to forget."""
        ...


class RecurrentPolicy:
    """A policy with memory: it can be rolled out, never tabulated.

    The one mutable policy: it carries its hidden state from one `act` to the next. Call `reset` before new episodes, or
    say with `episode_starts` which rows of the batch begin one.

    Args:
        cell: one step.
    """

    stateful = True

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.reset()

    @classmethod
    def behind(cls, step: Callable[[Any, Any, Any], tuple[Any, Any]], head: Policy) -> RecurrentPolicy:
        """A memory with a policy of its features behind it.

        Args:
            step: observations, memory and starts -> features and memory.
            head: acts on the features.
        """

        def cell(
            observations: Any, held: Any, starts: Any, *, rng: np.random.Generator, deterministic: bool
        ) -> tuple[NDArray[Any], Any]:
            features, held = step(observations, held, starts)
            return head.act(features, rng=rng, deterministic=deterministic), held

        return cls(cell)

    def reset(self) -> None:
        """Forget everything."""
        self._held: Any = None

    def act(
        self,
        observations: Any,
        *,
        rng: np.random.Generator,
        deterministic: bool = False,
        episode_starts: Any = None,
    ) -> NDArray[Any]:
        """Actions, [B, ...]; the batch must keep its size and order until `reset`.

        Args:
            observations: [B, ...].
            rng: draws the actions.
            deterministic: take the likeliest action or the mean.
            episode_starts: bool [B]; after a reset every row starts one.
        """
        seen = np.asarray(observations)
        starts = np.full(len(seen), self._held is None) if episode_starts is None else np.asarray(episode_starts, bool)
        actions, self._held = self.cell(seen, self._held, starts, rng=rng, deterministic=deterministic)
        return actions
