"""A policy written down state by state, one table per distribution.

Axes: S states, A actions, B a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from birl.policy.sampling import choose
from birl.task import Distribution
from birl.types import BirlError, FloatArray, IntArray, unknown_name

__all__ = ["TabularPolicy"]

ROW_SUM_TOLERANCE = 1e-6  # float32 tables sum to 1 within about 1e-7 per entry


class TabularPolicy:
    """pi(a | s) for every state of some distributions' models.

    It knows states, not observations: an estimator reads `table`, and `act` takes state indices of the one distribution
    it knows.

    Args:
        tables: distribution name -> probabilities, [S, A]; rows of terminal states count like any other.

    Raises:
        BirlError: for a table that is not [S, A], or a row that is no distribution.
    """

    stateful = False

    def __init__(self, tables: Mapping[str, ArrayLike]) -> None:
        if not tables:
            raise BirlError("a tabular policy without tables: give {distribution name: probabilities [S, A]}")
        self.tables = MappingProxyType({name: _checked(name, table) for name, table in tables.items()})

    def table(self, distribution: Distribution) -> FloatArray:
        """The probabilities on a distribution's model, [S, A].

        Raises:
            BirlError: when there is no table of that name, or the model has another size.
        """
        if distribution.name not in self.tables:
            raise unknown_name("table of this policy: distribution", distribution.name, self.tables)
        table, model = self.tables[distribution.name], distribution.model
        if model is not None and table.shape != (model.n_states, model.n_actions):
            raise BirlError(
                f"policy: its table for {distribution.name!r} is {table.shape}, the model has "
                f"{(model.n_states, model.n_actions)} states and actions: build the policy on this very task"
            )
        return table

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> IntArray:
        """Actions in the given states of the one distribution this policy knows, [B].

        Args:
            observations: state indices, int [B].
            rng: draws the actions.
            deterministic: take the likeliest action, the first of equals.

        Raises:
            BirlError: with several tables, where an index alone does not say which state is meant.
        """
        if len(self.tables) != 1:
            raise BirlError(
                f"a tabular policy over {len(self.tables)} distributions cannot act on observations: "
                "read its probabilities with .table(distribution)"
            )
        (table,) = self.tables.values()
        return choose(table[np.asarray(observations, np.int64)], rng=rng, deterministic=deterministic)

    def __iter__(self) -> Iterator[str]:
        """Names of the distributions it knows."""
        return iter(self.tables)


def _checked(name: str, values: ArrayLike) -> FloatArray:
    table = np.array(values, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise BirlError(f"policy table for {name!r} has shape {table.shape}: give probabilities [S, A]")
    sums = table.sum(axis=1)
    fine = (np.abs(sums - 1.0) <= ROW_SUM_TOLERANCE) & (table >= 0).all(axis=1)
    if not fine.all():
        state = int(np.flatnonzero(~fine)[0])
        low = table[state].min()
        also = f" with an entry of {low:g}" if low < 0 else ""
        raise BirlError(
            f"policy table for {name!r}: row of state {state} sums to {sums[state]:g}{also}: "
            "give probabilities, none negative, that sum to 1"
        )
    table.flags.writeable = False
    return table
