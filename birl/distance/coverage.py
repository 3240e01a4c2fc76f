"""Where two rewards are compared: a weighting of state-action pairs.

Next states always follow the dynamics, so nothing is asked about transitions that cannot happen.

Axes: S states, A actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from birl.behavior import Behavior
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["Coverage", "CoverageLike", "as_coverage", "blend", "edge_weights", "occupancy"]


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
    supported = given.supported * kept / total
    return Coverage(name=given.name, weights=np.where(model.live, weights, 0.0) / kept, supported=supported)


def occupancy(behavior: Behavior) -> Coverage:
    """Where a policy goes and what it does there, as its discounted return weighs it."""
    weights = (behavior.occupancy[:, None] * behavior.policy).ravel()
    return Coverage(name=f"occupancy in {behavior.distribution}", weights=weights)


def blend(model: TabularModel, parts: Sequence[CoverageLike], shares: Sequence[float] | None = None) -> Coverage:
    """Several coverages of one world as one; of several worlds, report one distance for each: a pool hides the shift.

    Args:
        model: the world.
        parts: coverages of it; each is normalised first.
        shares: weight of each; equal if left out.

    Raises:
        BirlError: for coverages that do not fit the model, or shares that are no weights.
    """
    given = np.ones(len(parts)) if shares is None else np.asarray(shares, np.float64)
    if not parts or given.shape != (len(parts),) or not (given >= 0.0).all() or not 0.0 < given.sum() < np.inf:
        raise BirlError(f"blend: shares {given.tolist()} of {len(parts)} coverages: give one weight, from 0 up, each")
    share, known = given / given.sum(), [as_coverage(model, part) for part in parts]
    return Coverage(
        name=" and ".join(f"{part:.0%} {one.name}" for part, one in zip(share, known, strict=True)),
        weights=np.sum([part * one.weights for part, one in zip(share, known, strict=True)], axis=0),
        supported=float(share @ [one.supported for one in known]),
    )


def edge_weights(model: TabularModel, coverage: Coverage) -> FloatArray:
    """Weight of each stored transition, D(s, a) P(s' | s, a), in CSR order."""
    return coverage.weights[model.elimination.row] * model.transitions.data
