"""Which reading of a SAC expert gets nearest to its reward. Run: `python benchmarks/policy_airl_research.py`.

Forms of `policy-airl`, and `successor-logit` beside it, on the experts and by the distances of `continuous_cases.py`.
The default of `policy-airl` was chosen on seeds 0-2; seeds 3 and 4 are reported apart. Resumable: a fit that is in the
result is not made again.

What wins (EPIC, means and 95 % intervals over five seeds): the default, which asks for no density and tells the
policy's own paths of 20 actions from random actions held as long: .06 [.03, .09] on Pendulum, .05 [.01, .09] on
point-goal, .10 at worst, held-out seeds alike. Next come, on Pendulum, successor paths of 10 (.18, .47 at worst) and,
on point-goal, the joint form with half of the actions random (.10, .16 at worst; but .37 on Pendulum).

What does not come out: log-densities as soft values. Single actions followed with the policy's own noise, the textbook
reading, are within .01-.05 on three Pendulum seeds and have the opposite sign on two (.99); what they explain of log pi
on held-out episodes is always below its limit, so that the check says so. Order alone is no better there (.36-.47).
Nothing finds the scale that SAC's temperature says. Networks over observations come to .32 on Pendulum and to .62 on
point-goal, where .71 is unrelated: events are too rare to be learned from 120 places. `successor-logit` (seeds
0-2) comes to .58 and .72 on Pendulum; elsewhere what choices bring is lost in its noise, and it weighs nothing.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from continuous_cases import METRICS, STATES, Case, apart, case, over_seeds, told_of
from continuous_experts import CACHE, SEEDS, WORLDS

from birl.files import write_whole
from birl.irl import Estimator, PolicyAIRL, SuccessorLogit

RESULTS = Path(__file__).parent / "results" / "policy_airl_research.json"
CHOSEN_ON = (0, 1, 2)
SUCCESSOR = PolicyAIRL(form="successor", path=10)
JOINT = PolicyAIRL(form="joint", path=1, wide=0.5, places=1200)
METHODS: Mapping[str, Estimator] = {
    "default: own paths of 20 or random ones": PolicyAIRL(),
    "default, network": PolicyAIRL(reward="network"),
    "successor, paths of 10": SUCCESSOR,
    "successor, single actions, policy's own noise": replace(SUCCESSOR, path=1, greedy=False),
    "successor, paths of 10, network": replace(SUCCESSOR, reward="network"),
    "order, paths of 10": replace(SUCCESSOR, form="order"),
    "order, single actions, half of them random": replace(SUCCESSOR, form="order", path=1, wide=0.5),
    "joint, single steps, half of them random": JOINT,
    "joint, network": replace(JOINT, reward="network"),
    "successor-logit": SuccessorLogit(),
}
RULE = """SAC experts; distances to the reward they were paid (0 the same preferences, 1 opposite ones). Means over
seeds with 95 % intervals (Student's t, which may reach past what is possible); the default was chosen on seeds 0-2."""
KEYS = (*METRICS, "cosine", "spearman", "scale", "cpu")
PACKAGES = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")


def measured(method: Estimator, where: Case) -> dict[str, Any]:
    """One fit: how long it took and how far off it is."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = method.fit([where.behavior], rng=np.random.default_rng(0))
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    checks = {c.name: c.value for c in found.checks}
    return {**took, **apart(where, found), "weights": dict(found.weights), "checks": checks}


def summary(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means and intervals over seeds: all, those that the default was chosen on, and the others."""
    told = []
    for world, method in dict.fromkeys((run["world"], run["method"]) for run in runs):
        of = [run for run in runs if (run["world"], run["method"]) == (world, method)]
        parts = {
            "all": of,
            "chosen on": [run for run in of if run["seed"] in CHOSEN_ON],
            "held out": [run for run in of if run["seed"] not in CHOSEN_ON],
        }
        means = {name: {key: over_seeds([r.get(key) for r in part]) for key in KEYS} for name, part in parts.items()}
        told.append({"world": world, "method": method, **means})
    return told


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """Markdown."""
    head = ("world", "method", "EPIC", "worst seed", "held-out seeds", "STARC-MIN", "Spearman", "CPU seconds")
    rows = [head, ("---",) * 2 + ("---:",) * 6]
    for line in lines:
        seen, held = line["all"], line["held out"]
        told = [_said(seen["epic"]), _worst(seen["epic"]), _said(held["epic"], ends=False), _said(seen["starc-min"])]
        rows.append((line["world"], line["method"], *told, _said(seen["spearman"]), _said(seen["cpu"], ends=False)))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def conclusion(lines: Sequence[Mapping[str, Any]]) -> str:
    """Which methods are nearest on average, by world."""
    told = []
    for world in dict.fromkeys(line["world"] for line in lines):
        of = [line for line in lines if line["world"] == world and line["all"]["epic"] is not None]
        of = sorted(of, key=lambda line: line["all"]["epic"]["mean"])[:3]
        ranked = [f"{x['method']} ({x['all']['epic']['mean']:.2f}, {_worst(x['all']['epic'])} at worst)" for x in of]
        told.append(f"Nearest on {world}, by EPIC: {'; '.join(ranked)}.")
    return "\n".join(told)


def _worst(value: Mapping[str, Any] | None) -> str:
    return "undefined" if value is None else f"{value['largest']:.2f}"


def _said(value: Mapping[str, Any] | None, *, ends: bool = True) -> str:
    if value is None:
        return "undefined"
    told = f"{value['mean']:.2f}"
    if ends and "interval" in value:
        told += " [{:.2f}, {:.2f}]".format(*value["interval"])
    return told + (f" ({value['seeds']} seeds)" if ends and value["seeds"] < len(SEEDS) else "")


def write(runs: Sequence[Mapping[str, Any]], out: Path) -> None:
    """The fits, what they come to, and a table of that."""
    order = {name: i for i, name in enumerate(METHODS)}
    runs = sorted(runs, key=lambda run: (run["world"], order.get(run["method"], len(order)), run["seed"]))
    result = {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "settings": {"states": STATES, "chosen_on": CHOSEN_ON, "methods": {n: repr(m) for n, m in METHODS.items()}},
        "summary": summary(runs),
        "runs": runs,
    }
    write_whole(out, json.dumps(result, indent=1).encode() + b"\n")
    parts = (RULE, told_of(result["versions"]), conclusion(result["summary"]), table(result["summary"]))
    write_whole(out.with_suffix(".md"), "\n\n".join(parts).encode())


def main() -> None:
    """Measure what is missing, print, write."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--folder", type=Path, default=CACHE, help="of the experts")
    asked.add_argument("--worlds", nargs="+", default=WORLDS, choices=WORLDS)
    asked.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    asked.add_argument("--methods", nargs="+", default=tuple(METHODS), choices=tuple(METHODS))
    asked.add_argument("--out", type=Path, default=RESULTS)
    told = asked.parse_args()
    runs = json.loads(told.out.read_text(encoding="utf-8"))["runs"] if told.out.exists() else []
    done = {(run["world"], run["seed"], run["method"]) for run in runs}
    for world in told.worlds:
        for seed in told.seeds:
            missing = [name for name in told.methods if (world, seed, name) not in done]
            where = case(world, seed, folder=told.folder) if missing else None
            for name in missing:
                assert where is not None
                runs.append({"world": world, "seed": seed, "method": name, **measured(METHODS[name], where)})
                print(json.dumps({k: v for k, v in runs[-1].items() if k != "checks"}), flush=True)
                write(runs, told.out)
    if runs:
        write(runs, told.out)


if __name__ == "__main__":
    main()
