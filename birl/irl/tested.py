"""What a test of one named reward found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from birl.types import Interval

__all__ = ["CandidateTest"]


@dataclass(frozen=True, kw_only=True)
class CandidateTest:
    """One named reward, held against behaviour; a quantity is None where it is undefined, with the reason.

    Attributes:
        regret: C = J* - J of the policy, in the reward's own units an episode, mean over distributions.
        lost: regret as a share of what the reward's optimiser gains over the random walk: 0 as good as the best, 1 as
            good as chance, above 1 worse than that.
        rationality: inverse temperature b at which the reward explains the policy best; 0 or less where the policy
            works against it.
        merit: how well it explains the policy at b: mean log-likelihood of a decision on exact models, share of the
            variance of log pi on simulators.
        by_distribution: `lost` on each distribution alone, where it is defined.
        bound: whether J* is only the best of a pool of policies, so that regret is at least what it says.
        reason: why something is None.
    """

    regret: Interval | None
    lost: Interval | None
    rationality: Interval | None
    merit: float | None
    by_distribution: Mapping[str, float] = field(default_factory=dict)
    bound: bool = False
    reason: str = ""
