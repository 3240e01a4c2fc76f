"""Policies that want nothing: rules that never look at where anything is.

Axes: S states, A actions.
"""

from __future__ import annotations

import numpy as np
from birl_envs.atlas import MOVES

from birl.policy import TabularPolicy
from birl.stats import generator
from birl.tabular import TabularModel
from birl.task import Distribution, Task
from birl.types import BirlError, FloatArray, unknown_name
from birl_agents.planted.table import noisy, tabulate

__all__ = ["DEVICES", "device"]

DEVICES = ("constant", "right", "habit", "random-table")


def device(task: Task, kind: str = "constant", *, eps: float = 0.0, seed: int = 0) -> TabularPolicy:
    """Acts by a rule.

    Truth: no objective. `constant` is the world's last action (stay, in grid worlds); `right` the action of that name
    in grid worlds; `habit` one random mixture of actions everywhere; `random-table` one random action for each state, a
    lookup table that was never trained. Where the action is not valid, it is the random walk.

    Args:
        task: every distribution needs a model.
        kind: one of `DEVICES`.
        eps: chance of a random valid action.
        seed: of `habit` and `random-table`.

    Raises:
        BirlError: for an unknown kind, or `right` in a world without that action.
    """
    if kind not in DEVICES:
        raise unknown_name("kind of device", kind, DEVICES)
    rng = generator(seed)
    mixture: FloatArray | None = None

    def rule(_: Distribution, model: TabularModel) -> FloatArray:
        nonlocal mixture
        if kind == "habit":
            mixture = rng.dirichlet(np.ones(model.n_actions)) if mixture is None else mixture  # the same everywhere
            wanted = np.tile(mixture, (model.n_states, 1))
        elif kind == "random-table":
            wanted = np.eye(model.n_actions)[rng.integers(model.n_actions, size=model.n_states)]
        else:
            wanted = np.zeros((model.n_states, model.n_actions))
            wanted[:, model.n_actions - 1 if kind == "constant" else _right(task, model)] = 1.0
        return noisy(_valid(wanted, model), model, eps)

    return tabulate(task, rule)


def _valid(wanted: FloatArray, model: TabularModel) -> FloatArray:
    """The wanted mixture over valid actions only; the random walk where none of it is valid."""
    kept = wanted * model.valid_actions
    total = kept.sum(axis=1, keepdims=True)
    return np.where(total > 0, kept / np.where(total > 0, total, 1.0), model.uniform)


def _right(task: Task, model: TabularModel) -> int:
    action = MOVES.index("right")
    if action >= model.n_actions:
        raise BirlError(f"task {task.name!r} has {model.n_actions} actions, none of them 'right': use 'constant'")
    return action
