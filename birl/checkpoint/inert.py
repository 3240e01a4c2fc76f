"""Pickles read as data: every name in one becomes an empty record, so nothing it names is imported or called.

A pickle is a program that looks up names and calls them. Here each name stands for a class of ours that only keeps what
it is called with; arrays are then put together from the bytes they carry. That also makes it independent of versions:
`numpy.core` and `numpy._core`, gym and gymnasium are names like any other.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from birl.types import BirlError, FloatArray

__all__ = ["Record", "as_array", "read_pickle", "record_class"]

LIMIT = 64 * 2**20  # bytes; statistics of 84 x 84 x 4 images are below 1 MB
SPARSE_MEMO = 2**16  # slots a pickle may skip: writers number them without gaps, and each slot costs memory
NUMBERS = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}
RECONSTRUCTORS = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
FROM_BUFFER = ("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer")


class Record:
    """Something a pickle would have made: what it is called, and what it was given.

    Attributes:
        qualified: `module.name` of the class or function.
        args: what it was called with.
        state: what it was then filled with: a dictionary, or whatever its own class would take.
        items: entries added one by one, for lists and mappings of other people's classes.
    """

    qualified: ClassVar[str] = ""

    def __new__(cls, *args: Any, **_: Any) -> Record:
        """Keep the arguments."""
        made = super().__new__(cls)
        made.args, made.state, made.items = args, {}, []
        return made

    def __init__(self, *args: Any, **_: Any) -> None:
        self.args: tuple[Any, ...]
        self.state: Any
        self.items: list[Any]

    def __setstate__(self, state: Any) -> None:
        """Keep the state."""
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep an entry of a mapping."""
        self.items.append((key, value))

    def append(self, value: Any) -> None:
        """Keep an entry of a sequence."""
        self.items.append(value)

    def extend(self, values: Any) -> None:
        """Keep several."""
        self.items.extend(values)


@lru_cache(maxsize=1024)
def record_class(qualified: str) -> type[Record]:
    """The class that stands for a name."""
    return type("Record", (Record,), {"qualified": qualified})


class _Reader(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        return record_class(f"{module_name}.{global_name}")

    def persistent_load(self, pid: Any, /) -> Any:
        raise pickle.UnpicklingError("it refers to objects outside itself")


def read_pickle(path: Path) -> Any:
    """What a pickle holds, with records in place of objects; nothing in it runs.

    Raises:
        BirlError: for a file that is no pickle, is damaged, or would fill the memory.
    """
    size = path.stat().st_size
    if size > LIMIT:
        raise BirlError(f"{path}: {size:,} bytes are over the limit of {LIMIT:,}: not statistics of observations")
    raw = path.read_bytes()
    try:
        _check_program(raw)
        return _Reader(io.BytesIO(raw)).load()
    except Exception as error:  # a damaged pickle raises anything, from KeyError to MemoryError
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise BirlError(f"{path} is no readable pickle ({reason}): save or download it again") from error


def _check_program(raw: bytes) -> None:
    """Refuse what would make the reader itself allocate without end."""
    stored = 0
    for opcode, argument, _ in pickletools.genops(raw):
        if "PUT" in opcode.name or opcode.name == "MEMOIZE":
            stored += 1
            if isinstance(argument, int) and argument > stored + SPARSE_MEMO:
                raise pickle.UnpicklingError(f"it numbers an object {argument}")
        elif opcode.name.startswith("EXT"):
            raise pickle.UnpicklingError("it uses registered extensions")


def as_array(value: Any) -> FloatArray:
    """A number or a numeric array out of a pickle, as float64.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(value, int | float):
        return np.asarray(value, np.float64)
    if not isinstance(value, Record):
        raise ValueError(f"a {type(value).__name__} is no array")
    if value.qualified in RECONSTRUCTORS and isinstance(value.state, tuple) and len(value.state) == 5:
        _, shape, dtype, fortran, raw = value.state
        return _from_bytes(raw, dtype, shape, "F" if fortran else "C")
    if value.qualified in SCALARS and len(value.args) == 2:
        return _from_bytes(value.args[1], value.args[0], (), "C")
    if value.qualified in FROM_BUFFER and len(value.args) == 4:
        raw, dtype, shape, order = value.args
        return _from_bytes(raw, dtype, shape, order)
    raise ValueError(f"{value.qualified} is no array")


def _from_bytes(raw: Any, dtype: Any, shape: Any, order: Any) -> FloatArray:
    if isinstance(raw, Record) and raw.qualified == "_codecs.encode" and raw.args[1:] == ("latin1",):
        raw = raw.args[0].encode("latin1")  # how protocol 2 writes bytes
    if not isinstance(raw, bytes | bytearray) or order not in ("C", "F") or not isinstance(shape, Sequence):
        raise ValueError("an array without its bytes")
    flat = np.frombuffer(bytes(raw), _number_type(dtype))
    return flat.reshape(tuple(int(side) for side in shape), order=order).astype(np.float64)


def _number_type(dtype: Any) -> np.dtype[Any]:
    known = isinstance(dtype, Record) and dtype.qualified == "numpy.dtype" and dtype.args
    if not known or dtype.args[0] not in NUMBERS:
        raise ValueError("an array of something else than numbers")
    order = dtype.state[1] if isinstance(dtype.state, tuple) and len(dtype.state) > 1 else "="
    if order not in ("<", ">", "=", "|"):
        raise ValueError("an array of unknown byte order")
    return np.dtype(dtype.args[0]).newbyteorder(order)
