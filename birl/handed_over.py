"""Episodes that somebody has, handed over by the name of their distribution: nobody is asked to act.

Axes: E episodes, T steps, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.counted import from_trajectories
from birl.sampled import SampledBehavior, world_of
from birl.task import Distribution, Task
from birl.trajectories import Trajectory
from birl.types import BirlError, unknown_name

__all__ = ["Given", "given", "handed_over", "only"]


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
        ghosts={c: linked(d) for c, d in task.ghosts.items()},
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
