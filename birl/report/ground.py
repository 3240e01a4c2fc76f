"""The levels a card shows, with what the recovered reward pays in each cell where the worlds are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from birl.report.reward_cells import level_board, reward_cells
from birl.scorecard import Scene, Scorecard
from birl.task import Distribution, Task
from birl.types import BirlError, FloatArray

__all__ = ["Ground", "grounds"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """One episode and the reward under it.

    Attributes:
        scene: the episode.
        reward: by row and column, as a share of the largest on any level shown; NaN where no state lies. None where the
            worlds were not given.
    """

    scene: Scene
    reward: FloatArray | None


def grounds(card: Scorecard, task: Task | None = None) -> Mapping[str, Sequence[Ground]]:
    """The scenes of a card by distribution, over the joint reward of the method that predicts best.

    Args:
        card: its scenes are shown.
        task: the worlds it was scored on; the reward is left out without them.

    Raises:
        BirlError: for a task whose levels are not those of the card.
    """
    cells = [_cells(card, scene, task) for scene in card.scenes]
    unit = max((float(np.nanmax(np.abs(c))) for c in cells if c is not None and np.isfinite(c).any()), default=0.0)
    found: dict[str, list[Ground]] = {}
    for scene, values in zip(card.scenes, cells, strict=True):
        reward = None if values is None else values / (unit or 1.0)
        found.setdefault(scene.distribution, []).append(Ground(scene=scene, reward=reward))
    return found


def _cells(card: Scorecard, scene: Scene, task: Task | None) -> FloatArray | None:
    """None where there is no world, or no reward to lay over it: a file keeps neither networks nor tables."""
    if task is None:
        return None
    where = _distribution(card, scene.distribution, task)
    if level_board(where, scene.level).rows != scene.rows:
        raise BirlError(
            f"task {task.name!r}: level {scene.level} of {scene.distribution!r} is not the one on this card: give the "
            "task it was scored on, with as many levels, or none"
        )
    joint = card.estimates.get("joint")
    if joint is None or not (joint.weights or joint.network is not None or joint.table is not None):
        return None
    return reward_cells(joint, where, scene.level)


def _distribution(card: Scorecard, name: str, task: Task) -> Distribution:
    for where in task.distributions:
        if where.name == name:
            return where
    there = ", ".join(where.name for where in task.distributions)
    raise BirlError(
        f"task {task.name!r} has no distribution {name!r}, which this card ({card.task!r}) shows: it has {there}"
    )
