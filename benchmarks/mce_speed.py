"""How fast exact `mce` fits: against imitation's MCE IRL, and as worlds grow. Run: `python benchmarks/mce_speed.py`.

Three parts, all on one thread:

- *peers*: imitation's own kind of problem: an open grid, 50 steps, discount 1, a reward for every state, from the state
  visits of a known policy. Both stop when no state's visits, summed over the horizon, are off by more than 1e-3. Theirs
  (`peer_mce.py`) gets two learning rates: its default, and of .05, .1, .2 and .5 the one that was fastest at S = 100;
  the better counts. It counts the last arrival as a visit, ours the states acted in. Where neither is there after
  `BUDGET` CPU seconds, the ratio is a lower bound: what was spent without getting there.
- *joint*: two red-door distributions of 100 levels 11x11, fitted together.
- *growth*: one red-door distribution of up to a million states.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import json
import platform
import resource
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from birl_envs.exact import distribution
from birl_envs.red_door import SHIFTS, TRAIN, WORLD, Maze, make_levels
from peer_mce import mce_irl

from birl.behavior import Behavior, observe
from birl.irl import MaxCausalEntropy
from birl.policy import TabularPolicy
from birl.tabular import TabularModel, hard_plan, reward_vector, soft_plan
from birl.task import Distribution

RESULTS = Path(__file__).parent / "results" / "mce_speed.json"
SEED, REPEATS = 0, 3
PEERS = {"sides": [10, 20, 32], "horizon": 50, "occupancy_error": 1e-3, "learning_rates": [0.01, 0.2]}
BUDGET = 180.0  # CPU seconds of imitation's at one size and learning rate
CHUNK = 5  # of its iterations, between looks at the clock
JOINT = {"levels": 100, "size": 11, "distributions": ["train", "blue-door"], "eps": 0.05}
GROWTH = {"levels": [100, 300, 1000, 3000, 10_000], "size": 11, "eps": 0.05}


@dataclass(frozen=True, kw_only=True)
class Timed:
    """An answer and what it took.

    Attributes:
        answer: what the call returned.
        cpu: processor seconds.
        wall: seconds on the clock.
    """

    answer: Any
    cpu: float
    wall: float


def timed(task: Callable[[], Any]) -> Timed:
    """Run once."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = task()
    return Timed(answer=answer, cpu=time.process_time() - cpu, wall=time.perf_counter() - wall)


