"""Finished cards and recovered rewards beside each other: read from files, compared on the levels of a task.

Axes: F features, D draws, L levels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from birl.distance.batch import BatchMetric
from birl.distance.rewards import as_reward
from birl.drawn_rewards import drawn_weights
from birl.irl import RewardEstimate
from birl.matrix import DistanceMatrix, distance_matrix
from birl.scorecard import Scorecard
from birl.stats import generator, level_weights
from birl.tabular import TabularModel
from birl.task import Task, objective_vector
from birl.types import BirlError, FloatArray

__all__ = ["Compared", "compare_rewards", "read_rewards"]

Named = Mapping[str, RewardEstimate | Mapping[str, float]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What a file holds.

    Attributes:
        rewards: by name: estimates, or weights by feature.
        settings: of a card: its task and levels.
    """

    rewards: Named
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)


def read_rewards(path: Path, name: str) -> Compared:
    """The rewards of a file, whatever kind of file it is.

    Args:
        path: a card (`birl score --json`), an estimate (`birl recover --out`), or JSON of weights by feature.
        name: what to call them.

    Raises:
        BirlError: when it cannot be read, or is none of these.
    """
    if path.suffix == ".npz":
        return Compared(rewards={name: RewardEstimate.load(path)})
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BirlError(f"{path} is not JSON ({error}): give a card, an estimate (.npz) or weights") from error
    if isinstance(data, dict) and data and all(isinstance(w, int | float) for w in data.values()):
        return Compared(rewards={name: {feature: float(w) for feature, w in data.items()}})
    if not isinstance(data, dict) or "estimates" not in data or "policy" not in data or "readings" not in data:
        raise BirlError(f"{path} is no card, no estimate and no weights by feature: give one of these")
    card = Scorecard.from_json(json.dumps(data), source=str(path))
    return Compared(rewards={name: card.estimates["joint"]}, settings=card.settings)


def compare_rewards(
    task: Task,
    rewards: Named,
    *,
    metric: BatchMetric = "starc-val",
    draws: int = 200,
    seed: int = 0,
) -> DistanceMatrix:
    """Distances between the base objective, the candidates and some recovered rewards, on every distribution.

    Draws of an estimate come from its posterior or its covariance, each estimate on its own, and the levels are
    resampled: two estimates of one policy are correlated, so their interval is too wide rather than too narrow.

    Args:
        task: all of its distributions need a model.
        rewards: by name.
        metric: `starc-val`, `starc-min`, `epic`, `dard` or `npec`.
        draws: D.
        seed: of the draws.

    Raises:
        BirlError: for a distribution without a model, or a reward that does not fit the task.
    """
    rng = generator(seed)
    models = {d.name: _model(d.name, d.model) for d in task.distributions}
    first = next(iter(models.values()))
    fixed = {
        name: {where: objective_vector(model, objective) for where, model in models.items()}
        for name, objective in {"base": task.base, **task.candidates}.items()
    }
    drawn: dict[str, FloatArray] = {}
    for name, reward in rewards.items():
        if name in fixed:
            raise BirlError(f"reward {name!r}: the task has an objective of that name: rename the file")
        if isinstance(reward, RewardEstimate) and reward.weights:
            drawn[name] = _ordered(name, reward, first, draws, rng)
        else:
            fixed[name] = {where: as_reward(model, reward, name).pairs for where, model in models.items()}
    picks = {where: level_weights(model.n_levels, draws, rng=rng) for where, model in models.items()}
    return distance_matrix(models, fixed, drawn, level_weights=picks, metric=metric)


def _model(name: str, model: TabularModel | None) -> TabularModel:
    if model is None:
        raise BirlError(f"distribution {name!r} has no exact model: distances on it are estimated, not compared here")
    return model


def _ordered(name: str, reward: RewardEstimate, model: TabularModel, draws: int, rng: Any) -> FloatArray:
    """Weights and draws of them on the model's features, [1 + D, F]."""
    missing = [feature for feature in reward.weights if feature not in model.feature_names]
    if missing:
        raise BirlError(f"reward {name!r}: the task has no feature {missing[0]!r}: it was recovered on another task")
    weights = drawn_weights(reward, draws, rng)
    found = np.zeros((1 + draws, model.n_features))
    columns: Sequence[int] = [model.feature_names.index(feature) for feature in reward.weights]
    found[:, columns] = weights if len(weights) == 1 + draws else weights[:1]
    return found
