"""How cost grows: with features, levels, draws and agents. Run: `python benchmarks/growth_speed.py`.

One thing is varied, the rest stays. Processor seconds on one thread, each the least of a few runs: what another process
costs us can only be added. How it grows with states is in `mce_speed.py`, with workers in `bench_scaling.py`.

- *features*: exact `mce` on 100 levels 11x11, about 10,000 states, whose features are the world's ten and random
  numbers for each state and action.
- *levels* and *draws*: all of `birl.score` on red-door, a planted agent.
- *agents*: a benchmark run of so many units on one worker, as seconds in all.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import json
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from birl_agents import planted
from birl_envs.exact import distribution
from birl_envs.red_door import TRAIN, WORLD, make_levels

import birl
from birl.behavior import observe
from birl.bench import Entry, Suite, run
from birl.files import write_whole
from birl.irl import MaxCausalEntropy
from birl.policy import TabularPolicy
from birl.tabular import soft_plan

RESULTS = Path(__file__).parent / "results" / "growth_speed.json"
SEED, REPEATS, EPS = 0, 3, 0.05
FEATURES = (10, 20, 40, 80)
FEATURE_LEVELS, SIZE = 100, 11
LEVELS, LEVEL_DRAWS = (10, 20, 40, 80, 160), 200
DRAWS, DRAW_LEVELS = (50, 100, 200, 400, 800), 20
AGENTS = (1, 2, 4, 8)
PACKAGES = ("birl", "numpy", "scipy", "gymnasium", "joblib")


def least(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Processor seconds of the quickest of some calls."""
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return min(taken)


def features() -> dict[int, float]:
    """Seconds by number of features."""
    where = distribution(WORLD, "train", make_levels(replace(TRAIN, size=SIZE), FEATURE_LEVELS), shift="train")
    model, rng = where.model, np.random.default_rng(SEED)
    assert model is not None  # grid worlds have one
    found = {}
    for count in FEATURES:
        more = rng.normal(size=(model.n_states * model.n_actions, count - model.n_features))
        wide = replace(
            model,
            features=sp.hstack([model.features, sp.csr_matrix(more)], format="csr"),
            feature_names=(*model.feature_names, *(f"random {i}" for i in range(more.shape[1]))),
        )
        table = soft_plan(wide, wide.features @ rng.normal(size=count) / 10).policy
        seen = observe(TabularPolicy({"train": table}), replace(where, model=wide))
        found[count] = least(lambda seen=seen: MaxCausalEntropy().fit([seen]))
        print(f"{count} features: {found[count]:.2f} s", flush=True)
    return found


def scored(levels: int, draws: int) -> float:
    """Seconds of scoring the planted agent for red things."""
    task = birl.load_task("red-door", levels=levels)
    policy = planted.planner(task, task.candidates["red"], eps=EPS)
    seconds = least(lambda: birl.score(policy, task, seed=SEED, draws=draws))
    print(f"{levels} levels, {draws} draws: {seconds:.2f} s", flush=True)
    return seconds


def agents(count: int) -> float:
    """Seconds of a benchmark run."""
    names = ("planner", "red", "blend", "device")
    entries = tuple(Entry(agent=name, task="red-door") for name in names[: min(count, len(names))])
    suite = Suite(name="growth", about="", entries=entries, levels=10, draws=50, seeds=max(1, count // len(names)))
    with tempfile.TemporaryDirectory() as folder:
        seconds = least(lambda: run(suite, Path(folder) / "results"), repeats=1)
    print(f"{count} agents: {seconds:.2f} s", flush=True)
    return seconds


def main() -> None:
    """Measure, print, write."""
    found: Mapping[str, Any] = {
        "features": features(),
        "levels": {count: scored(count, LEVEL_DRAWS) for count in LEVELS},
        "draws": {count: scored(DRAW_LEVELS, count) for count in DRAWS},
        "agents": {count: agents(count) for count in AGENTS},
    }
    told = {
        "seed": SEED,
        "repeats": REPEATS,
        "settings": {
            "features": {"levels": FEATURE_LEVELS, "size": SIZE},
            "levels": {"draws": LEVEL_DRAWS, "distributions": len(birl.load_task("red-door", levels=1).distributions)},
            "draws": {"levels": DRAW_LEVELS},
            "agents": {"levels": 10, "draws": 50},
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": {"architecture": platform.machine(), "cores": os.cpu_count(), "threads_used": 1},
        "seconds": found,
    }
    write_whole(RESULTS, (json.dumps(told, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
