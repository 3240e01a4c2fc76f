"""How fast `bayesian` draws, and what the draws are worth. Run: `python benchmarks/bayesian_speed.py`.

Four chains of 1,000 draws of the weights of 10 features on a red-door distribution of about 10,000 states, in two
processes of one thread each, for two policies: *soft*, soft-optimal for planted weights (what the likelihood assumes),
and *noisy*, a door-seeker with 5 % random actions (what it does not). CPU time is of all processes together. The parts
say what the time of a shorter run in one process goes into: backups (T V), solves with factors that are there already,
factorisations, the second-order start of V, and the guide.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import cProfile
import json
import platform
import pstats
import resource
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from birl_envs.exact import distribution
from birl_envs.red_door import WORLD, Maze, make_levels
from joblib.externals.loky import get_reusable_executor

from birl.behavior import Behavior, observe
from birl.irl import Bayesian
from birl.policy import TabularPolicy
from birl.tabular import hard_plan, reward_vector, soft_plan

RESULTS = Path(__file__).parent / "results" / "bayesian_speed.json"
SEED, LEVELS, SIZE, EPS = 0, 100, 11, 0.05
DOORS = {"red": 0.5, "blue": 0.5}
PLANTED = {
    "touch:door&red": 6.0,
    "touch:door&blue": 4.0,
    "touch:ball&red": 2.0,
    "touch:ball&blue": 1.0,
}  # step is neutral
METHOD = Bayesian(jobs=2)
PROFILED = 50  # draws of each chain, and as many before, under the profiler, which slows everything
PARTS = {"backups": "backup", "solves": "solve", "factorisations": "gstrf", "start of V": "expected", "guide": "_along"}


def behavior(kind: str) -> Behavior:
    """The policy on the levels."""
    where = distribution(WORLD, "half-red", make_levels(Maze(doors=DOORS, size=SIZE), LEVELS), shift="train")
    model = where.model
    assert model is not None  # grid worlds have one
    if kind == "soft":
        table = soft_plan(model, reward_vector(model, PLANTED)).policy
    else:
        best = hard_plan(model, reward_vector(model, WORLD.base)).policy
        table = (1 - EPS) * best + EPS * model.uniform
    return observe(TabularPolicy({where.name: table}), where)


def measured(kind: str) -> dict[str, Any]:
    """Time one posterior and read its checks."""
    seen = behavior(kind)
    wall, cpu = time.perf_counter(), cpu_seconds()
    estimate = METHOD.fit([seen], rng=np.random.default_rng(SEED))
    wall = time.perf_counter() - wall
    get_reusable_executor().shutdown(wait=True)  # the time of processes is known when they have ended
    cpu = cpu_seconds() - cpu
    effective = next(c.value for c in estimate.checks if c.name == "effective draws")
    assert effective is not None  # 4,000 draws that move have one
    found = {
        "policy": kind,
        "states": seen.model.n_states,
        "nonzeros": seen.model.transitions.nnz,
        "features": seen.model.n_features,
        "jobs": METHOD.jobs,
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "load_average": os.getloadavg()[0],
        "r_hat": next(c.value for c in estimate.checks if c.name == "R-hat"),
        "effective_draws": effective,
        "effective_draws_a_second": effective / wall,
        "effective_draws_a_cpu_second": effective / cpu,
        "walk": estimate.provenance["draws"],
        "share_of_time": parts(seen),
        "peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    if kind == "soft":
        found["planted_weights_in_their_95_percent_intervals"] = {
            name: bool(interval.low <= PLANTED.get(name, 0.0) <= interval.high)
            for name, interval in estimate.intervals.items()
        }
    print(json.dumps(found), flush=True)
    return found


def cpu_seconds() -> float:
    """Of this process and of those it started that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def parts(seen: Behavior) -> dict[str, float]:
    """Shares of the time of a shorter run."""
    profile = cProfile.Profile()
    short = Bayesian(draws=PROFILED, warm_up=PROFILED)
    profile.runcall(short.fit, [seen])
    stats: Any = pstats.Stats(profile)
    total = stats.total_tt
    seconds = dict.fromkeys(PARTS, 0.0)
    for (_, _, function), (_, _, own, cumulative, _) in stats.stats.items():
        for part, name in PARTS.items():
            if function == name or f"'{name}'" in function or function.endswith(f"{name}>"):
                seconds[part] += cumulative if part in ("backups", "start of V", "guide") else own
    return {part: round(s / total, 3) for part, s in seconds.items()}


def main() -> None:
    """Measure, print, write."""
    packages = ("birl", "numpy", "scipy", "arviz-stats", "gymnasium", "stable-baselines3")
    result = {
        "seed": SEED,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "machine": {"architecture": platform.machine(), "cores": os.cpu_count(), "threads_a_process": 1},
        "settings": {
            "levels": LEVELS,
            "size": SIZE,
            "doors": DOORS,
            "eps": EPS,
            "planted": PLANTED,
            "method": asdict(METHOD),
        },
        "posteriors": [measured(kind) for kind in ("soft", "noisy")],
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
