"""Run experiments and write their rows, figures and page: `python benchmarks/run_experiments.py [NAME ...]`.

Without a name all of them. A unit that is stored already, by this experiment or by one that measures the same, is not
measured again, so an interrupted run goes on where it stopped. `--fresh` measures again what is asked for; `--page`
measures nothing.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # for workers, too

from experiments import EXPERIMENTS, Experiment, Row
from experiments.page import page
from experiments.stored import RESULTS, read, write, write_figure
from planted_verdicts import source_digest

from birl.bench import Engine
from birl.files import write_whole
from birl.types import BirlError, unknown_name

PAGE = Path(__file__).parent / "EXPERIMENTS.md"


def measured(unit: tuple[str, int], name: str, source: str) -> Row:
    """The row of one unit."""
    case, seed = unit
    one = EXPERIMENTS[name]
    began = time.process_time()
    found = one.measure(case, seed, one.size)
    return {"case": case, "seed": seed, "source": source, "seconds": round(time.process_time() - began, 2), **found}


def known(one: Experiment) -> dict[tuple[str, int], Row]:
    """What is stored of an experiment's units, by it or by one that measures the same way."""
    alike = [other for other in EXPERIMENTS.values() if other.measure is one.measure and other.size == one.size]
    found = {(row["case"], row["seed"]): row for other in (*alike, one) for row in read(other)}
    return {key: row for key, row in found.items() if key[0] in one.cases}


def run(one: Experiment, options: argparse.Namespace, fresh: set[tuple[Any, str, int]]) -> Sequence[Row]:
    """Measure what is missing, keep every unit as it comes, draw the figure.

    Args:
        one: the experiment.
        options: of the command line.
        fresh: what has been measured again in this run: a unit that experiments share is measured once.
    """
    units, source = one.units(options.seeds), source_digest()
    rows = dict(known(one))
    if options.fresh:
        rows = {key: row for key, row in rows.items() if (one.measure, *key) in fresh or key not in units}
    missing = [unit for unit in units if unit not in rows]
    with Engine(jobs=options.jobs).started() as each:
        for n, row in enumerate(each(partial(measured, name=one.name, source=source), missing), 1):
            rows[row["case"], row["seed"]] = row
            fresh.add((one.measure, row["case"], row["seed"]))
            write(one, list(rows.values()))
            said = f"{row.get('verdict', '')} {row['seconds']:.1f} s"
            print(
                f"{one.name} {n}/{len(missing)} {row['case']}, seed {row['seed']}: {said}", file=sys.stderr, flush=True
            )
    write(one, list(rows.values()))
    if len({row["source"] for row in rows.values()}) > 1:
        print(
            f"{one.name}: rows were made by different code: run again with --fresh before publishing", file=sys.stderr
        )
    whole = one.complete(list(rows.values()))
    if whole:
        write_figure(one, whole)
        print(f"{one.name}: {one.sentence(whole)}\n")
    return whole


def main() -> None:
    """Parse, run, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(EXPERIMENTS)}; all if left out")
    parser.add_argument("--seeds", type=int, help="blocks of levels; each experiment's own number if left out")
    parser.add_argument("--jobs", type=int, default=1, help="units at a time")
    parser.add_argument("--fresh", action="store_true", help="measure again what is stored")
    parser.add_argument("--page", action="store_true", help="measure nothing: figures and page of what is stored")
    options = parser.parse_args()
    try:
        for name in options.names:
            if name not in EXPERIMENTS:
                raise unknown_name("experiment", name, EXPERIMENTS)
        fresh: set[tuple[Any, str, int]] = set()
        for name in options.names or EXPERIMENTS:
            one = EXPERIMENTS[name]
            if not options.page:
                run(one, options, fresh)
            elif rows := one.complete(read(one)):
                write_figure(one, rows)
        found = {name: read(one) for name, one in EXPERIMENTS.items()}
        write_whole(PAGE, page(found, EXPERIMENTS).encode())
    except BirlError as error:
        raise SystemExit(f"error: {error}") from error
    print(f"{PAGE} and {RESULTS}", file=sys.stderr)


if __name__ == "__main__":
    main()
