"""From named tensors to a policy: the network is what the weights' shapes say it is.

Each layout is one family of Stable-Baselines3's policy classes: which tensors are the actor's, and what its numbers
mean for actions. Critics choose no action: they go along where they can be read (see `critics`), and target networks
are left aside.

Axes: B a batch, N numbers in, A actions, D dimensions of a continuous action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from birl.checkpoint.critics import action_critic
from birl.checkpoint.encoding import encoding
from birl.checkpoint.layers import Mlp, Weights, memory, nature
from birl.checkpoint.noise import LOG_STD_RANGE, layer_noise, table_noise
from birl.checkpoint.recipe import Recipe, refusal
from birl.policy.box import DeterministicPolicy, GaussianPolicy, Moments, SquashedGaussianPolicy
from birl.policy.critic import ActionValues
from birl.policy.heads import CategoricalPolicy, GreedyPolicy, MaskablePolicy
from birl.policy.memory import RecurrentPolicy
from birl.task import Spaces
from birl.types import BirlError, Policy

__all__ = ["build"]

CRITICS = ("mlp_extractor.value_net.", "value_net.", "vf_features_extractor.")
HEAD = ("mlp_extractor.shared_net.", "mlp_extractor.policy_net.", "action_net.", "log_std")
ACTOR_EYES = ("pi_features_extractor", "features_extractor")  # the actor's own where the critic has others
EYES = ("features_extractor.", "pi_features_extractor.")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything a layout is built from.

    Attributes:
        weights: the tensors.
        recipe: what the metadata say.
        spaces: what the policy must fit.
        see: observations -> tensor [B, N], or the identity behind a memory.
        width: N, or 0 where a memory has checked it.
        shape: of one observation, for messages.
    """

    weights: Weights
    recipe: Recipe
    spaces: Spaces
    see: Callable[[Any], Any]
    width: int
    shape: tuple[int, ...]


def build(path: Path, recipe: Recipe, tensors: Mapping[str, Any], spaces: Spaces) -> Policy:
    """The policy those weights are, on those spaces.

    Raises:
        BirlError: for weights that do not chain, do not fit the spaces, or belong to no known layout.
    """
    weights = Weights(path=path, tensors=tensors)
    return LAYOUTS[recipe.layout](weights, recipe, spaces)


def _parts(weights: Weights, recipe: Recipe, spaces: Spaces, prefixes: tuple[str, ...]) -> Parts:
    """The parts with eyes under the first of the prefixes that the weights have."""
    import torch

    prefix = next((one for one in prefixes if weights.has(one + ".")), None)
    if recipe.nature != (prefix is not None):
        seen = "no eyes" if prefix is None else f"a part {prefix}, which no MlpPolicy has"
        raise refusal(weights.path, f"its policy.pth has {seen}")
    path, plain = weights.path, prefix is None
    prepared = encoding(path, spaces.observation, normalize_images=recipe.normalize_images, flat=plain)
    look, width = (None, prepared.width) if prefix is None else nature(weights, prefix, prepared.prepared)

    def see(observations: Any) -> Any:
        x = torch.from_numpy(prepared.encode(observations))
        return x if look is None else look(x)

    return Parts(weights=weights, recipe=recipe, spaces=spaces, see=see, width=width, shape=prepared.shape)


def _network(parts: Parts, layers: list[Any], *, outputs: int = 1) -> Mlp:
    """The layers as a network that fits the observations and gives `outputs` numbers per action."""
    path = parts.weights.path
    network = Mlp.of(path, layers, parts.recipe.activation)
    if network.width != parts.width:
        raise BirlError(
            f"{path} does not fit: its network takes {network.width} numbers, the task's observations of shape "
            f"{parts.shape} flatten to {parts.width}: name the task it was trained on"
        )
    _check_actions(path, network.output[0].shape[0], parts.spaces.action, outputs)
    return network


