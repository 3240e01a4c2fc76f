"""What a policy does, counted: one episode on each level, straight from the world's rule.

Axes: B episodes, E events of the world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from birl_envs.grid import Level
from birl_envs.sight import View, make_sight
from birl_envs.world import STEP, World

from birl.types import FloatArray, IntArray

__all__ = ["Played", "play"]


@dataclass(frozen=True, kw_only=True)
class Played:
    """One episode on each of some levels.

    Attributes:
        world: the rule.
        counts: how often each event happened in each episode, [B, E].
        discounted: the same, each time discounted by the steps before it, [B, E].
        lengths: steps of each episode, [B].
    """

    world: World
    counts: FloatArray
    discounted: FloatArray
    lengths: IntArray

    def returns(self, weights: Mapping[str, float]) -> FloatArray:
        """Discounted return of each episode under weights of events and of `step`, [B]."""
        by_event = self.discounted @ np.array([weights.get(event, 0.0) for event in self.world.events])
        discount = self.world.discount
        time = self.lengths if discount == 1.0 else (1.0 - discount**self.lengths) / (1.0 - discount)
        return by_event + weights.get(STEP, 0.0) * time


def play(
    policy: Any, world: World, levels: Sequence[Level], rng: np.random.Generator, *, view: View | None = None
) -> Played:
    """Play every level once, actions drawn from the policy.

    Args:
        policy: what `birl.load_policy` gives; one that remembers is begun anew.
        world: the rule.
        levels: B levels.
        rng: draws the actions.
        view: how the levels are shown; agent-centred if left out.
    """
    if getattr(policy, "stateful", False):
        policy.reset()
    atlas = world.atlas(levels)
    sight, level = make_sight(world, atlas, view or View()), np.arange(len(levels))
    state, playing = world.begin(atlas), np.ones(len(levels), bool)
    counts, discounted = np.zeros((2, len(levels), len(world.events)))
    lengths = np.full(len(levels), world.time_limit)
    for step in range(world.time_limit):
        action = policy.act(sight.look(level, state), rng=rng)  # of the whole batch: a memory keeps its rows
        after = world.rule(atlas, level, state, action)
        happened = world.counts(after.event) * playing[:, None]
        counts += happened
        discounted += world.discount**step * happened
        state = np.where(playing, after.state, state)
        lengths[playing & after.ended] = step + 1
        playing &= ~after.ended
        if not playing.any():
            break
    return Played(world=world, counts=counts, discounted=discounted, lengths=lengths)
