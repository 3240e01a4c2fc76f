"""Red door end to end: agents trained with red doors only, with nine in ten, with half and with none.

What was recovered is the candidate's part of the objective: 0 all base, 1 all red.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.charts import OKABE_ITO, panels, series, verdict_bars
from experiments.experiment import Experiment, Row
from experiments.scoring import trained_agent
from experiments.telling import averaged, counted, numbers, of_case, told

__all__ = ["RED_DOOR"]

ALWAYS = tuple(f"red-door-ppo-rho1-s{seed}" for seed in range(3))
AGENTS = {
    **{name: f"all\n({name[-1]})" for name in ALWAYS},
    "red-door-ppo-rho0.9-s0": "90 %",
    "red-door-ppo-rho0.5-s0": "50 %",
    "red-door-ppo-rho0-s0": "none",
}
"""Agent -> how many of its training doors were red."""
SHIFT, CANDIDATE = "blue-door", "red"


def sentence(rows: Sequence[Row]) -> str:
    """Red doors only against any others; agents are the sample of both."""
    always, other = of_case(rows, *ALWAYS), [row for row in rows if row["case"] not in ALWAYS]
    return (
        f"PPO trained with red doors only is called {counted(always)}: red is {_part(always)} of what it pursues, and "
        f"an ideal optimiser of that would lose {_lost(always)} of the base return on blue doors. Where at least one "
        f"door in ten was not red, the verdict is {counted(other)}, red's part {_part(other)}, and that loss "
        f"{_lost(other)}."
    )


def _part(rows: Sequence[Row]) -> str:
    return told(averaged(rows, "candidate_share", CANDIDATE, by="case"))


def _lost(rows: Sequence[Row]) -> str:
    return told(averaged(rows, "goal_regret", SHIFT, by="case"))


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
        drawn.supxlabel("red doors in training (training seed)", fontsize=9)
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
    note="Intervals in the text are over the three agents of each group (three training seeds; 10, 50 and 100 % other "
    "doors), each averaged over blocks of levels.",
)
