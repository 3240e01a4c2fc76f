"""A policy behind a lens: the same policy of observations that are changed before it sees them.

Axes: B a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.policy.memory import Cell, RecurrentPolicy
from birl.types import BirlError, Policy

__all__ = ["seen_through"]

FUNCTIONS = frozenset({"logits", "q_values", "moments", "network", "see"})
"""Attributes in which our policies keep their one function of observations."""


def seen_through(policy: Policy, lens: Callable[[Any], Any]) -> Policy:
    """The policy that acts on `lens(observations)`.

    Args:
        policy: one that reads observations through a function, as those of `birl.policy` made from networks do.
        lens: observations [B, ...] -> observations [B, ...].

    Raises:
        BirlError: for a policy that does not, such as a table.
    """
    if isinstance(policy, RecurrentPolicy):
        return RecurrentPolicy(_cell(policy.cell, lens))
    names = [one.name for one in fields(policy) if one.name in FUNCTIONS] if is_dataclass(policy) else []
    if len(names) != 1:
        raise BirlError(f"a {type(policy).__name__} has no function of observations to put a lens before")
    inner, critic = getattr(policy, names[0]), getattr(policy, "critic", None)
    changed: dict[str, Any] = {names[0]: lambda seen: inner(lens(seen))}
    if critic is not None and any(one.name == "critic" for one in fields(policy)):  # pyright: ignore[reportArgumentType]
        changed["critic"] = critic.seen_through(lens)
    return replace(policy, **changed)  # pyright: ignore[reportArgumentType]


def _cell(cell: Cell, lens: Callable[[Any], Any]) -> Cell:
    def step(
        observations: Any, held: Any, starts: NDArray[np.bool_], *, rng: np.random.Generator, deterministic: bool
    ) -> tuple[NDArray[Any], Any]:
        return cell(lens(observations), held, starts, rng=rng, deterministic=deterministic)

    return step
