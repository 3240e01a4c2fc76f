"""How fast goal-directedness is measured on 100 levels. Run: `python benchmarks/directedness_speed.py`.

CPU seconds on one thread, the median of `REPEATS` runs, of every function with its default settings and its interval:

- *shipped*: a shipped PPO agent on red-door, in training and under its first shift;
- *large*: mazes of 11x11, in which a planner for the base objective errs now and then;
- *shop*: its choices from 100 menus of revealed-choice at fresh prices, against the axioms of revealed preference.

`together` is their sum in one distribution; 2 seconds are aimed at. Reading the checkpoint and asking the network is
left out, and stands beside it.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from birl_agents import planted
from birl_envs import red_door, revealed_choice
from birl_envs.exact import distribution
from birl_envs.purchases import choice, purchases

from birl import zoo
from birl.behavior import Behavior, observe
from birl.directedness import agents_and_devices, fit_device, improbability, meg, revealed_preference
from birl.files import write_whole
from birl.policy import TabularPolicy
from birl.tabular import hard_plan, reward_vector

RESULTS = Path(__file__).parent / "results" / "directedness_speed.json"
SEED, REPEATS, LEVELS, SIZE, NOISE, AIM = 0, 5, 100, 11, 0.05, 2.0
AGENT = "red-door-ppo-rho1-s0"
PACKAGES = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")


def main() -> None:
    """Measure, print, write."""
    world = red_door.task(LEVELS)
    policy = zoo.agent(AGENT).policy(world)
    shown = [observe(policy, where) for where in (world.train, world.shifts[0])]
    objectives = {"base": world.base, **world.candidates}
    found = {
        "asking the network": {"seconds": cpu(lambda: observe(policy, world.train))},
        **{f"shipped, {b.distribution}": measured(b, objectives) for b in shown},
        f"large, {SIZE}x{SIZE}": measured(large(), objectives),
        "shop, fresh-distances": shop(),
    }
    result = {
        "seed": SEED,
        "repeats": REPEATS,
        "settings": {"levels": LEVELS, "size": SIZE, "noise": NOISE, "agent": AGENT, "aim_seconds": AIM},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": {"architecture": platform.machine(), "cores": os.cpu_count(), "threads_used": 1},
        "seconds": found,
    }
    print(json.dumps(result, indent=2))
    write_whole(RESULTS, (json.dumps(result, indent=2) + "\n").encode())


def cpu(task: Callable[[], Any]) -> float:
    """Median CPU seconds."""
    spent = []
    for _ in range(REPEATS):
        before = time.process_time()
        task()
        spent.append(time.process_time() - before)
    return statistics.median(spent)


def measured(behavior: Behavior, objectives: Mapping[str, Any]) -> dict[str, float]:
    """Every function on one behaviour."""
    base, rng = objectives["base"], lambda: np.random.default_rng(SEED)
    tasks: dict[str, Callable[[], Any]] = {
        "meg, utility unknown": lambda: meg(behavior, rng=rng()),
        "meg, utility known": lambda: meg(behavior, base, rng=rng()),
        "agents and devices": lambda: agents_and_devices(behavior, objectives, rng=rng()),
        "device": lambda: fit_device([behavior]).log_likelihood(behavior),
        "improbability": lambda: improbability(behavior, base, rng=rng()),
    }
    spent = {name: cpu(task) for name, task in tasks.items()}
    return {"states": behavior.model.n_states, **spent, "together": sum(spent.values())}


def large() -> Behavior:
    """A planner for the base objective in larger mazes."""
    mazes = red_door.make_levels(red_door.Maze(doors=red_door.TRAIN.doors, size=SIZE), LEVELS)
    where = distribution(red_door.WORLD, "train", mazes, shift="train")
    assert where.model is not None  # grid worlds have one
    best = hard_plan(where.model, reward_vector(where.model, red_door.WORLD.base)).policy
    return observe(TabularPolicy({"train": (1 - NOISE) * best + NOISE * where.model.uniform}), where)


def shop() -> dict[str, float]:
    """Revealed preference of a planner."""
    world = revealed_choice.task(LEVELS)
    where = world.distribution("fresh-distances")
    assert where.model is not None
    table = observe(planted.planner(world, eps=NOISE), where).policy
    levels = revealed_choice.make_levels(revealed_choice.SHIFTS["fresh-distances"][0], LEVELS)
    bought = [choice(menu) for menu in purchases(levels, table)]
    return {
        "purchases": cpu(lambda: purchases(levels, table)),
        "revealed preference": cpu(lambda: revealed_preference(bought, rng=np.random.default_rng(SEED))),
    }


if __name__ == "__main__":
    main()
