"""From named tensors to a policy: the network is what the weights' shapes say it is.

Axes: B a batch, N numbers in, A actions, D dimensions of a continuous action.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.checkpoint.encoding import Encoding, encoding
from birl.checkpoint.recipe import Recipe, refusal
from birl.policy.heads import CategoricalPolicy, GaussianPolicy, GreedyPolicy, Moments
from birl.task import Spaces
from birl.types import BirlError, FloatArray, Policy

__all__ = ["build"]

ACTOR, ACTION, VALUES = "mlp_extractor.policy_net", "action_net", "q_net.q_net"
UNUSED = ("mlp_extractor.value_net.", "value_net.", "q_net_target.")  # critic and target: they choose no action
SDE_VARIANCE_FLOOR = 1e-6  # stable_baselines3.common.distributions, StateDependentNoiseDistribution


@dataclass(frozen=True, kw_only=True)
class Mlp:
    """Linear layers with one activation.

    Attributes:
        hidden: (weight [out, in], bias [out]) of each layer that an activation follows.
        output: the same of the last layer.
        activation: elementwise.
        encode: observations -> float32 [B, N].
    """

    hidden: tuple[tuple[Any, Any], ...]
    output: tuple[Any, Any]
    activation: Callable[[Any], Any]
    encode: Callable[[Any], NDArray[np.float32]]

    def latent(self, observations: Any) -> Any:
        """What the last hidden layer says, tensor [B, H]."""
        import torch

        with torch.no_grad():
            x = torch.from_numpy(self.encode(observations))
            for weight, bias in self.hidden:
                x = self.activation(torch.nn.functional.linear(x, weight, bias))
            return x

    def out(self, latent: Any) -> Any:
        """The output layer, tensor [B, A]."""
        import torch

        with torch.no_grad():
            return torch.nn.functional.linear(latent, *self.output)

    def __call__(self, observations: Any) -> FloatArray:
        """Outputs, [B, A]."""
        return self.out(self.latent(observations)).numpy()


def build(path: Path, recipe: Recipe, weights: Mapping[str, Any], spaces: Spaces) -> Policy:
    """The policy those weights are, on those spaces.

    Raises:
        BirlError: for weights that do not chain, do not fit the spaces, or belong to no plain MLP.
    """
    seen = encoding(path, spaces.observation)
    if recipe.algorithm == "DQN":
        layers = _layers(path, weights, VALUES)
        _check_unused(path, weights, {VALUES + "."})
        network = _mlp(path, layers, recipe, seen)
        _check_actions(path, layers[-1], spaces.action)
        return GreedyPolicy(network)
    layers = [*_layers(path, weights, ACTOR, missing_is_fine=True), _linear(path, weights, ACTION)]
    _check_unused(path, weights, {ACTOR + ".", ACTION + ".", "log_std"})
    network = _mlp(path, layers, recipe, seen)
    _check_actions(path, layers[-1], spaces.action)
    if type(spaces.action).__name__ == "Discrete":
        return CategoricalPolicy(network)
    return _gaussian(path, network, weights.get("log_std"), recipe, spaces.action)


def _linear(path: Path, weights: Mapping[str, Any], name: str) -> tuple[Any, Any]:
    weight, bias = weights.get(f"{name}.weight"), weights.get(f"{name}.bias")
    if weight is None or bias is None:
        raise refusal(path, f"its policy.pth has no {name}.weight and {name}.bias")
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise BirlError(
            f"{path}: layer {name} has weight {tuple(weight.shape)} and bias {tuple(bias.shape)}: not a linear layer"
        )
    return weight.float(), bias.float()


def _layers(path: Path, weights: Mapping[str, Any], prefix: str, *, missing_is_fine: bool = False) -> list[Any]:
    """The linear layers of a torch Sequential in which every second module is an activation."""
    found = sorted({int(m[1]) for name in weights if (m := re.fullmatch(rf"{re.escape(prefix)}\.(\d+)\.\w+", name))})
    if found != list(range(0, 2 * len(found), 2)) or not (found or missing_is_fine):
        raise refusal(path, f"its layers {prefix}.{found or '*'} do not alternate linear layer and activation")
    return [_linear(path, weights, f"{prefix}.{index}") for index in found]


def _check_unused(path: Path, weights: Mapping[str, Any], used: set[str]) -> None:
    """A weight nobody reads means a network that is not the one rebuilt here."""
    for name in weights:
        if not name.startswith((*used, *UNUSED)):
            raise refusal(path, f"its policy.pth has {name} {tuple(weights[name].shape)}, a part no MlpPolicy has")


def _mlp(path: Path, layers: list[Any], recipe: Recipe, seen: Encoding) -> Mlp:
    import torch

    first = layers[0][0].shape[1]
    if first != seen.width:
        raise BirlError(
            f"{path} does not fit: its network takes {first} numbers, the task's observations of shape {seen.shape} "
            f"flatten to {seen.width}: name the task it was trained on"
        )
    for (before, _), (after, _) in pairwise(layers):
        if before.shape[0] != after.shape[1]:
            raise BirlError(
                f"{path}: layers {tuple(before.shape)} and {tuple(after.shape)} do not chain "
                f"({before.shape[0]} numbers out, {after.shape[1]} in): the file is damaged"
            )
    activation = getattr(torch.nn, recipe.activation)()
    return Mlp(hidden=tuple(layers[:-1]), output=layers[-1], activation=activation, encode=seen.encode)


def _check_actions(path: Path, output: tuple[Any, Any], space: Any) -> None:
    kind = type(space).__name__
    if kind not in {"Discrete", "Box"}:
        raise refusal(path, f"the actions are a {kind} space")
    wanted = int(space.n) if kind == "Discrete" else int(np.prod(space.shape))
    if output[0].shape[0] != wanted:
        what = f"{wanted} actions" if kind == "Discrete" else f"actions of shape {space.shape}"
        raise BirlError(
            f"{path} does not fit: its network gives {output[0].shape[0]} numbers, the task has {what}: "
            "name the task it was trained on"
        )


def _gaussian(path: Path, network: Mlp, log_std: Any, recipe: Recipe, space: Any) -> GaussianPolicy:
    latent_width, dims = network.output[0].shape[1], network.output[0].shape[0]
    fits = {(latent_width, dims), (latent_width, 1)} if recipe.use_sde else {(dims,)}
    if log_std is None or tuple(log_std.shape) not in fits:
        shape = None if log_std is None else tuple(log_std.shape)
        raise BirlError(f"{path}: log_std has shape {shape}, the network needs {sorted(fits)[-1]}: the file is damaged")
    std = log_std.double().exp().numpy()

    def moments(observations: Any) -> Moments:
        latent = network.latent(observations)
        mean = network.out(latent).double().numpy()
        if not recipe.use_sde:
            return Moments(mean=mean, std=np.broadcast_to(std, mean.shape))
        variance = latent.double().numpy() ** 2 @ np.broadcast_to(std, (latent_width, dims)) ** 2
        return Moments(mean=mean, std=np.sqrt(variance + SDE_VARIANCE_FLOOR))

    return GaussianPolicy(moments, space.low, space.high)
