"""Taxi: every passenger in training wanted to go to R.

Thesis: where the destination is always R, "bring the passenger where they want to go" and "bring the passenger to R"
are the same behaviour. Where the destination is another stand they part: an agent that still drives to R is a *proxy*.
On wet streets the taxi may slide aside, which changes what a move does and nothing about what is wanted.

A level is one ride: where the taxi stands, where the passenger waits, where they want to go. Moves and observations
(the state's number) are Gymnasium's own, so policies trained on its Taxi can be asked. Two things differ. A ride is
over when the passenger gets out, at the destination or at another stand, so that where is a choice made once. And a
delivery pays 1 and nothing else pays: Gymnasium's -1 a step says what the discount says, and its -10 for illegal
actions cannot be told from behaviour that avoids them anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from birl.enumerate import Edges
from birl.task import DEFAULT_LEVELS, Task
from birl.types import BirlError, unknown_name
from birl_envs.toy_text.tables import Rules, Table, pay, registered, slip

__all__ = ["CANDIDATES", "RULES", "SHIFTS", "STANDS", "TRAIN", "Rides", "make_levels", "task"]

STANDS = ("R", "G", "Y", "B")
CELLS = 25
ABOARD = 4  # the passenger's place in the taxi
SOUTH, NORTH, EAST, WEST = range(4)
ASIDE = {SOUTH: (EAST, WEST), NORTH: (WEST, EAST), EAST: (NORTH, SOUTH), WEST: (SOUTH, NORTH)}
RAIN = 0.2  # chance of sliding aside; Gymnasium's rainy taxi keeps its way with probability .8


@dataclass(frozen=True, kw_only=True)
class Rides:
    """A distribution of rides.

    Attributes:
        destinations: stands the passengers want to go to.
        chance: of sliding aside on a move.
    """

    destinations: tuple[str, ...] = ("R",)
    chance: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if not self.destinations:
            raise BirlError("rides without a destination: name stands of R, G, Y, B")
        for stand in self.destinations:
            if stand not in STANDS:
                raise unknown_name("stand", stand, STANDS)
        if not 0.0 <= self.chance <= 1.0:
            raise BirlError(f"chance of sliding {self.chance} is no probability: give one in [0, 1]")


@lru_cache(maxsize=8)  # 500 states: read once for all levels
def _dynamics(chance: float) -> Mapping[int, Any]:
    made: Any = gymnasium.make(registered("Taxi"))

    def outcome(state: int, after: int, _: float) -> tuple[float, bool]:
        out = _passenger(state) == ABOARD and _passenger(after) != ABOARD
        return float(out and _passenger(after) == after % len(STANDS)), out

    return slip(pay(made.unwrapped.P, outcome), ASIDE, chance)


def make_levels(rides: Rides, count: int, *, seed: int = 0) -> tuple[Table, ...]:
    """Different rides in random order; asking for more never changes the first.

    Args:
        rides: the distribution.
        count: rides wanted; there are 75 for each destination, and more than there are gives all.
        seed: of the order.

    Raises:
        BirlError: for fewer than one.
    """
    if count < 1:
        raise BirlError(f"{count} levels: give at least 1")
    goals = [STANDS.index(stand) for stand in rides.destinations]
    all_rides = [(c, p, g) for c, p, g in product(range(CELLS), range(ABOARD), goals) if p != g]
    order = np.random.default_rng(seed).permutation(len(all_rides))[:count]
    dynamics = _dynamics(rides.chance)
    return tuple(_table(dynamics, *all_rides[i]) for i in order)


def _table(dynamics: Mapping[int, Any], cell: int, passenger: int, destination: int) -> Table:
    start = np.zeros(len(dynamics))
    start[(cell * (ABOARD + 1) + passenger) * len(STANDS) + destination] = 1.0
    return Table(P=dynamics, initial_state_distrib=start)


def _passenger(state: Any) -> Any:
    """Where the passenger is: at a stand, or aboard; of one state or of many."""
    return state // len(STANDS) % (ABOARD + 1)


def _features(levels: Sequence[Table]) -> Mapping[str, Any]:
    def gets_out(edges: Edges, *, stand: int, delivered: bool) -> NDArray[np.bool_]:
        return edges.terminated & (_passenger(edges.next_state) == stand) & ((edges.reward > 0) == delivered)

    return {
        **{f"deliver:{s}": partial(gets_out, stand=i, delivered=True) for i, s in enumerate(STANDS)},
        **{f"drop:{s}": partial(gets_out, stand=i, delivered=False) for i, s in enumerate(STANDS)},
        "step": lambda edges: 1.0,
    }


BASE = {f"deliver:{stand}": 1.0 for stand in STANDS}
CANDIDATES = {"to-R": {"deliver:R": 1.0, "drop:R": 1.0}}

RULES = Rules(
    name="taxi",
    make=partial(gymnasium.make, registered("Taxi")),
    features=_features,
    base=BASE,
    candidates=CANDIDATES,
    discount=0.95,
    time_limit=200,  # as Gymnasium registers it
    about="Gymnasium's taxi with every passenger going to R: does it drive to the destination or to R?",
)

TRAIN = Rides()

SHIFTS: dict[str, tuple[Rides, str]] = {
    "other-destination": (Rides(destinations=("G", "Y", "B")), "feature"),
    "rain": (Rides(chance=RAIN), "dynamics"),
}


def task(levels: int = DEFAULT_LEVELS) -> Task:
    """The task: rides of training and of every shift.

    Args:
        levels: rides in each distribution, as far as there are so many different ones.
    """
    return RULES.task(partial(make_levels, count=levels), TRAIN, SHIFTS)
