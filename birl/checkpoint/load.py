"""`load_policy`: a Stable-Baselines3 `.zip` becomes a policy on a task's observations.

Safe by default: the archive is read with zipfile, its metadata with json, its weights with torch's `weights_only`
reader, and the network is rebuilt from the weights' shapes and the plain strings beside them; pickled parts are never
opened. Stable-Baselines3 itself unpickles on load; `trust=True` says that the file's author may run code here.
"""

from __future__ import annotations

import os
from typing import Any

from birl.checkpoint.archive import find, read_data, read_weights
from birl.checkpoint.network import build
from birl.checkpoint.recipe import read_recipe
from birl.task import Spaces, Task
from birl.types import BirlError, Policy

__all__ = ["load_policy"]


def load_policy(
    source: str | os.PathLike[str],
    task: Task | None = None,
    *,
    trust: bool = False,
    env: Any = None,
    num_threads: int = 1,
) -> Policy:
    """The policy in a checkpoint, fitted to the spaces of a task or an environment.

    PPO and A2C with an MlpPolicy become `CategoricalPolicy` or `GaussianPolicy`; DQN becomes the `GreedyPolicy` of its
    values, although Stable-Baselines3's DQN acts epsilon-greedily when asked for stochastic actions.

    Args:
        source: path of a Stable-Baselines3 `.zip`.
        task: what the policy will be held against; gives the spaces, which checkpoints store only as pickles.
        trust: let Stable-Baselines3's own loader unpickle the file, which can run any code its author put there.
        env: a Gymnasium (or vectorised) environment that gives the spaces instead of a task.
        num_threads: threads torch may use; more than 1 slows several processes on one machine down many times over.

    Raises:
        BirlError: for a file that cannot be read, holds something the safe reader cannot rebuild, or does not fit.
    """
    if num_threads < 1:
        raise BirlError(f"num_threads {num_threads} is below 1: give at least one thread")
    path = find(source)
    spaces = _spaces(task, env)
    data = read_data(path)

    import torch  # heavy (over a second), and everything above can fail without it

    torch.set_num_threads(num_threads)
    if trust:
        from birl.checkpoint.trusted import load_trusted  # brings Stable-Baselines3

        return load_trusted(path, spaces, data)
    recipe = read_recipe(path, data)
    return build(path, recipe, read_weights(path), spaces)


def _spaces(task: Task | None, env: Any) -> Spaces:
    if (task is None) == (env is None):
        raise BirlError("load_policy: give a task or env=, one of the two: the spaces come from it")
    if task is not None:
        return task.train.spaces()
    try:
        return Spaces(observation=env.observation_space, action=env.action_space)
    except AttributeError as error:
        raise BirlError(f"env: a {type(env).__name__} has no observation_space and action_space") from error
