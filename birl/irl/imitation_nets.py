"""Rewards to and from imitation's `RewardNet`: an estimate to train on there, a net of theirs to judge here.

What is converted: estimates that are a network, or weights of features that a function gives; multilayer perceptrons
(`BasicRewardNet`), normalised (`NormalizedRewardNet`, as its `predict_processed` has it) or shaped (`ShapedRewardNet`:
the base, since shaping says nothing about the objective). What cannot be converted says so in one line.

Axes: N transitions, D inputs, F features.
Source: imitation 1.0.1 (Gleave et al. 2022, arXiv 2211.11972).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from birl.irl.base import Identifiability, RewardEstimate
from birl.irl.network import INPUTS, RewardNetwork
from birl.types import BirlError, FloatArray

__all__ = ["from_reward_net", "network_of", "require_imitation", "to_reward_net"]

IDLE = ("SqueezeLayer", "Flatten", "Dropout", "Identity")  # modules that leave numbers alone in evaluation

Features = Callable[[Any, Any, Any], Any]
"""Features (obs, action, next_obs) -> [N, F]."""


def require_imitation(what: str) -> None:
    """Refuse to go on without the extra.

    Raises:
        BirlError: with the one line that installs it.
    """
    try:
        import imitation  # an extra
    except ImportError as error:
        raise BirlError(f"{what} needs imitation, which is not installed: pip install 'birl[imitation]'") from error
    del imitation


def to_reward_net(
    estimate: RewardEstimate, observation_space: Any, action_space: Any, *, features: Features | None = None
) -> Any:
    """An estimate as an imitation `RewardNet` (a torch module), to train a policy on.

    It answers in single precision; a network's layers stay in double.

    Args:
        estimate: a network, or weights.
        observation_space: of the environment it will be evaluated in.
        action_space: of that environment.
        features: of transitions, in the order of the weights; needed for those.

    Raises:
        BirlError: for a table, for weights without `features`, or without imitation.
    """
    require_imitation("a RewardNet")
    if estimate.table is not None:
        raise BirlError(f"{estimate.method}: a reward by state and action of one model is no RewardNet: it sees states")
    if estimate.network is not None:
        return _network_net()(estimate.network, observation_space, action_space)
    if features is None:
        raise BirlError(
            f"{estimate.method}: weights of {len(estimate.weights)} features: "
            "give features=, a function (obs, action, next_obs) -> [N, F]"
        )
    return _feature_net()(estimate, features, (observation_space, action_space))


def from_reward_net(net: Any, *, method: str = "imitation", distributions: tuple[str, ...] = ()) -> RewardEstimate:
    """The reward that an imitation `RewardNet` holds, as an estimate without torch.

    Args:
        net: the net.
        method: what to call where it came from.
        distributions: what it was trained on, if known.

    Raises:
        BirlError: for a net that is no multilayer perceptron with relu or tanh between its layers.
    """
    if (held := getattr(net, "birl_estimate", None)) is not None:
        return held
    network, told = network_of(net), {"net": type(net).__name__}
    if _bare(net) is not net:
        told["unwrapped"] = f"{type(_bare(net)).__name__}: shaping, if any, was dropped"
    return RewardEstimate(
        method=method,
        behavioral_model="not stated: a converted net",
        distributions=distributions,
        weights={},
        status={},
        nuisance={},
        log_likelihood=None,
        checks=(),
        identifiability=Identifiability(
            rank=None, nullity=None, null_directions=(), selector="whoever trained the net"
        ),
        settings=told,
        network=network,
    )


def network_of(net: Any) -> RewardNetwork:
    """The layers of an imitation net, as plain arrays; those of its base where it is wrapped.

    Raises:
        BirlError: for what cannot be converted.
    """
    require_imitation("a RewardNet")
    from imitation.rewards import reward_nets  # an extra

    if (held := getattr(net, "network", None)) is not None:
        return held
    if isinstance(net, reward_nets.NormalizedRewardNet):
        return _normalised(network_of(net.base), net.normalize_output_layer)
    if isinstance(net, reward_nets.ShapedRewardNet):
        return network_of(net.base)
    if not isinstance(net, reward_nets.BasicRewardNet):
        raise BirlError(
            f"{type(net).__name__} cannot be converted: BasicRewardNet, NormalizedRewardNet and ShapedRewardNet can; "
            "give its base, or evaluate it as it is"
        )
    return _perceptron(net)


def _bare(net: Any) -> Any:
    while hasattr(net, "base"):
        net = net.base
    return net


def _perceptron(net: Any) -> RewardNetwork:
    from gymnasium import spaces

    used = (net.use_state, net.use_action, net.use_next_state, net.use_done)
    inputs = tuple(name for name, on in zip(INPUTS, used, strict=True) if on)
    numbers = (spaces.Box, spaces.MultiBinary)
    discrete = isinstance(net.action_space, spaces.Discrete)
    for name in inputs:
        space = net.action_space if name == "action" else net.observation_space
        if name != "terminal" and not isinstance(space, numbers) and not (name == "action" and discrete):
            raise BirlError(
                f"{type(net).__name__} over {name} {space} cannot be converted: inputs must be arrays of numbers"
            )
    activation, layers, norm = _layers(net.mlp)
    shift, scale = _with_pixels(net, inputs, layers[0][0].shape[1], norm)
    return RewardNetwork(
        inputs=inputs,
        layers=layers,
        activation=activation,
        n_actions=int(net.action_space.n) if discrete else None,
        shift=shift,
        scale=scale,
    )


def _layers(mlp: Any) -> tuple[str, tuple[tuple[FloatArray, FloatArray], ...], tuple[FloatArray, FloatArray]]:
    """Activation, linear layers, and what inputs are shifted and scaled by."""
    from torch import nn  # brought by the net

    layers, activations, norm = [], set(), (np.zeros(0), np.ones(0))
    for module in mlp:
        kind = type(module).__name__
        if isinstance(module, nn.Linear):
            layers.append((_array(module.weight), _array(module.bias)))
        elif isinstance(module, nn.ReLU | nn.Tanh):
            activations.add(kind.lower())
        elif _is_running(module) and not layers:
            norm = _statistics(module)
        elif kind not in IDLE:
            raise BirlError(f"a reward net with {kind} in it cannot be converted: relu, tanh and RunningNorm can")
    if len(activations) > 1:
        raise BirlError("a reward net with both relu and tanh cannot be converted: use one of them")
    return (activations.pop() if activations else "relu"), tuple(layers), norm


def _is_running(module: Any) -> bool:
    """Whether it is one of imitation's running norms."""
    return hasattr(module, "running_mean") and hasattr(module, "update_stats")


