"""Stable-Baselines3's own loader, for files whose author is trusted: it unpickles, and so can run any code.

The policy is rebuilt from the unpickled class and settings on the task's spaces, not through the algorithm: that
needs no optimizer state, whose layout differs between versions, and no stored spaces, whose bounds do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from birl.policy import GreedyPolicy, as_policy
from birl.task import Spaces
from birl.types import BirlError, Policy

__all__ = ["load_alone", "load_trusted"]

STALE = ("lr_schedule", "clip_range", "clip_range_vf", "exploration_schedule", "_last_obs", "_last_original_obs")
"""Entries that acting does not need and that other Python or NumPy versions often cannot unpickle."""


def load_alone(path: Path) -> Policy:
    """A policy saved by itself: by its own `save`, or as a whole module.

    Raises:
        BirlError: when torch cannot load it, or it is no policy.
    """
    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=False)
        if isinstance(loaded, Mapping) and "data" in loaded:
            known = _class_of(loaded["state_dict"])(**{**loaded["data"], "lr_schedule": lambda _: 0.0})
            known.load_state_dict(loaded["state_dict"])
            loaded = known
    except Exception as error:  # unpickling other people's code can raise anything
        raise BirlError(f"{path}: torch cannot load it ({_first_line(error)})") from error
    return as_policy(loaded)


def _class_of(tensors: Mapping[str, Any]) -> Any:
    """The library's class whose tensors are called so; files of single policies do not say theirs."""
    from stable_baselines3.common.policies import ActorCriticPolicy
    from stable_baselines3.dqn.policies import DQNPolicy
    from stable_baselines3.sac.policies import SACPolicy
    from stable_baselines3.td3.policies import TD3Policy

    signs = (("actor.log_std", SACPolicy), ("actor.mu.", TD3Policy), ("q_net.", DQNPolicy))
    return next((kind for sign, kind in signs if any(name.startswith(sign) for name in tensors)), ActorCriticPolicy)


def load_trusted(
    path: Path, spaces: Spaces, data: Mapping[str, Any], policy_kwargs: Mapping[str, Any] | None = None
) -> Policy:
    """The policy of any Stable-Baselines3 or sb3-contrib checkpoint.

    Args:
        path: the file.
        spaces: what the policy must fit.
        data: the metadata as JSON gives it.
        policy_kwargs: settings that go before the stored ones.

    Raises:
        BirlError: when Stable-Baselines3 cannot load it, or it does not fit.
    """
    from stable_baselines3.common.save_util import load_from_zip_file

    keep = {"observation_space": spaces.observation, "action_space": spaces.action}
    try:
        loaded, parameters, _ = load_from_zip_file(
            path, device="cpu", custom_objects={**dict.fromkeys(STALE), **_stored_image_space(path, data, keep)}
        )
        policy = _rebuild({**(loaded or {}), "policy_kwargs": _settings(loaded, policy_kwargs)})
    except Exception as error:  # unpickling other people's code can raise anything
        raise BirlError(f"{path}: Stable-Baselines3 cannot load it ({_first_line(error)})") from error
    _fit(path, policy, cast(Mapping[str, Any], parameters["policy"]))
    found = as_policy(policy)
    return (
        replace(found, exploration=float(data.get("exploration_rate", 0.0)))
        if isinstance(found, GreedyPolicy)
        else found
    )


def _settings(loaded: Mapping[str, Any] | None, told: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**((loaded or {}).get("policy_kwargs") or {}), **(told or {})}


def _stored_image_space(path: Path, data: Mapping[str, Any], spaces: dict[str, Any]) -> dict[str, Any]:
    """Image policies are trained on transposed frames: then their own space is the right one."""
    stored = data.get("observation_space")
    said = str(stored.get("_shape", "")) if isinstance(stored, Mapping) else ""
    shape = getattr(spaces["observation_space"], "shape", None)
    if shape is None or len(shape) != 3 or said != str([shape[2], shape[0], shape[1]]):
        return spaces
    return {"action_space": spaces["action_space"]}


def _rebuild(loaded: Mapping[str, Any]) -> Any:
    settings = dict(loaded.get("policy_kwargs") or {})
    settings.pop("device", None)
    if "gae_lambda" in loaded and loaded.get("use_sde"):  # on-policy algorithms keep it beside the settings
        settings["use_sde"] = True
    return loaded["policy_class"](loaded["observation_space"], loaded["action_space"], lambda _: 0.0, **settings)


def _fit(path: Path, policy: Any, weights: Mapping[str, Any]) -> None:
    needed = policy.state_dict()
    for name in sorted(set(needed) | set(weights)):
        has = tuple(weights[name].shape) if name in weights else None
        wants = tuple(needed[name].shape) if name in needed else None
        if has != wants:
            raise BirlError(
                f"{path} does not fit: its weight {name} has shape {has}, the task's spaces need {wants}: "
                "name the task it was trained on"
            )
    policy.load_state_dict(weights)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__
