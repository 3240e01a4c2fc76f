"""What a checkpoint's plain strings say about its network, and where they say too little.

Stable-Baselines3 stores what JSON cannot hold as a pickle with its attributes beside it as strings; the strings are
enough to know the library's own policies for certain. Whatever they leave open is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from birl.types import BirlError

__all__ = ["ACTIVATIONS", "Family", "Recipe", "algorithm", "compose", "read_recipe", "refusal"]

ACTIVATIONS = frozenset(
    {"ELU", "GELU", "Identity", "LeakyReLU", "Mish", "ReLU", "SELU", "SiLU", "Sigmoid", "Softplus", "Softsign", "Tanh"}
)
"""Activations of torch.nn without weights of their own, as they are with default settings."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Policy classes that share a layout of weights.

    Attributes:
        layout: which of the layouts in `birl.checkpoint.network` it is.
        activation: name in torch.nn of what follows hidden layers unless told otherwise.
        algorithms: the algorithms that use it.
    """

    layout: str
    activation: str
    algorithms: frozenset[str]


ACTOR_CRITIC = Family(layout="actor-critic", activation="Tanh", algorithms=frozenset({"PPO", "A2C", "TRPO"}))
MASKED = Family(layout="masked", activation="Tanh", algorithms=frozenset({"MaskablePPO"}))
MEMORY = Family(layout="memory", activation="Tanh", algorithms=frozenset({"RecurrentPPO"}))
VALUES = Family(layout="values", activation="ReLU", algorithms=frozenset({"DQN"}))
QUANTILES = Family(layout="quantiles", activation="ReLU", algorithms=frozenset({"QR-DQN"}))
SQUASHED = Family(layout="squashed", activation="ReLU", algorithms=frozenset({"SAC", "TQC"}))
TARGET = Family(layout="target", activation="ReLU", algorithms=frozenset({"TD3"}))

FAMILIES: Mapping[str, Family] = {
    "stable_baselines3.common.policies.ActorCriticPolicy": ACTOR_CRITIC,
    "stable_baselines3.common.policies.ActorCriticCnnPolicy": ACTOR_CRITIC,
    "imitation.policies.base.FeedForward32Policy": ACTOR_CRITIC,
    "sb3_contrib.common.maskable.policies.MaskableActorCriticPolicy": MASKED,
    "sb3_contrib.common.maskable.policies.MaskableActorCriticCnnPolicy": MASKED,
    "sb3_contrib.common.recurrent.policies.RecurrentActorCriticPolicy": MEMORY,
    "sb3_contrib.common.recurrent.policies.RecurrentActorCriticCnnPolicy": MEMORY,
    "stable_baselines3.dqn.policies.DQNPolicy": VALUES,
    "stable_baselines3.dqn.policies.CnnPolicy": VALUES,
    "sb3_contrib.qrdqn.policies.QRDQNPolicy": QUANTILES,
    "sb3_contrib.qrdqn.policies.CnnPolicy": QUANTILES,
    "stable_baselines3.sac.policies.SACPolicy": SQUASHED,
    "stable_baselines3.sac.policies.CnnPolicy": SQUASHED,
    "imitation.policies.base.SAC1024Policy": SQUASHED,
    "sb3_contrib.tqc.policies.TQCPolicy": SQUASHED,
    "sb3_contrib.tqc.policies.CnnPolicy": SQUASHED,
    "stable_baselines3.td3.policies.TD3Policy": TARGET,
    "stable_baselines3.td3.policies.CnnPolicy": TARGET,
}
"""The policy classes that can be rebuilt."""

# settings of a policy that its weights' shapes, the recipe below or nothing at all reflect
HARMLESS = frozenset(
    {"net_arch", "ortho_init", "log_std_init", "full_std", "use_sde", "use_expln", "squash_output", "clip_mean"}
    | {"share_features_extractor", "optimizer_class", "optimizer_kwargs", "normalize_images", "activation_fn"}
    | {"n_quantiles", "n_critics", "lstm_hidden_size", "n_lstm_layers", "shared_lstm", "enable_critic_lstm"}
    | {":type:", ":serialized:"}
)
EMPTY = frozenset({"features_extractor_kwargs", "sde_net_arch", "lstm_kwargs", "create_eval_env"})
NATURE_KWARGS = frozenset({"features_dim", "normalized_image"})  # its shapes, and a check of the space
CLIP_MEAN = 2.0  # stable_baselines3.sac.policies.Actor: the largest mean where noise depends on the state

# what tells algorithms apart, in the order to look (recurrent and maskable ones share PPO's keys)
SIGNS = (
    ("top_quantiles_to_drop_per_net", "TQC"),
    ("n_quantiles", "QR-DQN"),
    ("target_entropy", "SAC"),
    ("target_policy_noise", "TD3"),
    ("clip_range", "PPO"),
    ("cg_max_steps", "TRPO"),
    ("exploration_fraction", "DQN"),
    ("gae_lambda", "A2C"),
)
CONTRIB = {"recurrent": "RecurrentPPO", "maskable": "MaskablePPO", "qrdqn": "QR-DQN", "ars": "ARS", "crossq": "CrossQ"}
READABLE = frozenset().union(*(family.algorithms for family in FAMILIES.values()))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to rebuild a policy's network.

    Attributes:
        layout: of the weights, as `Family.layout`.
        activation: name of the torch.nn activation after every hidden layer.
        nature: whether images go through the library's NatureCNN (Mnih et al. 2015) rather than being flattened.
        normalize_images: whether bytes of images are divided by 255.
        use_sde: the noise of a Gaussian policy depends on the state (gSDE; Raffin et al. 2021).
        use_expln: that noise grows linearly, not exponentially, where it is above 1.
        squash_output: a Gaussian policy's actions go through tanh and are scaled to the box.
        clip_mean: largest magnitude of the mean where the noise depends on the state, under SAC.
        exploration: chance of a uniform action, of a policy of values, in [0, 1].
    """

    layout: str
    activation: str
    nature: bool = False
    normalize_images: bool = True
    use_sde: bool = False
    use_expln: bool = False
    squash_output: bool = False
    clip_mean: float = CLIP_MEAN
    exploration: float = 0.0


