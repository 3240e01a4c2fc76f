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
from birl.policy import TabularPolicy, as_policy
from birl.sampled import SampledBehavior, world_of
from birl.tabular import TabularModel
from birl.task import Distribution, Task
from birl.trajectories import Trajectory, act_out, sample_episodes
from birl.types import BirlError, ContinuousPolicy, DiscretePolicy, IntArray, unknown_name

__all__ = [
    "EPISODES",
    "FEWEST",
    "Given",
    "Look",
    "RolledOut",
    "given",
    "handed_over",
    "look",
    "must_be_rolled_out",
    "only",
    "spread",
    "thin",
]

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
        if must_be_rolled_out(policy, model.n_actions):
            actor = as_policy(policy, n_actions=model.n_actions)
            seen = act_out(model, actor, self.episodes, deterministic=self.deterministic, **how)
        else:
            table = policy_table(policy, distribution, model)
            if self.deterministic:
                table = np.eye(model.n_actions)[np.where(model.valid_actions, table, -1.0).argmax(axis=1)]
            seen = sample_episodes(model, table, self.episodes, **how)
        return replace(from_trajectories(seen, distribution), deterministic=self.deterministic)


@dataclass(frozen=True, kw_only=True)
class Given:
    """Counts episodes that somebody has.

    Attributes:
        by_distribution: episodes by the name of the distribution they are of.
    """

    by_distribution: Mapping[str, Sequence[Trajectory]]

    def __call__(self, policy: Any, distribution: Distribution) -> Behavior:
        """Behaviour as the episodes of that distribution show it; nobody is asked to act.

        Raises:
            BirlError: when there are none, or they are not of this distribution.
        """
        if distribution.name not in self.by_distribution:
            raise BirlError(f"no episode of distribution {distribution.name!r} is given")
        return from_trajectories(self.by_distribution[distribution.name], distribution)


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


def given(trajectories: Mapping[str, Sequence[Trajectory]], task: Task) -> tuple[Given, Task]:
    """Episodes by distribution, and the task without the shifts that none is given of; errors are those of `only`."""
    return Given(by_distribution=trajectories), only(task, trajectories)


def only(task: Task, trajectories: Mapping[str, Sequence[Trajectory]]) -> Task:
    """The task with those distributions that episodes are given of, pairs and twins among them.

    Raises:
        BirlError: for names that are no distribution or ghost of the task, without episodes of training, or for
            anything but trajectories.
    """
    known = [d.name for d in (*task.distributions, *task.ghosts.values())]
    for name, episodes in trajectories.items():
        if name not in known:
            raise unknown_name(f"distribution of task {task.name!r}", name, known)
        if not len(episodes):
            raise BirlError(f"distribution {name!r}: no episodes: give some, or leave it out")
        odd = next((e for e in episodes if not isinstance(e, Trajectory)), None)
        if odd is not None:
            raise BirlError(f"distribution {name!r}: a {type(odd).__name__} is no episode: give Trajectory records")
    if task.train.name not in trajectories:
        raise BirlError(f"no episode of {task.train.name!r}, which is training: shifts alone show no shift")
    linked = lambda d: replace(  # noqa: E731
        d,
        pair=d.pair if d.pair in trajectories else None,
        twin=d.twin if d.twin in trajectories else None,
    )
    return replace(
        task,
        train=linked(task.train),
        shifts=[linked(d) for d in task.shifts if d.name in trajectories],
        ghosts={c: linked(d) for c, d in task.ghosts.items() if d.name in trajectories},
    )


def handed_over(trajectories: Sequence[Trajectory], distribution: Distribution, *, discount: float) -> SampledBehavior:
    """Episodes of a world without a model that somebody has, with the features of their steps.

    Raises:
        BirlError: for episodes of another space, without a step, or with features that are not finite.
    """
    world = world_of(distribution)
    where = f"distribution {distribution.name!r}"
    shape = np.asarray(world.start(1, np.random.default_rng(0)).observations).shape[1:]
    return SampledBehavior(
        distribution=distribution.name,
        shift=distribution.shift,
        pair=distribution.pair,
        feature_names=world.feature_names,
        discount=discount,
        horizon=distribution.horizon,
        trajectories=tuple(
            _featured(t, distribution, shape, world.feature_names, f"{where}, episode {i}")
            for i, t in enumerate(trajectories)
        ),
        actions=world.actions,
        simulator=world,
        make_env=distribution.make_env,
    )


def _featured(
    episode: Trajectory, distribution: Distribution, shape: tuple[int, ...], names: Sequence[str], where: str
) -> Trajectory:
    """The episode with the features of its steps, whatever it had."""
    seen, actions = np.asarray(episode.observations), np.asarray(episode.actions)
    if not len(actions) or len(seen) != len(actions) + 1:
        raise BirlError(f"{where}: {len(seen)} observations for {len(actions)} actions: give T + 1 and T, T above 0")
    if seen.shape[1:] != shape:
        raise BirlError(f"{where}: observations are {seen.shape[1:]}, this world's are {shape}: is it of this one?")
    features = episode.features
    if callable(distribution.features):
        features = np.asarray(distribution.features(seen[:-1], actions, seen[1:]), np.float64)
    found = np.asarray(features, np.float64) if features is not None else np.zeros((0, 0))
    found = found[:, None] if found.ndim == 1 else found
    if found.shape != (len(actions), len(names)):
        raise BirlError(f"{where}: features {found.shape} of its steps: give [{len(actions)}, {len(names)}]")
    if not np.isfinite(found).all():
        raise BirlError(f"{where}: a feature or reward of its steps is not finite: mend it, or leave the episode out")
    return replace(episode, features=found)


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
