"""From a rule to a model: every state that can be reached, found breadth first.

Axes: S states, A actions, F features, B a batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Found", "Reachable", "breadth_first"]

STATE_LIMIT = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Reachable:
    """What breadth-first search found.

    Attributes:
        codes: the integer code of every reachable state, in the order found, [S].
        successor: index of the state that each action leads to, [S, A].
        roots: index of each root, [R].
    """

    codes: IntArray
    successor: IntArray
    roots: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What a search through an environment found.

    Attributes:
        roots: state that each level begins in, one per seed.
        successor: where each action leads, [S, A]; an ended state leads to itself.
        ended: whether the episode is over there, bool [S].
        seen: observation of each state, [S, ...].
        told: features named in `info`, [S*A, F].
        seed: under which each state was found first, [S].
    """

    roots: IntArray
    successor: IntArray
    ended: NDArray[np.bool_]
    seen: NDArray[Any]
    told: FloatArray
    seed: IntArray


def breadth_first(
    roots: IntArray, successors: Callable[[IntArray], IntArray], *, limit: int = STATE_LIMIT
) -> Reachable:
    """Every state reachable from the roots under a deterministic rule, a whole frontier at a time.

    Args:
        roots: codes to begin from, [R]; repeats are allowed.
        successors: codes [B] -> codes of the next states [B, A]. A terminal state leads to itself.
        limit: most states to visit.

    Raises:
        BirlError: when there are no roots, or more than `limit` states.
    """
    if roots.size == 0:
        raise BirlError("no state to begin from: give at least one level")
    found, frontier = np.unique(roots), np.unique(roots)
    order, edges = [frontier], []
    while frontier.size:
        following = successors(frontier)
        edges.append(following)
        frontier = np.setdiff1d(following, found)
        found = np.union1d(found, frontier)
        order.append(frontier)
        if found.size > limit:
            raise BirlError(f"more than {limit:,} states are reachable: use fewer levels or smaller ones")
    codes = np.concatenate(order)
    by_code = np.argsort(codes)
    index = lambda wanted: by_code[np.searchsorted(codes, wanted, sorter=by_code)]  # noqa: E731
    return Reachable(codes=codes, successor=index(np.concatenate(edges)), roots=index(roots))
