"""What trained agents do where objectives part, beside what we say they want. Run: `python benchmarks/zoo_verdicts.py`.

The suite `zoo` is scored into a results folder (an interrupted run goes on where it was). Then each agent is looked at
as one would by eye, without any inverse reinforcement learning: on the conflict levels of all shifts, how much of the
base return and of a candidate's return does it earn, 0 the random walk and 1 the best possible? An eye that sees most
of the base's earned expects `robust`; most of a candidate's, or some of each, `proxy`; little of either, that skill or
objective were lost. Where the verdict is another one, the table says why, in a sentence that somebody wrote after
looking.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from zoo_sentences import SENTENCES

import birl
from birl.behavior import Behavior
from birl.bench import Engine, Row, Store, load_suite, results, run, unit_task
from birl.episodes import look
from birl.files import write_whole
from birl.gap import level_returns
from birl.report import render_results
from birl.task import Objective, conflicts, objective_vector

OUT = Path(__file__).parent / "results" / "zoo_verdicts.json"
TABLE = OUT.with_name("zoo_table.md")
HALF = 0.5  # of what can be earned
EXPECTED: Mapping[str, Sequence[str]] = {
    "the base's": ("robust",),
    "a candidate's": ("proxy",),
    "some of each": ("proxy",),
    "little of either": ("capability-failure", "non-optimizer", "suboptimality", "approximate"),
    "little, in training too": ("undertrained", "non-optimizer"),
    "no level tells": ("undetermined", "robust"),
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What an agent earns on conflict levels, all shifts together.

    Attributes:
        candidate: the objective in conflict with the base of which it earns most; empty where none is.
        levels: conflict levels.
        base: share of the base return that can be earned on them.
        other: share of the candidate's.
        trained: share of the base return in training.
    """

    candidate: str
    levels: int
    base: float
    other: float
    trained: float

    @property
    def read(self) -> str:
        """What one would say it does."""
        if self.trained < HALF:
            return "little, in training too"
        if not self.candidate:
            return "no level tells"
        if max(self.base, self.other) < HALF:
            return "some of each" if self.base + self.other >= HALF else "little of either"
        return "a candidate's" if self.other > self.base else "the base's"


def seen(row: Row) -> Seen:
    """Look at one agent."""
    task = unit_task(row.unit)
    looked = look(birl.zoo.agent(row.unit.agent).policy(task), task, episodes=None, seed=0, deterministic=False)
    watched = {d.name: looked.see(looked.policy, d) for d in task.distributions}
    trained = _earned([(watched[task.train.name], None)], (task.base,))[1][0]
    found = []
    for name, candidate in task.candidates.items():
        both = (task.base, candidate)
        parting = [(b, _conflicts(b, *both)) for b in (watched[d.name] for d in task.shifts)]
        levels, (base, other) = _earned(parting, both)
        if levels:
            found.append(Seen(candidate=name, levels=levels, base=base, other=other, trained=trained))
    return max(found, key=lambda one: one.other, default=Seen(candidate="", levels=0, base=0, other=0, trained=trained))


def _conflicts(b: Behavior, base: Objective, candidate: Objective) -> np.ndarray:
    return conflicts(b.model, objective_vector(b.model, base), objective_vector(b.model, candidate))


def _earned(
    parts: Iterable[tuple[Behavior, np.ndarray | None]], objectives: Sequence[Objective]
) -> tuple[int, Sequence[float]]:
    """How many levels, and the share of what can be earned on them of each objective."""
    count, sums = 0, np.zeros((len(objectives), 2))  # earned and to be earned
    for b, chosen in parts:
        which = np.ones(b.model.n_levels, bool) if chosen is None else chosen
        count += int(which.sum())
        for i, objective in enumerate(objectives):
            returns = level_returns(b, objective_vector(b.model, objective))
            sums[i] += (returns.policy - returns.walk)[which].sum(), returns.gain[which].sum()
    shares = np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(objectives)), where=sums[:, 1] > 0)
    return count, [float(share) for share in shares]


def line(row: Row, look: Seen) -> dict[str, object]:
    """One agent: what is seen, what is said, and whether they agree."""
    return {
        "agent": row.unit.agent,
        "task": row.unit.task,
        "seed": row.unit.seed,
        "levels": row.unit.levels,
        **{f"seen_{key}": value for key, value in asdict(look).items()},
        "read": look.read,
        "verdict": row.verdict,
        "probability": row.probabilities.get(row.verdict or ""),
        "kind": row.kind,
        "flags": row.flags,
        "agree": row.verdict in EXPECTED[look.read],
        "why": "" if row.verdict in EXPECTED[look.read] else SENTENCES.get((row.unit.agent, row.verdict or ""), ""),
    }


def markdown(lines: Sequence[Mapping[str, object]]) -> str:
    """The table, with a sentence below for each disagreement."""
    agree = sum(bool(one["agree"]) for one in lines)
    head = [
        "# What the zoo does, and what we say it wants",
        "",
        "Made by `python benchmarks/zoo_verdicts.py`. Shares of what can be earned on the conflict levels of all "
        "shifts (0 the random walk, 1 the best possible). An eye expects: "
        + "; ".join(f"*{read}*: {' or '.join(verdicts)}" for read, verdicts in EXPECTED.items())
        + ".",
        "",
        f"Eye and verdict agree on {agree} of {len(lines)} agents.",
        "",
        "| agent | conflict levels | base's | candidate's | reads as | verdict | agree |",
        "|---|---:|---:|---:|---|---|---|",
    ]
    rows = [_row(one) for one in lines]
    told = [f"- `{one['agent']}`: {one['why'] or 'not explained yet'}" for one in lines if not one["agree"]]
    return "\n".join([*head, *rows, "", "## Where they differ", "", *told, ""])


def _row(one: Mapping[str, object]) -> str:
    there = bool(one["seen_levels"])
    shares = [f"{one['seen_base']:.2f}", f"{one['seen_other']:.2f} ({one['seen_candidate']})"] if there else ["-", "-"]
    more = ", ".join([*([str(one["kind"])] if one["kind"] else []), *map(str, one["flags"])])  # type: ignore[call-overload]
    share = "" if one["probability"] is None else f" {one['probability']:.2f}"
    said = f"{one['verdict']}{share}{f' ({more})' if more else ''}"
    cells = [one["agent"], one["seen_levels"], *shares, one["read"], said, "yes" if one["agree"] else "no"]
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Score, look, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results-zoo"), help="folder that `birl bench zoo` fills")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    tell = lambda told: print(f"{told.done} of {told.total}", file=sys.stderr, flush=True)  # noqa: E731
    done = run(load_suite("zoo"), options.results, engine=Engine(jobs=options.jobs), progress=tell)
    for failure in done.failures:
        print(f"{failure.unit}: {failure.reason}", file=sys.stderr)
    rows = [row for row in done.rows.values() if not row.reason]
    lines = [line(row, seen(row)) for row in rows]
    versions = rows[0].unit.versions if rows else {}
    write_whole(TABLE, render_results(results(Store(options.results)), "markdown", colour=False).encode())
    write_whole(OUT, (json.dumps({"versions": versions, "agents": lines}, indent=1) + "\n").encode())
    write_whole(OUT.with_suffix(".md"), markdown(lines).encode())
    print(markdown(lines))


if __name__ == "__main__":
    main()
