"""Networks that are shaped like planners, and learn what to plan with; trained by PPO like any other.

Whether a network that plans inside wants something else than a reactive one of the same training is a question this
zoo exists for. Importing this module loads torch and Stable-Baselines3.

Axes: B observations, N the window's side, P planes, A actions, D hidden units.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from birl.policy import as_policy
from birl.types import BirlError, Policy

__all__ = ["TreePolicy", "TreeSearch", "ValueIteration", "VinPolicy", "read_policy"]

SWEEPS = 12  # of value iteration: how far the network can see, in cells
CHANNELS = 8  # q maps; more than actions, as in the paper
HIDDEN = 64
DEPTH = 2  # of the tree
BACKED_UP = 0.8  # weight of the deeper estimate in every backup
DISCOUNT = 0.95  # inside the tree


class ValueIteration(BaseFeaturesExtractor):
    """Value iteration as convolutions over the window; what comes out are the q values where the agent stands.

    Source: Tamar et al. 2016, "Value Iteration Networks", section 4 (the reward map, the VI module, the attention to
    the agent's own cell).
    """

    def __init__(self, observation_space: spaces.Space[Any]) -> None:
        """Make the network.

        Args:
            observation_space: of agent-centred windows [N, N, P].
        """
        super().__init__(observation_space, features_dim=CHANNELS)
        side, _, planes = _window(observation_space)
        self.middle = side // 2
        self.reward = nn.Sequential(nn.Conv2d(planes, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 1, 1, bias=False))
        self.move = nn.Conv2d(2, CHANNELS, 3, padding=1, bias=False)  # of reward and value to q

    def forward(self, observations: Tensor) -> Tensor:
        """Q values of the middle cell, [B, CHANNELS]."""
        reward = self.reward(observations.permute(0, 3, 1, 2))
        value = torch.zeros_like(reward)
        for _ in range(SWEEPS):
            value = self.move(torch.cat([reward, value], dim=1)).amax(dim=1, keepdim=True)
        return self.move(torch.cat([reward, value], dim=1))[:, :, self.middle, self.middle]


class TreeSearch(BaseFeaturesExtractor):
    """A tree of imagined actions over a learned state; what comes out are the q values of the first action.

    Source: Farquhar et al. 2018, "TreeQN and ATreeC", section 3 (residual transitions on a state kept at unit length,
    a reward and a value head, the soft backup, the mixture of depths).
    """

    def __init__(self, observation_space: spaces.Space[Any], n_actions: int = 5) -> None:
        """Make the network.

        Args:
            observation_space: of windows [N, N, P].
            n_actions: A.
        """
        super().__init__(observation_space, features_dim=n_actions)
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(_size(observation_space), HIDDEN), nn.Tanh())
        self.pass_time = nn.Linear(HIDDEN, HIDDEN)
        self.take = nn.Linear(HIDDEN, n_actions * HIDDEN, bias=False)
        self.reward = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, n_actions))
        self.value = nn.Linear(HIDDEN, 1)

    def forward(self, observations: Tensor) -> Tensor:
        """Q values of the root, [B, A]."""
        state = self.encode(observations)
        return self._plan(state / state.norm(dim=-1, keepdim=True).clamp_min(1e-6), DEPTH)

    def _plan(self, state: Tensor, depth: int) -> Tensor:
        later = self._imagine(state)  # [..., A, D]
        value = self.value(later).squeeze(-1)
        if depth > 1:
            deeper = self._plan(later, depth - 1)  # [..., A, A]
            best = (deeper.softmax(dim=-1) * deeper).sum(dim=-1)
            value = (1 - BACKED_UP) * value + BACKED_UP * best
        return self.reward(state) + DISCOUNT * value

    def _imagine(self, state: Tensor) -> Tensor:
        passed = state + torch.tanh(self.pass_time(state))
        taken = torch.tanh(self.take(passed)).unflatten(-1, (-1, HIDDEN))
        later = passed.unsqueeze(-2) + taken
        return later / later.norm(dim=-1, keepdim=True).clamp_min(1e-6)


class VinPolicy(ActorCriticPolicy):
    """Actions and values read off the q values of `ValueIteration`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As the library's, without hidden layers of its own."""
        super().__init__(*args, **{**kwargs, "net_arch": [], "features_extractor_class": ValueIteration})


class TreePolicy(ActorCriticPolicy):
    """Actions and values read off the q values of `TreeSearch`."""

    def __init__(self, observation_space: Any, action_space: Any, *args: Any, **kwargs: Any) -> None:
        """As the library's, without hidden layers of its own."""
        shape = {"net_arch": [], "features_extractor_class": TreeSearch}
        shape["features_extractor_kwargs"] = {"n_actions": int(action_space.n)}
        super().__init__(observation_space, action_space, *args, **{**kwargs, **shape})


POLICIES = {"vin": VinPolicy, "treeqn": TreePolicy}


def read_policy(checkpoint: Path, algorithm: str, observation_space: Any, action_space: Any) -> Policy:
    """The policy in a shipped checkpoint of one of these networks, read without unpickling.

    Args:
        checkpoint: written by `birl_agents.train`.
        algorithm: `vin` or `treeqn`.
        observation_space: of the environment it will act in.
        action_space: likewise.

    Raises:
        BirlError: when the file holds no such network, or one for other spaces.
    """
    policy = POLICIES[algorithm](observation_space, action_space, lambda _: 0.0)
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            weights = torch.load(io.BytesIO(archive.read("policy.pth")), weights_only=True)
        policy.load_state_dict(weights)
    except Exception as error:  # torch raises half a dozen kinds for what does not fit
        raise BirlError(f"{checkpoint}: no {algorithm} network for these spaces ({type(error).__name__})") from error
    return as_policy(policy)


def _window(space: Any) -> tuple[int, int, int]:
    if len(space.shape) != 3 or space.shape[0] != space.shape[1]:
        raise BirlError(f"a value-iteration network needs square windows [N, N, P], not observations {space.shape}")
    return space.shape


def _size(space: Any) -> int:
    return int(torch.Size(space.shape).numel())
