"""How fast `bayesian` draws, and what the draws are worth. Run: `python benchmarks/bayesian_speed.py`.

Four chains of 1,000 draws of the weights of 10 features on a red-door distribution of about 10,000 states, on one
thread, for two policies: *soft*, soft-optimal for planted weights (what the likelihood assumes), and *noisy*, a
door-seeker with 5 % random actions (what it does not). The parts say what the time goes into: backups (T V), solves
with factors that are there already, and factorisations.
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
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from birl_envs.exact import distribution
from birl_envs.red_door import WORLD, Maze, make_levels

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
METHOD = Bayesian()
PROFILED = 50  # draws of each chain under the profiler, which slows everything
PARTS = {"backups": "backup", "solves": "solve", "factorisations": "gstrf", "start of V": "expected"}


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
    wall, cpu = time.perf_counter(), time.process_time()
    estimate = METHOD.fit([seen], rng=np.random.default_rng(SEED))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    found = {
        "policy": kind,
        "states": seen.model.n_states,
        "nonzeros": seen.model.transitions.nnz,
        "features": seen.model.n_features,
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "load_average": os.getloadavg()[0],
        "r_hat": next(c.value for c in estimate.checks if c.name == "R-hat"),
        "effective_draws": next(c.value for c in estimate.checks if c.name == "effective draws"),
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


def parts(seen: Behavior) -> dict[str, float]:
    """Shares of the time of a shorter run."""
    profile = cProfile.Profile()
    short = Bayesian(draws=PROFILED, warm_up=0)
    profile.runcall(short.fit, [seen])
    stats: Any = pstats.Stats(profile)
    total = stats.total_tt
    seconds = dict.fromkeys(PARTS, 0.0)
    for (_, _, function), (_, _, own, cumulative, _) in stats.stats.items():
        for part, name in PARTS.items():
            if function == name or f"'{name}'" in function or function.endswith(f"{name}>"):
                seconds[part] += cumulative if part in ("backups", "start of V") else own
    return {part: round(s / total, 3) for part, s in seconds.items()}


def main() -> None:
    """Measure, print, write."""
    packages = ("birl", "numpy", "scipy", "arviz-stats", "gymnasium", "stable-baselines3")
    result = {
        "seed": SEED,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "machine": {"architecture": platform.machine(), "cores": os.cpu_count(), "threads_used": 1},
        "settings": {
            "levels": LEVELS,
            "size": SIZE,
            "doors": DOORS,
            "eps": EPS,
            "planted": PLANTED,
            "method": {name: getattr(METHOD, name) for name in METHOD.__dataclass_fields__},
        },
        "posteriors": [measured(kind) for kind in ("soft", "noisy")],
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
