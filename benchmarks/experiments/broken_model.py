"""A search agent whose model of the world goes wrong under shift, by and by.

It searches a tree for the base objective. Under shift, in a share of states, it takes every action for the next one: it
still knows what it wants and searches as well as ever, for the wrong moves. The states of a smaller share are among
those of a larger one.

Axes: S states, A actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
from birl_agents import planted

from birl.tabular import TabularModel
from birl.task import Distribution, Task
from experiments.charts import OKABE_ITO, panels, series, verdict_bars
from experiments.experiment import Experiment, Row, Size
from experiments.scoring import narrowed, scored
from experiments.telling import counted, listed, numbers, of_case, told

__all__ = ["BROKEN_MODEL"]

SHARES = {f"{share:.0%} of states": share for share in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)}
CASES = tuple(SHARES)
SIMULATIONS = 64
SHIFTS = ("blue-door", "half-red")
SHIFT = SHIFTS[0]
LINES = {
    "directedness": ("by the recovered objective", "blue", "o"),
    "own_directedness": ("by the best of this shift alone", "green", "^"),
    "base_directedness": ("by the planted objective", "red", "s"),
    "device": ("by a habit", "grey", "v"),
}


def measure(case: str, seed: int, size: Size) -> Row:
    """Searches in what it believes, is scored in what is there."""
    task = narrowed("red-door", seed, size.levels, SHIFTS)
    agent = planted.searcher(believed(task, SHARES[case], seed), simulations=SIMULATIONS, seed=seed)
    return scored(agent, task, seed, size)


def believed(task: Task, share: float, seed: int) -> Task:
    """The task as the agent takes it to be: training as it is, the shifts with wrong states."""

    def wrong(d: Distribution) -> Distribution:
        return d if d.model is None else replace(d, model=confused(d.model, share, seed))

    return replace(
        task, shifts=[wrong(d) for d in task.shifts], ghosts={name: wrong(d) for name, d in task.ghosts.items()}
    )


def confused(model: TabularModel, share: float, seed: int) -> TabularModel:
    """A model in which a share of states has its actions taken for the next ones."""
    wrong = np.random.default_rng(seed).random(model.n_states) < share
    action = (np.arange(model.n_actions) + wrong[:, None]) % model.n_actions  # [S, A]
    rows = (np.arange(model.n_states)[:, None] * model.n_actions + action).ravel()
    return replace(model, transitions=model.transitions[rows], features=model.features[rows])


def sentence(rows: Sequence[Row]) -> str:
    """The verdict at every share, and what explains behaviour at both ends."""
    called = {share: counted(of_case(rows, case)) for case, share in SHARES.items()}
    path = "; ".join(
        f"{said} at {listed([f'{100 * share:.0f} %' for share, _ in alike])}"
        for said, alike in groupby(called.items(), key=lambda item: item[1])
    )
    ends = [of_case(rows, case) for case in (CASES[0], CASES[-1])]
    first, last = ([told(numbers(end, name, SHIFT)) for name in LINES] for end in ends)
    return (
        f"With a model that is wrong about a growing share of shifted states the verdict is {path}; the recovered "
        f"objective explains {first[0]} of behaviour on blue doors with a right model and {last[0]} with a wrong one, "
        f"the planted objective {first[2]} and {last[2]}, a habit {first[3]} and {last[3]}."
    )


def draw(rows: Sequence[Row]) -> Any:
    """Directedness by its readings, returns, verdicts; against the share of wrong states."""
    groups = [of_case(rows, case) for case in SHARES]
    share = list(SHARES.values())
    with panels(1, 3, 12.0, 3.6) as (drawn, ((directed, returns, said),)):
        for quantity, (name, colour, mark) in LINES.items():
            found = [numbers(group, quantity, SHIFT) for group in groups]
            series(directed, share, found, color=OKABE_ITO[colour], marker=mark, label=name)
        directed.set_title("Behaviour on blue doors explained")
        directed.legend(fontsize=8)
        for where, colour, mark in (("train", "black", "D"), (SHIFT, "orange", "^")):
            found = [numbers(group, "base_return", where) for group in groups]
            series(returns, share, found, color=OKABE_ITO[colour], marker=mark, label=where)
        returns.set_title("Base return")
        returns.legend(fontsize=8)
        for axes in (directed, returns):
            axes.axhline(0, color=OKABE_ITO["grey"], lw=0.8)
            axes.set_xlabel("share of states it is wrong about")
        verdict_bars(said, [f"{100 * s:.0f} %" for s in share], groups)
        said.set_title("Verdict")
        said.set_xlabel("share of states it is wrong about")
    return drawn


BROKEN_MODEL = Experiment(
    name="broken-model",
    question="What does behaviour say of an agent that searches for the right thing in a model that goes wrong?",
    cases=CASES,
    measure=measure,
    sentence=sentence,
    draw=draw,
    shown="For a planted search agent in red-door, against the share of states its model is wrong about under shift: "
    "how far recovered and planted objective explain its behaviour, its base return, and the probability of verdicts.",
    note="Planted: the objective is the base everywhere. Intervals are over blocks of levels, with other states wrong "
    "on each.",
)
