"""Which levels train and which test: by the hash of the layout, never by index.

Kinds and colours are not hashed, so a test maze is unseen whatever a distribution puts in it, and however many levels
are drawn in whatever order. Where boards are alike, what is set on a level (a budget, a pattern) is
hashed with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from birl.types import unknown_name
from birl_envs.grid import Layout

__all__ = ["SPLITS", "TEST_SHARE", "in_split", "layout_hash", "split_of"]

SPLITS = ("train", "test", "all")
TEST_SHARE = 0.25  # of all layouts


def layout_hash(layout: Layout, settings: Mapping[str, int] | None = None) -> int:
    """64 bits, the same on every machine and in every process, whatever the order of the spots or the settings."""
    board = (layout.height, layout.width, sorted(layout.walls), sorted(layout.spots), layout.start)
    parts = (*board, sorted(settings.items())) if settings else board
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def split_of(layout: Layout, settings: Mapping[str, int] | None = None) -> str:
    """`train` or `test`."""
    return "test" if layout_hash(layout, settings) < TEST_SHARE * 2**64 else "train"


def in_split(layout: Layout, split: str, settings: Mapping[str, int] | None = None) -> bool:
    """Whether a layout belongs to a split; every layout belongs to `all`.

    Args:
        layout: where things are.
        split: one of `SPLITS`.
        settings: what else tells levels apart, where boards alone do not.

    Raises:
        BirlError: for a split that is not one of `SPLITS`.
    """
    if split not in SPLITS:
        raise unknown_name("split", split, SPLITS)
    return split in ("all", split_of(layout, settings))