def _check_actions(path: Path, given: int, space: Any, outputs: int) -> None:
    kind = type(space).__name__
    if kind not in {"Discrete", "Box"}:
        raise refusal(path, f"the actions are a {kind} space")
    wanted = int(space.n) if kind == "Discrete" else int(np.prod(space.shape))
    if given != wanted * outputs:
        what = f"{wanted} actions" if kind == "Discrete" else f"actions of shape {space.shape}"
        raise BirlError(
            f"{path} does not fit: its network gives {given} numbers, the task has {what}: "
            "name the task it was trained on"
        )


def _of_kind(parts: Parts, kind: str) -> None:
    found = type(parts.spaces.action).__name__
    if found != kind:
        raise BirlError(
            f"{parts.weights.path} does not fit: its policy chooses from a {kind} space, the task's actions are a "
            f"{found} space: name the task it was trained on"
        )


def _actor_critic(weights: Weights, recipe: Recipe, spaces: Spaces) -> Policy:
    weights.check_all_used((*HEAD, *CRITICS, *(EYES if recipe.nature else ())))
    return _actor(_parts(weights, recipe, spaces, ACTOR_EYES))


def _actor(parts: Parts) -> Policy:
    """Categorical or Gaussian, by the space of actions."""
    weights = parts.weights
    shared = weights.chain("mlp_extractor.shared_net", missing_is_fine=True)  # before Stable-Baselines3 1.8
    own = weights.chain("mlp_extractor.policy_net", missing_is_fine=True)
    network = _network(parts, [*shared, *own, weights.linear("action_net")])
    if type(parts.spaces.action).__name__ == "Discrete":
        return CategoricalPolicy(lambda seen: network.out(network.latent(parts.see(seen))).numpy())
    noise = table_noise(weights, "log_std", network, parts.recipe)
    return _gaussian(parts, network, noise, squash=parts.recipe.squash_output)


def _critic(parts: Parts) -> ActionValues | None:
    """The critics, with eyes of their own where they have any."""
    weights, recipe = parts.weights, parts.recipe
    look = parts.see if not recipe.nature else None
    if recipe.nature and weights.has("critic.features_extractor."):
        look = _parts(weights, recipe, parts.spaces, ("critic.features_extractor",)).see
    return action_critic(weights, look, parts.spaces.action, recipe.activation)


def _gaussian(
    parts: Parts, network: Mlp, noise: Callable[[Any], Any], *, squash: bool, clip_mean: float = np.inf
) -> Policy:
    def moments(observations: Any) -> Moments:
        latent = network.latent(parts.see(observations))
        mean = network.out(latent).double().numpy().clip(-clip_mean, clip_mean)
        return Moments(mean=mean, std=np.broadcast_to(noise(latent), mean.shape))

    space = parts.spaces.action
    return (
        SquashedGaussianPolicy(moments, space.low, space.high, _critic(parts))
        if squash
        else GaussianPolicy(moments, space.low, space.high)
    )


def _masked(weights: Weights, recipe: Recipe, spaces: Spaces) -> Policy:
    policy = _actor_critic(weights, recipe, spaces)
    if not isinstance(policy, CategoricalPolicy):
        raise refusal(weights.path, f"the masked actions are a {type(spaces.action).__name__} space")
    return MaskablePolicy(policy.logits)


def _memory(weights: Weights, recipe: Recipe, spaces: Spaces) -> Policy:
    """An LSTM between eyes and head; the critic's own LSTM or linear layer is left aside."""
    import torch

    used = (*HEAD, *CRITICS, *(EYES if recipe.nature else ()), "lstm_actor.", "lstm_critic.", "critic.")
    weights.check_all_used(used)
    parts, lstm = _parts(weights, recipe, spaces, ACTOR_EYES), memory(weights, "lstm_actor.")
    if lstm.input_size != parts.width:
        raise BirlError(
            f"{weights.path} does not fit: its memory takes {lstm.input_size} numbers, the task's observations of "
            f"shape {parts.shape} flatten to {parts.width}: name the task it was trained on"
        )
    head = _actor(Parts(**{**vars(parts), "see": torch.from_numpy, "width": lstm.hidden_size}))

    def step(observations: Any, held: Any, starts: Any) -> tuple[Any, Any]:
        x = parts.see(observations)
        if held is None:
            held = (torch.zeros(lstm.num_layers, len(x), lstm.hidden_size),) * 2
        keep = torch.from_numpy(1.0 - np.asarray(starts, np.float32)).view(1, -1, 1)
        with torch.no_grad():
            latent, held = lstm(x[None], (keep * held[0], keep * held[1]))
        return latent[0].numpy(), held

    return RecurrentPolicy.behind(step, head)


