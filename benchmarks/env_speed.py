"""How fast the worlds step, and how fast they become exact models. Run: `python benchmarks/env_speed.py`.

Both are timed on one core, in CPU seconds: stepping is the vectorised environment alone, under actions drawn
beforehand, resets included; enumeration is breadth-first search, transitions and features of levels already drawn.
"""

from __future__ import annotations

import importlib
import json
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from birl_envs.exact import tabular_model
from birl_envs.vector import GridVecEnv

RESULTS = Path(__file__).parent / "results" / "env_speed.json"
SEED, REPEATS = 0, 5
WORLDS = (
    "red_door",
    "corner",
    "coin_corridor",
    "colour_shape",
    "keys_chests",
    "vacuum",
    "supervisor",
    "two_exit",
    "revealed_choice",
    "fork",
)
STEPPING = {"levels": 256, "environments": 256, "steps": 300}
ENUMERATION = {"levels": 200}


def seconds(task: Callable[[], Any]) -> list[float]:
    """CPU seconds of some runs, after one that is not counted."""
    task()
    taken = []
    for _ in range(REPEATS):
        began = time.process_time()
        task()
        taken.append(time.process_time() - began)
    return taken


def stepping(env: Any, draw: Callable[[np.random.Generator, tuple[int, int]], Any]) -> dict[str, float]:
    """Steps per CPU second of a vectorised world."""
    actions = draw(np.random.default_rng(SEED), (STEPPING["steps"], STEPPING["environments"]))
    env.reset()

    def run() -> None:
        for action in actions:
            env.step(action)

    steps = STEPPING["steps"] * STEPPING["environments"]
    rates = [steps / taken for taken in seconds(run)]
    return {"median": round(statistics.median(rates)), "min": round(min(rates))}


def finite(module: ModuleType) -> dict[str, Any]:
    """A grid world: steps per second, and seconds from levels to an exact model."""
    world = module.WORLD
    pool = module.make_levels(module.TRAIN, STEPPING["levels"])
    env = GridVecEnv(world, pool, STEPPING["environments"], seed=SEED)
    levels = module.make_levels(module.TRAIN, ENUMERATION["levels"])
    model = tabular_model(world, levels)
    taken = seconds(lambda: tabular_model(world, levels))
    return {
        "steps_per_second": stepping(env, lambda rng, shape: rng.integers(len(world.actions), size=shape)),
        "enumeration": {
            "states": model.n_states,
            "seconds": {"median": round(statistics.median(taken), 4), "max": round(max(taken), 4)},
        },
    }


def continuous() -> dict[str, Any]:
    """The point mass: steps per second."""
    from birl_envs import point_goal

    env = point_goal.vec_env(STEPPING["environments"], levels=STEPPING["levels"])
    return {"steps_per_second": stepping(env, lambda rng, shape: rng.uniform(-1, 1, size=(*shape, 2)))}


def main() -> None:
    """Measure, print, write."""
    packages = ("birl", "numpy", "scipy", "gymnasium", "stable-baselines3")
    result = {
        "seed": SEED,
        "repeats": REPEATS,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "machine": platform.machine(),
        "settings": {"stepping": STEPPING, "enumeration": ENUMERATION},
        "worlds": {name: finite(importlib.import_module(f"birl_envs.{name}")) for name in WORLDS},
    }
    result["worlds"]["point_goal"] = continuous()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
