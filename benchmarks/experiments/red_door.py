"""Red door end to end: agents trained with red doors only, with nine in ten, with half and with none.

What was recovered is the candidate's part of the objective: 0 all base, 1 all red.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.charts import OKABE_ITO, panels, series, verdict_bars
from experiments.experiment import Experiment, Row
from experiments.scoring import trained_agent
from experiments.telling import counted, number, numbers, of_case, told

__all__ = ["RED_DOOR"]

ALWAYS = tuple(f"red-door-ppo-rho1-s{seed}" for seed in range(3))
AGENTS = {
    **{name: f"all\nseed {name[-1]}" for name in ALWAYS},
    "red-door-ppo-rho0.9-s0": "90 %",
    "red-door-ppo-rho0.5-s0": "50 %",
    "red-door-ppo-rho0-s0": "none",
}
"""Agent -> how many of its training doors were red."""
SHIFT, CANDIDATE = "blue-door", "red"


def sentence(rows: Sequence[Row]) -> str:
    """Red doors only against any others; training seeds are the sample of the first."""
    always = [[number(row, "candidate_share", CANDIDATE) or 0.0 for row in of_case(rows, name)] for name in ALWAYS]
    means = [sum(some) / len(some) for some in always]
    lost = [numbers(of_case(rows, name), "goal_regret", SHIFT) for name in ALWAYS]
    regret = [sum(some) / len(some) for some in lost if some]
    other = [row for row in rows if row["case"] not in ALWAYS]
    return (
        f"PPO trained with red doors only is called {counted(of_case(rows, *ALWAYS))}; red is {told(means)} of what it "
        f"pursues (three training seeds), and an ideal optimiser of that would lose {told(regret)} of the base return "
        f"on blue doors. With 10 % or more other doors the verdicts are {counted(other)}, red's part "
        f"{told(numbers(other, 'candidate_share', CANDIDATE))} and the loss "
        f"{told(numbers(other, 'goal_regret', SHIFT))}."
    )


def draw(rows: Sequence[Row]) -> Any:
    """Red's part, the gap on blue doors in its two parts, and the verdicts."""
    groups = [of_case(rows, name) for name in AGENTS]
    x = range(len(AGENTS))
    with panels(1, 3, 11.5, 3.6) as (drawn, ((part, gap, said),)):
        series(part, x, [numbers(g, "candidate_share", CANDIDATE) for g in groups], color=OKABE_ITO["red"], ls="")
        part.set_title("Part of red in the recovered objective")
        part.set_ylim(-0.05, 1.05)
        for quantity, name, colour, mark in (
            ("goal_regret", "goal: its ideal optimiser", "red", "o"),
            ("capability_regret", "capability: the rest", "blue", "s"),
        ):
            values = [numbers(g, quantity, SHIFT) for g in groups]
            series(gap, x, values, color=OKABE_ITO[colour], marker=mark, ls="", label=name)
        gap.axhline(0, color=OKABE_ITO["grey"], lw=0.8)
        gap.set_title("Base return lost on blue doors")
        gap.legend(fontsize=8)
        verdict_bars(said, list(AGENTS.values()), groups)
        said.set_title("Verdict")
        for axes in (part, gap):
            axes.set_xticks(x, list(AGENTS.values()))
        drawn.supxlabel("red doors in training", fontsize=9)
    return drawn


RED_DOOR = Experiment(
    name="red-door",
    question="What do agents want whose training doors were always, mostly, sometimes or never red?",
    cases=tuple(AGENTS),
    measure=trained_agent,
    sentence=sentence,
    draw=draw,
    shown="For six PPO agents, by the share of red doors in training: the part of red in the recovered objective, the "
    "base return lost on blue doors (by the goal and by capability), and the probability of each verdict.",
    note="Only training with red doors alone comes with three training seeds; the other settings are one agent each, "
    "whose intervals are over blocks of levels.",
)
