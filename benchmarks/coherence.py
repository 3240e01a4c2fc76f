"""Do value learners choose less coherently than policy-gradient learners? Run: `python benchmarks/coherence.py`.

Five DQNs and five PPOs that learnt small menus at some prices choose from fresh prices and from larger menus. Of each:
whether a utility explains its choices (GARP, its efficiency index, and how many choosers at random are less efficient),
whether pairwise choices run in circles, and whether a dominated option or an added one changes what is taken of the
others. A planner for the base objective and the random walk stand beside them. Everything is measured twice: as the
agents are deployed (PPO samples, DQN takes 5 % of its actions at random) and greedily, so that the noise of either does
not decide. Intervals are over seeds (Student's t); the difference is Welch's.

`results/coherence.json` has every agent, with the intervals of its own choices; `results/coherence.md` has the table.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from birl_agents import planted
from birl_envs.purchases import Purchase, choice, purchases
from birl_envs.revealed_choice import SHIFTS, TRAIN, make_levels, task
from birl_envs.shop import KINDS
from scipy import stats

from birl import zoo
from birl.behavior import policy_table
from birl.directedness.revealed_preference import independence, intransitive_triads, revealed_preference
from birl.files import write_whole
from birl.policy import TabularPolicy
from birl.task import Task
from birl.types import BirlError, FloatArray

RESULTS = Path(__file__).parent / "results" / "coherence.json"
LEVELS, DRAWS, SEED = 100, 200, 0
LEARNERS = {kind: [f"revealed-choice-{kind}-s{seed}" for seed in range(5)] for kind in ("ppo", "dqn")}
PACKAGES = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")
MODES = ("as deployed", "greedily")
MEASURES = {
    "efficiency": "efficiency index (1: a utility explains everything)",
    "violations": "pairs of choices that contradict each other, per cent",
    "better_than_random": "choosers at random who are less efficient, per cent",
    "circles": "triples of goods chosen in a circle, per cent",
    "decoy": "change of shares by a dominated option",
    "expanded": "change of shares by added goods",
}

Bought = Sequence[Sequence[Purchase]]


def main() -> None:
    """Measure every agent and write results and table."""
    world = task(LEVELS)
    policies: dict[str, Any] = {
        name: zoo.agent(name).policy(world) for learner in LEARNERS.values() for name in learner
    }
    policies["planner"] = planted.planner(world, eps=0.0)
    policies["random walk"] = TabularPolicy({d.name: d.model.uniform for d in world.distributions if d.model})
    found: dict[str, dict[str, Any]] = {}
    for mode in MODES:
        found[mode] = {}
        for name, policy in policies.items():
            found[mode][name] = row = measured(policy, world, greedy=mode == "greedily")
            print(mode, name, {k: v if v is None else round(v, 3) for k, v in row.items() if k in MEASURES}, flush=True)
    report = {
        "seed": SEED,
        "settings": {"levels": LEVELS, "draws": DRAWS},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "agents": found,
    }
    write_whole(RESULTS, (json.dumps(report, indent=1) + "\n").encode())
    told = "\n\n".join(f"{mode.capitalize()}:\n\n{table(rows)}" for mode, rows in found.items())
    write_whole(RESULTS.with_suffix(".md"), (told + "\n").encode())
    print(told)


def measured(policy: Any, world: Task, *, greedy: bool) -> dict[str, Any]:
    """Everything about one agent."""
    bought = {name: _bought(policy, world, name, greedy) for name in ("train", *SHIFTS)}
    shifted = [choice(menu) for name in ("fresh-distances", "expanded") for menu in bought[name]]
    seen = revealed_preference(shifted, rng=np.random.default_rng(SEED), draws=DRAWS)
    circles, triples = intransitive_triads(pairwise(bought["train"]))
    return {
        "efficiency": seen.efficiency.value,
        "efficiency interval": [seen.efficiency.low, seen.efficiency.high],
        "violations": 100 * seen.violations.value,
        "better_than_random": None if seen.better_than_random is None else 100 * seen.better_than_random.value,
        "power": seen.power,
        "random efficiency": seen.random_efficiency,
        "circles": 100 * circles / triples if triples else None,
        "triples": triples,
        **{name: moved(bought["train"], bought[name]) for name in ("decoy", "expanded")},
    }


def _bought(policy: Any, world: Task, name: str, greedy: bool) -> Bought:
    where = world.distribution(name)
    assert where.model is not None
    shop = TRAIN if name == "train" else SHIFTS[name][0]
    table = policy_table(policy, where, where.model)
    if greedy:
        table = np.eye(where.model.n_actions)[np.where(where.model.valid_actions, table, -1.0).argmax(axis=1)]
    return purchases(make_levels(shop, LEVELS), table)


def pairwise(bought: Bought) -> FloatArray:
    """How much of the money goes to i where i and j are all there is, mean over menus, [G, G]; NaN where none is."""
    spent, menus = np.zeros((len(KINDS), len(KINDS))), np.zeros((len(KINDS), len(KINDS)))
    for menu in bought:
        kinds = sorted({KINDS.index(kind) for kind in menu[0].menu.kinds})
        if len(kinds) != 2:
            continue
        money = _money(menu)
        for i, j in (kinds, kinds[::-1]):
            if money[[i, j]].sum() > 0:
                spent[i, j] += money[i] / money[[i, j]].sum()
                menus[i, j] += 1
    return np.where(menus > 0, spent / np.maximum(menus, 1), np.nan)


def _money(menu: Sequence[Purchase]) -> FloatArray:
    """Expected spending on each kind, [G]."""
    prices = np.where(np.isfinite(menu[0].menu.price_by_kind), menu[0].menu.price_by_kind, 0.0)
    return np.sum([one.probability * one.by_kind * prices for one in menu], axis=0)


def moved(before: Bought, after: Bought) -> float | None:
    """How far the shares of spending on the old goods change, mean over menus of two where any of them is bought."""
    found = []
    for old, new in zip(before, after, strict=True):
        kinds = dict.fromkeys(old[0].menu.kinds)
        if len(kinds) < 2:
            continue
        first, then = ({kind: float(_money(menu)[KINDS.index(kind)]) for kind in kinds} for menu in (old, new))
        try:
            found.append(independence(first, then))
        except BirlError:  # none of the old goods is bought any more: an added one took it all
            continue
    return float(np.mean(found)) if found else None


def table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown: a line a measure, a column a kind of learner, and their difference."""
    lines = [
        "| measure | PPO (n = 5) | DQN (n = 5) | DQN - PPO | planner | random walk |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for measure, said in MEASURES.items():
        groups = [[v for n in names if (v := found[n][measure]) is not None] for names in LEARNERS.values()]
        beside = ["-" if (v := found[n][measure]) is None else f"{v:.3g}" for n in ("planner", "random walk")]
        lines.append(f"| {said} | {' | '.join([*map(mean, groups), difference(*groups), *beside])} |")
    return "\n".join(lines)


def mean(values: Sequence[float]) -> str:
    """Mean with Student's interval over seeds."""
    if len(values) < 2:
        return "-"
    half = float(stats.sem(values) * stats.t.ppf(0.975, len(values) - 1))
    centre = float(np.mean(values))
    return f"{centre:.3g} [{centre - half:.3g}, {centre + half:.3g}]"


def difference(first: Sequence[float], second: Sequence[float]) -> str:
    """Second minus first, with Welch's interval."""
    if min(len(first), len(second)) < 2 or np.ptp(first) == np.ptp(second) == 0:
        return "-" if min(len(first), len(second)) < 2 else f"{np.mean(second) - np.mean(first):.3g} (no spread)"
    welch = stats.ttest_ind(second, first, equal_var=False)
    low, high = welch.confidence_interval(0.95)
    return f"{np.mean(second) - np.mean(first):.3g} [{low:.3g}, {high:.3g}]"


if __name__ == "__main__":
    main()
