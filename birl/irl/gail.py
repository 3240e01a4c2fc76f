"""Generative adversarial imitation, imitation's: a control, whose "reward" is where a discriminator stopped.

What is returned is the logit of the discriminator, log D / (1 - D), of which imitation's reward, -log(1 - D), is an
increasing function. Where the generator imitates, D is 1/2 everywhere and the logit 0: the better it works, the less it
says. It is here to be compared with, never as an objective.

Source: Ho & Ermon 2016 (arXiv 1606.03476), algorithm 1; imitation 1.0.1 (Gleave et al. 2022, arXiv 2211.11972).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from birl.irl.adversarial import Adversarial, play
from birl.irl.adversarial_nets import masked_net
from birl.irl.base import AnyBehavior, Check, RewardEstimate
from birl.irl.demonstrations import Arena
from birl.tabular import RewardLike
from birl.types import FloatArray

__all__ = ["AdversarialImitation"]

CONTROL = Check(
    name="objective",
    passed=False,
    message="a discriminator is flat where the imitation succeeds: read it as a control, never as an objective",
    required=True,
)


@dataclass(frozen=True, kw_only=True)
class AdversarialImitation(Adversarial):
    """Settings of GAIL: those of `Adversarial`."""

    name: ClassVar[str] = "gail"
    needs: ClassVar[frozenset[str]] = frozenset({"simulator", "trajectories"})
    behavioral_model: ClassVar[str] = "none: visits are matched"
    cannot_identify: ClassVar[str] = "any objective: its reward is a discriminator, flat where imitation succeeds"
    source: ClassVar[str] = "Ho & Ermon 2016, through imitation"
    selector: ClassVar[str] = "where the discriminator stopped"

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One discriminator for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task.
            rng: of all chance; `np.random.default_rng(0)` if left out.
            candidates: not used: a network is fitted to no names.
            start: not used.

        Raises:
            BirlError: without imitation, and for behaviours without a simulator or something to see.
        """
        found = play(self, behaviors, rng)
        return replace(found, checks=(*found.checks, CONTROL))

    def net(self, worlds: Arena) -> Any:
        """The discriminator's logit."""
        return masked_net(self, worlds.spaces)

    def trainer(self) -> Any:
        """imitation's class."""
        from imitation.algorithms.adversarial.gail import GAIL  # an extra

        return GAIL
