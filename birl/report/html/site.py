"""A benchmark as pages: an index to sort and to filter, and the page of every card behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from birl.report.html.index import IndexRow, write_index
from birl.report.html.page import write_html
from birl.types import BirlError

if TYPE_CHECKING:
    from birl.bench import Member, Row, Store

__all__ = ["write_site"]

CARDS = "cards"


def write_site(
    store: Store,
    folder: str | Path,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `index.html` and a page for every card of a results folder; pages that are there already are kept.

    Args:
        store: the results.
        folder: made where it is not there; a page is kept as long as its card is the same.
        jobs: processes that draw pages.
        progress: called with the pages done and their number, before the first and after each.

    Returns:
        The index.

    Raises:
        BirlError: when the folder holds no row, a card cannot be read, or nothing can be written.
    """
    from joblib import Parallel, delayed  # only here

    store.check(new=False)
    members = store.members()
    rows, _ = store.readable(members)
    if not rows:
        raise BirlError(f"{store.folder} holds no row yet: `birl bench SUITE --results {store.folder}` makes them")
    target = Path(folder)
    _check(target, store)
    cards = [row for row in rows.values() if row.card]
    todo = [row for row in cards if not _page(target, row).exists()]
    tell = progress or (lambda done, total: None)
    tell(len(cards) - len(todo), len(cards))
    drawn: Any = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(_draw)(row, store.card_path(row.unit.id), _page(target, row)) for row in todo
    )
    for done, _ in enumerate(drawn, len(cards) - len(todo) + 1):
        tell(done, len(cards))
    index = target / "index.html"
    write_index([_listed(members[name], row) for name, row in rows.items()], index)
    return index


def _check(target: Path, store: Store) -> None:
    """Refuse a folder where pages would hide something else, or cannot be."""
    if target.absolute() == store.folder.absolute():
        raise BirlError(f"{target} holds the results themselves: name another folder for the pages")
    ours = (target / CARDS).is_dir() or not (target / "index.html").exists()
    if not ours:
        raise BirlError(f"{target} has an index.html that is not of these pages: name another folder")
    try:
        (target / CARDS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BirlError(f"{target} cannot hold pages ({error.strerror}): name another folder") from error


def _page(folder: Path, row: Row) -> Path:
    """Named by its card: a card that changes gets a new page."""
    return folder / CARDS / f"{row.unit.id}-{str(row.card)[:12]}.html"


def _draw(row: Row, card: Path, page: Path) -> None:
    from birl.bench import unit_task
    from birl.scorecard import Scorecard

    try:
        found = Scorecard.load(card)
    except BirlError as error:
        raise BirlError(f"card of {row.unit}: {error}; `birl bench` makes it anew") from error
    write_html(found, page, task=unit_task(row.unit))


def _listed(member: Member, row: Row) -> IndexRow:
    return IndexRow(
        agent=member.agent,
        task=member.task,
        verdict=row.verdict or "",
        probability=row.probabilities.get(row.verdict or ""),
        link=f"{CARDS}/{_page(Path(), row).name}" if row.card else None,
        note=row.reason or ", ".join([*([row.kind] if row.kind else []), *row.flags]),
        more={
            "seed": member.seed,
            "methods": " + ".join(row.unit.methods),
            "truth": " or ".join(member.truth) or None,
            **_returns(row),
        },
    )


def _returns(row: Row) -> Mapping[str, str | float | None]:
    """Base return in training and on the shift where it is lowest; None where there is none."""
    known = {name: one.base_return.value for name, one in row.measured.items() if one.base_return is not None}
    train = next((name for name in known if row.measured[name].shift == "train"), None)
    worst = min(known.keys() - {train}, key=lambda name: (known[name], name), default=None)
    return {
        "return in training": known[train] if train else None,
        "worst shift": worst,
        "return there": known[worst] if worst else None,
    }
