"""Nouns that every layer shares: an interval, a policy, an error a person can act on.

Axes used throughout the library: S states, A actions, F features, L levels, B a batch, T time steps.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BirlError",
    "ContinuousPolicy",
    "DiscretePolicy",
    "FloatArray",
    "IntArray",
    "Interval",
    "Policy",
    "unknown_name",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class BirlError(ValueError):
    """Input that cannot be used. The message is one line: the thing, what is wrong, what to do."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A number with its uncertainty.

    Attributes:
        value: the point estimate.
        low: lower end.
        high: upper end.
        level: coverage the interval aims at, in (0, 1).
    """

    value: float
    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        """The value and its ends, three significant digits."""
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


@runtime_checkable
class Policy(Protocol):
    """Anything that chooses actions."""

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> NDArray[Any]:
        """Actions for a batch of observations, [B, ...]."""
        ...


@runtime_checkable
class DiscretePolicy(Protocol):
    """A policy over finitely many actions, whose probabilities can be read off."""

    def action_probabilities(self, observations: Any) -> FloatArray:
        """Probability of every action in every observation, [B, A]."""
        ...


@runtime_checkable
class ContinuousPolicy(Protocol):
    """A policy over a box of actions, known by its density and by samples."""

    def action_log_prob(self, observations: Any, actions: Any) -> FloatArray:
        """Log density of the given actions, [B]."""
        ...

    def sample(self, observations: Any, *, rng: np.random.Generator) -> NDArray[Any]:
        """One action per observation, [B, ...]."""
        ...


def unknown_name(kind: str, name: str, known: Iterable[str], remedy: str = "") -> BirlError:
    """The error for a name that is not there, with the nearest names that are.

    Args:
        kind: what was looked for, in the singular ("task", "method").
        name: what was given.
        known: the names there are.
        remedy: where to see them all; a sentence without its full stop.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names) or 'none'}"
    return BirlError(f"unknown {kind} {name!r}: {hint}" + (f" ({remedy})" if remedy else ""))
