"""An exact distance with an interval: its levels are resampled, and draws of the rewards move with them.

A distance is exact on the levels it was measured on and for the rewards it was given; what it does not know is other
levels, and how well the rewards were recovered.

Axes: D draws, L levels, F features, K columns.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, cast

import numpy as np

from birl.distance.base import Distance
from birl.distance.batch import BatchMetric, canonical_gram, distances_from_gram
from birl.distance.columns import Draws, as_columns
from birl.distance.coverage import CoverageLike
from birl.distance.dard import dard
from birl.distance.epic import epic
from birl.distance.npec import npec
from birl.distance.rewards import RewardSource, as_reward
from birl.distance.starc import starc
from birl.stats import level_weights
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["Linear", "with_interval"]

RESAMPLES = 400

Linear = Literal["starc", "starc-min", "epic", "dard", "npec"]
BATCHED: dict[str, BatchMetric] = {
    "starc": "starc-val",
    "starc-min": "starc-min",
    "epic": "epic",
    "dard": "dard",
    "npec": "npec",
}


def with_interval(  # noqa: PLR0913 - what every metric takes, and what its interval is drawn from
    metric: Linear,
    model: TabularModel,
    a: RewardSource,
    b: RewardSource,
    *,
    coverage: CoverageLike = None,
    draws: Draws | None = None,
    rng: np.random.Generator | None = None,
) -> Distance:
    """The exact distance of two rewards, with a 95 % percentile interval over levels and draws.

    The interval cannot cover 0 from both sides. Draws in which a reward prefers nothing are left out.

    Args:
        metric: whose canonical form is linear in the reward: `starc`, `starc-min`, `epic`, `dard` or `npec`, in L2.
        model: the world.
        a: weights by feature, or values [S*A].
        b: the other.
        coverage: `feasible` (the default), or weights [S*A].
        draws: of the weights, in the order of the model's features; a reward's own `draws` if left out.
        rng: for resampling; that of seed 0 if left out.

    Returns:
        The distance; undefined, and without an interval, where a reward expresses no preference.

    Raises:
        BirlError: for an unknown metric, rewards, draws or coverage that do not fit, rewards of the next state (but for
            STARC), or a single level without draws.
    """
    if metric not in BATCHED:
        raise unknown_name("distance with an interval", metric, BATCHED)
    rng = np.random.default_rng(0) if rng is None else rng
    found = _exact(metric, model, a, b, coverage)
    columns = as_columns(model.feature_names, {"a": a, "b": b}, draws or Draws())
    if model.n_levels < 2 and not columns.draws:
        raise BirlError(f"interval of {metric}: one level and no draws leave nothing to resample: give more of either")
    if found.value is None:
        return found
    rest = [_by_pair(metric, model, reward, name) for name, reward in columns.others.items()]
    values = np.column_stack([model.features[:, columns.features].toarray(), *rest])
    moments = canonical_gram(model, values, metric=BATCHED[metric], coverage=coverage)
    drawn = columns.resampled(RESAMPLES, rng)
    picks = level_weights(model.n_levels, len(drawn["a"]), rng=rng)
    kept = distances_from_gram(moments, drawn["a"], drawn["b"], picks)
    return replace(found, interval=kept.interval(found.value))


def _exact(metric: str, model: TabularModel, a: RewardSource, b: RewardSource, coverage: CoverageLike) -> Distance:
    if metric in ("starc", "starc-min"):
        return starc(model, a, b, coverage=coverage, canonical="min" if metric == "starc-min" else "val")
    return {"epic": epic, "dard": dard, "npec": npec}[metric](model, a, b, coverage=coverage)


def _by_pair(metric: str, model: TabularModel, reward: Any, name: str) -> FloatArray:
    """A reward that is no sum of features, [S*A]."""
    known = as_reward(model, cast(RewardSource, reward), name)
    if not known.by_pair and not metric.startswith("starc"):
        raise BirlError(f"interval of {metric}: reward {name} depends on the next state: use starc")
    return known.pairs
