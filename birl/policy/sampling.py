"""Drawing actions from probabilities, a whole batch at a time.

Axes: B a batch, A actions.
"""

from __future__ import annotations

import numpy as np

from birl.types import FloatArray, IntArray

__all__ = ["choose"]


def choose(probabilities: FloatArray, *, rng: np.random.Generator, deterministic: bool = False) -> IntArray:
    """One action per row of [B, A]: drawn by inverting the cumulative sum, or the likeliest one, [B]."""
    if deterministic:
        return probabilities.argmax(axis=1)
    cumulative = probabilities.cumsum(axis=1)
    threshold = rng.random((probabilities.shape[0], 1)) * cumulative[:, -1:]
    return (cumulative <= threshold).sum(axis=1)
