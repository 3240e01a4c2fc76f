"""Copies of an environment: each in the state of the original, none touching another.

Pickling is several times faster than `copy.deepcopy`, and the bytes of a state cannot be changed by stepping its
copies; where an environment holds what pickle refuses (a lambda), `copy.deepcopy` serves.
"""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from birl.types import BirlError

__all__ = ["Mould", "choose_mould", "shuffle_chance"]

Mould = Callable[[Any], Callable[[], Any]]
"""environment -> a function that returns a fresh copy of it each time."""


def choose_mould(env: Any, key: Callable[[Any], Hashable], own: Callable[[Any], Any] | None, where: str) -> Mould:
    """The fastest way of copying that keeps the state.

    Args:
        env: an example, already reset and stepped.
        key: tells its state.
        own: the user's way, tried alone if given.
        where: for the message.

    Raises:
        BirlError: when there is none.
    """
    ways = [_cast_with(own)] if own is not None else [_cast_by_pickle, _cast_with(copy.deepcopy)]
    problem = ""
    for way in ways:
        try:
            made = way(env)()
        except Exception as error:  # whatever an environment's own classes raise
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        if key(made) == key(env):
            return way
        problem = "the copy is not in the state of the original (does copying build it anew?)"
    raise BirlError(f"{where}: cannot be copied: {problem}: give search=Search(copy=...), a callable that copies it")


def _cast_by_pickle(env: Any) -> Callable[[], Any]:
    frozen = pickle.dumps(env, pickle.HIGHEST_PROTOCOL)
    return lambda: pickle.loads(frozen)


def _cast_with(way: Callable[[Any], Any]) -> Mould:
    def cast(env: Any) -> Callable[[], Any]:
        held = way(env)  # the original goes on: it is reset to the next level
        return lambda: way(held)

    return cast


def shuffle_chance(env: Any, seed: int) -> Any:
    """Give every generator inside an environment another state, so that what hangs on chance comes out otherwise."""
    for generator in _generators(env, set()):
        if isinstance(generator, np.random.Generator):
            generator.bit_generator.state = type(generator.bit_generator)(seed).state
        else:
            generator.seed(seed)
    return env


def _generators(value: Any, met: set[int]) -> Iterator[Any]:
    if id(value) in met or isinstance(value, str | bytes | int | float | np.ndarray | type | None):
        return
    met.add(id(value))
    if isinstance(value, np.random.Generator | np.random.RandomState | random.Random):
        yield value
        return
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for part in (*inside, *getattr(value, "__dict__", {}).values()):
        yield from _generators(part, met)
