"""What evidence is made from where nothing can be planned.

Axes: D draws, C clusters (episodes), F features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from birl.diagnosis.compare import Comparison
from birl.diagnosis.foretold import Foretold
from birl.diagnosis.known import Known
from birl.irl.log_policy_material import Material
from birl.types import FloatArray

__all__ = ["NO_YARDSTICK", "SURE", "SampledInputs"]

SURE = 1.645  # standard errors by which one thing must exceed another: one side, 95 %
NO_YARDSTICK = "no policy is known that it could be held against: give some that were trained for the objectives (pool)"


@dataclass(frozen=True, kw_only=True, eq=False)
class SampledInputs:
    """What evidence is made from.

    Attributes:
        shifts: shift type by distribution, training first.
        episodes: how many were watched of each.
        objectives: `base` and the candidates, as weights [F].
        free: weights fitted to all distributions together, and within their sampling error, [1 + D, F].
        material: choices in all distributions, and what they bring.
        foretold: by distribution.
        picks: bootstrap weights of each distribution's episodes, [D, C].
        known: returns by distribution.
        pool: how many policies are known beside the policy and the random walk.
        comparison: features, base and candidates as rewards, on coverage samples.
        comparison_picks: bootstrap weights of the samples' clusters, by distribution.
        undefined: what else is undefined, with the reason.
    """

    shifts: Mapping[str, str]
    episodes: Mapping[str, int]
    objectives: Mapping[str, FloatArray]
    free: FloatArray
    material: Material
    foretold: Mapping[str, Foretold]
    picks: Mapping[str, FloatArray]
    known: Mapping[str, Known]
    pool: int
    comparison: Comparison | None
    comparison_picks: Mapping[str, FloatArray]
    undefined: Mapping[str, str]
