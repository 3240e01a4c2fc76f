"""The critics beside an actor: what the network that taught a policy believes its actions are worth.

They choose no action, so a file without them, or with ones that are not plain chains of layers, still is a policy.

Axes: B a batch, N numbers in, D dimensions of an action, C critics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from birl.checkpoint.archive import read_variables
from birl.checkpoint.layers import Mlp, Weights
from birl.policy import ActionValues, DeterministicPolicy, GreedyPolicy, SquashedGaussianPolicy
from birl.types import BirlError, Policy

__all__ = ["action_critic", "as_trained"]

Look = Callable[[Any], Any]


def action_critic(weights: Weights, look: Look | None, space: Any, activation: str) -> ActionValues | None:
    """The critics of a policy over vectors, or None where the file has none that can be read for certain.

    Of critics of single values the least is taken, of critics of quantiles the mean, as the actor was taught by them.

    Args:
        weights: the tensors.
        look: observations -> tensor [B, N] for the critics; None where their eyes are not known.
        space: of actions.
        activation: name of the torch.nn activation after hidden layers.
    """
    count = sum(weights.has(f"critic.qf{i}.") for i in range(len(weights.tensors)))
    if look is None or not count:
        return None
    try:
        networks = [Mlp.of(weights.path, weights.chain(f"critic.qf{i}"), activation) for i in range(count)]
    except BirlError:
        return None
    low, high = np.asarray(space.low, np.float64).ravel(), np.asarray(space.high, np.float64).ravel()
    if len({n.width for n in networks}) > 1 or networks[0].width <= low.size:
        return None

    def values(observations: Any, actions: Any) -> Any:
        import torch

        inside = 2.0 * (np.asarray(actions, np.float64).reshape(-1, low.size) - low) / (high - low) - 1.0
        x = torch.cat([look(observations), torch.from_numpy(inside.astype(np.float32))], dim=1)
        found = torch.stack([network.out(network.latent(x)) for network in networks], dim=1)
        least = found.amin(dim=(1, 2)) if found.shape[2] == 1 else found.mean(dim=(1, 2))
        return least.double().numpy()

    return ActionValues(network=values, numbered=False)


def as_trained(policy: Policy, path: Path, data: Mapping[str, Any]) -> Policy:
    """The policy whose critic knows the discount and the price of entropy that its checkpoint says.

    Args:
        policy: as it was rebuilt.
        path: the file.
        data: its metadata.
    """
    gamma = data.get("gamma")
    discount = float(gamma) if isinstance(gamma, int | float) and 0 < gamma <= 1 else None
    if isinstance(policy, GreedyPolicy):
        return replace(policy, discount=discount)
    if isinstance(policy, DeterministicPolicy) and policy.critic is not None:
        return replace(policy, critic=replace(policy.critic, discount=discount, temperature=0.0))
    if isinstance(policy, SquashedGaussianPolicy) and policy.critic is not None:
        return replace(policy, critic=replace(policy.critic, discount=discount, temperature=_temperature(path)))
    return policy


def _temperature(path: Path) -> float | None:
    """SAC's price of entropy, learnt or set."""
    known = read_variables(path)
    if "log_ent_coef" in known:
        return float(np.exp(known["log_ent_coef"]))
    return known.get("ent_coef_tensor")
