"""`policy-airl` against imitation's AIRL on the same SAC experts. Run: `python benchmarks/peer_airl.py`.

The peer is set up as `birl.irl.airl` does it: a clone of the policy to begin with, episodes of one length, the reward a
network by state, shaping at the task's discount. It plays until its discriminator has settled (over forty rounds, the
mean losses of each ten within .02 nats of each other) or `BUDGET` CPU seconds are spent; then what it spent is a lower
bound. The episodes that it learns from are given to it and not counted.

Beside it, in the same process, four settings of `policy-airl`, each fitted before and after the peer: its default,
`quick` (a sixth of the steps), `quickest` (a tenth) and `network`, which sees observations only, as the peer does.
Those make their own episodes, and these are counted.

What comes out: on point-goal the default is some 60 times faster and `quickest` more than 200 times, on Pendulum 13 and
62: half of that time is Gymnasium's own stepping, and AIRL, begun at a clone, settles after 40 to 56 rounds. Where
features are named all three are nearer to the truth for every expert (EPIC .03-.10 against .58-.80). From observations
alone it is nearer on Pendulum (.32 against .73) and not on point-goal (.62 against .59; .71 is unrelated), where it
reads the observation before the step, and the reward is for arriving.

One row an expert; a row that is there is not measured again. Distances are those of `continuous_cases.py`; ratios are
of CPU seconds, their mean over experts that of the logarithm.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import argparse
import json
import platform
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from continuous_cases import METRICS, Case, apart, case, over_seeds, told_of
from continuous_experts import CACHE, SEEDS, WORLDS

from birl.files import write_whole
from birl.irl import AdversarialIRL, PolicyAIRL, RewardEstimate

RESULTS = Path(__file__).parent / "results" / "peer_airl.json"
BUDGET = 240.0  # CPU seconds of the peer, for one expert
PEER = AdversarialIRL(timesteps=2_000_000)  # more than the budget allows
HORIZON = {
    "point-goal": 20,
    "Pendulum-v1": 200,
}  # experts are at the door after 6 steps: waiting for 60 would cost more
EPISODES = {"point-goal": 200, "Pendulum-v1": 50}  # of the expert: some 1,500 and 10,000 steps
OURS = {
    "default": PolicyAIRL(),
    "quick": PolicyAIRL(places=60, choices=4, episodes=5, steps=50),
    "quickest": PolicyAIRL(places=40, choices=4, episodes=3, steps=40),
    "network": PolicyAIRL(reward="network"),
}
RULE = f"""The same SAC experts, in one process. The peer plays until its discriminator has settled or {BUDGET:.0f} CPU
seconds are spent (then `>=`). Means over seeds with 95 % intervals (Student's t, which may reach past what is possible;
of ratios, on their logarithm)."""
PACKAGES = ("birl", "numpy", "torch", "gymnasium", "stable-baselines3", "imitation")


def measured(world: str, seed: int, folder: Path) -> dict[str, Any]:
    """One expert: what each method took and how far off it is."""
    where, row = case(world, seed, episodes=EPISODES[world], folder=folder), {}
    fits = {name: lambda m=method: _seeded(m, where) for name, method in OURS.items()}
    before = {name: _timed(fit) for name, fit in fits.items()}
    found, peer = _timed(lambda: _play(where, HORIZON[world], seed))
    checks = {c.name: c for c in found.checks}
    row["airl"] = {
        **peer,
        "rounds": int(found.provenance["rounds"]),
        "settled": checks["converged"].passed,
        "checks": [c.message for c in found.checks],
        **apart(where, found),
    }
    for name, fit in fits.items():
        seconds = [before[name][1], _timed(fit)[1]]
        took = {key: float(np.mean([s[key] for s in seconds])) for key in ("cpu", "wall")}
        row[name] = {**took, "ratio": peer["cpu"] / took["cpu"], **apart(where, before[name][0])}
    return {"world": world, "seed": seed, "methods": row}


def _seeded(method: PolicyAIRL, where: Case) -> RewardEstimate:
    return method.fit([where.behavior], rng=np.random.default_rng(0))


def _play(where: Case, horizon: int, seed: int) -> RewardEstimate:
    began = time.process_time()
    method = replace(PEER, horizon=horizon, progress=lambda _share, _loss: time.process_time() - began > BUDGET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # imitation's own, of what it imports
        return method.fit([where.behavior], rng=np.random.default_rng(seed))


def _timed(fit: Callable[[], RewardEstimate]) -> tuple[RewardEstimate, dict[str, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = fit()
    return found, {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Over the experts of a world, by method."""
    told = []
    for world in dict.fromkeys(row["world"] for row in rows):
        of = [row["methods"] for row in rows if row["world"] == world]
        for name in ("airl", *OURS):
            line: dict[str, Any] = {"world": world, "method": name}
            line |= {key: over_seeds([m[name][key] for m in of]) for key in ("cpu", *METRICS)}
            if name == "airl":
                line["settled"] = [sum(m[name]["settled"] for m in of), len(of)]
            else:
                line["ratio"] = _ratio([m[name]["ratio"] for m in of])
                line["ratio is a lower bound"] = not all(m["airl"]["settled"] for m in of)
                line["nearer"] = {metric: _nearer(of, name, metric) for metric in METRICS}
            told.append(line)
    return told


