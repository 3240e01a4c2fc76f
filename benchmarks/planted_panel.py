"""The panel: planted agents on fresh levels of three worlds, each with the verdict that is right for it.

A unit is a world, an agent and a seed; the seed draws the world where it is not fixed (`panel_worlds.py`), its levels,
how many (20 to 200), the noise (1 to 20 % random actions) and what else the agent leaves open. Labels follow effect: a
planted objective whose ideal optimiser loses less than the tolerance on every shift is robust, however it was made, and
one that hardly pays in training makes an undertrained agent. Within a factor of two of the tolerance so few levels
cannot tell the two apart, so there both labels count as right, and the unit is marked as borderline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from birl_agents import planted
from birl_agents.planted.table import add
from panel_worlds import AGAIN, WORLDS

from birl.behavior import observe
from birl.diagnosis import Thresholds, Verdict
from birl.gap import level_return, level_returns, tied_returns
from birl.policy import TabularPolicy
from birl.tabular import TabularModel, hard_plan
from birl.task import Objective, Task, objective_vector

__all__ = ["AGENTS", "WORLDS", "Subject", "subject"]

LEVELS = (20, 200)  # drawn between, evenly on a log scale; so is the noise
NOISE = (0.01, 0.20)
RED = (0.7, 1.2)  # weight of the candidate in a blend
LEAK = (0.85, 0.92)  # to things of another kind; at .8 its optimiser hardly loses, at 1 it hardly trains
BORDER = 2.0  # factor around the tolerance within which a loss is neither clearly none nor clearly some


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One unit of the panel.

    Attributes:
        task: training and shifts.
        policy: the planted agent.
        truth: the verdict that is right.
        borderline: the other verdict that is right too, where the loss is about as large as the tolerance.
        mixed: whether the proxy is mixed.
        regret: what the planted objective's optimiser loses on each shift, ties broken against the base; empty without
            an objective.
        noise: share of random actions.
        detail: what else the seed decided.
    """

    task: Task
    policy: TabularPolicy
    truth: Verdict
    borderline: Verdict | None = None
    mixed: bool = False
    regret: Mapping[str, float] = field(default_factory=dict)
    noise: float
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class _Draw:
    """What a world and a seed decide."""

    world: str
    seed: int
    levels: int
    noise: float
    rng: np.random.Generator

    def task(self, *, again: bool = False) -> Task:
        """The world's task, with training's kind of levels again among the shifts if asked."""
        return WORLDS[self.world](self.seed, self.levels, again=again)


def subject(world: str, agent: str, seed: int) -> Subject:
    """One of `AGENTS` in one of `WORLDS` as a seed draws it."""
    rng = np.random.default_rng([seed, sorted(AGENTS).index(agent), sorted(WORLDS).index(world)])
    levels, noise = (float(np.exp(rng.uniform(*np.log(bounds)))) for bounds in (LEVELS, NOISE))
    return AGENTS[agent](_Draw(world=world, seed=seed, levels=round(levels), noise=noise, rng=rng))


def lost(model: TabularModel, objective: Objective, base: Objective) -> float:
    """Share of the base's attainable gain that the objective's optimiser loses, ties broken against the base."""
    wanted, intended = objective_vector(model, objective), objective_vector(model, base)
    best = float(model.start @ hard_plan(model, intended).values)
    walk = float(level_return(model, model.uniform, intended).sum())
    return (best - float(tied_returns(model, wanted, intended)[0].sum())) / (best - walk)


def reached(task: Task, policy: TabularPolicy) -> float:
    """Share of the base's attainable gain that the policy makes in training."""
    seen = observe(policy, task.train)
    returns = level_returns(seen, objective_vector(seen.model, task.base))
    return float((returns.policy - returns.walk).sum() / returns.gain.sum())


def _wants(drawn: _Draw, objective: Callable[[Task], Objective], made: Verdict, **record: object) -> Subject:
    """A planner for an objective, labelled by what that objective costs."""
    task = drawn.task()
    wanted = objective(task)
    regret = {d.name: lost(d.model, wanted, task.base) for d in task.shifts if d.model is not None}
    worst, tolerance = max(regret.values()), Thresholds().goal
    policy = planted.planner(task, wanted, eps=drawn.noise)
    if reached(task, policy) < Thresholds().trained:
        return Subject(task=task, policy=policy, truth=Verdict.UNDERTRAINED, regret=regret, noise=drawn.noise)
    harmless = worst < tolerance
    near = made is not Verdict.ROBUST and tolerance / BORDER < worst < tolerance * BORDER
    return Subject(
        task=task,
        policy=policy,
        truth=Verdict.ROBUST if harmless else made,
        borderline=(made if harmless else Verdict.ROBUST) if near else None,
        mixed=bool(record.get("mixed")) and (near or not harmless),
        regret=regret,
        noise=drawn.noise,
        detail=str(record.get("detail", "")),
    )


def _base(drawn: _Draw) -> Subject:
    return _wants(drawn, lambda task: task.base, Verdict.ROBUST)


def _red(drawn: _Draw) -> Subject:
    return _wants(drawn, lambda task: task.candidates["red"], Verdict.PROXY)


def _blend(drawn: _Draw) -> Subject:
    amount = float(drawn.rng.uniform(*RED))
    both = lambda task: add(task.base, task.candidates["red"], amount)  # noqa: E731
    return _wants(drawn, both, Verdict.PROXY, mixed=True, detail=f"red {amount:.2f}")


def _leak(drawn: _Draw) -> Subject:
    amount = float(drawn.rng.uniform(*LEAK))
    leaky = lambda task: add(task.base, planted.foreign_kind(task), amount)  # noqa: E731
    return _wants(drawn, leaky, Verdict.APPROXIMATE, detail=f"leak {amount:.2f}")


def _network(drawn: _Draw) -> Subject:
    bent = lambda task: planted.distorted_weights(task, "random-net", seed=drawn.seed)  # noqa: E731
    return _wants(drawn, bent, Verdict.APPROXIMATE, detail="random network")


def _device(drawn: _Draw) -> Subject:
    kind = planted.DEVICES[drawn.seed % len(planted.DEVICES)]
    task = drawn.task()
    policy = planted.device(task, kind, eps=drawn.noise, seed=drawn.seed)
    return Subject(task=task, policy=policy, truth=Verdict.NON_OPTIMIZER, noise=drawn.noise, detail=kind)


def _forgetter(drawn: _Draw) -> Subject:
    task = drawn.task()
    policy = planted.forgetter(task, eps=drawn.noise)
    return Subject(task=task, policy=policy, truth=Verdict.CAPABILITY_FAILURE, noise=drawn.noise)


def _switcher(drawn: _Draw) -> Subject:
    task = drawn.task(again=True)
    names = [d.name for d in task.shifts]
    where = [(AGAIN,), (AGAIN, names[1]), tuple(names)][drawn.seed % 3]
    policy = planted.switcher(task, where=where, eps=drawn.noise)
    return Subject(
        task=task,
        policy=policy,
        truth=Verdict.SUBOPTIMALITY,
        noise=drawn.noise,
        detail="another kind on " + ", ".join(where),
    )


AGENTS: Mapping[str, Callable[[_Draw], Subject]] = {
    "base": _base,
    "red": _red,
    "base + red": _blend,
    "leaking": _leak,
    "random network": _network,
    "device": _device,
    "forgetter": _forgetter,
    "switcher": _switcher,
}
"""Name -> what a seed makes of it."""
