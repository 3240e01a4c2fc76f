"""`load_policy`: other people's checkpoints become policies on a task's observations.

Safe by default: the archive is read with zipfile, its metadata with json, its weights with torch's `weights_only`
reader, and the network is rebuilt from the weights' shapes and the plain strings beside them; pickled parts are never
opened. Stable-Baselines3 itself unpickles on load; `trust=True` says that the file's author may run code here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from birl.checkpoint.archive import is_torch_file, read_data, read_weights
from birl.checkpoint.critics import as_trained
from birl.checkpoint.location import Location, environment, locate
from birl.checkpoint.network import build
from birl.checkpoint.recipe import read_recipe
from birl.checkpoint.saved import read_saved
from birl.checkpoint.statistics import Statistics, read_statistics
from birl.policy import seen_through
from birl.task import Spaces, Task
from birl.types import BirlError, Policy

__all__ = ["load_policy"]


def load_policy(  # noqa: PLR0913 - every one is a keyword with a default, and users need each
    source: str | os.PathLike[str],
    task: Task | Any = None,
    *,
    env: Any = None,
    trust: bool = False,
    policy_kwargs: Mapping[str, Any] | None = None,
    vecnormalize: str | os.PathLike[str] = "auto",
    num_threads: int = 1,
) -> Policy:
    """The policy in a checkpoint, fitted to the spaces of a task or an environment.

    PPO, A2C, TRPO, DQN, QR-DQN, SAC, TQC, TD3, DDPG, MaskablePPO and RecurrentPPO as Stable-Baselines3 1.x and 2.x and
    sb3-contrib save them, with an MlpPolicy or a CnnPolicy; and policies saved by themselves (`policy.save`), as
    imitation's are. Policies of values act epsilon-greedily with the exploration rate they were saved with, as the
    library does, and greedily when asked to act deterministically.

    Args:
        source: path of a `.zip` or of torch's file, a folder of rl-baselines3-zoo, or `hf:owner/name` (extra `hub`).
        task: what the policy will be held against, or a Gymnasium (or vectorised) environment: gives the spaces, which
            checkpoints store only as pickles. Left out, the environment the zoo's files name is made, if registered.
        env: an environment instead of a task.
        trust: let Stable-Baselines3's own loader unpickle the file, which can run any code its author put there.
        policy_kwargs: settings of the policy that the file does not say plainly, such as `{"activation_fn": "ReLU"}`.
        vecnormalize: "auto" for the statistics VecNormalize left beside the checkpoint, a file of them, or "none".
        num_threads: threads torch may use; more than 1 slows several processes on one machine down many times over.

    Raises:
        BirlError: for a file that cannot be read, holds something the safe reader cannot rebuild, or does not fit.
    """
    if num_threads < 1:
        raise BirlError(f"num_threads {num_threads} is below 1: give at least one thread")
    found = locate(source)
    spaces = _spaces(env if task is None else task, found)
    statistics = _statistics(vecnormalize, found, spaces)
    if statistics is not None:
        spaces = Spaces(observation=statistics.space(spaces.observation), action=spaces.action)
    policy = _read(found.checkpoint, spaces, policy_kwargs, trust=trust, num_threads=num_threads)
    return policy if statistics is None else seen_through(policy, statistics)


def _read(
    path: Path, spaces: Spaces, policy_kwargs: Mapping[str, Any] | None, *, trust: bool, num_threads: int
) -> Policy:
    alone = is_torch_file(path)
    data = {} if alone else read_data(path)

    import torch  # heavy (over a second), and everything above can fail without it

    torch.set_num_threads(num_threads)
    if trust:
        from birl.checkpoint.trusted import load_alone, load_trusted  # brings Stable-Baselines3

        return load_alone(path) if alone else as_trained(load_trusted(path, spaces, data, policy_kwargs), path, data)
    if alone:
        saved = read_saved(path, policy_kwargs)
        return build(path, saved.recipe, saved.tensors, spaces)
    recipe = read_recipe(path, data, policy_kwargs)
    return as_trained(build(path, recipe, read_weights(path), spaces), path, data)


def _spaces(task: Any, found: Location) -> Spaces:
    if isinstance(task, Task):
        return task.train.spaces()
    if task is None:
        return _made(found)
    try:
        return Spaces(observation=task.observation_space, action=task.action_space)
    except AttributeError as error:
        raise BirlError(f"a {type(task).__name__} has no observation_space and action_space: give a task") from error


def _made(found: Location) -> Spaces:
    """The spaces of the environment the zoo's files name; a name with a module in it would import that module."""
    name = environment(found)
    if name is None or ":" in name:
        raise BirlError(f"{found.checkpoint}: give load_policy a task or an environment: the spaces come from it")
    import gymnasium

    try:
        env = gymnasium.make(name)
    except Exception as error:  # an id of another version, or of a package that is not here
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise BirlError(f"{found.checkpoint} was trained in {name}, which cannot be made here ({reason})") from error
    try:
        return Spaces(observation=env.observation_space, action=env.action_space)
    finally:
        env.close()


def _statistics(asked: str | os.PathLike[str], found: Location, spaces: Spaces) -> Statistics | None:
    if asked == "none":
        return None
    path = found.statistics if asked == "auto" else Path(asked)
    if path is None:
        return None
    if not path.is_file():
        raise BirlError(f"{path}: there are no statistics there: name a file of VecNormalize, auto or none")
    return read_statistics(path, spaces.observation)
