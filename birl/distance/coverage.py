"""Where two rewards are compared: a weighting of state-action pairs.

Next states always follow the dynamics, so nothing is asked about transitions that cannot happen.

Axes: S states, A actions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["Coverage", "CoverageLike", "as_coverage", "edge_weights"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Coverage:
    """A named weighting of state-action pairs.

    Attributes:
        name: what it is, as a reader would say it ("occupancy in training").
        weights: not negative, [S*A]; normalised where it is used.
        supported: share of the weight given that lies on valid actions of states that are not terminal.
    """

    name: str
    weights: FloatArray
    supported: float = 1.0


CoverageLike = str | FloatArray | Coverage | None
"""A coverage by name, as weights [S*A], or with both; None for `feasible`."""


def as_coverage(model: TabularModel, coverage: CoverageLike) -> Coverage:
    """Weights that sum to 1 over the pairs that can happen; `feasible` weighs all of those alike.

    Raises:
        BirlError: for an unknown name, a wrong shape, weights that are negative, not finite, or nowhere positive.
    """
    if coverage is None or isinstance(coverage, str):
        if coverage not in (None, "feasible"):
            raise unknown_name("coverage", coverage, ("feasible",), "or give weights [S*A]")
        coverage = Coverage(name="feasible", weights=model.live.astype(np.float64))
    given = coverage if isinstance(coverage, Coverage) else Coverage(name="given", weights=coverage)
    weights = np.asarray(given.weights, np.float64).ravel()
    if weights.size != model.live.size:
        raise BirlError(f"coverage: {weights.size} weights for {model.live.size} state-action pairs: give [S*A]")
    if not np.isfinite(weights).all() or (weights < 0.0).any():
        raise BirlError("coverage: a weight is negative or not finite: give visits or probabilities")
    total, kept = float(weights.sum()), float(weights[model.live].sum())
    if kept <= 0.0:
        raise BirlError("coverage: no valid action of a state that is not terminal has weight: give one that has")
    return Coverage(name=given.name, weights=np.where(model.live, weights, 0.0) / kept, supported=kept / total)


def edge_weights(model: TabularModel, coverage: Coverage) -> FloatArray:
    """Weight of each stored transition, D(s, a) P(s' | s, a), in CSR order."""
    return coverage.weights[model.elimination.row] * model.transitions.data
