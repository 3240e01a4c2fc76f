"""Menus as boards: goods at the ends of spokes around a hub, and a budget of steps.

How far a good lies is what it costs. Everything is drawn in the same order for every shop, so that two shops that
differ by what they add to a menu have the same menus otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

import numpy as np

from birl.types import BirlError, IntArray
from birl_envs.grid import Cell, Layout, Level, Thing
from birl_envs.split import in_split

__all__ = ["HUB", "KINDS", "SPOKES", "Shop", "make_levels", "spoke_cells"]

KINDS = ("gem", "coin", "key", "ball")
COLOUR = "yellow"
SPOKES: Mapping[str, Cell] = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)}
"""Spoke, and the action that walks out along it -> its direction."""
FARTHEST = 8  # steps a spoke is long at most
LARGEST = 40  # budget
SIDE = 2 * FARTHEST + 1
HUB = (FARTHEST, FARTHEST)
BUDGET = "budget"


def spoke_cells(width: int) -> IntArray:
    """Cells of the spokes of a board, from the hub outwards, [4, FARTHEST]."""
    return np.array(
        [
            [(HUB[0] + down * out) * width + HUB[1] + right * out for out in range(1, FARTHEST + 1)]
            for down, right in SPOKES.values()
        ]
    )


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A distribution of menus. Goods, spokes and budgets of level i do not depend on `extra` and `decoy`.

    Attributes:
        sizes: how many goods, of different kinds, a menu may have, equally likely; to have one more
            often, name it more often.
        prices: prices in steps, 1..8, equally likely; those above the budget are left out.
        budgets: least and largest budget, in steps.
        extra: goods of further kinds added to every menu.
        decoy: whether a copy of the menu's first good is added at the far end of another spoke: no objective that
            wants goods takes it.
    """

    sizes: tuple[int, ...] = (1, 2, 2)
    prices: tuple[int, ...] = (1, 2, 4, 5, 7)
    budgets: tuple[int, int] = (6, LARGEST)
    extra: int = 0
    decoy: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if min(self.sizes, default=0) < 1 or self.extra < 0 or max(self.sizes) + self.extra + self.decoy > len(SPOKES):
            raise BirlError(
                f"revealed-choice: menus of {self.sizes} goods, {self.extra} extra and {int(self.decoy)} decoy do not "
                f"fit: have 1 to {len(SPOKES)} in all"
            )
        if not all(1 <= price <= FARTHEST for price in self.prices) or not self.prices:
            raise BirlError(f"revealed-choice: prices {self.prices} cannot be laid out: give some of 1..{FARTHEST}")
        least, most = self.budgets
        if not min(self.prices) <= least <= most <= LARGEST:
            raise BirlError(
                f"revealed-choice: budgets {self.budgets} are impossible: give least and largest, "
                f"from the lowest price ({min(self.prices)}) to {LARGEST}"
            )
        if self.decoy and max(self.prices) >= FARTHEST:
            raise BirlError(
                f"revealed-choice: a decoy must cost more than its original: use prices below {FARTHEST}, "
                f"not {self.prices}"
            )


@dataclass(frozen=True, kw_only=True)
class _Draw:
    """Everything a level could need, drawn alike for every shop.

    Attributes:
        size: rank of the menu's size among those possible, in [0, 1).
        budget: likewise of the budget.
        prices: likewise of the prices, four.
        kinds: kinds of goods in the order in which they enter the menu.
        spokes: their spokes.
    """

    size: float
    budget: float
    prices: tuple[float, ...]
    kinds: tuple[str, ...]
    spokes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Stock:
    """What one level holds.

    Attributes:
        budget: steps.
        kinds: what is on offer.
        spokes: where.
        prices: for how many steps.
    """

    budget: int
    kinds: tuple[str, ...]
    spokes: tuple[str, ...]
    prices: tuple[int, ...]

    @property
    def offers(self) -> tuple[tuple[str, int], ...]:
        """Spoke and price of each good."""
        return tuple(zip(self.spokes, self.prices, strict=True))


def _draws(rng: np.random.Generator) -> Iterator[_Draw]:
    while True:
        size, budget, *prices = rng.random(2 + len(SPOKES)).tolist()
        kinds, spokes = (tuple(names[i] for i in rng.permutation(len(names))) for names in (KINDS, tuple(SPOKES)))
        yield _Draw(size=size, budget=budget, prices=tuple(prices), kinds=kinds, spokes=spokes)


def make_levels(shop: Shop, count: int, *, split: str = "test", seed: int = 0) -> tuple[Level, ...]:
    """The first levels of a distribution; asking for more never changes them.

    Args:
        shop: the distribution.
        count: levels wanted.
        split: `train`, `test` or `all`, by the hash of where the menu's goods lie and of the budget, before anything
            extra is added.
        seed: of the whole sequence.

    Raises:
        BirlError: for fewer than one level, an unknown split or a negative seed.
    """
    return _levels(shop, count, split, seed)


@lru_cache(maxsize=32)  # drawing 3,000 boards takes seconds
def _levels(shop: Shop, count: int, split: str, seed: int) -> tuple[Level, ...]:
    if count < 1:
        raise BirlError(f"{count} levels: give at least 1")
    if seed < 0:
        raise BirlError(f"seed {seed} is negative: give a whole number from 0 up")
    plain = replace(shop, extra=0, decoy=False)
    draws = (draw for draw in _draws(np.random.default_rng([seed, SIDE])) if _in_split(plain, draw, split))
    return tuple(_furnish(_stock(shop, draw)) for draw in islice(draws, count))


def _in_split(shop: Shop, draw: _Draw, split: str) -> bool:
    stock = _stock(shop, draw)
    ends = tuple(_out(*offer) for offer in stock.offers)
    bare = Layout(height=SIDE, width=SIDE, walls=frozenset(), spots=ends, start=HUB)  # the ends imply the walls
    return in_split(bare, split, {BUDGET: stock.budget})


def _stock(shop: Shop, draw: _Draw) -> _Stock:
    least, most = shop.budgets
    budget = least + int(draw.budget * (most + 1 - least))
    payable = [price for price in shop.prices if price <= budget]
    n_goods = shop.sizes[int(draw.size * len(shop.sizes))] + shop.extra
    prices = [payable[int(rank * len(payable))] for rank in draw.prices[:n_goods]]
    kinds = draw.kinds[:n_goods]
    if shop.decoy:
        kinds, prices = (*kinds, kinds[0]), [*prices, FARTHEST]
    return _Stock(budget=budget, kinds=kinds, prices=tuple(prices), spokes=draw.spokes[: len(kinds)])


def _furnish(stock: _Stock) -> Level:
    """Every spoke is as long as its good is far; spokes without a good are walled up."""
    every = frozenset((row, column) for row in range(SIDE) for column in range(SIDE))
    ways = [_out(spoke, steps) for spoke, price in stock.offers for steps in range(1, price + 1)]
    return Level(
        height=SIDE,
        width=SIDE,
        walls=every.difference({HUB}, ways),
        things=tuple(
            Thing(kind=kind, colour=COLOUR, cell=_out(*offer))
            for kind, offer in zip(stock.kinds, stock.offers, strict=True)
        ),
        start=HUB,
        settings={BUDGET: stock.budget},
    )


def _out(spoke: str, steps: int) -> Cell:
    """The cell so many steps out along a spoke."""
    down, right = SPOKES[spoke]
    return HUB[0] + down * steps, HUB[1] + right * steps
