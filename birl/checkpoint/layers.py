"""Named tensors as layers: linear ones, chains of them, the library's eyes and its memory.

Everything is said by the weights' shapes; what they do not say (where activations stand, which strides) is the layout
of Stable-Baselines3's own modules.

Axes: B a batch, N numbers in, H hidden numbers, A numbers out, K layers of memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from birl.checkpoint.recipe import refusal
from birl.types import BirlError

__all__ = ["Mlp", "Weights", "memory", "nature"]

STRIDES = (4, 2, 1)  # stable_baselines3.common.torch_layers.NatureCNN (Mnih et al. 2015)
GATES = 4  # input, forget, cell and output gate of an LSTM
LSTM_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The tensors of one file.

    Attributes:
        path: the file, for messages.
        tensors: by name.
    """

    path: Path
    tensors: Mapping[str, Any]

    def linear(self, name: str) -> tuple[Any, Any]:
        """Weight [out, in] and bias [out] of one layer."""
        weight, bias = self.tensors.get(f"{name}.weight"), self.tensors.get(f"{name}.bias")
        if weight is None or bias is None:
            raise refusal(self.path, f"its policy.pth has no {name}.weight and {name}.bias")
        if weight.ndim != 2 or bias.shape != weight.shape[:1]:
            raise BirlError(
                f"{self.path}: layer {name} has weight {tuple(weight.shape)} and bias {tuple(bias.shape)}: "
                "not a linear layer"
            )
        return weight.float(), bias.float()

    def chain(self, prefix: str, *, missing_is_fine: bool = False) -> list[tuple[Any, Any]]:
        """The linear layers of a torch Sequential in which every second module is an activation."""
        pattern = rf"{re.escape(prefix)}\.(\d+)\.\w+"
        found = sorted({int(match[1]) for name in self.tensors if (match := re.fullmatch(pattern, name))})
        if found != list(range(0, 2 * len(found), 2)) or not (found or missing_is_fine):
            raise refusal(self.path, f"its layers {prefix}.{found or '*'} do not alternate linear layer and activation")
        return [self.linear(f"{prefix}.{index}") for index in found]

    def has(self, prefix: str) -> bool:
        """Whether any tensor's name begins so."""
        return any(name.startswith(prefix) for name in self.tensors)

    def check_all_used(self, used: tuple[str, ...]) -> None:
        """A weight nobody reads means a network that is not the one rebuilt here."""
        for name, tensor in self.tensors.items():
            if not name.startswith(used):
                raise refusal(self.path, f"its policy.pth has {name} {tuple(tensor.shape)}, a part no such policy has")


@dataclass(frozen=True, kw_only=True)
class Mlp:
    """Linear layers with one activation.

    Attributes:
        hidden: (weight [out, in], bias [out]) of each layer that an activation follows.
        output: the same of the last layer.
        activation: elementwise.
    """

    hidden: tuple[tuple[Any, Any], ...]
    output: tuple[Any, Any]
    activation: Callable[[Any], Any]

    @classmethod
    def of(cls, path: Path, layers: list[tuple[Any, Any]], activation: str) -> Mlp:
        """The network of some layers, of which the last is the output.

        Raises:
            BirlError: when one layer does not take what the one before gives.
        """
        import torch

        for (before, _), (after, _) in pairwise(layers):
            if before.shape[0] != after.shape[1]:
                raise BirlError(
                    f"{path}: layers {tuple(before.shape)} and {tuple(after.shape)} do not chain "
                    f"({before.shape[0]} numbers out, {after.shape[1]} in): the file is damaged"
                )
        return cls(hidden=tuple(layers[:-1]), output=layers[-1], activation=getattr(torch.nn, activation)())

    @property
    def width(self) -> int:
        """Numbers it takes."""
        return int((self.hidden[0] if self.hidden else self.output)[0].shape[1])

    def latent(self, x: Any) -> Any:
        """What the last hidden layer says, tensor [B, H]."""
        import torch

        with torch.no_grad():
            for weight, bias in self.hidden:
                x = self.activation(torch.nn.functional.linear(x, weight, bias))
            return x

    def out(self, latent: Any) -> Any:
        """The output layer, tensor [B, A]."""
        import torch

        with torch.no_grad():
            return torch.nn.functional.linear(latent, *self.output)


def nature(weights: Weights, prefix: str, shape: tuple[int, ...]) -> tuple[Callable[[Any], Any], int]:
    """The library's NatureCNN: images [B, *shape] -> features [B, H]; and H.

    Raises:
        BirlError: for other convolutions, or images of another size.
    """
    import torch

    names = [f"{prefix}.cnn.{index}" for index in (0, 2, 4)]
    kernels: list[tuple[Any, Any]] = [
        (weights.tensors.get(f"{name}.weight"), weights.tensors.get(f"{name}.bias")) for name in names
    ]
    if any(kernel is None or kernel.ndim != 4 or bias is None for kernel, bias in kernels):
        raise refusal(weights.path, f"its {prefix} is no NatureCNN")
    linear = weights.linear(f"{prefix}.linear.0")

    def look(images: Any) -> Any:
        with torch.no_grad():
            for (kernel, bias), stride in zip(kernels, STRIDES, strict=True):
                images = torch.relu(torch.nn.functional.conv2d(images, kernel, bias, stride=stride))
            return torch.relu(torch.nn.functional.linear(images.flatten(1), *linear))

    try:
        look(torch.zeros(1, *shape))
    except RuntimeError as error:
        channels = kernels[0][0].shape[1]
        raise BirlError(
            f"{weights.path} does not fit: its eyes take images of {channels} channels and another size, the task's "
            f"are {shape} with channels first: name the task it was trained on, with its frame stack"
        ) from error
    return look, int(linear[0].shape[0])


def memory(weights: Weights, prefix: str) -> Any:
    """The LSTM under a prefix, as torch has it.

    Raises:
        BirlError: when its tensors are not those of a plain LSTM (two-way, projected, without biases).
    """
    import torch

    tensors = {name.removeprefix(prefix): one for name, one in weights.tensors.items() if name.startswith(prefix)}
    depth = sum(name.startswith("weight_ih") for name in tensors)
    expected = {f"{part}_l{layer}" for part in LSTM_PARTS for layer in range(depth)}
    if not depth or set(tensors) != expected or tensors["weight_ih_l0"].ndim != 2:
        raise refusal(weights.path, f"its {prefix}* are no plain LSTM")
    gates, width = tensors["weight_ih_l0"].shape
    lstm = torch.nn.LSTM(width, max(1, gates // GATES), num_layers=depth)
    for name, wanted in lstm.state_dict().items():
        if wanted.shape != tensors[name].shape:
            raise BirlError(
                f"{weights.path}: {prefix}{name} has shape {tuple(tensors[name].shape)}, "
                f"its LSTM needs {tuple(wanted.shape)}: the file is damaged"
            )
    lstm.load_state_dict({name: one.float() for name, one in tensors.items()})
    return lstm.eval().requires_grad_(False)
