"""What a worker does with one unit: claim it, score it, write the card, then the row."""

from __future__ import annotations

import os
import socket
import sys
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from birl.bench.claim import claimed
from birl.bench.code import code
from birl.bench.row import Row, failed_row, row
from birl.bench.store import Store
from birl.bench.unit import Unit, unit_task, versions
from birl.types import BirlError

if TYPE_CHECKING:
    from birl.scorecard import Scorecard

__all__ = ["Job", "work"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A unit on its way to a worker.

    Attributes:
        unit: what to do.
        folder: the results folder, which every worker must see under this name.
        home: where tasks given as module:NAME, and checkpoints given by a relative path, are looked for.
    """

    unit: Unit
    folder: str
    home: str


def work(job: Job) -> Row | None:
    """Do one unit and write it down; None when somebody else is at it or it is done.

    A unit that fails is a row with the reason. Numbers must not depend on how many threads share a sum, so linear
    algebra gets one.

    Raises:
        BirlError: when nothing can be written (no permission, full disk) or other code is installed here: that is no
            result of the unit.
    """
    from threadpoolctl import threadpool_limits  # only once linear algebra is loaded, which it limits

    if ":" in job.unit.task and job.home not in sys.path:
        sys.path.append(job.home)
    _same_installation(job.unit)
    store, name = Store(Path(job.folder)), job.unit.id
    with claimed(store.claims / f"{name}.json") as mine:
        if not mine or store.row_path(name).exists():
            return None
        began = time.monotonic()
        with threadpool_limits(1), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("default")
            found = _attempt(job, store)
        store.write_log(
            name,
            {
                "seconds": round(time.monotonic() - began, 3),
                "host": socket.gethostname(),
                "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                "warnings": sorted({str(one.message) for one in warned}),
            },
        )
        store.write_row(found)
    return found


def _same_installation(unit: Unit) -> None:
    """A worker of a cluster may have other versions; what it finds is then not what the unit says."""
    here = versions()
    odd = [
        f"{name} {here.get(name)} instead of {wanted}"
        for name, wanted in unit.versions.items()
        if here.get(name) != wanted
    ]
    if not odd and code(unit.task) != unit.code:
        odd = ["other sources of birl or of the task"]
    if odd:
        raise BirlError(f"a worker on {socket.gethostname()} has {', '.join(odd)}: install the same there, run again")


def _attempt(job: Job, store: Store) -> Row:
    try:
        card = _score(job)
    except Exception as error:  # a mistake of ours, or too little memory, is a result to look at too
        return failed_row(job.unit, error)
    card.save(store.card_path(job.unit.id))
    return row(job.unit, card)


def _score(job: Job) -> Scorecard:
    from birl.checkpoint import load_policy  # with torch
    from birl.score import score
    from birl.zoo import agents

    unit = job.unit
    task = unit_task(unit)
    one = agents().get(unit.agent)
    policy = one.policy(task) if one else load_policy(_from_home(unit.agent, job.home), task)
    card = score(
        policy,
        task,
        seed=unit.seed,
        methods=unit.methods,
        deterministic=unit.deterministic,
        draws=unit.draws,
        source=unit.agent,
        sha256=unit.sha256 if one is None or one.kind == "trained" else None,
    )
    asked: dict[str, str | int] = {"task": unit.task} | ({"block": unit.seed} if unit.seed else {})
    return replace(card, settings={**card.settings, **asked})


def _from_home(checkpoint: str, home: str) -> str:
    """The checkpoint, found from anywhere."""
    return checkpoint if checkpoint.startswith("hf:") else os.path.join(home, checkpoint)
