"""Two halves of the levels, each predicted from the other: "explains" is claimed on held-out levels only.

Axes: L levels.
"""

from __future__ import annotations

import numpy as np

from birl.behavior import Behavior
from birl.types import IntArray

__all__ = ["FOLDS", "halves"]

FOLDS = 2


def halves(behavior: Behavior) -> list[tuple[IntArray, IntArray]]:
    """(levels to fit on, levels to predict), fold by fold; a single level is both."""
    levels = np.arange(behavior.model.n_levels)
    if levels.size < FOLDS:
        return [(levels, levels)] * FOLDS
    return [(levels[levels % FOLDS != fold], levels[levels % FOLDS == fold]) for fold in range(FOLDS)]
