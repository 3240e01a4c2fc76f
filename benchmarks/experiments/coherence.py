"""DQN against PPO: the measurements of `benchmarks/coherence.py`, which takes six minutes and stores them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from scipy import stats

from birl.types import BirlError, Interval
from experiments.charts import OKABE_ITO, panels
from experiments.experiment import Experiment, Row, Size
from experiments.telling import listed, of_case, spoken, told

__all__ = ["COHERENCE"]

STORED = Path(__file__).parents[1] / "results" / "coherence.json"
LEARNERS = {"ppo": ("PPO", "blue", "o"), "dqn": ("DQN", "red", "s")}
BESIDE = ("planner", "random walk")
SEEDS = 5
MODES = ("as deployed", "greedily")
MEASURES = {
    "efficiency": "efficiency index",
    "violations": "contradicting pairs,\nper cent",
    "circles": "choices in a circle,\nper cent",
    "decoy": "moved by a\ndominated option",
    "expanded": "moved by\nadded goods",
}
"""Measure -> what it is; of all but one, more is less coherent."""
MORE_IS_BETTER = "efficiency"  # 1 where a utility explains everything


def measure(case: str, seed: int, size: Size) -> Row:
    """What is stored of one agent, in both modes.

    Raises:
        BirlError: when nothing is stored.
    """
    found = stored()
    return {mode: {name: found["agents"][mode][case][name] for name in MEASURES} for mode in MODES}


@cache
def stored() -> Any:
    """The stored result."""
    if not STORED.exists():
        raise BirlError(f"{STORED} is not there: run `python benchmarks/coherence.py` first")
    return json.loads(STORED.read_text(encoding="utf-8"))


def _of(rows: Sequence[Row], learner: str, mode: str, name: str) -> list[float]:
    mine = of_case(rows, *(f"revealed-choice-{learner}-s{seed}" for seed in range(SEEDS)))
    return [row[mode][name] for row in mine if row[mode][name] is not None]


def sentence(rows: Sequence[Row]) -> str:
    """On which measures the learners differ beyond Welch's interval, in both modes."""
    first, second = (_of_mode(rows, mode) for mode in MODES)
    return f"{first[0].upper()}{first[1:]}; {second}."


def _of_mode(rows: Sequence[Row], mode: str) -> str:
    found = {name: gap for name in MEASURES if (gap := difference(rows, mode, name)) is not None}
    lower = {name for name, gap in found.items() if gap.high < 0}
    higher = {name for name, gap in found.items() if gap.low > 0}
    worse = [name for name in found if name in (lower if name == MORE_IS_BETTER else higher)]
    gaps = listed([f"{MEASURES[name]} {spoken(found[name])}".replace("\n", " ") for name in worse])
    return (
        f"{mode}, DQN is less coherent than PPO on {len(worse)} of {len(MEASURES)} measures "
        f"(DQN minus PPO: {gaps or 'none'}) and more on {len(lower | higher) - len(worse)}; the efficiency index is "
        f"{told(_of(rows, 'dqn', mode, 'efficiency'))} against {told(_of(rows, 'ppo', mode, 'efficiency'))}"
    )


def difference(rows: Sequence[Row], mode: str, name: str) -> Interval | None:
    """DQN minus PPO with Welch's interval; None where neither varies."""
    ppo, dqn = (_of(rows, learner, mode, name) for learner in LEARNERS)
    if len({*ppo, *dqn}) < 2:
        return None
    low, high = stats.ttest_ind(dqn, ppo, equal_var=False).confidence_interval(0.95)
    return Interval(value=sum(dqn) / len(dqn) - sum(ppo) / len(ppo), low=float(low), high=float(high))


def draw(rows: Sequence[Row]) -> Any:
    """A panel for each measure: every agent, by learner and mode; planner and random walk as lines."""
    with panels(1, len(MEASURES), 12.5, 3.4) as (drawn, (axes,)):
        for axis, (name, said) in zip(axes, MEASURES.items(), strict=True):
            for i, (learner, (label, colour, mark)) in enumerate(LEARNERS.items()):
                for j, mode in enumerate(MODES):
                    found = _of(rows, learner, mode, name)
                    spread = [j + 0.3 * i - 0.15 + 0.03 * (k - 2) for k in range(len(found))]
                    axis.scatter(
                        spread, found, s=22, color=OKABE_ITO[colour], marker=mark, label=label if not j else None
                    )
            for row, line in zip(of_case(rows, *BESIDE), ("-", ":"), strict=True):
                level = row[MODES[0]][name]
                if level is not None:
                    axis.axhline(level, color=OKABE_ITO["grey"], ls=line, lw=1, label=row["case"])
            axis.set_title(said)
            axis.set_xticks(range(len(MODES)), ["as\ndeployed", "greedily"])
            axis.set_xlim(-0.5, 1.5)
        axes[0].legend(fontsize=8)
    return drawn


COHERENCE = Experiment(
    name="coherence",
    question="Do value learners choose less coherently than policy-gradient learners?",
    cases=(*(f"revealed-choice-{learner}-s{seed}" for learner in LEARNERS for seed in range(SEEDS)), *BESIDE),
    measure=measure,
    sentence=sentence,
    draw=draw,
    shown="Five PPO and five DQN agents, as deployed and greedily, on five measures of coherence, with a planner and "
    "the random walk as lines.",
    note="`python benchmarks/coherence.py` measures; this shows what it stored (`results/coherence.json`, with "
    "versions and settings). Intervals are over training seeds.",
    exact=True,
)
