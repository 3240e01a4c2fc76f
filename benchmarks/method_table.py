"""Every method on every case: distance to the truth, agreement on held-out levels, seconds, memory, converged or not.

Run: `python benchmarks/method_table.py [--seeds N] [--method M ...] [--case C ...] [--fresh]`. Each unit is a process
of its own, so that its peak memory is its own; rows that are there are kept: an interrupted run goes on.

- *distance*: between the recovered reward and the truth, mean over the held-out distributions; 0 the same preferences,
  1 opposite ones. STARC with the canonical form of value, estimated from samples for CartPole and MountainCar; for SAC
  experts EPIC on samples of what can be done: there episodes are all of one length, and values under random actions are
  mostly luck.
- *agreement*: share of the policy's own decisions on held-out levels that are optimal for the recovered reward; of
  continuous cases, share of pairs of episodes (the policy's own, and a copy with a third of its actions random) that
  the recovered reward puts in the right order.
- *seconds*: processor time of the fit alone. *memory*: peak of the process above what it held before the fit.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import peer_mce
from method_cases import CASES, Case
from scipy import stats

from birl import distance
from birl.behavior import Behavior
from birl.distance.samples import CoverageSample
from birl.distance.sources import Source
from birl.files import write_whole
from birl.irl import ESTIMATORS, RewardEstimate
from birl.sampled import SampledBehavior, Walk, split, walk
from birl.tabular import hard_plan
from birl.trajectories import transitions
from birl.types import BirlError

RESULTS = Path(__file__).parent / "results" / "method_table.json"
SEEDS = 5
SOURCES: tuple[Source, ...] = ("occupancy", "random-walk")  # of states to compare rewards of continuous worlds in
STATES = 500  # of each source, 8 actions tried in each
NOISE = 1 / 3
PEER = "imitation MCE IRL"
PEER_SETTINGS = {"horizon": 100, "rate": 0.2, "tolerance": 1e-3, "steps": 500}  # fastest rate of `mce_speed.py`
METHODS = (*ESTIMATORS, PEER)
PACKAGES = ("birl", "numpy", "scipy", "torch", "imitation", "gymnasium", "stable-baselines3")
MARKS = ("distance", "agreement", "seconds", "memory_mb")


def unit(method: str, case: str, seed: int) -> dict[str, Any]:
    """One method on one case."""
    made = CASES[case](seed)
    held_before = peak_mb()
    began = time.process_time()
    try:
        estimate = fitted(method, made, seed)
    except BirlError as error:
        return {"reason": str(error)}
    seconds = time.process_time() - began
    converged = next((c.passed for c in estimate.checks if c.name == "converged"), None)
    return {
        "seconds": seconds,
        "memory_mb": peak_mb() - held_before,
        "converged": converged,
        "failed": [c.name for c in estimate.checks if not c.passed],
        **judged(estimate, made),
    }


def fitted(method: str, case: Case, seed: int) -> RewardEstimate:
    """One of our methods, or imitation's MCE IRL, which takes one exact model with a reward for every state."""
    if method != PEER:
        return ESTIMATORS[method].fit(case.fit, rng=np.random.default_rng(seed), candidates=case.candidates)
    (seen, *others) = case.fit
    if others or not isinstance(seen, Behavior) or seen.model.n_features != seen.model.n_states:
        raise BirlError(f"{PEER} takes one exact model in which every state has a feature of its own")
    return peer_mce.recovered(seen, seed=seed, **PEER_SETTINGS)


def judged(estimate: RewardEstimate, case: Case) -> dict[str, Any]:
    """Distance and agreement, or why there is none."""
    apart, agree = [], []
    try:
        for held in case.held:
            found = exactly(held, estimate, case) if isinstance(held, Behavior) else by_samples(held, estimate, case)
            apart.append(found[0])
            agree.append(found[1])
    except BirlError as error:
        return {"reason": str(error)}
    return {"distance": float(np.mean(apart)), "agreement": float(np.mean(agree))}


def exactly(held: Behavior, estimate: RewardEstimate, case: Case) -> tuple[float, float]:
    """Distance and agreement in a model."""
    return float(distance.starc(held.model, shown(estimate), case.truth)), agreement(held, estimate)


def by_samples(held: SampledBehavior, estimate: RewardEstimate, case: Case) -> tuple[float, float]:
    """Distance and agreement in a world that can only be sampled."""
    rng = np.random.default_rng(0)
    metric, sample = ("epic", case.sample) if case.sample else ("starc", _mixed(held, rng))
    apart = float(distance.estimate(metric, sample, shown(estimate), case.truth, rng=rng))
    episodes = len(held.trajectories)
    own, noisy = (_returns(held, estimate, walk(held, episodes, rng=rng, noise=noise)) for noise in (0.0, NOISE))
    right = (own[:, None] > noisy).mean() + (own[:, None] == noisy).mean() / 2
    return apart, float(right)