def refusal(path: Path, what: str, remedy: str = "") -> BirlError:
    """The error for a checkpoint the safe reader cannot rebuild; a remedy comes before trust."""
    first = f"{remedy}, or " if remedy else ""
    return BirlError(
        f"{path}: {what}, which cannot be read safely: {first}"
        "pass --trust-checkpoint (trust=True) if you trust its source"
    )


def algorithm(data: Mapping[str, Any]) -> str:
    """The algorithm that wrote the metadata, "unknown" where its keys do not say."""
    module = _module(data.get("policy_class"))
    for part, name in CONTRIB.items():
        if module.startswith("sb3_contrib") and part in module:
            return name
    return next((name for key, name in SIGNS if key in data), "unknown")


def read_recipe(path: Path, data: Mapping[str, Any], told: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe in a checkpoint's metadata.

    Args:
        path: the file, for messages.
        data: its metadata.
        told: settings of the policy given by hand; they go before what the file says.

    Raises:
        BirlError: for an algorithm, a policy class or a setting that is not known for certain.
    """
    name = algorithm(data)
    if name not in READABLE:
        raise refusal(path, f"its algorithm is {name} (read safely: {', '.join(sorted(READABLE))})")
    policy_class = _qualified_name(data.get("policy_class"))
    if policy_class not in FAMILIES:
        raise refusal(path, f"its policy class is {policy_class or 'not stated'}, not an MlpPolicy or CnnPolicy")
    family = FAMILIES[policy_class]
    if name not in family.algorithms:
        raise refusal(path, f"its policy class {policy_class} does not belong to {name}")
    settings = data.get("policy_kwargs") or {}
    if not isinstance(settings, Mapping):
        raise refusal(path, f"its policy_kwargs are {type(settings).__name__}")
    beside = {"use_sde": bool(data.get("use_sde", False))}
    return compose(
        path,
        family,
        {**beside, **settings, **(told or {})},
        nature="CnnPolicy" in policy_class,
        exploration=_chance(path, data.get("exploration_rate", 0.0)),
    )


def compose(
    path: Path, family: Family, settings: Mapping[str, Any], *, nature: bool = False, exploration: float = 0.0
) -> Recipe:
    """The recipe of a family with settings.

    Args:
        path: the file, for messages.
        family: the layout and its defaults.
        settings: of the policy, as JSON or strings (or, given by hand, as the objects themselves).
        nature: whether images go through NatureCNN unless the settings name another extractor.
        exploration: chance of a uniform action.

    Raises:
        BirlError: for a setting that is not known for certain.
    """
    extractor = settings.get("features_extractor_class")
    if extractor is not None:
        nature = _is_nature(path, extractor)
    _check_settings(path, settings, nature=nature)
    return Recipe(
        layout=family.layout,
        activation=_activation(path, settings, family.activation),
        nature=nature,
        normalize_images=bool(settings.get("normalize_images", True)),
        use_sde=bool(settings.get("use_sde", False)),
        use_expln=bool(settings.get("use_expln", False)),
        squash_output=bool(settings.get("squash_output", False)),
        clip_mean=_number(path, "clip_mean", settings.get("clip_mean", CLIP_MEAN)),
        exploration=exploration,
    )


def _is_nature(path: Path, extractor: Any) -> bool:
    for name, nature in (("FlattenExtractor", False), ("NatureCNN", True)):
        if str(extractor) == f"<class 'stable_baselines3.common.torch_layers.{name}'>":
            return nature
    raise refusal(path, f"its policy has features_extractor_class={str(extractor)[:80]}")


def _check_settings(path: Path, settings: Mapping[str, Any], *, nature: bool) -> None:
    for key, value in settings.items():
        shapes = nature and key == "features_extractor_kwargs" and set(value or {}) <= NATURE_KWARGS
        empty = key in EMPTY and not value
        if not (key in HARMLESS or key == "features_extractor_class" or shapes or empty):
            raise refusal(path, f"its policy has {key}={str(value)[:80]}")


def _activation(path: Path, settings: Mapping[str, Any], default: str) -> str:
    if "activation_fn" not in settings:
        return default
    said = settings["activation_fn"]
    match = re.fullmatch(r"(?:<class 'torch\.nn\.modules\.(?:activation|linear)\.)?(\w+)(?:'>)?", str(said))
    if match is None or match[1] not in ACTIVATIONS:
        raise refusal(
            path, f"its activation is {str(said)[:80]}", "give policy_kwargs={'activation_fn': 'ReLU'} or what it is"
        )
    return match[1]


def _number(path: Path, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise refusal(path, f"its {name} is {str(value)[:80]}")
    return float(value)


def _chance(path: Path, value: Any) -> float:
    number = _number(path, "exploration_rate", value)
    if number > 1:
        raise refusal(path, f"its exploration_rate is {number:g}, above 1")
    return number


def _module(policy_class: Any) -> str:
    return str(policy_class.get("__module__", "")) if isinstance(policy_class, Mapping) else ""


def _qualified_name(policy_class: Any) -> str:
    """`module.Class`: the module is told outright, the class only by its constructor's name."""
    if not isinstance(policy_class, Mapping):
        return str(policy_class or "")
    match = re.match(r"<function (\w+)\.__init__ at ", str(policy_class.get("__init__", "")))
    return f"{_module(policy_class)}.{match[1] if match else '?'}"
