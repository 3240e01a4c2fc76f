"""imitation's AIRL on continuous worlds, until its discriminator settles. Run: `python benchmarks/peer_airl.py`.

The peer that `policy-airl` is held against. `run` is one fit, set up as `birl.irl.airl` does it (a clone of the policy
to begin with, episodes of one length, the reward by state, shaping at the task's discount), on one thread. A budget
that ends before the discriminator has settled gives a lower bound: what was spent without getting there.

Run by itself it plays both worlds once against experts written by hand (a swing-up by energy; straight to the door),
and records seconds, rounds and whether it settled.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import platform
import time
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from birl.files import write_whole
from birl.irl import RewardEstimate
from birl.irl.airl import AdversarialIRL
from birl.policy import GaussianPolicy
from birl.policy.box import Moments
from birl.sampled import watch
from birl.task import load_task
from birl.types import FloatArray

RESULTS = Path(__file__).parent / "results" / "peer_airl.json"
TASKS = ("point-goal", "pendulum")
HORIZON = {"point-goal": 20, "pendulum": 200}  # experts are at the door after 6 steps: waiting for 60 would cost more
BUDGET = 200_000  # steps of the generator
EPISODES = {"point-goal": 200, "pendulum": 50}  # of the policy: some 5,000 and 10,000 steps
PACKAGES = ("birl", "numpy", "torch", "gymnasium", "stable-baselines3", "imitation")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One run of imitation's AIRL.

    Attributes:
        seconds: of wall clock, rollouts of the policy left out.
        cpu: processor seconds of the same.
        rounds: of generator and discriminator.
        settled: whether the discriminator did, within the budget.
        estimate: what was recovered; its checks say more.
    """

    seconds: float
    cpu: float
    rounds: int
    settled: bool
    estimate: RewardEstimate


def run(task_name: str, policy: Any, seed: int, budget: int) -> Peer:
    """Recover a policy's reward on the training distribution of a task.

    Args:
        task_name: `point-goal` or `pendulum`.
        policy: whatever `birl.policy.as_policy` takes.
        seed: of everything.
        budget: steps of the generator, at most.
    """
    task = load_task(task_name)
    rng = np.random.default_rng(seed)
    seen = watch(policy, task.train, episodes=EPISODES[task_name], rng=rng, discount=task.discount)
    began = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # imitation's own, of what it imports
        estimate = AdversarialIRL(timesteps=budget, horizon=HORIZON[task_name]).fit([seen], rng=rng)
    return Peer(
        seconds=time.perf_counter() - began[0],
        cpu=time.process_time() - began[1],
        rounds=int(estimate.provenance["rounds"]),
        settled=next(c.passed for c in estimate.checks if c.name == "converged"),
        estimate=estimate,
    )


def swing_up(observations: Any) -> Moments:
    """Pump energy until upright is in reach, then balance; torque within +-2, noise of .3.

    Angle t from upright: t'' = 15 sin t + 3 u, so the energy t'^2 / 2 + 15 cos t is 15 at rest upright.
    """
    cos, sin, speed = np.asarray(observations, np.float64).T
    angle, energy = np.arctan2(sin, cos), speed**2 / 2 + 15.0 * cos
    pump, balance = np.sign(speed) * (15.0 - energy), -(8.0 * angle + 2.0 * speed)
    torque = np.clip(np.where(np.abs(angle) < 0.4, balance, pump), -2.0, 2.0)
    return Moments(mean=torque[:, None], std=np.full((len(torque), 1), 0.3))


def to_the_door(observations: Any) -> Moments:
    """Push towards the door, whatever its colour, as far as speed does not carry there already; noise of .2.

    An observation is velocity, distances to the borders, and of each disc its offset, kind (door first) and colour.
    """
    seen = np.asarray(observations, np.float64)
    discs = seen[:, 6:].reshape(len(seen), -1, 8)
    door: FloatArray = (discs[:, :, :2] * discs[:, :, 2:3]).sum(axis=1)
    away = np.linalg.norm(door, axis=1, keepdims=True)
    force = np.clip(door / np.maximum(away, 1e-6) - seen[:, :2] / 3.0, -1.0, 1.0)
    return Moments(mean=force, std=np.full_like(force, 0.2))


EXPERTS = {
    "point-goal": GaussianPolicy(to_the_door, -np.ones(2), np.ones(2)),
    "pendulum": GaussianPolicy(swing_up, np.full(1, -2.0), np.full(1, 2.0)),
}


def main() -> None:
    """One run of each task."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--task", nargs="+", default=list(TASKS), choices=TASKS)
    asked.add_argument("--budget", type=int, default=BUDGET, help="steps of the generator, at most")
    asked.add_argument("--seed", type=int, default=0)
    told = asked.parse_args()
    rows = {}
    for name in told.task:
        found = run(name, EXPERTS[name], told.seed, told.budget)
        rows[name] = {
            "seconds": round(found.seconds, 1),
            "cpu": round(found.cpu, 1),
            "rounds": found.rounds,
            "settled": found.settled,
            "checks": [c.message for c in found.estimate.checks],
        }
        print(name, rows[name], flush=True)
    settings = {"budget": told.budget, "seed": told.seed, "episodes": EPISODES}
    packages = {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}
    write_whole(
        RESULTS, json.dumps({"settings": settings, "versions": packages, "rows": rows}, indent=1).encode() + b"\n"
    )


if __name__ == "__main__":
    main()
