"""An agent scored, as a row: its verdict and the numbers that verdict rests on.

Numbers with an interval are [value, low, high].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import birl
from birl.task import Task
from birl.types import Interval
from experiments.experiment import Row, Size

__all__ = ["answer", "narrowed", "scored", "trained_agent"]

DIGITS = 4
QUANTITIES = (
    "base_return",
    "directedness",
    "base_directedness",
    "own_directedness",
    "outcome_directedness",
    "device",
    "consistency",
    "compliance",
    "distance",
    "choice_distance",
    "goal_regret",
    "capability_regret",
    "candidate_share",
)
"""What is kept of the evidence."""
SHOWN = {
    "red-door": ("blue-door", "half-red", "larger"),
    "corner": ("anywhere", "near"),
    "coin-corridor": ("elsewhere", "longer"),
}
"""Task -> the shifts on which its trained agents are scored; the others cost more than they add here."""


def trained_agent(case: str, seed: int, size: Size) -> Row:
    """A checkpoint of the zoo, scored on the shifts of its task that are `SHOWN`."""
    agent = birl.zoo.agent(case)
    assert agent.task is not None  # trained agents name theirs
    task = narrowed(agent.task, seed, size.levels)
    return scored(agent.policy(task), task, seed, size)


def narrowed(name: str, seed: int, levels: int, shifts: Sequence[str] | None = None) -> Task:
    """A shipped task on a seed's own levels, with some of its shifts only."""
    task = _loaded(name, levels * (seed + 1)).block(seed, levels)
    wanted = SHOWN[name] if shifts is None else shifts
    kept = [d for d in task.shifts if d.name in wanted]
    ghosts = {c: ghost for c, ghost in task.ghosts.items() if ghost.pair in (*wanted, task.train.name)}
    return replace(task, shifts=kept, ghosts=ghosts)


@cache
def _loaded(name: str, levels: int) -> Task:
    return birl.load_task(name, levels=levels)


def scored(policy: Any, task: Task, seed: int, size: Size) -> Row:
    """The row of a policy on a task."""
    return answer(birl.score(policy, task, seed=seed, draws=size.draws))


def answer(card: birl.Scorecard) -> Row:
    """What a card says, in plain numbers."""
    assert card.evidence is not None  # the methods that are asked predict actions
    assert card.diagnosis is not None
    return {
        "verdict": card.diagnosis.verdict.value,
        "rule": card.diagnosis.rule,
        "flags": sorted(card.diagnosis.flags),
        "probabilities": {v.value: round(p, DIGITS) for v, p in card.diagnosis.probabilities.items()},
        "preferred": card.preferred,
        "weights": _numbers(card.estimates["joint"].intervals),
        "evidence": {name: _numbers(getattr(card.evidence, name)) for name in QUANTITIES},
        "outcomes": {name: _numbers(reading.outcomes) for name, reading in card.readings.items()},
    }


def _numbers(found: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {name: [round(x, DIGITS) for x in (i.value, i.low, i.high)] for name, i in found.items()}
