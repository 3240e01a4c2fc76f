"""A policy asked by place, so that one table or network serves models and environments alike.

Axes: B places, S states, A actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.policy import ActionValues, critic_of
from birl.policy.sampling import choose
from birl.simulator import Places
from birl.types import BirlError, ContinuousPolicy, DiscretePolicy, FloatArray

__all__ = ["PlacePolicy"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacePolicy:
    """A policy asked by place, so that one table or network serves models and environments alike.

    Attributes:
        table: pi(a | s) of a model's states, [S, A]; None where the policy is asked by observation.
        source: the policy that is asked by observation; None where there is a table. A policy with memory only acts,
            and only from the start of episodes: `reset` it, and keep all of its places in one order.
        deterministic: take the most probable action.
        believes: what the policy's own network believes actions are worth, by observation, where a table stands for it.
    """

    table: FloatArray | None = None
    source: Any = None
    deterministic: bool = False
    believes: ActionValues | None = None

    @property
    def critic(self) -> ActionValues | None:
        """What the policy's own network believes actions are worth, where it has one."""
        return critic_of(self.source) if self.believes is None else self.believes

    @property
    def stateful(self) -> bool:
        """Whether it remembers, so that places alone do not say what it does."""
        return bool(getattr(self.source, "stateful", False))

    def reset(self) -> None:
        """Forget everything; nothing to do for a policy without memory."""
        if self.stateful:
            self.source.reset()

    def probabilities(self, places: Places) -> FloatArray:
        """pi(a | place), [B, A].

        Raises:
            BirlError: for a policy over vectors, or one without probabilities.
        """
        if self.table is not None:
            return self.table[places.states]
        if not isinstance(self.source, DiscretePolicy):
            raise BirlError(f"{type(self.source).__name__} has no action probabilities: it can only be rolled out")
        found = np.asarray(self.source.action_probabilities(places.observations, **self._masks(places)), np.float64)
        return np.eye(found.shape[1])[found.argmax(axis=1)] if self.deterministic else found

    def log_density(self, places: Places, actions: Any) -> FloatArray:
        """log pi(a | place) of one action in each place, [B]; a log-density where actions are vectors.

        Raises:
            BirlError: for a policy without one: a choice of one vector has no density.
        """
        if self.table is not None or isinstance(self.source, DiscretePolicy):
            chosen = self.probabilities(places)[np.arange(len(places)), np.asarray(actions, np.int64)]
            return np.log(np.maximum(chosen, np.finfo(float).tiny))
        if not isinstance(self.source, ContinuousPolicy):
            raise BirlError(f"{type(self.source).__name__} has no action densities: it can only be rolled out")
        if self.deterministic:
            raise BirlError("a deterministic choice of vectors has no density: watch the policy as it is (stochastic)")
        return np.asarray(self.source.action_log_prob(places.observations, actions), np.float64)

    def act(self, places: Places, rng: np.random.Generator) -> Any:
        """One action in each place.

        Raises:
            BirlError: for an action that is no finite number.
        """
        if self.table is not None:
            return choose(self.table[places.states], rng=rng)
        how = {"rng": rng, "deterministic": self.deterministic, **self._masks(places)}
        chosen = np.asarray(self.source.act(places.observations, **how))
        if chosen.dtype.kind == "f" and not np.isfinite(chosen).all():
            raise BirlError(
                f"{type(self.source).__name__} chose an action that is not finite: its training diverged, "
                "use an earlier checkpoint"
            )
        return chosen

    def _masks(self, places: Places) -> dict[str, Any]:
        """For a policy that was trained with masks, which actions the world allows."""
        return {"action_masks": places.masks} if getattr(self.source, "maskable", False) else {}
