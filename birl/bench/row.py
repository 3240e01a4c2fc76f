"""A row: what one unit came to, in the numbers a table shows. The whole card lies beside it.

A row holds no time, no host and nothing else that differs from run to run: the same unit gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from birl.bench.unit import Unit
from birl.diagnosis.checks import dissenting
from birl.scorecard import Scorecard
from birl.types import BirlError, Interval

__all__ = ["Measured", "Row", "failed_row", "row"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One distribution; what is undefined is None.

    Attributes:
        shift: what differs from training.
        base_return: 0 the random walk, 1 the best possible.
        distance: STARC distance between the base and the recovered objective.
        goal_regret: base return that an ideal optimiser of the recovered objective loses.
    """

    shift: str
    base_return: Interval | None = None
    distance: Interval | None = None
    goal_regret: Interval | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one unit came to: numbers, or the reason why there are none.

    Attributes:
        unit: what was done.
        reason: why it failed; empty when it did not.
        verdict: the answer; None when the card could not be diagnosed.
        kind: of a proxy.
        flags: in order.
        probabilities: of each verdict.
        measured: by distribution, training first.
        methods: those that recovered a reward.
        dissenting: those that contradict the one which predicts best.
        card: SHA-256 of the card.
    """

    unit: Unit
    reason: str = ""
    verdict: str | None = None
    kind: str | None = None
    flags: tuple[str, ...] = ()
    probabilities: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, Measured] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    dissenting: tuple[str, ...] = ()
    card: str | None = None

    def to_json(self) -> bytes:
        """The row as a file; the same row gives the same bytes."""
        return (json.dumps({"id": self.unit.id, **asdict(self)}, indent=1) + "\n").encode()

    @classmethod
    def load(cls, path: Path) -> Row:
        """Read a row.

        Raises:
            BirlError: when it is no row, or not that of the unit its name says.
        """
        from cattrs import BaseValidationError, structure  # reading only

        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            name = data.pop("id")
            found = structure(data, cls)
        except (OSError, ValueError, AttributeError, TypeError, KeyError, BaseValidationError) as error:
            first = error.exceptions[0] if isinstance(error, BaseValidationError) else error
            raise BirlError(f"{path} is no row ({first!r}): run `birl bench` again, which makes it anew") from error
        if not name == found.unit.id == path.stem:
            raise BirlError(f"{path} is another unit's row: run `birl bench` again, which makes it anew")
        return found


def row(unit: Unit, card: Scorecard) -> Row:
    """The row of a card."""
    methods = tuple(name for name in card.estimates if name != "joint")
    said = card.evidence.disagreement if card.evidence else ()
    return Row(
        unit=unit,
        verdict=card.verdict.value if card.verdict else None,
        kind=card.kind,
        flags=tuple(sorted(card.flags)),
        probabilities={verdict.value: share for verdict, share in card.probabilities.items()},
        measured={
            name: Measured(
                shift=reading.shift,
                base_return=reading.base_return,
                distance=_distance(card, name),
                goal_regret=card.gap[name].goal_regret if name in card.gap else None,
            )
            for name, reading in card.readings.items()
        },
        methods=methods,
        dissenting=dissenting(said, methods),
        card=hashlib.sha256(card.to_json().encode()).hexdigest(),
    )


def _distance(card: Scorecard, name: str) -> Interval | None:
    """Between base and joint objective; the card's matrix has it where no method predicts actions, too."""
    if name in card.gap:
        return card.gap[name].distance
    return card.matrix.interval(name, "base", "joint") if card.matrix else None


def failed_row(unit: Unit, error: Exception) -> Row:
    """The row of a unit that failed."""
    said = " ".join(str(error).split()) or "no message"
    return Row(unit=unit, reason=said if isinstance(error, BirlError) else f"{type(error).__name__}: {said}")
