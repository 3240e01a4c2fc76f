"""Worlds of the panel: red-door, and two made from arrays whose layout, luck, discount and costs a seed draws.

In each, things have a kind and a colour. Paid for is one kind. In training the thing of that kind is the red one; on
the shifts it is of another colour and something else is red, everywhere or by chance.

- `red-door`: the shipped maze.
- `meadow`: an open board; steps go astray, and mud costs.
- `warren`: burrows joined at random by three exits each, with no directions to hold on to; some exits collapse.

Axes: L levels, C cells, A actions, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from birl_envs.exact import distribution
from birl_envs.red_door import SHIFTS, TRAIN, WORLD, make_levels
from birl_envs.red_door import task as red_door

from birl.tabular import TabularModel
from birl.task import Distribution, Task

__all__ = ["AGAIN", "WORLDS"]

AGAIN = "again"  # levels of training's kind, with layouts of their own
AGAIN_SEED = 10_000  # away from every other seed
KINDS, COLOURS = ("fruit", "stone", "leaf"), ("red", "green", "blue")
THINGS = tuple(f"{kind}&{colour}" for kind in KINDS for colour in COLOURS)
FEATURES = (*THINGS, "mud", "step")
SIDE, CELLS, EXITS = (5, 8), (25, 45), 3  # least and one more than the greatest
SLIP, DISCOUNT, MUD = (0.0, 0.2), (0.9, 0.98), (0.0, 0.03)
MUDDY = 0.2  # share of cells
MOVES = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """What holds on every level of a world."""

    seed: int
    cells: int
    slip: float
    discount: float
    exits: Callable[[np.random.Generator], np.ndarray]  # cell each action aims at, [C, A]


def maze(seed: int, levels: int, *, again: bool = False) -> Task:
    """Red-door: the door blue, half of the doors red and, if asked, training's kind again."""
    shifts = [
        distribution(WORLD, name, make_levels(SHIFTS[name][0], levels, seed=seed), shift=SHIFTS[name][1])
        for name in ("blue-door", "half-red")
    ]
    if again:
        shifts.append(distribution(WORLD, AGAIN, make_levels(TRAIN, levels, seed=seed + AGAIN_SEED), shift="feature"))
    train = distribution(WORLD, "train", make_levels(TRAIN, levels, seed=seed), shift="train")
    return replace(red_door(1), train=train, shifts=shifts, ghosts={})


def meadow(seed: int, levels: int, *, again: bool = False) -> Task:
    """An open board of 5x5 to 7x7 cells."""
    rng = np.random.default_rng([seed, 1])
    side = int(rng.integers(*SIDE))
    row, column = np.divmod(np.arange(side * side), side)
    place = np.clip(np.stack([row, column], axis=1)[:, None] + MOVES, 0, side - 1)
    ahead = place @ np.array([side, 1])
    return _task("meadow", _drawn(rng, seed, side * side, lambda _: ahead), rng, levels, again=again)


def warren(seed: int, levels: int, *, again: bool = False) -> Task:
    """25 to 44 burrows; which lead where is drawn anew for each level."""
    rng = np.random.default_rng([seed, 2])
    cells = int(rng.integers(*CELLS))
    return _task("warren", _drawn(rng, seed, cells, lambda r: _burrows(cells, r)), rng, levels, again=again)


def _burrows(cells: int, rng: np.random.Generator) -> np.ndarray:
    """Exits: one along a circle, so that every burrow can be reached, the others anywhere; in any order."""
    onward = rng.permutation(cells)
    circle = np.empty(cells, np.intp)
    circle[onward] = np.roll(onward, -1)
    exits = np.column_stack([circle, rng.integers(0, cells, size=(cells, EXITS - 1))])
    return rng.permuted(exits, axis=1)


def _drawn(
    rng: np.random.Generator, seed: int, cells: int, exits: Callable[[np.random.Generator], np.ndarray]
) -> _Rules:
    return _Rules(
        seed=seed, cells=cells, slip=float(rng.uniform(*SLIP)), discount=float(rng.uniform(*DISCOUNT)), exits=exits
    )


def _task(name: str, rules: _Rules, rng: np.random.Generator, levels: int, *, again: bool) -> Task:
    """Training, `moved` (red is something else), `mixed` (by chance either) and, if asked, training's kind again."""
    places = {"train": (0.0, 0), "moved": (1.0, 1), "mixed": (0.5, 2)}
    if again:
        places[AGAIN] = (0.0, AGAIN_SEED)
    made = [
        Distribution(
            name, _levels(rules, levels, moved, rules.seed + more), shift="train" if name == "train" else "feature"
        )
        for name, (moved, more) in places.items()
    ]
    base = {f"fruit&{colour}": 1.0 for colour in COLOURS} | {"mud": -float(rng.uniform(*MUD))}
    red = {f"{kind}&red": 1.0 for kind in KINDS}
    return Task(name, made[0], made[1:], base, {"red": red}, rules.discount)


def _levels(rules: _Rules, levels: int, moved: float, seed: int) -> TabularModel:
    """Levels in which, with chance `moved`, the stone is red instead of the fruit."""
    rng = np.random.default_rng([rules.seed, seed])
    blocks, features, start, terminal = [], [], np.zeros((levels, rules.cells)), np.zeros((levels, rules.cells), bool)
    for level in range(levels):
        *places, begin = rng.choice(rules.cells, size=len(KINDS) + 1, replace=False)
        aimed = np.eye(rules.cells)[rules.exits(rng)]  # [C, A, C]
        step = (1 - rules.slip) * aimed + rules.slip * aimed.mean(axis=1, keepdims=True)
        here = np.zeros((rules.cells, len(FEATURES)))
        here[places, [FEATURES.index(thing) for thing in _things(rng, rng.random() < moved)]] = 1.0
        here[:, FEATURES.index("mud")] = rng.random(rules.cells) < MUDDY
        here[places, FEATURES.index("mud")] = 0.0
        here[:, FEATURES.index("step")] = 1.0
        start[level, begin], terminal[level, places] = 1.0 / levels, True
        blocks.append(step.reshape(-1, rules.cells))
        features.append(blocks[-1] @ here)
    return TabularModel(
        transitions=sp.block_diag(blocks, format="csr"),
        features=np.concatenate(features),
        start=start.ravel(),
        terminal=terminal.ravel(),
        discount=rules.discount,
        feature_names=FEATURES,
        level=np.repeat(np.arange(levels), rules.cells),
    )


def _things(rng: np.random.Generator, moved: bool) -> list[str]:
    """One thing of each kind; fruit or stone is red, the others are not."""
    other = rng.choice(COLOURS[1:], size=len(KINDS))
    colours = ["red" if i == int(moved) else other[i] for i in range(len(KINDS))]
    return [f"{kind}&{colour}" for kind, colour in zip(KINDS, colours, strict=True)]


WORLDS: Mapping[str, Callable[..., Task]] = {"red-door": maze, "meadow": meadow, "warren": warren}
"""Name -> the task of a seed and a number of levels."""
