"""How far a Gaussian policy's actions scatter: the same everywhere, by a layer of its own, or by gSDE.

Generalised state-dependent exploration (Raffin et al. 2021, "Smooth exploration for robotic reinforcement learning")
draws one matrix of noise and multiplies it with the last hidden layer, so an action's variance is

    std^2 = latent^2 @ sigma^2 + floor

Axes: B a batch, H hidden numbers, D dimensions of an action.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from birl.checkpoint.layers import Mlp, Weights
from birl.checkpoint.recipe import Recipe
from birl.types import BirlError, FloatArray

__all__ = ["LOG_STD_RANGE", "layer_noise", "table_noise"]

VARIANCE_FLOOR = 1e-6  # stable_baselines3.common.distributions, StateDependentNoiseDistribution
LOG_STD_RANGE = (-20.0, 2.0)  # stable_baselines3.sac.policies
Noise = Callable[[Any], FloatArray]


def table_noise(weights: Weights, name: str, network: Mlp, recipe: Recipe) -> Noise:
    """Standard deviations from a table of their logarithms: [D], or [H, D] (or [H, 1]) under gSDE.

    Raises:
        BirlError: when the table is missing or does not fit the network.
    """
    log_std = weights.tensors.get(name)
    width, dims = network.output[0].shape[1], network.output[0].shape[0]
    fits = {(width, dims), (width, 1)} if recipe.use_sde else {(dims,)}
    if log_std is None or tuple(log_std.shape) not in fits:
        shape = None if log_std is None else tuple(log_std.shape)
        raise BirlError(
            f"{weights.path}: log_std has shape {shape}, the network needs {sorted(fits)[-1]}: the file is damaged"
        )
    logs = log_std.double().numpy()
    if not recipe.use_sde:
        return lambda latent: np.exp(logs)
    sigma = np.broadcast_to(_expln(logs) if recipe.use_expln else np.exp(logs), (width, dims))
    return lambda latent: np.sqrt(latent.double().numpy() ** 2 @ sigma**2 + VARIANCE_FLOOR)


def _expln(logs: FloatArray) -> FloatArray:
    """exp below 0, 1 + log(1 + x) above: grows slowly."""
    return np.where(logs <= 0, np.exp(np.minimum(logs, 0)), np.log1p(np.maximum(logs, 0)) + 1.0)


def layer_noise(weights: Weights, name: str, network: Mlp, limits: tuple[float, float]) -> Noise:
    """Standard deviations from a linear layer beside the mean's, its logarithms kept within limits.

    Raises:
        BirlError: when the layer's shape is not that of the mean's.
    """
    import torch

    layer = weights.linear(name)
    if layer[0].shape != network.output[0].shape:
        raise BirlError(
            f"{weights.path}: {name} has shape {tuple(layer[0].shape)}, "
            f"the mean's layer {tuple(network.output[0].shape)}: the file is damaged"
        )

    def noise(latent: Any) -> FloatArray:
        with torch.no_grad():
            logs = torch.nn.functional.linear(latent, *layer)
        return np.exp(logs.clamp(*limits).double().numpy())

    return noise
