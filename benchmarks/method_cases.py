"""What the methods are tried on: policies whose objective is known, behaviour to fit and behaviour to be judged on.

An exact case has a finite model, and a planted or trained policy that is asked in every state. A sampled case is a
continuous world with an expert that was trained there. Levels that are fitted and levels that judge never overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from birl_agents import planted
from birl_envs.exact import distribution
from birl_envs.red_door import SHIFTS, TRAIN, WORLD, make_levels
from birl_envs.red_door import task as red_door

from birl import zoo
from birl.behavior import observe
from birl.irl import AnyBehavior
from birl.policy import TabularPolicy
from birl.tabular import TabularModel, soft_plan
from birl.task import Distribution, Objective, Task

__all__ = ["CASES", "Case"]

LEVELS = 40  # fitted, and as many again that judge, in each distribution
HELD_SEED = 10_000  # levels that judge are drawn away from every seed that is fitted
PLACES = ("train", "blue-door")
BLEND = {"touch:ball&red": 0.5}  # wanted beside the base objective
TEMPERATURE, EPS = 0.1, 0.05
SIDE, GRID_DISCOUNT = 8, 0.9


@dataclass(frozen=True, kw_only=True)
class Case:
    """One problem, drawn by a seed.

    Attributes:
        fit: behaviour to recover a reward from.
        held: behaviour on other levels, to judge it on.
        truth: the objective the policy was made from (or, of a trained one, was paid for), as weights by feature.
        candidates: named objectives a method may test.
    """

    fit: Sequence[AnyBehavior]
    held: Sequence[AnyBehavior]
    truth: Mapping[str, float]
    candidates: Mapping[str, Mapping[str, float]]


def soft_planner(seed: int) -> Case:
    """Soft-optimal for doors and, half as much, red balls: exactly what `mce` assumes."""
    return _maze(seed, lambda task, wanted: planted.planner(task, wanted, temperature=TEMPERATURE, eps=0.0), BLEND)


def greedy_planner(seed: int) -> Case:
    """Optimal for doors and, half as much, red balls, but for 5 % random actions: what `boltzmann` assumes."""
    return _maze(seed, lambda task, wanted: planted.planner(task, wanted, eps=EPS), BLEND)


def trained(seed: int) -> Case:
    """A PPO trained where half of the doors are blue; its card counts the door on 93 % of levels, red on none."""
    return _maze(seed, lambda task, _: zoo.agent("red-door-ppo-rho0.5-s0").policy(task), {})


def grid(seed: int) -> Case:
    """A soft-optimal agent on an open 8x8 square where every square has its reward: imitation's kind of problem."""
    model = open_square(SIDE)
    truth = np.random.default_rng(seed).normal(size=SIDE**2)
    table = soft_plan(model, model.features @ truth).policy
    where = Distribution("square", model, shift="train")
    seen = observe(TabularPolicy({"square": table}), where)
    return Case(
        fit=[seen], held=[seen], truth=dict(zip(model.feature_names, truth.tolist(), strict=True)), candidates={}
    )


def open_square(side: int) -> TabularModel:
    """Four moves, walls all around, started anywhere; the observation is row and column in [0, 1]."""
    import scipy.sparse as sp

    row, column = np.divmod(np.arange(side * side), side)
    moves = ((-1, 0), (1, 0), (0, -1), (0, 1))
    ends = [np.clip(row + r, 0, side - 1) * side + np.clip(column + c, 0, side - 1) for r, c in moves]
    rows = np.arange(4 * side * side)
    places = np.stack([row, column], axis=1) / (side - 1)
    return TabularModel(
        transitions=sp.csr_matrix((np.ones(rows.size), (rows, np.stack(ends, axis=1).ravel()))),
        features=sp.csr_matrix((np.ones(rows.size), (rows, rows // 4)), shape=(rows.size, side * side)),
        start=np.full(side * side, 1 / side**2),
        terminal=np.zeros(side * side, bool),
        discount=GRID_DISCOUNT,
        feature_names=[f"square {r},{c}" for r, c in zip(row, column, strict=True)],
        observe=lambda states: places[states].astype(np.float32),
    )


def _maze(seed: int, agent: Callable[[Task, Mapping[str, float]], Any], beside: Mapping[str, float]) -> Case:
    """A policy in red-door, in training and where the door is blue."""
    whole = red_door(levels=1)
    truth = {**_weights(whole.base), **beside}
    sides = []
    for draw in (seed, HELD_SEED + seed):
        task = replace(whole, train=_place("train", draw), shifts=[_place("blue-door", draw)], ghosts={})
        policy = agent(task, truth)
        rng = np.random.default_rng(draw)
        sides.append([observe(policy, d, rng=rng, episodes=200) for d in task.distributions])
    named = {"base": _weights(whole.base), **{name: _weights(c) for name, c in whole.candidates.items()}}
    return Case(fit=sides[0], held=sides[1], truth=truth, candidates=named)


def _weights(objective: Objective) -> dict[str, float]:
    assert isinstance(objective, Mapping)  # in red-door all are
    return {name: float(weight) for name, weight in objective.items()}


def _place(name: str, seed: int) -> Distribution:
    maze, shift = (TRAIN, "train") if name == "train" else SHIFTS[name]
    return distribution(WORLD, name, make_levels(maze, LEVELS, seed=seed), shift=shift)


CASES: Mapping[str, Callable[[int], Case]] = {
    "soft planner": soft_planner,
    "greedy planner": greedy_planner,
    "trained PPO": trained,
    "open square": grid,
}
"""Name -> the case of a seed."""
