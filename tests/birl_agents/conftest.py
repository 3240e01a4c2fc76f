"""A task small enough to reason about: one corridor per level, a thing at each end."""

import numpy as np
import pytest
import scipy.sparse as sp

from birl.tabular import TabularModel
from birl.task import Distribution, Task

FEATURES = ("touch:door&red", "touch:door&blue", "touch:ball&red", "touch:key&blue", "step")
LENGTH = 5  # cells; the two ends are terminal


def corridor(left, right, discount=0.9):
    """Five cells, start in the middle; actions: up (nothing), right, down (nothing), left."""
    cells = np.arange(LENGTH)
    move = np.stack([cells, np.minimum(cells + 1, LENGTH - 1), cells, np.maximum(cells - 1, 0)], axis=1)
    features = np.zeros((LENGTH, 4, len(FEATURES)))
    features[:, :, FEATURES.index("step")] = 1.0
    features[1, 3, FEATURES.index(left)] = 1.0
    features[LENGTH - 2, 1, FEATURES.index(right)] = 1.0
    return TabularModel(
        transitions=sp.csr_matrix(np.eye(LENGTH)[move.ravel()]),
        features=features.reshape(-1, len(FEATURES)),
        start=np.eye(LENGTH)[2],
        terminal=np.isin(cells, (0, LENGTH - 1)),
        discount=discount,
        feature_names=FEATURES,
    )


@pytest.fixture
def small_task():
    """Training: a red door to the left, a key to the right. Shift: a blue door left, a red ball right."""
    shifted = corridor("touch:door&blue", "touch:ball&red")
    return Task(
        name="small",
        train=Distribution("train", corridor("touch:door&red", "touch:key&blue")),
        shifts=[
            Distribution("blue-door", shifted),
            Distribution("keys", corridor("touch:door&blue", "touch:key&blue")),
        ],
        base={"touch:door&red": 1.0, "touch:door&blue": 1.0},
        candidates={"red": {"touch:door&red": 1.0, "touch:ball&red": 1.0}},
        discount=0.9,
        ghosts={"red": Distribution("ghost-red", shifted, pair="blue-door")},
    )
