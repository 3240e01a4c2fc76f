"""Which reading of a SAC expert gets nearest to its reward. Run: `python benchmarks/policy_airl_research.py`.

Every form of `policy-airl`, and `successor-logit` beside it, on the experts of `continuous_experts.py`: Pendulum, its
reward linear in the squares of angle, speed and torque; point-goal with doors of either colour, its reward linear in
events. The default of `policy-airl` was chosen on seeds 0-2; seeds 3 and 4 are reported apart.

Distances are estimated on what can happen, whatever is done, from states of the random walk (in point-goal, where such
a walk hardly ever comes to an event, from states of the expert): EPIC and STARC-MIN, 0 the same preferences, 1 opposite
ones. `cosine` is that of the weights, each times the spread of its feature there; `spearman` that of rewards; `scale`
how long the recovered reward is beside the true one divided by SAC's own temperature: 1 where the density says that.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from birl_envs import point_goal
from birl_envs.classic import pendulum
from continuous_experts import CACHE, SEEDS, WORLDS, expert
from scipy.stats import spearmanr

from birl.distance.drawing import cover
from birl.distance.estimate import estimate
from birl.distance.samples import Branching
from birl.distance.sources import Source
from birl.irl import PolicyAIRL, SuccessorLogit
from birl.sampled import SampledBehavior, watch
from birl.task import Distribution
from birl.types import FloatArray

RESULTS = Path(__file__).parent / "results" / "policy_airl_research.json"
CHOSEN_ON = (0, 1, 2)
STATES = {"Pendulum-v1": 400, "point-goal": 1200}  # that distances are estimated in
SOURCE: dict[str, Source] = {
    "Pendulum-v1": "random-walk",
    "point-goal": "occupancy",
}  # a random walk hardly ever comes to an event
TRIED = Branching(actions=4, ahead=4, episodes=40)
PATH = PolicyAIRL(form="successor", path=5)
BASE = replace(PATH, path=1)
SOFT = replace(BASE, greedy=False)
WIDE = replace(BASE, wide=0.5)
METHODS = {
    "default: paths of 20": PolicyAIRL(),
    "paths of 10": PolicyAIRL(path=10),
    "paths of 40": PolicyAIRL(path=40),
    "paths of 20, also random places": PolicyAIRL(noises=(0.0, 0.3, 1.0)),
    "network, paths of 20": PolicyAIRL(reward="network"),
    "successor, paths of 5": PATH,
    "successor, paths of 3": replace(PATH, path=3),
    "successor, paths of 10": replace(PATH, path=10),
    "successor, paths of 10, also random places": replace(PATH, path=10, noises=(0.0, 0.3, 1.0)),
    "successor, paths of 5, own places": replace(PATH, noises=(0.0,)),
    "order, paths of 5": replace(PATH, form="order"),
    "order, paths of 10": replace(PATH, form="order", path=10),
    "successor, greedy, bulk": BASE,
    "successor, greedy, bulk, own places": replace(BASE, noises=(0.0,)),
    "successor, greedy, bulk, also random places": replace(BASE, noises=(0.0, 0.3, 1.0)),
    "successor, greedy, half of actions random": WIDE,
    "successor, soft, bulk": SOFT,
    "order, greedy, bulk": replace(BASE, form="order"),
    "order, greedy, bulk, own places": replace(BASE, form="order", noises=(0.0,)),
    "order, greedy, bulk, also random places": replace(BASE, form="order", noises=(0.0, 0.3, 1.0)),
    "order, greedy, half of actions random": replace(WIDE, form="order"),
    "joint, bulk": replace(BASE, form="joint", places=1200, episodes=10),
    "joint, half of actions random": replace(WIDE, form="joint", places=1200, episodes=10),
    "network, successor, paths of 5": replace(PATH, reward="network"),
    "network, successor, paths of 10, more places": replace(PATH, reward="network", path=10, places=300, width=32),
    "network, joint, bulk": replace(BASE, reward="network", form="joint", places=1200),
    "successor-logit": SuccessorLogit(),
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A world to recover a reward in.

    Attributes:
        distribution: with its features.
        truth: weights of the features.
    """

    distribution: Distribution
    truth: Mapping[str, float]


def squares(obs: Any, action: Any, _next_obs: Any) -> FloatArray:
    """Squared angle, speed and torque of the pendulum, [B, 3]."""
    seen = np.atleast_2d(np.asarray(obs, np.float64))
    torque = np.clip(np.asarray(action, np.float64).reshape(len(seen), -1)[:, 0], -2.0, 2.0)
    return np.stack([np.arctan2(seen[:, 1], seen[:, 0]) ** 2, seen[:, 2] ** 2, torque**2], axis=1)


