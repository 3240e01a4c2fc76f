"""The table of a whole suite: what `birl bench SUITE` and `birl table` give. Run: `python benchmarks/suite_table.py`.

An interrupted run goes on where it was. `--by-method` adds a line for each method alone.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from birl.bench import Engine, Suite, load_suite, results, run
from birl.bench.unit import versions
from birl.files import write_whole
from birl.report import render_results

RESULTS = Path(__file__).parent / "results"


def heading(suite: Suite, command: str) -> str:
    """What was scored, how, and by what."""
    of = ", ".join(f"{name} {version}" for name, version in versions().items())
    return (
        f"# The suite `{suite.name}`\n\n{suite.about[0].upper()}{suite.about[1:]}\n\n"
        f"Agents on tasks: {len(suite.entries)}. Seeds: {suite.seeds}. Levels of each distribution: {suite.levels}. "
        f"Draws: {suite.draws}. Methods: {', '.join(suite.methods)}. Made by `{command}` with {of}.\n\n"
    )


def main() -> None:
    """Score what is missing, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", nargs="?", default="planted", help="a name that `birl bench` lists")
    parser.add_argument("--by-method", action="store_true", help="with each method alone, too")
    parser.add_argument("--results", type=Path, help="folder that `birl bench` fills")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    name = options.suite + ("-by-method" if options.by_method else "")
    suite = replace(load_suite(options.suite), name=name, by_method=options.by_method)
    folder = options.results or Path(f"results-{name}")
    tell = lambda told: print(f"{told.done} of {told.total}", file=sys.stderr, flush=True)  # noqa: E731
    done = run(suite, folder, engine=Engine(jobs=options.jobs), progress=tell)
    for failure in done.failures:
        print(f"{failure.unit}: {failure.reason}", file=sys.stderr)
    command = f"python benchmarks/suite_table.py {options.suite}" + (" --by-method" if options.by_method else "")
    table = render_results(results(done.store), "markdown", colour=False).removeprefix("# Benchmark\n\n")
    shown = heading(suite, command) + table
    write_whole(RESULTS / f"{name}_table.md", shown.encode())
    print(shown)


if __name__ == "__main__":
    main()
