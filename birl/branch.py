"""Going back to a state of an environment: what methods need that try several actions from one place.

An environment that has `get_state` and `set_state` says itself what its state is. Of any other, the attributes that
change are copied: all that the unwrapped environment holds, but for what draws and what describes it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from birl.types import BirlError

__all__ = ["Snapshot", "branch", "restore"]

FIXED = ("observation_space", "action_space", "spec", "screen", "clock", "surf", "render_mode", "metadata")

Snapshot = Any
"""What `branch` took; good for any number of `restore`s into the same environment."""


def branch(env: Any) -> Snapshot:
    """The state of an environment, apart from it.

    Wrappers are not looked into: a step limit goes on counting.

    Raises:
        BirlError: when the state cannot be copied.
    """
    inner = env.unwrapped
    if hasattr(inner, "get_state") and hasattr(inner, "set_state"):
        return copy.deepcopy(inner.get_state())
    try:
        return copy.deepcopy({name: value for name, value in vars(inner).items() if name not in FIXED})
    except Exception as error:  # whatever an attribute raises when it is copied
        raise BirlError(
            f"{type(inner).__name__} cannot be copied ({type(error).__name__}): give it get_state() and set_state()"
        ) from error


def restore(env: Any, snapshot: Snapshot) -> None:
    """Put an environment back into a state that `branch` took of it."""
    inner, state = env.unwrapped, copy.deepcopy(snapshot)
    if hasattr(inner, "get_state") and hasattr(inner, "set_state"):
        inner.set_state(state)
        return
    assert isinstance(state, Mapping)
    vars(inner).update(state)
