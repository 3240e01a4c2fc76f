"""The networks of an adversarial game: a reward, shaping where it has one, both masked where an episode is over.

With s marked over or not (`fixed_horizon`), g the reward, h the potential, gamma the discount and A the actions,

    f(s, a, s') = [s runs] * (g + gamma * [s' runs] * h(s') - h(s)) - log |A|            (1)

The potential of what is over is 0, whatever imitation is told about `done` (it says so at time limits, too). The last
term is the log-probability of the random walk (a log-density over a box): it makes waiting worth nothing, and it makes
0 the neutral reward of a step, as everywhere in this library.

Source: Fu, Luo & Levine 2018 (arXiv 1710.11248), equation 4; the constant is ours.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from birl.simulator import Actions

__all__ = ["log_walk", "masked_net", "shaped_net"]


def log_walk(actions: Actions) -> float:
    """Log-probability of any one action under the random walk; a log-density over a box, 0 where it has no bounds."""
    if actions.count is not None:
        return -float(np.log(actions.count))
    volume = float(np.log(actions.high - actions.low).sum())
    return -volume if np.isfinite(volume) else 0.0


def shaped_net(method: Any, spaces: tuple[Any, Any], *, discount: float, offset: float) -> Any:
    """Equation 1, as imitation's shaped net of its own reward and potential.

    Args:
        method: its `reads` and `hidden`.
        spaces: of plain observations, of actions.
        discount: of the shaping.
        offset: what every step is given.
    """
    from imitation.rewards.reward_nets import BasicPotentialMLP  # an extra
    from imitation.util.networks import RunningNorm

    potential = BasicPotentialMLP(spaces[0], hid_sizes=method.hidden, normalize_input_layer=RunningNorm)
    return _masked()(_base(method, spaces), potential, discount=discount, offset=offset)


def masked_net(method: Any, spaces: tuple[Any, Any]) -> Any:
    """Equation 1 without potential and constant: the logit of a discriminator that knows nothing of what is over."""
    return _masked()(_base(method, spaces), None, discount=0.0, offset=0.0)


def _base(method: Any, spaces: tuple[Any, Any]) -> Any:
    from imitation.rewards.reward_nets import BasicRewardNet  # an extra
    from imitation.util.networks import RunningNorm

    return BasicRewardNet(
        *spaces,
        use_state="observation" in method.reads,
        use_action="action" in method.reads,
        use_next_state="next_observation" in method.reads,
        hid_sizes=method.hidden,
        normalize_input_layer=RunningNorm,
    )


@cache
def _masked() -> Any:
    import torch
    from gymnasium import spaces
    from imitation.rewards.reward_nets import ForwardWrapper, RewardNet  # an extra

    class MaskedRewardNet(ForwardWrapper):
        """Equation 1; `base` is g on observations without their mark."""

        def __init__(self, base: Any, potential: Any, *, discount: float, offset: float) -> None:
            super().__init__(base)
            size = int(np.prod(base.observation_space.shape)) + 1
            self.observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
            self.potential, self.discount_factor, self.offset = potential, discount, offset

        def preprocess(self, state: Any, action: Any, next_state: Any, done: Any) -> Any:
            """As of a net over marked observations."""
            return RewardNet.preprocess(self, state, action, next_state, done)

        def forward(self, state: Any, action: Any, next_state: Any, done: Any) -> Any:
            """Equation 1, [N]."""
            here, there = state[:, :-1], next_state[:, :-1]
            value = self.base(here, action, there, torch.zeros_like(done))
            if self.potential is not None:
                on = 1.0 - next_state[:, -1]
                value = value + self.discount_factor * on * self.potential(there) - self.potential(here)
            return (1.0 - state[:, -1]) * value + self.offset

    return MaskedRewardNet