def grid(side: int) -> TabularModel:
    """An open square with four moves, started anywhere, every state its own feature."""
    n_states = side * side
    row, column = np.divmod(np.arange(n_states), side)
    ends = [
        np.clip(row + down, 0, side - 1) * side + np.clip(column + right, 0, side - 1)
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1))
    ]
    rows = np.arange(4 * n_states)
    return TabularModel(
        transitions=sp.csr_matrix((np.ones(rows.size), (rows, np.stack(ends, axis=1).ravel()))),
        features=sp.csr_matrix((np.ones(rows.size), (rows, rows // 4)), shape=(rows.size, n_states)),
        start=np.full(n_states, 1 / n_states),
        terminal=np.zeros(n_states, bool),
        discount=1.0,
        feature_names=[f"s{i}" for i in range(n_states)],
    )


def expert(model: TabularModel) -> Behavior:
    """Soft-optimal, with a discount, for rewards drawn at random."""
    reward = model.features @ np.random.default_rng(SEED).normal(size=model.n_states)
    policy = soft_plan(replace(model, discount=0.9), reward).policy
    where = Distribution("grid", model, shift="train", time_limit=PEERS["horizon"])
    return observe(TabularPolicy({"grid": policy}), where)


def ours(behavior: Behavior) -> dict[str, Any]:
    """Time our fit and measure the visits it leaves off."""
    method = MaxCausalEntropy(horizon=PEERS["horizon"], tolerance=PEERS["occupancy_error"], prior=0.0)
    runs = [timed(lambda: method.fit([behavior])) for _ in range(REPEATS)]
    check = next(c for c in runs[0].answer.checks if c.name == "converged")
    return {
        "cpu_seconds": statistics.median(r.cpu for r in runs),
        "occupancy_error": check.value,
        "note": check.message,
    }


def theirs(behavior: Behavior, rate: float) -> dict[str, Any]:
    """Time imitation's, in chunks, until it is as close or its budget is spent."""
    search, visits = mce_irl(
        behavior, horizon=PEERS["horizon"], rate=rate, tolerance=PEERS["occupancy_error"], seed=SEED
    )
    cpu, iterations, error = 0.0, 0, np.inf
    while error > PEERS["occupancy_error"] and cpu < BUDGET:
        run = timed(lambda: search.train(max_iter=CHUNK))
        error = float(np.abs(run.answer - visits).max())
        cpu, iterations = cpu + run.cpu, iterations + CHUNK
    return {
        "learning_rate": rate,
        "cpu_seconds": cpu,
        "iterations": iterations,
        "occupancy_error": error,
        "finished": error <= PEERS["occupancy_error"],
    }


def peers() -> list[dict[str, Any]]:
    """Both methods at every size, and the ratio of their times."""
    found: list[dict[str, Any]] = []
    for side in PEERS["sides"]:
        behavior = expert(grid(side))
        mine, others = ours(behavior), [theirs(behavior, rate) for rate in PEERS["learning_rates"]]
        found.append(
            {
                "states": side * side,
                "birl": mine,
                "imitation": others,
                "ratio": min(other["cpu_seconds"] for other in others) / mine["cpu_seconds"],
                "ratio_is_a_lower_bound": not any(other["finished"] for other in others),
            }
        )
        print(json.dumps(found[-1]), flush=True)
    return found


def planner(maze: Maze, name: str, levels: int, eps: float) -> Behavior:
    """A door-seeker with some noise on freshly made levels."""
    where = distribution(WORLD, name, make_levels(maze, levels), shift="train")
    model = where.model
    assert model is not None  # grid worlds have one
    best = hard_plan(model, reward_vector(model, WORLD.base)).policy
    return observe(TabularPolicy({name: (1 - eps) * best + eps * model.uniform}), where)


def fitted(behaviors: Sequence[Behavior], repeats: int) -> dict[str, Any]:
    """Time the joint fit of some behaviours."""
    runs = [timed(lambda: MaxCausalEntropy().fit(behaviors)) for _ in range(repeats)]
    nonzeros = sum(b.model.transitions.nnz for b in behaviors)
    cpu = statistics.median(r.cpu for r in runs)
    check = next(c for c in runs[0].answer.checks if c.name == "converged")
    return {
        "states": sum(b.model.n_states for b in behaviors),
        "nonzeros": nonzeros,
        "features": behaviors[0].model.n_features,
        "cpu_seconds": cpu,
        "wall_seconds": statistics.median(r.wall for r in runs),
        "microseconds_per_nonzero": 1e6 * cpu / nonzeros,
        "note": check.message,
    }


def joint() -> dict[str, Any]:
    """Two distributions together."""
    mazes = {"train": TRAIN, "blue-door": SHIFTS["blue-door"][0]}
    found = fitted(
        [
            planner(Maze(doors=mazes[name].doors, size=JOINT["size"]), name, JOINT["levels"], JOINT["eps"])
            for name in JOINT["distributions"]
        ],
        REPEATS,
    )
    print(json.dumps(found), flush=True)
    return found


def growth() -> list[dict[str, Any]]:
    """One distribution of more and more levels."""
    found = []
    for levels in GROWTH["levels"]:
        maze = Maze(doors={"red": 0.5, "blue": 0.5}, size=GROWTH["size"])
        behavior = planner(maze, "half-red", levels, GROWTH["eps"])
        found.append({"levels": levels} | fitted([behavior], REPEATS if levels <= 1000 else 1))
        found[-1]["peak_memory_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(found[-1]), flush=True)
    return found


def main() -> None:
    """Measure, print, write."""
    warnings.simplefilter("ignore")  # of imitation and of what it imports
    packages = ("birl", "numpy", "scipy", "torch", "imitation", "seals", "gymnasium", "stable-baselines3")
    result = {
        "seed": SEED,
        "repeats": REPEATS,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "machine": {"architecture": platform.machine(), "cores": os.cpu_count(), "threads_used": 1},
        "settings": {"peers": PEERS, "budget_cpu_seconds": BUDGET, "joint": JOINT, "growth": GROWTH},
        "joint": joint(),
        "growth": growth(),
        "peers": peers(),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