def _ratio(values: list[float]) -> dict[str, Any]:
    """Geometric mean, its interval, and the least."""
    told = over_seeds([float(np.log(v)) for v in values]) or {}
    ends = told.get("interval")
    return {
        "mean": float(np.exp(told["mean"])),
        "interval": None if ends is None else [float(np.exp(v)) for v in ends],
        "least": min(values),
    }


def _nearer(of: list[dict[str, Any]], name: str, metric: str) -> list[int]:
    """For how many experts it is nearer to the truth than the peer, and of how many both can be said."""
    pairs = [(m[name][metric], m["airl"][metric]) for m in of]
    known = [(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
    return [sum(ours < theirs for ours, theirs in known), len(known)]


def table(lines: list[dict[str, Any]]) -> str:
    """Markdown."""
    head = ("world", "method", "CPU seconds", "times faster", "EPIC", "STARC-MIN", "nearer than AIRL (EPIC)")
    rows = [head, ("---",) * 2 + ("---:",) * 4 + ("---",)]
    for line in lines:
        if line["method"] == "airl":
            told, against = "imitation's AIRL", "settled {} of {}".format(*line["settled"])
            faster = ""
        else:
            told, against = f"policy-airl, {line['method']}", "{} of {}".format(*line["nearer"]["epic"])
            faster = (">= " if line["ratio is a lower bound"] else "") + _said(line["ratio"], "{:.0f}")
        measures = [_said(line[key]) for key in METRICS]
        rows.append((line["world"], told, _said(line["cpu"], "{:.1f}"), faster, *measures, against))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _said(value: dict[str, Any] | None, how: str = "{:.2f}") -> str:
    if value is None:
        return "undefined"
    ends = value.get("interval")
    told = how.format(value["mean"]) + ("" if ends is None else " [" + ", ".join(map(how.format, ends)) + "]")
    return told + (f" ({value['seeds']} seeds)" if value.get("seeds", len(SEEDS)) < len(SEEDS) else "")


def main() -> None:
    """Measure what is missing, print, write."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--folder", type=Path, default=CACHE, help="of the experts")
    asked.add_argument("--worlds", nargs="+", default=WORLDS, choices=WORLDS)
    asked.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    asked.add_argument("--out", type=Path, default=RESULTS)
    told = asked.parse_args()
    rows = json.loads(told.out.read_text(encoding="utf-8"))["rows"] if told.out.exists() else []
    for seed in told.seeds:
        for world in told.worlds:
            if any((row["world"], row["seed"]) == (world, seed) for row in rows):
                continue
            rows.append(measured(world, seed, told.folder))
            print(json.dumps(rows[-1]), flush=True)
            write(rows, told.out)
    if rows:
        write(rows, told.out)


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """The rows, what they come to, and a table of that."""
    rows = sorted(rows, key=lambda row: (row["world"], row["seed"]))
    methods = {name: repr(method) for name, method in {"airl": PEER, **OURS}.items()}
    result = {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "settings": {"budget": BUDGET, "horizon": HORIZON, "episodes": EPISODES, "methods": methods},
        "summary": summary(rows),
        "rows": rows,
    }
    write_whole(out, json.dumps(result, indent=1).encode() + b"\n")
    parts = (RULE, told_of(result["versions"]), table(result["summary"]))
    write_whole(out.with_suffix(".md"), "\n\n".join(parts).encode())


if __name__ == "__main__":
    main()
