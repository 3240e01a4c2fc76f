"""Adversarial inverse reinforcement learning, imitation's: a reward that tells the policy from whoever imitates it.

The discriminator is D = exp f / (exp f + pi), f the shaped reward of `adversarial_nets` (1); where the generator
imitates, f = log pi: the advantage of a soft-optimal agent. Of it the reward g is kept, its shaping h is dropped.

Assumes a soft-optimal policy, and for g to be more than a piece of log pi: a reward by state and deterministic dynamics
that mix states (Fu et al. 2018, theorems C.1 and C.2: g is then the reward up to a constant).
Cannot tell: the scale apart from the temperature; a constant where no episode ends; rewards of states that neither side
visits; in stochastic worlds the reward apart from shaping, since one sampled next state biases f.

Source: Fu, Luo & Levine 2018 (arXiv 1710.11248); imitation 1.0.1 (Gleave et al. 2022, arXiv 2211.11972).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from birl.irl.adversarial import Adversarial, play
from birl.irl.adversarial_nets import log_walk, shaped_net
from birl.irl.base import AnyBehavior, RewardEstimate
from birl.irl.demonstrations import Arena
from birl.tabular import RewardLike
from birl.types import FloatArray

__all__ = ["AdversarialIRL"]


@dataclass(frozen=True, kw_only=True)
class AdversarialIRL(Adversarial):
    """Settings of AIRL: those of `Adversarial`."""

    name: ClassVar[str] = "airl"
    needs: ClassVar[frozenset[str]] = frozenset({"simulator", "trajectories"})
    behavioral_model: ClassVar[str] = "soft-optimal (maximum causal entropy)"
    cannot_identify: ClassVar[str] = (
        "scale apart from temperature, states nobody visits, shaping where dynamics are stochastic or states do not mix"
    )
    source: ClassVar[str] = "Fu, Luo & Levine 2018, through imitation"
    selector: ClassVar[str] = "shaping dropped; what is left is the game's own"

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One reward for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task.
            rng: of all chance; `np.random.default_rng(0)` if left out.
            candidates: not used: a network is fitted to no names.
            start: not used.

        Raises:
            BirlError: without imitation, and for behaviours without a simulator or something to see.
        """
        return play(self, behaviors, rng)

    def net(self, worlds: Arena) -> Any:
        """Reward and shaping."""
        return shaped_net(self, worlds.spaces, discount=worlds.discount, offset=log_walk(worlds.actions))

    def trainer(self) -> Any:
        """imitation's class."""
        from imitation.algorithms.adversarial.airl import AIRL  # an extra

        return AIRL
