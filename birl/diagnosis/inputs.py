"""What exact evidence is made from.

Axes: D draws, L levels, S states, A actions, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.compare import Comparison
from birl.diagnosis.controls import Controls
from birl.diagnosis.held_out import HeldOut
from birl.gap import LevelReturns
from birl.irl import RewardEstimate
from birl.types import FloatArray

__all__ = ["Inputs"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """What evidence is made from.

    Attributes:
        behaviors: one per distribution, training first.
        base: the base objective on each model, [S*A].
        returns: base returns on each.
        held_out: held-out likelihoods on each.
        joint: the joint objective.
        weights: the joint objective on resampled levels, [D, F].
        level_weights: bootstrap weights of each distribution's levels, [D, L].
        comparison: the joint objective beside base and candidates, as rewards.
        odds: for each candidate and shift, log-likelihood of a decision minus the base's on conflict levels, [L], 0
            elsewhere.
        conflict: conflict levels by candidate and shift, bool [L].
        failed: required checks that failed.
        disagreement: what methods disagree about.
        candidates: candidate -> distribution -> the same as `base`.
        controls: what the task declares to tell causes apart, and behaviour under it.
    """

    behaviors: Sequence[Behavior]
    base: Mapping[str, FloatArray]
    returns: Mapping[str, LevelReturns]
    held_out: Mapping[str, HeldOut]
    joint: RewardEstimate
    weights: FloatArray
    level_weights: Mapping[str, FloatArray]
    comparison: Comparison
    odds: Mapping[str, Mapping[str, FloatArray]]
    conflict: Mapping[str, Mapping[str, np.ndarray]]
    failed: tuple[str, ...]
    disagreement: tuple[str, ...]
    candidates: Mapping[str, Mapping[str, FloatArray]] = field(default_factory=dict)
    controls: Controls = field(default_factory=Controls)

    def objectives_on(self, distribution: str) -> Mapping[str, FloatArray]:
        """Base and candidates on one model, [S*A] each."""
        return {"base": self.base[distribution], **{c: found[distribution] for c, found in self.candidates.items()}}
