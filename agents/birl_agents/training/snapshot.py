"""The whole state of a Stable-Baselines3 run as one file without pickled code, so that it resumes bit for bit.

Weights, optimizers, both random generators and the world's state; of algorithms that replay, the buffer and how far
exploration has come; of recurrent ones, what they remember.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from birl.types import BirlError
from birl_agents.training.recipe import Recipe

__all__ = ["read", "restore", "write"]

BUFFER = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
COUNTERS = ("num_timesteps", "_n_updates", "_n_calls", "_episode_num", "exploration_rate")
OPTIMIZERS = ("actor.optimizer", "critic.optimizer", "ent_coef_optimizer", "policy.optimizer")


def write(model: Any, recipe: Recipe, run: Path) -> None:
    """Write the whole state beside the file, then put it in place in one move."""
    import torch  # heavy; the model has loaded it long ago

    kind, key, position, has_gauss, cached = np.random.get_state(legacy=True)  # noqa: NPY002 - the one the library uses
    state = {
        "recipe": _said(recipe),
        "policy": model.policy.state_dict(),
        "optimizers": {name: found.state_dict() for name, found in _optimizers(model).items()},
        "torch": torch.get_rng_state(),
        "numpy": [kind, torch.from_numpy(np.asarray(key, np.int64)), position, has_gauss, cached],
        "env": json.dumps(model.get_env().state()),
        "episode_starts": np.asarray(model._last_episode_starts).tolist(),
        "counters": {name: getattr(model, name) for name in COUNTERS if hasattr(model, name)},
        "noise": json.dumps(model.action_space.np_random.bit_generator.state),
    } | _memory(model)
    run.parent.mkdir(parents=True, exist_ok=True)
    beside = run.with_name(run.name + ".part")
    torch.save(state, beside)
    os.replace(beside, run)


def restore(model: Any, recipe: Recipe, run: Path) -> None:
    """Put everything back as `write` found it.

    Raises:
        BirlError: when the file belongs to another recipe or cannot be read.
    """
    import torch

    state = read(run)
    if state.get("recipe") != _said(recipe):
        raise BirlError(f"{run} belongs to another run ({state.get('recipe')}): remove it or give another --out")
    model.policy.load_state_dict(state["policy"])
    for name, optimizer in _optimizers(model).items():
        optimizer.load_state_dict(state["optimizers"][name])
    model._last_obs = model.get_env().restore(json.loads(state["env"]))
    model._last_episode_starts = np.array(state["episode_starts"], bool)
    for name, value in state["counters"].items():
        setattr(model, name, value)
    _remember(model, state)
    model.action_space.np_random.bit_generator.state = json.loads(state["noise"])
    kind, key, *rest = state["numpy"]
    np.random.set_state((kind, key.numpy().astype(np.uint32), *rest))  # noqa: NPY002 - the one the library uses
    torch.set_rng_state(state["torch"])


def read(run: Path) -> Mapping[str, Any]:
    """A run file as it was written.

    Raises:
        BirlError: when it is damaged.
    """
    import torch

    try:
        return torch.load(run, weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a damaged file
        raise BirlError(f"{run} cannot be read ({type(error).__name__}): remove it to start over") from error


def _said(recipe: Recipe) -> str:
    return json.dumps(asdict(recipe), sort_keys=True)


def _optimizers(model: Any) -> dict[str, Any]:
    found = {}
    for path in OPTIMIZERS:
        owner: Any = model
        for part in path.split("."):
            owner = getattr(owner, part, None)
        if owner is not None:
            found[path] = owner
    return found


def _memory(model: Any) -> dict[str, Any]:
    """The replay buffer as far as it is filled, what a recurrent policy remembers, and the entropy weight of SAC."""
    import torch

    kept: dict[str, Any] = {}
    buffer = getattr(model, "replay_buffer", None)
    if buffer is not None:
        filled = buffer.buffer_size if buffer.full else buffer.pos
        kept["buffer"] = {name: torch.from_numpy(getattr(buffer, name)[:filled].copy()) for name in BUFFER}
        kept["position"] = [buffer.pos, buffer.full]
    if getattr(model, "_last_lstm_states", None) is not None:
        kept["lstm"] = [[part.clone() for part in pair] for pair in model._last_lstm_states]
    if getattr(model, "log_ent_coef", None) is not None:
        kept["log_ent_coef"] = model.log_ent_coef.detach().clone()
    return kept


def _remember(model: Any, state: Mapping[str, Any]) -> None:
    """The opposite of `_memory`."""
    import torch

    if "buffer" in state:
        for name, values in state["buffer"].items():
            getattr(model.replay_buffer, name)[: len(values)] = values.numpy()
        model.replay_buffer.pos, model.replay_buffer.full = state["position"]
    if "lstm" in state:
        remembered = type(model._last_lstm_states)
        model._last_lstm_states = remembered(*(tuple(pair) for pair in state["lstm"]))
    if "log_ent_coef" in state:
        with torch.no_grad():
            model.log_ent_coef.copy_(state["log_ent_coef"])
