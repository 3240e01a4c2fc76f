"""How much faster `birl bench` is with W workers than with one.

Run: `python benchmarks/bench_scaling.py [--workers 1 2 ...] [--repeats N]`. The same suite into a fresh folder each
time, runs with different numbers of workers in turn, so that other load on the machine hits all of them. Speed-up is
the ratio of units a second, counted from the moment the first unit may start to the end, so that start-up of the main
process is left out and that of the workers is not. What the machine itself gives is measured beside it: the same units
in W processes that share nothing, which no way of distributing them can beat.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from birl.bench import Engine, Entry, Suite, run
from birl.files import write_whole

RESULT = Path(__file__).parent / "results" / "bench_scaling.json"
AGENTS = ("planner", "red", "blend", "device")
SUITE = Suite(
    name="scaling",
    about="planted agents on red-door",
    entries=tuple(Entry(agent=agent, task="red-door") for agent in AGENTS),
    levels=10,
    draws=50,
    seeds=6,
)
REPEATS = 2


def seconds(suite: Suite, workers: int) -> float:
    """A whole run into a fresh folder, from when units may start."""
    with tempfile.TemporaryDirectory() as folder:
        began: list[float] = []
        run(
            suite,
            Path(folder) / "results",
            engine=Engine(jobs=workers),
            progress=lambda told: began.append(time.perf_counter()),
        )
        return began[-1] - began[0]


def alone(workers: int) -> float:
    """The longest of W processes that each do all units, by themselves; over W times the work this is the bound."""
    here = [sys.executable, __file__, "--one-process"]
    running = [subprocess.Popen(here, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
    return max(float(process.communicate()[0].split()[-1]) for process in running)


def measure(workers: list[int], repeats: int) -> dict[str, Any]:
    """Runs in turn; medians and their ratios."""
    took: dict[str, dict[int, list[float]]] = {"bench": {w: [] for w in workers}, "machine": {w: [] for w in workers}}
    for _ in range(repeats):
        for w in workers:
            took["bench"][w].append(fresh(w))
            took["machine"][w].append(alone(w))
            print(f"{w} workers: {took['bench'][w][-1]:.1f} s; alone {took['machine'][w][-1]:.1f} s", flush=True)
    bench = {w: statistics.median(took["bench"][w]) for w in workers}
    machine = {w: statistics.median(took["machine"][w]) for w in workers}
    first = workers[0]
    return {
        "units": len(SUITE.entries) * SUITE.seeds,
        "seconds": took["bench"],
        "speedup": {w: bench[first] / bench[w] for w in workers},
        "speedup_the_machine_gives": {w: (w / first) * machine[first] / machine[w] for w in workers},
        "seconds_of_processes_that_share_nothing": took["machine"],
    }


def fresh(workers: int) -> float:
    """A run in a process of its own: nothing is warm but what is warm for everybody."""
    here = [sys.executable, __file__, "--one-run", str(workers)]
    return float(subprocess.run(here, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1])


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--one-run", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--one-process", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one_run or asked.one_process:
        print(seconds(SUITE if asked.one_run else replace(SUITE, name="alone"), asked.one_run or 1))
        return
    found = measure(asked.workers, asked.repeats)
    versions = {"python": platform.python_version(), **{name: version(name) for name in ("birl", "joblib", "numpy")}}
    told = {**found, "cores": os.cpu_count(), "load_before": os.getloadavg()[0], "versions": versions}
    write_whole(RESULT, (json.dumps(told, indent=1) + "\n").encode())
    print(json.dumps(found["speedup"]), json.dumps(found["speedup_the_machine_gives"]))


if __name__ == "__main__":
    main()
