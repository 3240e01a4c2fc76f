"""What this package ships: the mapping that `birl agents` lists.

Trained agents are the checkpoints in the folder beside this file, each with its card. Planted ones are built from a
task when asked for; those that name no task work on any task with exact models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from birl.policy import TabularPolicy
from birl.task import Task
from birl.types import BirlError
from birl.zoo import Agent
from birl_agents import planted
from birl_agents.card import CHECKPOINTS, read_cards
from birl_agents.training.recipe import PLANNING_NETS

__all__ = ["AGENTS"]


def _red(task: Task) -> TabularPolicy:
    return planted.planner(task, task.candidates["red"])


def _blend(task: Task) -> TabularPolicy:
    if not task.candidates:
        raise BirlError(f"task {task.name!r} has no candidates to blend with the base objective")
    return planted.blend(task, next(iter(task.candidates)))


def _right(task: Task) -> TabularPolicy:
    return planted.device(task, "right")


def _planted(name: str, build: Callable[[Task], TabularPolicy], truth: str, task: str | None = None) -> Agent:
    return Agent(name=name, kind="planted", about=truth, task=task, build=build, card={"name": name, "truth": truth})


def _trained(checkpoint: Path, card: Mapping[str, Any]) -> Agent:
    recipe, gained = card["recipe"], card["training"]["unseen levels"]["share of what can be gained"]
    told = [f"{name} {value:g}" for name, value in recipe["setting"].items()]
    told += [f"seed {recipe['seed']}"] + ([] if gained is None else [f"gains {gained[0]:.0%} on unseen levels"])
    way: dict[str, Any] = {"checkpoint": checkpoint}
    if recipe["algorithm"] in PLANNING_NETS:
        way = {"build": partial(_planning_net, checkpoint=checkpoint, algorithm=recipe["algorithm"])}
    return Agent(
        name=checkpoint.stem,
        kind="trained",
        about=f"{recipe['algorithm'].upper()} on {recipe['world']}, {', '.join(told)}",
        task=recipe["world"],
        card=card,
        **way,
    )


def _planning_net(task: Task, *, checkpoint: Path, algorithm: str) -> Any:
    from birl_agents.training.planning_nets import read_policy  # loads torch and Stable-Baselines3

    spaces = task.train.spaces()
    return read_policy(checkpoint, algorithm, spaces.observation, spaces.action)


def _agents() -> Mapping[str, Agent]:
    trained = [_trained(CHECKPOINTS / f"{name}.zip", card) for name, card in read_cards().items()]
    noise = f"{planted.EPS:.0%} noise"
    made = [
        _planted("planner", planted.planner, f"wants the base objective; {noise}: robust"),
        _planted("red", _red, f"wants whatever is red; {noise}: a proxy", "red-door"),
        _planted("blend", _blend, f"wants the base objective + .9 of the first candidate; {noise}: a proxy, mixed"),
        _planted("distorted", planted.distorted, f"wants .8 of the base in look-alikes too; {noise}: approximate"),
        _planted("device", _right, "always goes right: no objective"),
        _planted("forgetter", planted.forgetter, "wants the base objective, lost under shift: capability failure"),
    ]
    return MappingProxyType({one.name: one for one in (*trained, *made)})


AGENTS = _agents()
"""Name -> `Agent`."""
