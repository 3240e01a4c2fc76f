"""Behaviour from episodes alone, in worlds whose model is known: rolled out for the purpose, or handed over.

The levels of N episodes are spread evenly and drawn by the same lot on every distribution, so that those which match
level by level are seen on the same levels.

Axes: S states, L levels, E episodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np

from birl.behavior import Behavior, observe, policy_table
from birl.counted import from_trajectories
from birl.handed_over import given
from birl.policy import TabularPolicy, as_policy
from birl.tabular import TabularModel
from birl.task import Distribution, Task
from birl.trajectories import act_out, sample_episodes
from birl.types import BirlError, ContinuousPolicy, DiscretePolicy, IntArray

__all__ = ["EPISODES", "FEWEST", "Look", "RolledOut", "look", "must_be_rolled_out", "spread", "thin"]

EPISODES = 200  # of a policy that can only be rolled out, on each distribution, where nobody says how many
FEWEST = 10  # levels: below so many clusters their spread says too little (Cameron & Miller 2015, section VI)


@dataclass(frozen=True, kw_only=True)
class RolledOut:
    """Watches a policy for some episodes of a distribution and counts.

    Attributes:
        episodes: how many.
        seed: of levels and actions.
        deterministic: take its likeliest actions.
    """

    episodes: int
    seed: int = 0
    deterministic: bool = False

    def __post_init__(self) -> None:
        """Refuse what shows nothing."""
        if self.episodes < 1:
            raise BirlError(f"{self.episodes} episodes: give at least 1")

    def __call__(self, policy: Any, distribution: Distribution) -> Behavior:
        """Behaviour as that many episodes show it.

        Raises:
            BirlError: for a distribution without a model, or a policy that does not fit it.
        """
        model = distribution.model
        if model is None:
            raise BirlError(f"distribution {distribution.name!r} has no model to count in: give one")
        rng = np.random.default_rng([self.seed, crc32(distribution.name.encode())])
        starts = spread(model, self.episodes, np.random.default_rng(self.seed))
        how: Any = {"horizon": distribution.horizon, "rng": rng, "starts": starts}
        actor = policy if isinstance(policy, TabularPolicy) else as_policy(policy, n_actions=model.n_actions)
        if must_be_rolled_out(actor, model.n_actions):
            seen = act_out(model, actor, self.episodes, deterministic=self.deterministic, **how)
        else:
            table = policy_table(actor, distribution, model)
            if self.deterministic:
                table = np.eye(model.n_actions)[np.where(model.valid_actions, table, -1.0).argmax(axis=1)]
            seen = sample_episodes(model, table, self.episodes, **how)
        return replace(from_trajectories(seen, distribution), deterministic=self.deterministic)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a policy is looked at.

    Attributes:
        see: turns the policy and a distribution into behaviour.
        policy: whom to ask; None where only episodes are known.
        task: the distributions there is something to see of.
        episodes: rolled out of each; 0 where the policy is read off or episodes are given.
    """

    see: Callable[[Any, Distribution], Behavior]
    policy: Any
    task: Task
    episodes: int = 0


def look(policy: Any, task: Task, *, episodes: int | None, seed: int, deterministic: bool) -> Look:
    """Read a policy off where that can be done and nobody says otherwise, else roll it out, or take given episodes.

    Args:
        policy: a policy, or episodes by distribution.
        task: with exact models.
        episodes: to roll out on each distribution; `EPISODES` of a policy that can only be rolled out, if left out.
        seed: of rollouts.
        deterministic: take its likeliest actions.

    Raises:
        BirlError: for episodes that are no episodes of this task.
    """
    if isinstance(policy, Mapping):
        see, task = given(policy, task)
        return Look(see=see, policy=None, task=task)
    model = task.train.model
    assert model is not None  # every distribution has one
    if episodes is None and not must_be_rolled_out(policy, model.n_actions):
        return Look(see=partial(observe, deterministic=deterministic), policy=policy, task=task)
    count = EPISODES if episodes is None else episodes
    see = RolledOut(episodes=count, seed=seed, deterministic=deterministic)
    return Look(see=see, policy=policy, task=task, episodes=count)


def must_be_rolled_out(policy: Any, n_actions: int) -> bool:
    """Whether a policy can be watched and not read off: one with a memory, or without probabilities."""
    if isinstance(policy, TabularPolicy):
        return False
    known = as_policy(policy, n_actions=n_actions)
    return bool(getattr(known, "stateful", False)) or not isinstance(known, DiscretePolicy | ContinuousPolicy)


def spread(model: TabularModel, episodes: int, rng: np.random.Generator) -> IntArray:
    """States to start in, levels as even as their share of starts allows and in an order drawn by lot, [E]."""
    order = rng.permutation(model.n_levels)
    points = (np.arange(episodes) + rng.random(episodes)) / episodes
    bounds = model.level_starts[order].cumsum()
    levels = order[np.searchsorted(bounds / bounds[-1], points, side="right").clip(max=model.n_levels - 1)]
    found = np.empty(episodes, np.int64)
    for level in np.unique(levels):
        states = model.states_of([level])
        mass = model.start[states]
        found[levels == level] = rng.choice(states, size=int((levels == level).sum()), p=mass / mass.sum())
    return found


def thin(behaviors: Sequence[Behavior]) -> tuple[str, ...]:
    """Distributions whose episodes are of too few levels to say how sure anything is, a sentence each."""
    return tuple(
        f"the {len(b.trajectories)} episodes of {b.distribution!r} are of {b.model.n_levels} levels: how far they "
        f"speak for others cannot be told from fewer than {FEWEST}: give episodes of more levels, or the policy itself"
        for b in behaviors
        if not b.policy_known and b.model.n_levels < FEWEST
    )
