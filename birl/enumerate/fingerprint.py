"""When two copies of an environment are in the same state: a hash of everything in them that could matter.

Every attribute of the environment and of its wrappers counts, however deep, by value: a tuple, a list and a small array
of the same numbers are equal, and so are dictionaries whatever their order. What is left out cannot change what happens
next in a deterministic world, or only counts time: generators of random numbers, spaces, the registry entry, whatever
draws (pygame), and step counters (`CLOCKS`).
"""

from __future__ import annotations

import enum
import hashlib
import pickle
import random
import types
from collections.abc import Callable, Collection, Mapping, Set
from functools import cached_property
from typing import Any

import numpy as np

from birl.types import BirlError

__all__ = ["CLOCKS", "fingerprint", "state_key"]

CLOCKS = frozenset(
    {
        "elapsed_steps",  # gymnasium's TimeLimit
        "step_count",  # MiniGrid
        "steps",
        "num_steps",
        "n_steps",
        "step_counter",
        "steps_taken",
        "current_step",
        "curr_step",
        "timestep",
        "time_step",
        "timesteps",
        "episode_length",
        "episode_lengths",  # gymnasium's RecordEpisodeStatistics, and the next three
        "episode_return",
        "episode_returns",
        "episode_start_time",
        "episode_start_times",
        "cached_spec",  # what wrappers remember
        "has_reset",
        "checked_reset",
        "checked_step",
        "checked_render",
        "np_random_seed",
    }
)
"""Attributes that do not count towards the state, whatever underscores they begin with."""

RANDOM = (np.random.Generator, np.random.BitGenerator, np.random.RandomState, random.Random)
NAMED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)
FOREIGN = ("pygame", "gymnasium.spaces", "gymnasium.envs.registration", "OpenGL", "matplotlib", "PIL")
SMALL = 16  # arrays up to this size equal tuples and lists of the same numbers


def state_key(ignore: Collection[str] = CLOCKS) -> Callable[[Any], bytes]:
    """A key for `enumerate_env`: 16 bytes, equal where two copies of an environment are in the same state.

    Args:
        ignore: attributes that do not count, at any depth, named without leading underscores. Add to `CLOCKS` what
            only records the past: `state_key(CLOCKS | {"lastaction"})`.

    Returns:
        environment -> key; raises `BirlError` naming the attribute that has no value to hash.
    """
    ignored = frozenset(ignore)
    known: dict[bytes, bytes] = {}

    def key(env: Any) -> bytes:
        short = _pickled(env, ignored)
        if short is None:
            return fingerprint(env, ignored)
        if short not in known:
            known[short] = fingerprint(env, ignored)
        return known[short]

    return key


def fingerprint(value: Any, ignored: frozenset[str]) -> bytes:
    """16 bytes, the same for equal values."""
    return _digest(_Encoder(ignored).encode(value, ""))


def _digest(code: bytes) -> bytes:
    return hashlib.blake2b(code, digest_size=16).digest()


def _pickled(env: Any, ignored: frozenset[str]) -> bytes | None:
    """A faster hash that decides only one way: where it is equal the state is; None where pickle refuses."""
    parts = []
    try:
        while env is not None:
            own = dict(vars(env))
            inner = own.pop("env", None)
            counted = [(k, v) for k, v in own.items() if k.lstrip("_") not in ignored and not _is_foreign(v)]
            parts.append((type(env).__qualname__, counted))
            env = inner if hasattr(inner, "unwrapped") else None
        return _digest(pickle.dumps(parts, pickle.HIGHEST_PROTOCOL))
    except Exception:  # whatever the classes in there raise
        return None


