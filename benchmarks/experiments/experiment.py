"""What an experiment is: a question, units of work, and what their rows say.

A unit is a case (an agent, a setting) on the levels of one seed; its row is plain data, stored as it comes. Figure and
sentence are made from rows alone, so they can be made again without measuring anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Experiment", "Row", "Size"]

Row = Mapping[str, Any]
"""`case`, `seed` and what was measured."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of each case is looked at.

    Attributes:
        levels: of every distribution; seed n uses block n of them, so seeds share no level.
        draws: of the bootstrap over levels.
    """

    levels: int = 40
    draws: int = 60


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One question put to agents.

    Attributes:
        name: what the runner calls it.
        question: one line.
        cases: what is measured, in the order of the figure.
        measure: (case, seed, size) -> its row without case and seed.
        sentence: what the rows say, in words.
        draw: the figure of the rows, with text that says what the figure shows.
        shown: what the figure shows, for who cannot see it.
        note: what the answer does not cover.
        seeds: how many, unless told otherwise.
        size: of every unit.
        exact: whether every seed gives the same, so that one is all there are.
    """

    name: str
    question: str
    cases: Sequence[str]
    measure: Callable[[str, int, Size], Row]
    sentence: Callable[[Sequence[Row]], str]
    draw: Callable[[Sequence[Row]], Figure]
    shown: str
    note: str
    seeds: int = 3
    size: Size = Size()
    exact: bool = False

    def units(self, seeds: int | None = None) -> Sequence[tuple[str, int]]:
        """Every case on every seed, seed by seed: the first seed is whole before the second."""
        count = 1 if self.exact else seeds or self.seeds
        return [(case, seed) for seed in range(count) for case in self.cases]

    def complete(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows of seeds on which every case is there, in the order of the cases."""
        found = {(row["case"], row["seed"]): row for row in rows}
        seeds = sorted({seed for _, seed in found})
        whole = [seed for seed in seeds if all((case, seed) in found for case in self.cases)]
        return [found[case, seed] for case in self.cases for seed in whole]
