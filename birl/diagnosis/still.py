"""Does the policy change anything at all? The share of its decisions that leave the world as it is.

Axes: S states, A actions, L levels, D draws.
"""

from __future__ import annotations

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.ledger import Ledger
from birl.types import FloatArray

__all__ = ["enter_still"]


def enter_still(ledger: Ledger, b: Behavior, picks: FloatArray) -> None:
    """Enter `still[distribution]`: the chance that a decision leads back to the state it was made in.

    Args:
        ledger: where it is entered.
        b: behaviour; levels weigh by their starts, states by its own visits.
        picks: bootstrap weights of the levels, [D, L].
    """
    model = b.model
    moves = model.transitions.tocoo()
    state = moves.row // model.n_actions
    stays = np.where(moves.col == state, moves.data, 0.0)
    back = np.bincount(moves.row, weights=stays, minlength=b.policy.size).reshape(b.policy.shape)
    visits = model.per_level(b.occupancy)
    share = model.per_level(b.occupancy * (b.policy * back).sum(axis=1)) / np.where(visits > 0, visits, 1.0)
    mass = model.level_starts
    nothing = "no decision is made here"
    ledger.ratio("still", b.distribution, (mass * share, mass * (visits > 0), picks), nothing, most=1.0)
