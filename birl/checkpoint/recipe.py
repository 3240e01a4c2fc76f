"""What a checkpoint's plain strings say about its network, and where they say too little.

Stable-Baselines3 stores what JSON cannot hold as a pickle with its attributes beside it as strings; the strings are
enough to know an MlpPolicy for certain. Whatever they leave open is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from birl.types import BirlError

__all__ = ["ACTIVATIONS", "Recipe", "algorithm", "read_recipe", "refusal"]

ACTIVATIONS = frozenset(
    {"ELU", "GELU", "Identity", "LeakyReLU", "Mish", "ReLU", "SELU", "SiLU", "Sigmoid", "Softplus", "Softsign", "Tanh"}
)
"""Activations of torch.nn without weights of their own, as they are with default settings."""

DEFAULT_ACTIVATION = {
    "stable_baselines3.common.policies.ActorCriticPolicy": "Tanh",
    "stable_baselines3.dqn.policies.DQNPolicy": "ReLU",
    "imitation.policies.base.FeedForward32Policy": "Tanh",
}
"""The policy classes that can be rebuilt, and the activation each uses unless told otherwise."""

HARMLESS = frozenset(
    {"net_arch", "ortho_init", "log_std_init", "full_std", "use_sde", "share_features_extractor", "optimizer_class"}
    | {"optimizer_kwargs", "normalize_images"}
)
"""Settings of a policy that its weights' shapes or nothing at all reflect."""

# what tells algorithms apart, in the order to look (recurrent and maskable ones share PPO's keys)
SIGNS = (
    ("n_quantiles", "QR-DQN"),
    ("top_quantiles_to_drop_per_net", "TQC"),
    ("target_entropy", "SAC"),
    ("target_policy_noise", "TD3"),
    ("clip_range", "PPO"),
    ("cg_max_steps", "TRPO"),
    ("exploration_fraction", "DQN"),
    ("gae_lambda", "A2C"),
)
CONTRIB = {"recurrent": "RecurrentPPO", "maskable": "MaskablePPO", "qrdqn": "QR-DQN"}
READABLE = frozenset({"PPO", "A2C", "DQN"})


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to rebuild a policy's network.

    Attributes:
        algorithm: "PPO", "A2C" or "DQN".
        activation: name of the torch.nn activation after every hidden layer.
        use_sde: the noise of a Gaussian policy depends on the state (gSDE; Raffin et al. 2021).
    """

    algorithm: str
    activation: str
    use_sde: bool


def refusal(path: Path, what: str) -> BirlError:
    """The error for a checkpoint the safe reader cannot rebuild."""
    return BirlError(
        f"{path}: {what}, which cannot be read safely: pass --trust-checkpoint (trust=True) if you trust its source"
    )


def algorithm(data: Mapping[str, Any]) -> str:
    """The algorithm that wrote the metadata, "unknown" where its keys do not say."""
    module = _module(data.get("policy_class"))
    for part, name in CONTRIB.items():
        if module.startswith("sb3_contrib") and part in module:
            return name
    return next((name for key, name in SIGNS if key in data), "unknown")


def read_recipe(path: Path, data: Mapping[str, Any]) -> Recipe:
    """The recipe in a checkpoint's metadata.

    Raises:
        BirlError: for an algorithm, a policy class or a setting that is not known for certain.
    """
    name = algorithm(data)
    if name not in READABLE:
        raise refusal(path, f"its algorithm is {name} (read safely: {', '.join(sorted(READABLE))})")
    policy_class = _qualified_name(data.get("policy_class"))
    if policy_class not in DEFAULT_ACTIVATION:
        raise refusal(path, f"its policy class is {policy_class or 'not stated'}, not an MlpPolicy")
    if ("DQNPolicy" in policy_class) != (name == "DQN"):
        raise refusal(path, f"its policy class {policy_class} does not belong to {name}")
    settings = data.get("policy_kwargs") or {}
    if not isinstance(settings, Mapping):
        raise refusal(path, f"its policy_kwargs are {type(settings).__name__}")
    _check_settings(path, settings)
    return Recipe(
        algorithm=name,
        activation=_activation(path, settings, DEFAULT_ACTIVATION[policy_class]),
        use_sde=bool(data.get("use_sde", False)),
    )


def _check_settings(path: Path, settings: Mapping[str, Any]) -> None:
    for key, value in settings.items():
        flatten = key == "features_extractor_class" and str(value).endswith(".torch_layers.FlattenExtractor'>")
        empty = key in {"features_extractor_kwargs", "squash_output", "use_expln"} and not value
        told = key in HARMLESS or key == "activation_fn" or key in {":type:", ":serialized:"}
        if not (flatten or empty or told):
            raise refusal(path, f"its policy has {key}={str(value)[:80]}")


def _activation(path: Path, settings: Mapping[str, Any], default: str) -> str:
    if "activation_fn" not in settings:
        return default
    said = str(settings["activation_fn"])
    match = re.fullmatch(r"<class 'torch\.nn\.modules\.(?:activation|linear)\.(\w+)'>", said)
    if match is None or match[1] not in ACTIVATIONS:
        raise refusal(path, f"its activation is {said[:80]}")
    return match[1]


def _module(policy_class: Any) -> str:
    return str(policy_class.get("__module__", "")) if isinstance(policy_class, Mapping) else ""


def _qualified_name(policy_class: Any) -> str:
    """`module.Class`: the module is told outright, the class only by its constructor's name."""
    if not isinstance(policy_class, Mapping):
        return str(policy_class or "")
    match = re.match(r"<function (\w+)\.__init__ at ", str(policy_class.get("__init__", "")))
    return f"{_module(policy_class)}.{match[1] if match else '?'}"
