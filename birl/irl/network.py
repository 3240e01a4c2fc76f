"""A reward that is a small network: what methods without named features recover.

Kept as plain arrays, so it is saved without pickling and evaluated without torch.

Axes: N transitions, D inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from birl.tabular import TabularModel
from birl.trajectories import Transitions, edges
from birl.types import BirlError, FloatArray

__all__ = ["ACTIVATIONS", "INPUTS", "RewardNetwork"]

INPUTS = ("observation", "action", "next_observation", "terminal")
ACTIVATIONS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": np.tanh,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class RewardNetwork:
    """Layers between standardised inputs and a reward.

    Attributes:
        inputs: which of `INPUTS` it reads, in their order; each is flattened and they are joined to [N, D].
        layers: weight [out, in] and bias [out] of each layer; the last one has a single output.
        activation: between layers; one of `ACTIVATIONS`.
        n_actions: actions are numbers below this and enter one-hot; None where they are vectors.
        shift: subtracted from the inputs, [D]; nothing where it is empty.
        scale: what they are then divided by, [D].
        gain: what the output is multiplied by.
    """

    inputs: tuple[str, ...]
    layers: tuple[tuple[FloatArray, FloatArray], ...]
    activation: str = "relu"
    n_actions: int | None = None
    shift: FloatArray = field(default_factory=lambda: np.zeros(0))
    scale: FloatArray = field(default_factory=lambda: np.ones(0))
    gain: float = 1.0

    def __post_init__(self) -> None:
        """Refuse layers that do not fit."""
        if not self.inputs or set(self.inputs) - set(INPUTS):
            raise BirlError(f"reward network: inputs {self.inputs}: name some of {', '.join(INPUTS)}")
        if self.activation not in ACTIVATIONS:
            raise BirlError(f"reward network: activation {self.activation!r}: use one of {', '.join(ACTIVATIONS)}")
        shapes = [(np.shape(weight), np.shape(bias)) for weight, bias in self.layers]
        if not shapes or any(len(weight) != 2 or len(bias) != 1 for weight, bias in shapes):
            raise BirlError(f"reward network: layers of shapes {shapes}: give weights [out, in] and biases [out]")
        widths = [out for (out, _), _ in shapes]
        if [into for (_, into), _ in shapes[1:]] != widths[:-1] or widths[-1] != 1:
            raise BirlError(f"reward network: layers of shapes {shapes} do not make one number of an input")
        if [bias for _, (bias,) in shapes] != widths:
            raise BirlError(f"reward network: biases of shapes {shapes} do not fit their layers")
        self._check_scaling(shapes[0][0][1])

    def _check_scaling(self, width: int) -> None:
        shift, scale = np.asarray(self.shift), np.asarray(self.scale)
        if shift.size and not shift.shape == scale.shape == (width,):
            raise BirlError(f"reward network: shift {shift.shape} and scale {scale.shape} for {width} inputs: give [D]")
        numbers = [*(x for layer in self.layers for x in layer), shift, np.asarray(self.gain)]
        if not all(np.isfinite(x).all() for x in numbers) or not (np.isfinite(scale) & (scale != 0)).all():
            raise BirlError(
                "reward network: a weight, a shift or the gain is not finite, or a scale is 0: fit it again"
            )

    def __call__(self, seen: Transitions) -> FloatArray:
        """The reward of each transition, [N]."""
        value = np.concatenate([self._input(name, seen) for name in self.inputs], axis=1)
        if value.shape[1] != self.layers[0][0].shape[1]:
            raise BirlError(
                f"reward network: transitions have {value.shape[1]} inputs, the network {self.layers[0][0].shape[1]}: "
                "it was recovered in another world"
            )
        if self.shift.size:
            value = (value - self.shift) / self.scale
        for weight, bias in self.layers[:-1]:
            value = ACTIVATIONS[self.activation](value @ weight.T + bias)
        weight, bias = self.layers[-1]
        return self.gain * (value @ weight.T + bias)[:, 0]

    def on(self, model: TabularModel) -> FloatArray:
        """The reward of each stored transition of a model, [E]; 0 from terminal states.

        Raises:
            BirlError: for a model without `observe`.
        """
        return np.where(model.live[model.elimination.row], self(edges(model)), 0.0)

    def _input(self, name: str, seen: Transitions) -> FloatArray:
        if name == "action" and self.n_actions is not None:
            return self._one_hot(np.asarray(seen.actions))
        part = {
            "observation": seen.observations,
            "action": seen.actions,
            "next_observation": seen.next_observations,
            "terminal": seen.terminal,
        }[name]
        values = np.asarray(part, np.float64)
        return values.reshape(len(seen), math.prod(values.shape[1:]))

    def _one_hot(self, actions: np.ndarray) -> FloatArray:
        assert self.n_actions is not None
        numbers = actions.ravel().astype(np.int64)
        if numbers.size != len(actions) or (numbers < 0).any() or (numbers >= self.n_actions).any():
            raise BirlError(
                f"reward network: actions {actions.shape} of the transitions are not {len(actions)} numbers below "
                f"{self.n_actions}: it was recovered in another world"
            )
        return np.eye(self.n_actions)[numbers]
