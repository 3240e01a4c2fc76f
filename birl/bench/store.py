"""The results folder: one file a unit, each written whole, so that a run killed at any moment goes on where it was.

    suites/NAME.json   the units a suite consists of, in order; it is what makes a folder a results folder
    rows/ID.json       what a unit came to; once it is there the unit is done
    cards/ID.json      its scorecard, written before its row
    logs/ID.json       seconds, host, warnings: what differs from run to run
    claims/ID.json     who is at it right now

Units of older versions and code stay in `rows`; a table shows those that `suites` names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from birl.bench.row import Row
from birl.bench.suite import Entry, Suite
from birl.bench.unit import Unit
from birl.files import write_whole
from birl.types import BirlError

__all__ = ["Member", "Store"]


@dataclass(frozen=True, kw_only=True)
class Member:
    """A unit's place in a suite.

    Attributes:
        id: of the unit.
        agent: name or checkpoint.
        task: short name, or module:NAME.
        seed: its number.
        group: line of the table.
        truth: verdicts that are right.
        recipe: the same for its other seeds; empty in lists of older versions.
    """

    id: str
    agent: str
    task: str
    seed: int
    group: str
    truth: tuple[str, ...]
    recipe: str = ""


@dataclass(frozen=True)
class Store:
    """A results folder.

    Attributes:
        folder: its path.
    """

    folder: Path

    @property
    def claims(self) -> Path:
        """Where claims lie."""
        return self.folder / "claims"

    def row_path(self, name: str) -> Path:
        """The row of a unit."""
        return self.folder / "rows" / f"{name}.json"

    def card_path(self, name: str) -> Path:
        """The card of a unit."""
        return self.folder / "cards" / f"{name}.json"

    def check(self, *, new: bool) -> None:
        """Refuse a folder that is not ours.

        Args:
            new: whether one that is empty or not there yet will do.

        Raises:
            BirlError: with what to do instead.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise BirlError(f"{self.folder} is a file: name a folder for the results")
        if (self.folder / "suites").is_dir():
            return
        if not new:
            what = "holds no results" if self.folder.is_dir() else "does not exist"
            raise BirlError(f"{self.folder} {what}: `birl bench SUITE --results {self.folder}` makes them")
        if self.folder.is_dir() and any(self.folder.iterdir()):
            raise BirlError(f"{self.folder} holds something else than results: name an empty or a new folder")

    def register(self, suite: Suite, members: Sequence[tuple[Entry, Unit]]) -> None:
        """Write down what a suite consists of; a table shows nothing else. Further seeds of an earlier run stay."""
        path = self.folder / "suites" / f"{suite.name.replace('/', '-')}.json"
        new = {unit.id: _member(entry, unit) for entry, unit in members}
        recipes = {member.recipe for member in new.values()}
        try:
            earlier = _listed(path) if path.exists() else []
        except BirlError:
            earlier = []
        more = [member for member in earlier if member.recipe in recipes and member.id not in new]
        units = sorted([*new.values(), *more], key=lambda member: member.seed)
        told = {"name": suite.name, "about": suite.about, "units": [asdict(member) for member in units]}
        write_whole(path, (json.dumps(told, indent=1) + "\n").encode())

    def members(self) -> Mapping[str, Member]:
        """Every unit of every suite run here, by id.

        Raises:
            BirlError: when a list of units cannot be read.
        """
        found: dict[str, Member] = {}
        for path in sorted((self.folder / "suites").glob("[!.]*.json")):
            found |= {member.id: member for member in _listed(path) if member.id not in found}
        return found

    def write_row(self, row: Row) -> None:
        """A unit is done."""
        write_whole(self.row_path(row.unit.id), row.to_json())

    def write_log(self, name: str, told: Mapping[str, Any]) -> None:
        """What is worth knowing about this time."""
        write_whole(self.folder / "logs" / f"{name}.json", (json.dumps(told, indent=1) + "\n").encode())

    def readable(self, names: Iterable[str]) -> tuple[Mapping[str, Row], Mapping[str, str]]:
        """The rows among some ids that are there, and what is wrong with those that cannot be read, both by id."""
        rows, broken = {}, {}
        for name in names:
            path = self.row_path(name)
            if not path.exists():
                continue
            try:
                rows[name] = Row.load(path)
            except BirlError as error:
                broken[name] = str(error)
        return rows, broken

    def unlisted(self, members: Mapping[str, Member]) -> int:
        """How many rows lie here that no suite names."""
        return sum(path.stem not in members for path in (self.folder / "rows").glob("[!.]*.json"))

    def has_card(self, row: Row) -> bool:
        """Whether the card a row was made from lies here, as it was; one that failed has none."""
        path = self.card_path(row.unit.id)
        return not row.card or (path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == row.card)

    def forget(self, name: str) -> None:
        """Take back a row, so that its unit is done again."""
        self.row_path(name).unlink(missing_ok=True)


def _member(entry: Entry, unit: Unit) -> Member:
    return Member(
        id=unit.id,
        agent=unit.agent,
        task=unit.task,
        seed=unit.seed,
        group=entry.group,
        truth=entry.truth,
        recipe=unit.recipe,
    )


def _listed(path: Path) -> Sequence[Member]:
    from cattrs import BaseValidationError, structure  # reading only

    try:
        return structure(json.loads(path.read_text(encoding="utf-8"))["units"], list[Member])
    except (OSError, ValueError, KeyError, TypeError, BaseValidationError) as error:
        raise BirlError(f"{path} is no list of units ({error!r}): run its suite again") from error
