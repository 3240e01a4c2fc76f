"""A world and its agents made outside the package, from arrays: a slippery orchard.

On an open board lie a fruit, a stone and a leaf; touching any ends the episode. Paid for is the fruit. In training the
fruit is red and nothing else is; on the shift it is green, and the stone is red. A step goes astray, to a neighbour at
random, with chance `SLIP`.

Axes: S states, A actions, F features, L levels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp

from birl.policy import TabularPolicy
from birl.tabular import TabularModel, hard_plan, reward_vector
from birl.task import Distribution, Task

FEATURES = ("fruit&red", "fruit&green", "stone&grey", "stone&red", "leaf&green", "step")
TRAIN = ("fruit&red", "stone&grey", "leaf&green")
SHIFT = ("fruit&green", "stone&red", "leaf&green")
FRUIT = {"fruit&red": 1.0, "fruit&green": 1.0}
RED = {"fruit&red": 1.0, "stone&red": 1.0}
LEAF = {"leaf&green": 1.0}
SIZE, LEVELS, SLIP, DISCOUNT, EPS = 5, 24, 0.1, 0.9, 0.05
MOVES = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])


def board(things: tuple[str, ...], *, levels: int = LEVELS, seed: int = 0, ends: bool = True) -> TabularModel:
    """Levels with these things and a start on cells drawn by the seed; the same cells whatever the things.

    Args:
        things: what lies there.
        levels: how many levels.
        seed: of the cells.
        ends: whether touching ends the episode; otherwise nothing does.
    """
    rng = np.random.default_rng(seed)
    cells = SIZE * SIZE
    ahead = _neighbours()  # [cells, A]
    aimed = np.eye(cells)[ahead]  # [cells, A, cells]
    moved = (1 - SLIP) * aimed + SLIP * aimed.mean(axis=1, keepdims=True)
    features = np.zeros((levels, cells, len(MOVES), len(FEATURES)))
    start, terminal = np.zeros((levels, cells)), np.zeros((levels, cells), bool)
    for level in range(levels):
        *places, begin = rng.choice(cells, size=len(things) + 1, replace=False)
        start[level, begin] = 1.0 / levels
        terminal[level, places] = ends
        for thing, place in zip(things, places, strict=True):
            features[level, :, :, FEATURES.index(thing)] = moved[:, :, place]
    features[..., FEATURES.index("step")] = 1.0
    return TabularModel(
        transitions=sp.block_diag([moved.reshape(-1, cells)] * levels, format="csr"),
        features=features.reshape(-1, len(FEATURES)),
        start=start.ravel(),
        terminal=terminal.ravel(),
        discount=DISCOUNT,
        feature_names=FEATURES,
        level=np.repeat(np.arange(levels), cells),
    )


def orchard(*, levels: int = LEVELS, again: bool = False, **given) -> Task:
    """The task; `again` adds a shift of training's kind, `given` replaces the task's fields."""
    shifts = [Distribution("green", board(SHIFT, levels=levels))]
    if again:
        shifts.append(Distribution("again", board(TRAIN, levels=levels, seed=1)))
    settings = {
        "train": Distribution("train", board(TRAIN, levels=levels)),
        "shifts": shifts,
        "base": FRUIT,
        "candidates": {"red": RED},
        **given,
    }
    return Task("orchard", discount=DISCOUNT, **settings)


def gardener(task: Task, wants: Mapping[str, float], elsewhere: Mapping[str, Mapping[str, float]] | None = None):
    """Plans for an objective, or for another one on named distributions; acts at random with chance `EPS`."""
    tables = {}
    for d in task.distributions:
        reward = reward_vector(d.model, (elsewhere or {}).get(d.name, wants))
        tables[d.name] = (1 - EPS) * hard_plan(d.model, reward).policy + EPS * d.model.uniform
    return TabularPolicy(tables)


def stroller(task: Task, mixture: np.ndarray):
    """The same mixture of actions everywhere, [A]."""
    return TabularPolicy({d.name: np.tile(mixture, (d.model.n_states, 1)) for d in task.distributions})


def _neighbours() -> np.ndarray:
    """Cell that each action aims at; into a wall is where it is, [cells, A]."""
    row, column = np.divmod(np.arange(SIZE * SIZE), SIZE)
    place = np.stack([row, column], axis=1)[:, None] + MOVES
    return np.clip(place, 0, SIZE - 1) @ np.array([SIZE, 1])
