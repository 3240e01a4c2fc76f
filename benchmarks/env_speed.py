"""How fast a world steps, and how fast it becomes an exact model. Run: `python benchmarks/env_speed.py`.

Both are timed on one core: stepping is the vectorised environment alone, under actions drawn beforehand; enumeration is
breadth-first search, transitions and features of freshly made levels.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from birl_envs.exact import tabular_model
from birl_envs.red_door import TRAIN, WORLD, Maze, make_levels
from birl_envs.vector import GridVecEnv

RESULTS = Path(__file__).parent / "results" / "env_speed.json"
SEED, REPEATS = 0, 5
STEPPING = {"levels": 256, "size": 9, "environments": 256, "steps": 500}
ENUMERATION = {"levels": 200, "size": 11}


def seconds(task: Callable[[], Any]) -> list[float]:
    """Wall-clock seconds of some runs, after one that is not counted."""
    task()
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        task()
        taken.append(time.perf_counter() - began)
    return taken


def stepping() -> dict[str, Any]:
    """Steps per second of the vectorised world, resets included."""
    levels = make_levels(Maze(doors=TRAIN.doors, size=STEPPING["size"]), STEPPING["levels"])
    env = GridVecEnv(WORLD, levels, STEPPING["environments"], seed=SEED)
    shape = (STEPPING["steps"], STEPPING["environments"])
    actions = np.random.default_rng(SEED).integers(len(WORLD.actions), size=shape)
    env.reset()

    def run() -> None:
        for action in actions:
            env.step(action)

    rates = [actions.size / taken for taken in seconds(run)]
    return {"settings": STEPPING, "steps_per_second": {"median": statistics.median(rates), "min": min(rates)}}


def enumeration() -> dict[str, Any]:
    """Seconds from levels to an exact model."""
    levels = make_levels(Maze(doors=TRAIN.doors, size=ENUMERATION["size"]), ENUMERATION["levels"])
    model = tabular_model(WORLD, levels)
    taken = seconds(lambda: tabular_model(WORLD, levels))
    return {
        "settings": ENUMERATION,
        "states": model.n_states,
        "nonzeros": model.transitions.nnz,
        "seconds": {"median": statistics.median(taken), "max": max(taken)},
    }


def main() -> None:
    """Measure, print, write."""
    packages = ("birl", "numpy", "scipy", "gymnasium", "stable-baselines3")
    result = {
        "seed": SEED,
        "repeats": REPEATS,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "machine": platform.machine(),
        "stepping": stepping(),
        "enumeration": enumeration(),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
