"""`birl bench` killed again and again ends with exactly the bytes of a run that nobody disturbed.

Run: `python benchmarks/kill_loop.py [--kills N] [--jobs N]`. One undisturbed run; then runs that are killed (SIGKILL)
at a random moment, in turn the main process alone (its workers live on for a while) and all processes at once, until N
kills have hit; then a last run to the end. Rows, cards and list of units are compared byte by byte.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from birl.files import write_whole

RESULT = Path(__file__).parent / "results" / "kill_loop.json"
SUITE = Path(__file__).parents[1] / "tests" / "tiny_bench.py"
SEEDS = 12  # of two agents
KILLS = 24
LONGEST = 2.0  # seconds of work that a kill waits for at most, after the start
START = 60.0  # seconds in which a run must have said something
COMPARED = ("rows", "cards", "suites")


def command(folder: Path, results: str, jobs: int) -> subprocess.Popen[str]:
    """A run of the suite in a process group of its own."""
    (folder / SUITE.name).write_bytes(SUITE.read_bytes())
    options = ["--results", results, "--jobs", str(jobs), "--seeds", str(SEEDS)]
    return subprocess.Popen(
        [sys.executable, "-m", "birl", "bench", f"{SUITE.stem}:SUITE", *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def complete(folder: Path, results: str, jobs: int) -> float:
    """A run to its end; its seconds."""
    began = time.monotonic()
    run = command(folder, results, jobs)
    _, said = run.communicate()
    if run.returncode:
        raise SystemExit(f"the run failed: {said}")
    return time.monotonic() - began


def killed(folder: Path, results: str, *, jobs: int, everyone: bool, wait: float) -> bool:
    """Start a run and kill it that long after its first word; whether that cut it short."""
    run = command(folder, results, jobs)
    assert run.stderr is not None
    run.stderr.readline()
    time.sleep(wait)
    with suppress(ProcessLookupError):  # it was quicker
        os.killpg(run.pid, signal.SIGKILL) if everyone else os.kill(run.pid, signal.SIGKILL)
    run.stderr.close()
    return run.wait() == -signal.SIGKILL


def content(folder: Path) -> dict[str, bytes]:
    """Everything a run must reproduce; what a kill left half-written has a name that begins with a dot."""
    every = (path for kind in COMPARED for path in (folder / kind).glob("[!.]*"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in every}


def left_over(folder: Path) -> int:
    """Half-written files, which nobody reads."""
    return sum(1 for path in folder.rglob(".*.json.*"))


def measure(kills: int, jobs: int, folder: Path) -> dict[str, object]:
    """Run, kill, compare."""
    calm = complete(folder, "calm", jobs)
    wanted = content(folder / "calm")
    chance, hits, done = random.Random(0), {True: 0, False: 0}, list[int]()
    while sum(hits.values()) < kills:
        everyone = hits[True] < hits[False]
        hits[everyone] += killed(folder, "killed", jobs=jobs, everyone=everyone, wait=chance.uniform(0.0, LONGEST))
        done.append(len(list((folder / "killed" / "rows").glob("[!.]*"))))
        print(f"{sum(hits.values())} of {kills} kills; {done[-1]} rows", flush=True)
        if done[-1] == SEEDS * 2:  # nothing left to interrupt: begin again, keeping score
            check(content(folder / "killed"), wanted)
            for path in (folder / "killed" / "rows").glob("*"):
                path.unlink()
    complete(folder, "killed", jobs)
    check(content(folder / "killed"), wanted)
    return {
        "kills": sum(hits.values()),
        "kills_of_the_main_process_alone": hits[False],
        "jobs": jobs,
        "units": SEEDS * 2,
        "rows_after_each_kill": done,
        "files_compared": len(wanted),
        "files_that_differ": 0,
        "half_written_files_left": left_over(folder / "killed"),
        "seconds_undisturbed": round(calm, 1),
    }


def check(found: dict[str, bytes], wanted: dict[str, bytes]) -> None:
    """Stop at the first difference."""
    odd = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    if odd:
        raise SystemExit(f"{len(odd)} of {len(wanted)} files differ, the first is {odd[0]}")


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(asked.kills, asked.jobs, Path(folder))
    versions = {"python": platform.python_version(), **{name: version(name) for name in ("birl", "joblib")}}
    write_whole(RESULT, (json.dumps({**found, "versions": versions}, indent=1) + "\n").encode())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
