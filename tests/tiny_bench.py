"""A suite that is scored in seconds: a coin at one end of a row of cells, at the other on the shift.

It needs nothing but the library, so that tests can copy it into a folder of their own.
"""

import numpy as np
import scipy.sparse as sp

from birl.bench import Entry, Suite
from birl.tabular import TabularModel
from birl.task import Distribution, Task

CELLS = 7
FEATURES = ("coin", "right end", "step")


def row_of_cells(levels: int, *, coin: int) -> TabularModel:
    """Rows that differ in where one starts; both ends end it. Actions: left, right."""
    starts = np.random.default_rng(0).integers(1, CELLS - 1, size=levels)
    places = np.arange(CELLS)
    after = np.clip(places[:, None] + np.array([-1, 1]), 0, CELLS - 1)  # [cells, A]
    features = np.stack([after == coin, after == CELLS - 1, np.ones_like(after)], axis=-1).astype(float)
    start = np.zeros((levels, CELLS))
    start[np.arange(levels), starts] = 1.0 / levels
    moves = sp.csr_matrix(np.eye(CELLS)[after].reshape(-1, CELLS))
    return TabularModel(
        transitions=sp.block_diag([moves] * levels, format="csr"),
        features=np.tile(features.reshape(-1, len(FEATURES)), (levels, 1)),
        start=start.ravel(),
        terminal=np.tile(np.isin(places, (0, CELLS - 1)), levels),
        discount=0.9,
        feature_names=FEATURES,
        level=np.repeat(np.arange(levels), CELLS),
    )


def task(levels: int = 4) -> Task:
    """The coin is at the right end in training, at the left end on the shift."""
    return Task(
        "tiny",
        train=Distribution("train", row_of_cells(levels, coin=CELLS - 1)),
        shifts=[Distribution("left", row_of_cells(levels, coin=0))],
        base={"coin": 1.0},
        candidates={"right": {"right end": 1.0}},
        discount=0.9,
    )


WHERE = f"{__name__.rpartition('.')[2]}:task"
SUITE = Suite(
    name="tiny",
    about="a planner and a habit in a row of cells",
    entries=(
        Entry(agent="planner", task=WHERE, truth=("robust",)),
        Entry(agent="device", task=WHERE, truth=("non-optimizer", "proxy")),
    ),
    levels=4,
    seeds=2,
    draws=4,
    methods=("mce",),
)
