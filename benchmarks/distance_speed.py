"""How fast rewards are compared: exact distances of 1,000 draws at once, and distances estimated from samples.

Run: `python benchmarks/distance_speed.py`. CPU seconds on one thread, the median of `REPEATS` runs.

- *exact*: red-door, 183 levels 11x11; weights on all features drawn at random, each draw with its own resampled levels,
  compared with the base objective. `together` canonicalises once for all draws; it leaves out the pattern of
  elimination, which is made once a world (`pattern_seconds`). `one` is a single call of the exact metric; `npec-l1` is
  two linear programs.
- *small*: a random world of 32 states and 4 actions; a single call, the mean of `CALLS`.
- *sampled*: Pendulum, 2,000 states and 8 actions in each, on the random walk: the draw through copies of the
  environment, then each estimate with its interval from 400 resamples.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import json
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from birl_envs.exact import distribution
from birl_envs.red_door import TRAIN, WORLD, Maze, make_levels

from birl.distance import (
    DISTANCES,
    Branching,
    canonical_gram,
    cover,
    distances_from_gram,
    estimate,
    npec,
    starc,
)
from birl.sampled import SampledBehavior, watch
from birl.stats import level_weights
from birl.tabular import TabularModel, reward_vector
from birl.task import load_task
from birl.types import FloatArray

RESULTS = Path(__file__).parent / "results" / "distance_speed.json"
SEED, REPEATS = 0, 5
SMALL, CALLS = {"states": 32, "actions": 4, "discount": 0.9}, 50
EXACT = {"levels": 183, "size": 11, "draws": 1000}
BATCH = ("starc-val", "starc-min", "epic", "dard", "npec")
ALONE = {  # worst-case regret: a linear program of all pairs, minutes at this size
    **{name: DISTANCES[name] for name in ("starc", "starc-min", "epic", "dard", "npec", "regret")},
    "starc-l1": partial(starc, norm="L1"),
    "npec-l1": partial(npec, norm="L1"),
}
SAMPLED = {"task": "pendulum", "states": 2000, "actions": 8, "episodes": 64, "metrics": ["epic", "starc", "starc-min"]}


class Anything:
    """A policy that draws torques at random."""

    def act(self, observations: Any, *, rng: np.random.Generator, deterministic: bool = False) -> Any:
        """Torques, [B, 1]."""
        return rng.uniform(-2.0, 2.0, size=(len(observations), 1)).astype(np.float32)


def cpu(task: Callable[[], Any]) -> float:
    """Median CPU seconds."""
    spent = []
    for _ in range(REPEATS):
        before = time.process_time()
        task()
        spent.append(time.process_time() - before)
    return statistics.median(spent)


def world() -> TabularModel:
    """Red doors in training, as one exact model."""
    maze = Maze(doors=TRAIN.doors, size=EXACT["size"])
    model = distribution(WORLD, "train", make_levels(maze, EXACT["levels"]), shift="train").model
    assert model is not None  # grid worlds have one
    return model


def together(model: TabularModel, metric: Any) -> float:
    """All draws of one metric."""
    rng = np.random.default_rng(SEED)
    draws = rng.normal(size=(EXACT["draws"], model.n_features))
    base = np.array([WORLD.base.get(name, 0.0) for name in model.feature_names])
    picks = level_weights(model.n_levels, EXACT["draws"], rng=rng)

    def run() -> FloatArray:
        moments = canonical_gram(model, model.features.toarray(), metric=metric)
        return distances_from_gram(moments, draws, base, picks).values

    return cpu(run)


def exact() -> dict[str, Any]:
    """Exact distances on the large world."""
    model = world()
    begun = time.process_time()
    _ = model.elimination, model.uniform, model.live
    pattern = time.process_time() - begun
    base, other = (reward_vector(model, w) for w in (WORLD.base, {**WORLD.candidates["red"], "step": -0.01}))
    return {
        "states": model.n_states,
        "transitions": int(model.transitions.nnz),
        "features": model.n_features,
        "pattern_seconds": pattern,
        "together_seconds": {metric: together(model, metric) for metric in BATCH},
        "one_seconds": {name: cpu(lambda m=metric: m(model, base, other)) for name, metric in ALONE.items()},
    }


def small() -> dict[str, float]:
    """Exact distances on a small random world."""
    rng, size = np.random.default_rng(SEED), SMALL["states"] * SMALL["actions"]
    model = TabularModel(
        transitions=rng.dirichlet(np.full(SMALL["states"], 0.5), size=size),
        features=np.zeros((size, 1)),
        start=np.full(SMALL["states"], 1 / SMALL["states"]),
        terminal=np.zeros(SMALL["states"], bool),
        discount=SMALL["discount"],
        feature_names=["nothing"],
    )
    a, b = rng.normal(size=(2, size))
    metrics = {**ALONE, "worst-case-regret": DISTANCES["worst-case-regret"]}
    many = lambda metric: [metric(model, a, b) for _ in range(CALLS)]  # noqa: E731
    return {name: cpu(lambda m=metric: many(m)) / CALLS for name, metric in metrics.items()}


def sampled() -> dict[str, Any]:
    """Distances on Pendulum."""
    task = load_task(SAMPLED["task"])
    rng = np.random.default_rng(SEED)
    behavior: SampledBehavior = watch(Anything(), task.train, episodes=1, rng=rng, discount=task.discount)
    how = Branching(actions=SAMPLED["actions"], episodes=SAMPLED["episodes"])
    draw = lambda: cover(behavior, SAMPLED["states"], source="random-walk", branching=how)  # noqa: E731
    sample, other = draw(), task.candidates["upright"]
    return {
        "draw_seconds": cpu(draw),
        "environment_steps": SAMPLED["episodes"] * 200 + SAMPLED["states"] * (SAMPLED["actions"] + 2),
        "estimate_seconds": {
            metric: cpu(lambda m=metric: estimate(m, sample, task.base, other)) for metric in SAMPLED["metrics"]
        },
    }


def main() -> None:
    """Measure, print, write."""
    packages = ("birl", "numpy", "scipy", "gymnasium")
    result = {
        "seed": SEED,
        "repeats": REPEATS,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "machine": {"architecture": platform.machine(), "cores": os.cpu_count(), "threads_used": 1},
        "settings": {"small": SMALL, "exact": EXACT, "sampled": SAMPLED},
        "small_seconds": small(),
        "exact": exact(),
        "sampled": sampled(),
    }
    print(json.dumps(result, indent=2))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