def setting(world: str) -> Setting:
    """Where an expert is watched, and what it was paid for."""
    if world == "Pendulum-v1":
        where = replace(pendulum().train, features=squares, feature_names=("angle", "speed", "torque"))
        return Setting(distribution=where, truth={"angle": -1.0, "speed": -0.1, "torque": -0.001})
    task = point_goal.task()
    where = next(d for d in task.shifts if d.name == "half-red")  # what the experts were trained on, other levels
    return Setting(distribution=where, truth={**dict.fromkeys(point_goal.FEATURES, 0.0), **point_goal.BASE})


def watched(world: str, seed: int, folder: Path, rng: np.random.Generator) -> SampledBehavior:
    """An expert in its world; methods make their own episodes."""
    from stable_baselines3 import SAC

    found = expert(world, seed, folder)
    model = SAC.load(found.path, device="cpu")
    return watch(model, setting(world).distribution, episodes=1, rng=rng, discount=found.discount)


def measured(method: Any, behavior: SampledBehavior, truth: Mapping[str, float], sample: Any) -> dict[str, Any]:
    """One fit: how long it took and how far off it is."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = method.fit([behavior], rng=np.random.default_rng(0))
    taken = {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    values = {"base": sample.steps.features @ np.array(list(truth.values())), "found": found.evaluate(sample.steps)}
    told: dict[str, Any] = {"weights": dict(found.weights), **taken}
    ranked: Any = spearmanr(*values.values())
    told["spearman"] = float(ranked.statistic)
    if found.weights:
        spread = sample.steps.features.std(axis=0)
        ours, base = spread * found.vector, spread * np.array(list(truth.values()))
        told["cosine"] = _cosine(ours, base)
        told["length"] = float(ours @ base / (base @ base))
    for metric in ("epic", "starc-min"):
        apart = estimate(metric, sample, truth, found)
        told[metric] = apart.value
        told[f"{metric} interval"] = None if apart.interval is None else [apart.interval.low, apart.interval.high]
    told["checks"] = {c.name: c.value for c in found.checks}
    return told


def _cosine(x: FloatArray, y: FloatArray) -> float:
    return float(x @ y / max(float(np.linalg.norm(x) * np.linalg.norm(y)), 1e-300))


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over seeds, the ones that the default was chosen on and the others apart."""
    found = []
    for world, method in dict.fromkeys((r["world"], r["method"]) for r in runs):
        row: dict[str, Any] = {"world": world, "method": method}
        for name, chosen in (("chosen on", True), ("held out", False)):
            kept = [r for r in runs if (r["world"], r["method"]) == (world, method)]
            kept = [r for r in kept if (r["seed"] in CHOSEN_ON) == chosen]
            if kept:
                row[name] = {key: _mean([r.get(key) for r in kept]) for key in KEYS} | {"seeds": len(kept)}
        found.append(row)
    return found


KEYS = ("epic", "starc-min", "cosine", "spearman", "scale", "cpu_seconds")


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def main() -> None:
    """Measure, print, write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=CACHE)
    asked.add_argument("--worlds", nargs="+", default=WORLDS, choices=WORLDS)
    asked.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    asked.add_argument("--methods", nargs="+", default=tuple(METHODS), choices=tuple(METHODS))
    asked.add_argument("--out", type=Path, default=RESULTS)
    told, runs = asked.parse_args(), []
    for world in told.worlds:
        for seed in told.seeds:
            rng = np.random.default_rng(seed)
            behavior = watched(world, seed, told.folder, rng)
            sample = cover(
                behavior,
                STATES[world],
                source=SOURCE[world],
                branching=Branching(actions=4, ahead=4, episodes=40),
                rng=rng,
            )
            for method in told.methods:
                found = measured(METHODS[method], behavior, setting(world).truth, sample)
                if "length" in found:
                    found["scale"] = found.pop("length") * expert(world, seed, told.folder).temperature
                runs.append({"world": world, "seed": seed, "method": method, **found})
                print(json.dumps({k: v for k, v in runs[-1].items() if k != "checks"}), flush=True)
    packages = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")
    result = {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "settings": {"states": STATES, "chosen_on": CHOSEN_ON, "methods": {n: repr(m) for n, m in METHODS.items()}},
        "summary": summary(runs),
        "runs": runs,
    }
    told.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
