"""Which share of its decisions would the base's optimiser take too?

    compliance = sum_s rho(s) sum_a (pi(a|s) - u(a|s)) b(a|s) / sum_s rho(s) (1 - sum_a u(a|s) b(a|s)),

with rho its own visits, u the random walk and b(a|s) = 1 where a is optimal for the base: 0 for decisions drawn by lot,
1 where every one that matters serves the base, below 0 for one that works against it. Returns compare what comes of
decisions; where worlds answer them differently (training that corrects), this compares the decisions themselves.

Axes: S states, A actions, L levels, D draws.
"""

from __future__ import annotations

from birl.behavior import Behavior
from birl.diagnosis.ledger import Ledger
from birl.tabular import hard_plan
from birl.types import FloatArray

__all__ = ["enter_compliance"]


def enter_compliance(ledger: Ledger, b: Behavior, base: FloatArray, picks: FloatArray) -> None:
    """Enter `compliance[distribution]`.

    Args:
        ledger: where it is entered.
        b: behaviour; levels weigh by their starts.
        base: the base objective, [S*A].
        picks: bootstrap weights of the levels, [D, L].
    """
    model = b.model
    optimal = hard_plan(model, base).policy > 0
    serves, chance = ((table * optimal).sum(axis=1) for table in (b.policy, model.uniform))
    visits = model.per_level(b.occupancy)
    mass = model.level_starts * (visits > 0) / (visits + (visits == 0))
    beyond, most = (mass * model.per_level(b.occupancy * part) for part in (serves - chance, 1.0 - chance))
    ledger.ratio("compliance", b.distribution, (beyond, most, picks), "every decision here serves the base alike")
