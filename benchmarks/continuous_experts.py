"""SAC experts that methods for continuous actions are compared on. Run: `python benchmarks/continuous_experts.py`.

Soft actor-critic with the library's own temperature schedule: on Gymnasium's Pendulum, and on `point-goal` with doors
of either colour. Experts are kept outside the repository, in `--folder` (a cache in the user's home unless told
otherwise); one that is there is not trained again.

What is recorded of each: the command's settings, seconds, the return of ten episodes, and the temperature SAC ended
with, which is 1 / b of the soft-optimal policy that it aims at.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from birl_agents.train import Recipe
from birl_agents.training.stable_baselines import train as train_recipe

CACHE = Path.home() / ".cache" / "birl" / "experts"
SEEDS = tuple(range(5))
WORLDS = ("Pendulum-v1", "point-goal")
PENDULUM_STEPS = 20_000
PENDULUM = {
    "learning_rate": 1e-3,
    "buffer_size": PENDULUM_STEPS,
    "learning_starts": 1_000,
    "gamma": 0.99,
    "policy_kwargs": {"net_arch": [64, 64]},
}
POINT_GOAL = Recipe(world="point-goal", algorithm="sac", setting={"rho": 0.5})
EPISODES = 10


@dataclass(frozen=True, kw_only=True)
class Expert:
    """A trained agent and what is known of it.

    Attributes:
        world: one of `WORLDS`.
        seed: of everything.
        path: a Stable-Baselines3 checkpoint.
        temperature: SAC's, at the end of training.
        discount: it was trained with.
        seconds: training took on this machine.
        mean_return: over `EPISODES` episodes, sampled actions.
    """

    world: str
    seed: int
    path: Path
    temperature: float
    discount: float
    seconds: float
    mean_return: float


def expert(world: str, seed: int, folder: Path = CACHE) -> Expert:
    """The expert of a seed, trained unless it is there."""
    path = folder / f"{world}-sac-s{seed}.zip"
    about = path.with_suffix(".json")
    if not about.exists():
        folder.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        model = _pendulum(seed) if world == "Pendulum-v1" else _point_goal(seed)
        seconds = time.perf_counter() - started
        model.save(path)
        told = {
            "temperature": _temperature(model),
            "discount": model.gamma,
            "seconds": seconds,
            "mean_return": _return(model, world, seed),
        }
        about.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return Expert(world=world, seed=seed, path=path, **json.loads(about.read_text(encoding="utf-8")))


def _pendulum(seed: int) -> Any:
    import torch
    from stable_baselines3 import SAC

    torch.set_num_threads(1)
    return SAC("MlpPolicy", "Pendulum-v1", **PENDULUM, seed=seed, device="cpu").learn(PENDULUM_STEPS)


def _point_goal(seed: int) -> Any:
    from dataclasses import replace

    return train_recipe(replace(POINT_GOAL, seed=seed))


def _temperature(model: Any) -> float:
    """What SAC multiplies the entropy by."""
    learnt = getattr(model, "log_ent_coef", None)
    return float(model.ent_coef_tensor if learnt is None else learnt.detach().exp())


def _return(model: Any, world: str, seed: int) -> float:
    from stable_baselines3.common.evaluation import evaluate_policy

    env = model.get_env() if world == "Pendulum-v1" else POINT_GOAL.vec_env(8, seed=1000 + seed)
    told: Any = evaluate_policy(model, env, n_eval_episodes=EPISODES, deterministic=False, warn=False)[0]
    return float(told)


def main() -> None:
    """Train what is missing; one line each."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--folder", type=Path, default=CACHE)
    asked.add_argument("--worlds", nargs="+", default=WORLDS, choices=WORLDS)
    asked.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    told = asked.parse_args()
    for world in told.worlds:
        for seed in told.seeds:
            found = expert(world, seed, told.folder)
            print(
                f"{found.world} seed {found.seed}: return {found.mean_return:.3f}, "
                f"temperature {found.temperature:.4f}, {found.seconds:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
