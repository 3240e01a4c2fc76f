"""The reward-result gap on one distribution: how far the recovered objective is from the base, and what that costs.

The loss of a policy against the base objective's optimiser is split in two: what an ideal optimiser of the recovered objective
would lose (goal), and what lack of skill loses on top (capability). For a fixed tie-break they add up to the loss.

Source: Leike et al. 2018 (arXiv 1811.07871), section 3, for the term.
"""

from __future__ import annotations

from dataclasses import dataclass

from birl.types import Interval

__all__ = ["Gap"]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The gap on one distribution; a quantity is None where it is undefined, with the reason.

    Attributes:
        distance: STARC distance between base and recovered objective on this distribution, in [0, 1].
        goal_regret: base return that an ideal optimiser of the recovered objective loses, as a share of what the base's
            optimiser gains over the random walk.
        capability_regret: what the policy loses on top of that, over the same.
        own_regret: the policy's regret under the recovered objective, over the same for that objective.
        reason: why something is None.
    """

    distance: Interval | None
    goal_regret: Interval | None
    capability_regret: Interval | None
    own_regret: Interval | None
    reason: str = ""
