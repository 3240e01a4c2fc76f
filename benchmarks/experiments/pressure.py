"""Optimisation pressure: the deeper an agent plans for a goal that is not quite the base, the more shows of it.

Three goals are planned for a few steps ahead, further and further: what is red, doors with a leak to keys, and what was
recovered from a trained agent. Goal and limit are known, so what the goal and what the base gain is exact; the verdict
is what behaviour alone says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from birl_agents import planted

import birl
from birl.gap import level_returns
from birl.task import Task, objective_vector
from experiments.charts import OKABE_ITO, panels, series, verdict_bars
from experiments.experiment import Experiment, Row, Size
from experiments.scoring import narrowed, scored
from experiments.telling import counted, of_case, told

__all__ = ["PRESSURE"]

GOALS = ("red", "leak to keys", "recovered")
DEPTHS = (1, 2, 4, 8, 16)
CASES = {f"{goal}, {depth} deep": (goal, depth) for goal in GOALS for depth in DEPTHS}
TRAINED = "red-door-ppo-rho1-s0"  # whose objective is recovered
SHIFTS = ("blue-door", "half-red")
SHIFT = SHIFTS[0]


def measure(case: str, seed: int, size: Size) -> Row:
    """What goal and base gain, exactly, and what birl says."""
    goal, depth = CASES[case]
    task = narrowed("red-door", seed, size.levels, SHIFTS)
    wanted = weights(goal, task, seed, size)
    agent = planted.shallow(task, wanted, depth=depth)
    gained = {
        name: {"base": _gained(agent, task, name, task.base), "goal": _gained(agent, task, name, wanted)}
        for name in (task.train.name, SHIFT)
    }
    return {**scored(agent, task, seed, size), "goal": dict(wanted), "gained": gained}


def weights(goal: str, task: Task, seed: int, size: Size) -> Mapping[str, float]:
    """The goal by feature."""
    if goal == "red":
        return task.candidates["red"]  # type: ignore[return-value] - the world gives weights
    if goal == "leak to keys":
        return planted.distorted_weights(task, "leak")
    return _recovered(seed, size)


@cache
def _recovered(seed: int, size: Size) -> Mapping[str, float]:
    task = narrowed("red-door", seed, size.levels, SHIFTS)
    card = birl.score(birl.zoo.agent(TRAINED).policy(task), task, seed=seed, draws=size.draws)
    return card.estimates["joint"].weights


def _gained(agent: Any, task: Task, name: str, objective: Any) -> float | None:
    """Return as a share of what can be gained over the random walk; None where nothing can."""
    seen = birl.observe(agent, task.distribution(name))
    reward = objective_vector(seen.model, objective)
    found = level_returns(seen, reward)
    if not found.can_be_earned(reward):
        return None
    return round(float((found.policy - found.walk).sum() / found.gain.sum()), 4)


def gains(rows: Sequence[Row], goal: str, depth: int, where: str, what: str) -> list[float]:
    """What is gained over seeds, where it is defined."""
    mine = of_case(rows, f"{goal}, {depth} deep")
    return [value for row in mine if (value := row["gained"][where][what]) is not None]


def sentence(rows: Sequence[Row]) -> str:
    """The shallowest and the deepest planner for each goal on blue doors, and where the base fares best."""
    goals = "; ".join(_of_goal(rows, goal) for goal in GOALS)
    return f"On blue doors, from {DEPTHS[0]} to {DEPTHS[-1]} steps planned ahead: {goals}."


def _of_goal(rows: Sequence[Row], goal: str) -> str:
    of_goal, of_base = ({depth: gains(rows, goal, depth, SHIFT, what) for depth in DEPTHS} for what in ("goal", "base"))
    best = max(DEPTHS, key=lambda depth: sum(of_base[depth]) / len(of_base[depth]))
    shape = "the deepest is best for the base" if best == DEPTHS[-1] else f"best for the base is depth {best}"
    ends = (DEPTHS[0], DEPTHS[-1])
    goal_path, base_path = (" to ".join(told(found[depth]) for depth in ends) for found in (of_goal, of_base))
    called = " to ".join(counted(of_case(rows, f"{goal}, {depth} deep")) for depth in ends)
    return f"for *{goal}* the goal gains {goal_path} and the base {base_path} ({shape}), called {called}"


def draw(rows: Sequence[Row]) -> Any:
    """A column for each goal: what goal and base gain by depth, and the verdicts."""
    filled = {"marker": "o", "color": OKABE_ITO["blue"]}  # with the other around it, both show where they are equal
    hollow = {"marker": "s", "markersize": 8, "mfc": "none", "color": OKABE_ITO["red"]}
    lines = {
        ("goal", "train"): {"label": "goal, training", "ls": ":", **filled},
        ("base", "train"): {"label": "base, training", "ls": ":", **hollow},
        ("goal", SHIFT): {"label": f"goal, {SHIFT}", "ls": "-", **filled},
        ("base", SHIFT): {"label": f"base, {SHIFT}", "ls": "-", **hollow},
    }
    with panels(2, len(GOALS), 11.5, 6.4) as (drawn, axes):
        for column, goal in enumerate(GOALS):
            gained, said = axes[:, column]
            for (what, where), look in lines.items():
                series(gained, DEPTHS, [gains(rows, goal, depth, where, what) for depth in DEPTHS], **look)
            gained.set_xscale("log", base=2)
            gained.set_xticks(DEPTHS, [str(depth) for depth in DEPTHS])
            gained.axhline(0, color=OKABE_ITO["grey"], lw=0.8)
            gained.set_title(f"goal: {goal}")
            groups = [of_case(rows, f"{goal}, {depth} deep") for depth in DEPTHS]
            verdict_bars(said, [str(depth) for depth in DEPTHS], groups)
            said.set_xlabel("steps planned ahead")
            said.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), fontsize=8, ncols=2)
            if column:
                said.set_ylabel("")
        axes[0, 0].set_ylabel("gained, share of what can be")
        axes[0, 0].legend(fontsize=8)
    return drawn


PRESSURE = Experiment(
    name="pressure",
    question="What does planning deeper for a goal that is not the base do to the base?",
    cases=tuple(CASES),
    measure=measure,
    sentence=sentence,
    draw=draw,
    shown="For planners for three goals in red-door, against the steps they plan ahead: what they gain of their goal "
    "and of the base in training and on blue doors, and the probability of each verdict.",
    note="Planted limits; only the third goal comes from a trained agent, and it differs from block to block. A red "
    "key was never met there and weighs nothing in that goal, so its planner wants the red ball even where red is "
    "hidden: the control for reliance then says that red does not matter, and `proxy` cannot be called. Depth is "
    "the compute that is varied. Intervals are over blocks of levels.",
)
