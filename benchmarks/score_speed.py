"""How long the command line takes, as a user meets it: whole cold processes. Run: `python benchmarks/score_speed.py`.

Seconds are of processor time (user and system) and of the clock; the median of a few runs, with the range. A busy
machine shows in the range.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from birl_envs.red_door import task

from birl.task import Task

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "score_speed.json"
COMMANDS: Mapping[str, tuple[Sequence[str], int]] = {
    "help": (("--help",), 7),
    "tasks": (("tasks",), 3),
    "score, 100 + 100 levels": (("score", "red-door-ppo-rho1-s0", "--task", "score_speed:two", "--levels", "100"), 3),
    "score, 100 levels a distribution": (("score", "red-door-ppo-rho1-s0", "--task", "red-door", "--levels", "100"), 3),
    "score, 30 levels a distribution": (("score", "red-door-ppo-rho1-s0", "--task", "red-door", "--levels", "30"), 3),
}
PACKAGES = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")


def two(levels: int = 100) -> Task:
    """Red-door with one of its shifts, the door blue: `birl score` takes the time of two distributions."""
    whole = task(levels)
    return replace(whole, shifts=whole.shifts[:1])


def run(arguments: Sequence[str]) -> tuple[float, float]:
    """Processor and clock seconds of one cold process."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "birl", *arguments], check=True, capture_output=True, cwd=HERE)
    after, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock


def summary(values: Sequence[float]) -> Mapping[str, float]:
    """Median and range."""
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
    }


def main() -> None:
    """Time every command and write the results."""
    found = {}
    for name, (arguments, times) in COMMANDS.items():
        runs = [run(arguments) for _ in range(times)]
        found[name] = {
            "command": "birl " + " ".join(arguments),
            "runs": times,
            "processor seconds": summary([cpu for cpu, _ in runs]),
            "clock seconds": summary([clock for _, clock in runs]),
        }
        print(name, found[name]["processor seconds"], found[name]["clock seconds"], flush=True)
    report = {
        "seed": 0,
        "draws": 200,
        "cores": os.cpu_count(),
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "commands": found,
    }
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