def _values(weights: Weights, recipe: Recipe, spaces: Spaces) -> Policy:
    weights.check_all_used(
        ("q_net.q_net.", "q_net_target.", *(("q_net.features_extractor.",) if recipe.nature else ()))
    )
    parts = _parts(weights, recipe, spaces, ("q_net.features_extractor",))
    network = _network(parts, weights.chain("q_net.q_net"))
    _of_kind(parts, "Discrete")
    return GreedyPolicy(lambda seen: network.out(network.latent(parts.see(seen))).numpy(), recipe.exploration)


def _quantiles(weights: Weights, recipe: Recipe, spaces: Spaces) -> Policy:
    eyes = "quantile_net.features_extractor"
    weights.check_all_used(("quantile_net.quantile_net.", "quantile_net_target.", *((eyes,) if recipe.nature else ())))
    parts = _parts(weights, recipe, spaces, (eyes,))
    layers = weights.chain("quantile_net.quantile_net")
    _of_kind(parts, "Discrete")
    actions = int(spaces.action.n)
    network = _network(parts, layers, outputs=max(1, layers[-1][0].shape[0] // actions))

    def q_values(observations: Any) -> Any:
        quantiles = network.out(network.latent(parts.see(observations)))
        return quantiles.view(len(quantiles), -1, actions).mean(dim=1).numpy()

    return GreedyPolicy(q_values, recipe.exploration)


def _squashed(weights: Weights, recipe: Recipe, spaces: Spaces) -> Policy:
    eyes = ("actor.features_extractor.",) if recipe.nature else ()
    weights.check_all_used(("actor.latent_pi.", "actor.mu.", "actor.log_std", "critic.", "critic_target.", *eyes))
    parts = _parts(weights, recipe, spaces, ("actor.features_extractor",))
    clipped = weights.has("actor.mu.0.")  # the library bounds the mean where noise depends on the state
    body = weights.chain("actor.latent_pi", missing_is_fine=True)
    network = _network(parts, [*body, weights.linear("actor.mu.0" if clipped else "actor.mu")])
    _of_kind(parts, "Box")
    if recipe.use_sde:
        noise = table_noise(weights, "actor.log_std", network, recipe)
    else:
        noise = layer_noise(weights, "actor.log_std", network, LOG_STD_RANGE)
    return _gaussian(parts, network, noise, squash=True, clip_mean=recipe.clip_mean if clipped else np.inf)


def _target(weights: Weights, recipe: Recipe, spaces: Spaces) -> Policy:
    eyes = ("actor.features_extractor.",) if recipe.nature else ()
    weights.check_all_used(("actor.mu.", "actor_target.", "critic.", "critic_target.", *eyes))
    parts = _parts(weights, recipe, spaces, ("actor.features_extractor",))
    network = _network(parts, weights.chain("actor.mu"))
    _of_kind(parts, "Box")
    space = spaces.action
    return DeterministicPolicy(
        lambda seen: network.out(network.latent(parts.see(seen))).tanh().double().numpy(),
        space.low,
        space.high,
        _critic(parts),
    )


LAYOUTS: Mapping[str, Callable[[Weights, Recipe, Spaces], Policy]] = {
    "actor-critic": _actor_critic,
    "masked": _masked,
    "memory": _memory,
    "values": _values,
    "quantiles": _quantiles,
    "squashed": _squashed,
    "target": _target,
}
