"""What the methods are tried on: policies whose objective is known, behaviour to fit and behaviour to be judged on.

An exact case has a finite model, and a planted or trained policy that is asked in every state. A sampled case is a
continuous world: Pendulum and point goal with SAC experts (`continuous_experts.py`), CartPole and MountainCar with
controllers written by hand, whose actions are drawn by a softmax. Levels that are fitted and levels that judge never
overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import continuous_cases
import numpy as np
from birl_agents import planted
from birl_envs.exact import distribution
from birl_envs.red_door import SHIFTS, TRAIN, WORLD, make_levels
from birl_envs.red_door import task as red_door

from birl import zoo
from birl.behavior import observe
from birl.distance.samples import CoverageSample
from birl.irl import AnyBehavior
from birl.policy import CategoricalPolicy, TabularPolicy
from birl.sampled import watch
from birl.tabular import TabularModel, soft_plan
from birl.task import Distribution, Objective, Task, load_task
from birl.types import FloatArray

__all__ = ["CASES", "Case"]

LEVELS = 40  # fitted, and as many again that judge, in each distribution
HELD_SEED = 10_000  # levels that judge are drawn away from every seed that is fitted
PLACES = ("train", "blue-door")
BLEND = {"touch:ball&red": 0.5}  # wanted beside the base objective
TEMPERATURE, EPS = 0.1, 0.05
SIDE, GRID_DISCOUNT = 8, 0.9
EPISODES = 40  # of a continuous world, on each distribution


@dataclass(frozen=True, kw_only=True)
class Case:
    """One problem, drawn by a seed.

    Attributes:
        fit: behaviour to recover a reward from.
        held: behaviour on other levels, to judge it on.
        truth: the objective the policy was made from (or, of a trained one, was paid for), as weights by feature.
        candidates: named objectives a method may test.
        sample: what distances are estimated on, where it is not drawn from what judges.
    """

    fit: Sequence[AnyBehavior]
    held: Sequence[AnyBehavior]
    truth: Mapping[str, float]
    candidates: Mapping[str, Mapping[str, float]]
    sample: CoverageSample | None = None


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


def cart_pole(seed: int) -> Case:
    """Leans against the fall, and a little towards the middle; paid for every step the pole stays up."""

    def lean(observations: Any) -> FloatArray:
        position, speed, angle, turn = np.asarray(observations, np.float64).T
        right = 4.0 * (3.0 * angle + turn + 0.1 * position + 0.2 * speed)
        return np.stack([np.zeros_like(right), 10.0 * right], axis=1)

    return _continuous("cart-pole", CategoricalPolicy(lean), seed)


def mountain_car(seed: int) -> Case:
    """Pushes the way it rolls; paid for every step it is spared."""

    def along(observations: Any) -> FloatArray:
        speed = np.asarray(observations, np.float64)[:, 1]
        return np.stack([-300.0 * speed, np.full_like(speed, -2.0), 300.0 * speed], axis=1)

    return _continuous("mountain-car", CategoricalPolicy(along), seed)


def pendulum(seed: int) -> Case:
    """SAC; paid for standing upright at little speed and torque: three squares, whose weights are to be found."""
    return _expert("Pendulum-v1", seed)


def point_goal(seed: int) -> Case:
    """SAC trained with doors of either colour; paid for doors."""
    return _expert("point-goal", seed)


def _expert(world: str, seed: int) -> Case:
    """A SAC expert, watched, and watched again to be judged on."""
    seen, again = (continuous_cases.case(world, seed, episodes=EPISODES, draw=draw) for draw in (0, 1))
    return Case(
        fit=[seen.behavior],
        held=[again.behavior],
        truth=seen.truth,
        candidates={"base": seen.truth},
        sample=again.sample,
    )


def _continuous(name: str, policy: Any, seed: int, *shifts: str) -> Case:
    """A policy rolled out in training (and some shifts), and again on seeds of their own."""
    task = load_task(name, levels=EPISODES)
    sides = []
    for first in (seed * 2 * EPISODES, HELD_SEED + seed * 2 * EPISODES):
        rng = np.random.default_rng(first)
        places = [
            replace(d, seeds=tuple(range(first, first + EPISODES)))
            for d in (task.train, *map(task.distribution, shifts))
        ]
        sides.append([watch(policy, d, episodes=EPISODES, rng=rng, discount=task.discount) for d in places])
    named = {n: _weights(c) if isinstance(c, Mapping) else {n: 1.0} for n, c in task.candidates.items()}
    first_feature = sides[0][0].feature_names[0]
    truth = (
        _weights(task.base) if isinstance(task.base, Mapping) else {first_feature: 1.0}
    )  # theirs names the base first
    return Case(fit=sides[0], held=sides[1], truth=truth, candidates={"base": truth, **named})


CASES: Mapping[str, Callable[[int], Case]] = {
    "soft planner": soft_planner,
    "greedy planner": greedy_planner,
    "trained PPO": trained,
    "open square": grid,
    "cart-pole": cart_pole,
    "mountain-car": mountain_car,
    "pendulum": pendulum,
    "point-goal": point_goal,
}
"""Name -> the case of a seed."""