def _mixed(held: SampledBehavior, rng: np.random.Generator) -> CoverageSample:
    """States of the policy and of the random walk."""
    return distance.mixture([distance.cover(held, STATES, source=source, rng=rng) for source in SOURCES])


def _returns(held: SampledBehavior, estimate: RewardEstimate, seen: Walk) -> np.ndarray:
    """Discounted returns of episodes under a recovered reward, [E]."""
    rewards = estimate.evaluate(transitions(split(seen)))
    return np.bincount(seen.episode, weights=rewards * held.discount**seen.time)


def shown(estimate: RewardEstimate) -> Any:
    """The reward as a scorecard compares it: what is only bounded from above at the value nearest 0."""
    if not estimate.weights:
        return estimate
    return dict(zip(estimate.weights, estimate.simplest.tolist(), strict=True))


def agreement(held: Behavior, estimate: RewardEstimate) -> float:
    """Share of the policy's decisions that are optimal for the reward, levels weighing equally."""
    model = held.model
    best = hard_plan(model, pairs(estimate, held)).policy > 0
    visits = held.occupancy * held.level_weights()[model.level]
    return float((visits[:, None] * held.policy)[best].sum() / visits.sum())


def pairs(estimate: RewardEstimate, held: Behavior) -> np.ndarray:
    """The expected reward of each state and action, [S*A]."""
    model, values = held.model, estimate.on(held.model)
    if estimate.network is None:
        return values
    expected = np.bincount(model.elimination.row, weights=model.transitions.data * values, minlength=model.live.size)
    return np.asarray(expected, np.float64)


def peak_mb() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run what is missing and write rows and table."""
    asked = arguments()
    rows = {} if asked.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())["rows"]
    wanted = [(m, c, s) for c in asked.case for m in asked.method for s in range(asked.seeds)]
    for i, (method, case, seed) in enumerate(wanted):
        name = f"{method} | {case} | {seed}"
        if name in rows:
            continue
        rows[name] = {"method": method, "case": case, "seed": seed, **in_a_process(method, case, seed)}
        print(f"{i + 1}/{len(wanted)} {name}: {json.dumps(rows[name])[:160]}", flush=True)
        save(rows)
    print(table(list(rows.values())))


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--method", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--case", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--fresh", action="store_true", help="forget earlier rows")
    return parser.parse_args()


def in_a_process(method: str, case: str, seed: int) -> dict[str, Any]:
    """A unit whose memory is its own."""
    code = f"import json, method_table as t; print(json.dumps(t.unit({method!r}, {case!r}, {seed})))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent)
    if run.returncode:
        return {"reason": run.stderr.strip().splitlines()[-1]}
    return json.loads(run.stdout.strip().splitlines()[-1])


def save(rows: Mapping[str, Any]) -> None:
    """Rows and table, with what they were made with."""
    content = {
        "seeds": sorted({row["seed"] for row in rows.values()}),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "rows": dict(rows),
    }
    write_whole(RESULTS, (json.dumps(content, indent=1) + "\n").encode())
    made = sorted(rows.values(), key=lambda r: (list(CASES).index(r["case"]), list(METHODS).index(r["method"])))
    shown = f"Distance to the truth, mean over seeds:\n\n{overview(made)}\n\n{table(made)}\n"
    write_whole(RESULTS.with_suffix(".md"), shown.encode())


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown, a line for each method and case; means over seeds with 95 % intervals."""
    lines = [
        "| case | method | distance to the truth | agreement | seconds | memory, MB | converged |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for case, method in dict.fromkeys((row["case"], row["method"]) for row in rows):
        mine = [row for row in rows if (row["case"], row["method"]) == (case, method)]
        settled = [row["converged"] for row in mine if row.get("converged") is not None]
        cells = [cell([row[mark] for row in mine if mark in row]) for mark in MARKS]
        reason = next((row["reason"] for row in mine if "reason" in row), "")
        said = f"{sum(settled)} of {len(settled)}" if settled else reason[:90]
        lines.append(f"| {case} | `{method}` | {' | '.join(cells)} | {said} |")
    return "\n".join(lines)


def overview(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown, a line for each method, a column for each case: the mean distance to the truth alone."""
    cases = list(dict.fromkeys(row["case"] for row in rows))
    lines = ["| method | " + " | ".join(cases) + " |", "|---|" + "---:|" * len(cases)]
    for method in dict.fromkeys(row["method"] for row in rows):
        found = [
            [r["distance"] for r in rows if (r["method"], r["case"]) == (method, c) and "distance" in r] for c in cases
        ]
        cells = (f"{max(float(np.mean(values)), 0.0):.2f}" if values else "-" for values in found)
        lines.append(f"| `{method}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(values: Sequence[float]) -> str:
    """Mean and interval, or a dash."""
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.3g}"
    spread = stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    mean = float(np.mean(values))
    return f"{mean:.3g} [{mean - spread:.3g}, {mean + spread:.3g}]"


if __name__ == "__main__":
    main()
