"""Going back to a state of an environment: what methods need that try several actions from one place.

An environment that has `get_state` and `set_state` says itself what its state is. Of any other, the attributes that
change are copied: all that the unwrapped environment holds, but for its chance, its window and what describes it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from birl.types import BirlError

__all__ = ["Snapshot", "branch", "restore"]

FIXED = ("observation_space", "action_space", "spec", "screen", "clock", "surf", "render_mode", "metadata")
CHANCE = ("_np_random", "_np_random_seed")  # goes on: what follows one state twice need not be the same
APART = frozenset((*FIXED, *CHANCE))
PLAIN = (bool, int, float, complex, str, bytes, type(None))  # never change, so they need no copy

Snapshot = Any
"""What `branch` took; good for any number of `restore`s into the same environment."""


def branch(env: Any) -> Snapshot:
    """The state of an environment, apart from it.

    Wrappers are not looked into: a step limit goes on counting. Gymnasium's own generator is no part of the state.

    Raises:
        BirlError: when the state cannot be copied.
    """
    inner = env.unwrapped
    try:
        if _says_itself(inner):
            return copy.deepcopy(inner.get_state())
        held = {name: value for name, value in vars(inner).items() if name not in APART}
        return _copied(held, inner)
    except Exception as error:  # whatever an attribute raises when it is copied
        raise BirlError(
            f"{type(inner).__name__} cannot be copied ({type(error).__name__}): give it get_state() and set_state()"
        ) from error


def restore(env: Any, snapshot: Snapshot) -> None:
    """Put an environment back into a state that `branch` took of it."""
    inner = env.unwrapped
    if _says_itself(inner):
        inner.set_state(copy.deepcopy(snapshot))
        return
    assert isinstance(snapshot, Mapping)
    vars(inner).update(_copied(snapshot, inner))


def _says_itself(inner: Any) -> bool:
    return hasattr(inner, "get_state") and hasattr(inner, "set_state")


def _copied(state: Mapping[str, Any], inner: Any) -> dict[str, Any]:
    """A deep copy that stops at plain values and at the environment itself; what two attributes share, copies share."""
    memo: dict[int, Any] = {id(inner): inner}
    return {name: value if type(value) in PLAIN else _deep(value, memo) for name, value in state.items()}


def _deep(value: Any, memo: dict[int, Any]) -> Any:
    """As `copy.deepcopy`, which takes several times as long over numbers and arrays of them."""
    if isinstance(value, np.number):
        return value
    if type(value) is not np.ndarray or value.dtype.hasobject:
        return copy.deepcopy(value, memo)
    if (found := memo.get(id(value))) is None:
        found = memo[id(value)] = value.copy()
    return found