def _with_pixels(
    net: Any, inputs: tuple[str, ...], size: int, norm: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Shift and scale of raw inputs, where images enter divided by 255 first."""
    from stable_baselines3.common.preprocessing import is_image_space  # brought by the net

    space = net.observation_space
    if not (net.normalize_images and is_image_space(space)):
        return norm
    pixels = int(np.prod(space.shape))
    widths = [(name, pixels if "observation" in name else 1) for name in inputs]
    widths = [(n, size - sum(w for m, w in widths if m != "action") if n == "action" else w) for n, w in widths]
    unit = np.concatenate([np.full(w, 255.0 if "observation" in name else 1.0) for name, w in widths])
    shift, scale = norm if norm[0].size else (np.zeros(size), np.ones(size))
    return shift * unit, scale * unit


def _normalised(network: RewardNetwork, norm: Any) -> RewardNetwork:
    """The same network with its output shifted and scaled: both go into the last layer."""
    if not _is_running(norm):
        if type(norm).__name__ in IDLE:
            return network
        raise BirlError(
            f"a reward normalised by {type(norm).__name__} cannot be converted: RunningNorm and EMANorm can"
        )
    mean, scale = _statistics(norm)
    weight, bias = network.layers[-1]
    last = (network.gain * weight / scale[:, None], (network.gain * bias - mean) / scale)
    return replace(network, layers=(*network.layers[:-1], last), gain=1.0)


def _statistics(norm: Any) -> tuple[FloatArray, FloatArray]:
    return _array(norm.running_mean), np.sqrt(_array(norm.running_var) + norm.eps)


def _array(tensor: Any) -> FloatArray:
    return tensor.detach().cpu().numpy().astype(np.float64)


@cache
def _network_net() -> Any:
    """The net that a network becomes; made when imitation is there, since it is one of its nets."""
    import torch
    from gymnasium import spaces
    from imitation.rewards.reward_nets import RewardNet  # an extra
    from torch import nn

    class NetworkRewardNet(RewardNet):
        """A reward network, layer by layer."""

        shift: torch.Tensor
        scale: torch.Tensor

        def __init__(self, network: RewardNetwork, observation_space: Any, action_space: Any) -> None:
            super().__init__(observation_space, action_space, normalize_images=False)
            self.plain = network
            linear = [nn.Linear(w.shape[1], w.shape[0]).double() for w, _ in network.layers]
            for layer, (weight, bias) in zip(linear, network.layers, strict=True):
                layer.weight.data, layer.bias.data = torch.tensor(weight), torch.tensor(bias)
            between = {"relu": nn.ReLU, "tanh": nn.Tanh}[network.activation]
            self.mlp = nn.Sequential(*[m for layer in linear for m in (between(), layer)][1:])
            self.register_buffer("shift", torch.tensor(network.shift if network.shift.size else 0.0))
            self.register_buffer("scale", torch.tensor(network.scale if network.shift.size else 1.0))

        @property
        def network(self) -> RewardNetwork:
            """The layers as they are now, as plain arrays."""
            linear = [m for m in self.mlp if isinstance(m, nn.Linear)]
            return replace(self.plain, layers=tuple((_array(m.weight), _array(m.bias)) for m in linear))

        def forward(self, state: Any, action: Any, next_state: Any, done: Any) -> Any:
            """Rewards, [N]."""
            seen, acted = self.observation_space, self.action_space
            one_hot = isinstance(acted, spaces.Discrete) and self.plain.n_actions is not None
            parts = {
                "observation": _raw(state, seen),
                "action": action if one_hot else _raw(action, acted),
                "next_observation": _raw(next_state, seen),
                "terminal": done,
            }
            joined = torch.cat([parts[n].double().reshape(len(state), -1) for n in self.plain.inputs], dim=1)
            return (self.plain.gain * self.mlp((joined - self.shift) / self.scale)[:, 0]).float()

    return NetworkRewardNet


@cache
def _feature_net() -> Any:
    """The net that weights become; made when imitation is there, since it is one of its nets."""
    import torch
    from imitation.rewards.reward_nets import RewardNet  # an extra

    class FeatureRewardNet(RewardNet):
        """Weights of features; the features are computed outside torch."""

        weights: torch.Tensor

        def __init__(self, estimate: RewardEstimate, features: Features, spaces: tuple[Any, Any]) -> None:
            super().__init__(*spaces, normalize_images=False)
            self.birl_estimate, self.features = estimate, features
            self.register_buffer("weights", torch.tensor(estimate.vector))

        def forward(self, state: Any, action: Any, next_state: Any, done: Any) -> Any:
            """Rewards, [N]."""
            seen, acted = self.observation_space, self.action_space
            parts = [_raw(state, seen), _raw(action, acted), _raw(next_state, seen)]
            found = np.asarray(self.features(*(p.detach().cpu().numpy() for p in parts)), np.float64)
            found = found.reshape(len(state), -1)
            if found.shape[1] != len(self.weights):
                raise BirlError(
                    f"features= gives {found.shape[1]} columns for {len(self.weights)} weights: give one for each"
                )
            return (torch.tensor(found) @ self.weights).float()

    return FeatureRewardNet


def _raw(value: Any, space: Any) -> Any:
    """Numbered observations and actions arrive one-hot."""
    from gymnasium import spaces

    return value.argmax(dim=-1) if isinstance(space, spaces.Discrete) else value