class _Encoder:
    """Values to bytes, the same bytes for equal values. An object met inside itself is named by its depth."""

    def __init__(self, ignored: frozenset[str]) -> None:
        self.ignored = ignored
        self.open: dict[int, int] = {}

    def encode(self, value: Any, path: str) -> bytes:
        if value is None or isinstance(value, bool | np.bool_ | str | bytes | int | float | complex | np.generic):
            return _plain(value)
        if isinstance(value, NAMED) or _is_foreign(value):
            return b"N" + str(getattr(value, "__qualname__", type(value).__name__)).encode()
        if id(value) in self.open:
            return b"^%d" % self.open[id(value)]
        self.open[id(value)] = len(self.open)
        try:
            return self._inside(value, path)
        finally:
            del self.open[id(value)]

    def _inside(self, value: Any, path: str) -> bytes:
        if isinstance(value, np.ndarray) and (value.ndim != 1 or value.size > SMALL) and value.dtype != object:
            positive = value + 0.0 if value.dtype.kind in "fc" else value  # -0.0 equals 0.0
            return _wrap(b"A", [str((value.dtype.kind, value.shape)).encode(), positive.tobytes()])
        if isinstance(value, Mapping):
            items = ((self.encode(k, path), k, v) for k, v in value.items())
            return _wrap(b"D", sorted(_wrap(b":", [code, self.encode(v, f"{path}[{k!r}]")]) for code, k, v in items))
        if isinstance(value, Set):
            return _wrap(b"S", sorted(self.encode(v, path) for v in value))
        if isinstance(value, enum.Enum | types.MethodType):
            return _wrap(b"E", [str(getattr(value, "__qualname__", value)).encode()])
        if all(hasattr(value, name) for name in ("__iter__", "__len__", "__getitem__")):
            parts = [self.encode(v, f"{path}[{i}]") for i, v in enumerate(value)]
            return _wrap(b"L", parts + self._attributes(_held(value), path))
        held = _held(value)
        parts = self._attributes(held, path) if held else [self._reduced(value, path)]
        return _wrap(b"O", [type(value).__qualname__.encode(), *parts])

    def _attributes(self, held: Mapping[str, Any], path: str) -> list[bytes]:
        return [
            _wrap(b"=", [name.encode(), self.encode(held[name], f"{path}.{name}")])
            for name in sorted(held)
            if name.lstrip("_") not in self.ignored
        ]

    def _reduced(self, value: Any, path: str) -> bytes:
        """What has no attributes, by what pickle would make it from."""
        if hasattr(value, "__dict__"):
            return b""
        try:
            made = value.__reduce_ex__(2)
        except TypeError as error:
            raise BirlError(
                f"attribute {path.lstrip('.')!r} of the environment ({type(value).__name__}) has no value to hash: "
                "give key=, a callable from the environment to its state"
            ) from error
        return self.encode(made if isinstance(made, str) else list(made[1:3]), path)


def _plain(value: Any) -> bytes:
    """A number by its value, whatever its type: 1, 1.0, True and np.int64(1) are one."""
    if isinstance(value, np.generic):
        value = value.item()
    if (isinstance(value, float) and value.is_integer()) or isinstance(value, bool):
        value = int(value)
    return repr(value).encode()


def _wrap(tag: bytes, parts: list[bytes]) -> bytes:
    """Parts with their lengths, so that no two nestings look alike."""
    return b"".join([tag, b"%d(" % len(parts), *(b"%d," % len(part) + part for part in parts), b")"])


def _is_foreign(value: Any) -> bool:
    return isinstance(value, RANDOM) or (type(value).__module__ or "").startswith(FOREIGN)


def _held(value: Any) -> dict[str, Any]:
    """Instance attributes and slots."""
    names = [name for kind in type(value).__mro__ for name in _slots(kind)]
    slots = {name: getattr(value, name) for name in names if hasattr(value, name)}
    plain = getattr(value, "__dict__", {})
    return slots | {name: own for name, own in plain.items() if not _is_derived(type(value), name)}


def _is_derived(kind: type, name: str) -> bool:
    """A cached property is made from the rest, and its being there says only that it was asked for."""
    return isinstance(getattr(kind, name, None), cached_property)


def _slots(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(name for name in slots if not name.startswith("__"))
