"""Reward distances estimated from a coverage sample, with intervals from resampled clusters and posterior draws.

Axes: C clusters, D draws, K rewards, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from birl.distance.base import Distance, no_preference
from birl.distance.batch import LevelMoments, distances_from_gram
from birl.distance.forms import Forms, SampledMetric, cluster_moments
from birl.distance.pearson import Dard, Epic
from birl.distance.sampled_starc import StarcMin, StarcVal
from birl.distance.samples import CoverageSample
from birl.distance.valued import StepReward, by_feature, feature_weights, values
from birl.stats import level_weights
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["ESTIMATES", "Draws", "SampledDistance", "estimate", "sampled_moments"]

RESAMPLES = 400
TOLD = 1e-4  # size of a canonical form, relative to the largest reward, below which it is numerical
DOUBT = 0.05  # share of resamples in which a preference may vanish before it cannot be told from noise

ESTIMATES: dict[str, SampledMetric] = {
    "epic": Epic(),
    "dard": Dard(),
    "starc": StarcVal(),
    "starc-min": StarcMin(),
}
"""Every metric that can be estimated, under the name of the exact one; an instance has settings of its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Posterior draws of one or both rewards, as weights in the order of the sample's features.

    Attributes:
        a: [D, F]; None where the reward is taken as it is.
        b: [D, F]; draws of both are taken in pairs.
    """

    a: FloatArray | None = None
    b: FloatArray | None = None


@dataclass(frozen=True, kw_only=True)
class SampledDistance(Distance):
    """A distance estimated from samples.

    Attributes:
        states: how many states rewards were compared in.
        clusters: how many levels, episodes or states the interval resamples.
        unit: which of those.
        repeats: next states drawn for each action.
        potentials: the class that shaping was taken out of, for `starc` and `starc-min`.
        preference: size of each canonical form relative to the root mean square of its reward; where it is near 0, what
            is compared may be little more than what potentials could not fit.
    """

    states: int
    clusters: int
    unit: str
    repeats: int
    potentials: str = ""
    preference: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Side:
    """One of two rewards, as a combination of columns.

    Attributes:
        columns: rewards that it is a sum of.
        weights: of those, [K].
        draws: posterior draws of the weights, [D, K]; None where there are none.
    """

    columns: tuple[StepReward, ...]
    weights: FloatArray
    draws: FloatArray | None = None


def sampled_moments(metric: str | SampledMetric, sample: CoverageSample, rewards: Sequence[StepReward]) -> LevelMoments:
    """Canonicalise rewards once; `distances_from_gram` then gives all distances between their combinations.

    Args:
        metric: one of `ESTIMATES`, or an instance with settings.
        sample: where.
        rewards: K of them; for posteriors over weights, each feature by itself (`{name: 1.0}`).

    Raises:
        BirlError: for an unknown metric, or rewards without a value on the sample.
    """
    chosen = _metric(metric)
    return cluster_moments(chosen.name, sample, chosen.forms(sample, rewards))


def estimate(
    metric: str | SampledMetric,
    sample: CoverageSample,
    a: StepReward,
    b: StepReward,
    *,
    draws: Draws | None = None,
    rng: np.random.Generator | None = None,
) -> SampledDistance:
    """The distance of two rewards, from a sample.

    The interval is a percentile one over resampled clusters and, where there are any, posterior draws. It cannot cover
    0 from both sides: compare a distance near 0 with that of the reward from shaped copies of itself.

    Args:
        metric: one of `ESTIMATES`, or an instance with settings (`StarcMin(potentials=OneHot())`).
        sample: where, from `cover`.
        a: weights by feature, something with `evaluate(Transitions)`, or a callable (obs, action, next_obs) -> [B].
        b: the other.
        draws: of the posteriors; a reward's own `draws` if left out.
        rng: for resampling; that of seed 0 if left out.

    Raises:
        BirlError: for an unknown metric, rewards without a value on the sample, or draws that do not fit.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    chosen = _metric(metric)
    given = draws or Draws()
    sides = {"a": _side(sample, a, given.a, "a"), "b": _side(sample, b, given.b, "b")}
    forms = chosen.forms(sample, (*sides["a"].columns, *sides["b"].columns))
    moments = cluster_moments(chosen.name, sample, forms)
    weights = {n: _placed(sides, n, side.weights[None]) for n, side in sides.items()}
    about = _about(chosen, sample, forms)
    about = replace(about, preference={n: _preference(sample, sides[n], moments, w) for n, w in weights.items()})
    return _told(about, moments, weights, _drawn(sides, rng), rng)


def _metric(metric: str | SampledMetric) -> SampledMetric:
    if not isinstance(metric, str):
        return metric
    if metric not in ESTIMATES:
        raise unknown_name("estimated distance", metric, ESTIMATES)
    return ESTIMATES[metric]


def _side(sample: CoverageSample, reward: StepReward, draws: FloatArray | None, name: str) -> _Side:
    drawn: Any = getattr(reward, "draws", None) if draws is None else draws
    if not by_feature(reward):
        if drawn is not None:
            raise BirlError(f"draws of {name}: the reward is no sum of features: canonicalise draws by sampled_moments")
        return _Side(columns=(reward,), weights=np.ones(1))
    names = sample.feature_names
    weights = feature_weights(names, reward, name)
    if drawn is not None:
        drawn = _drawn_weights(names, reward, np.asarray(drawn, np.float64), own=draws is None)
        if drawn.ndim != 2 or drawn.shape[1] != len(names) or not len(drawn) or not np.isfinite(drawn).all():
            raise BirlError(f"draws of {name}: {drawn.shape} or not finite: give finite weights [D, {len(names)}]")
    return _Side(columns=tuple({n: 1.0} for n in names), weights=weights, draws=drawn)


def _drawn_weights(names: Sequence[str], reward: Any, drawn: FloatArray, *, own: bool) -> FloatArray:
    """A reward's own draws are in the order of its weights: bring them to that of the sample."""
    if not own:
        return drawn
    order = {name: i for i, name in enumerate(reward.weights)}
    padded = np.concatenate([drawn, np.zeros((len(drawn), 1))], axis=1)
    return padded[:, [order.get(name, -1) for name in names]]


def _placed(sides: Mapping[str, _Side], name: str, weights: FloatArray) -> FloatArray:
    """Weights [D, K of one side] on the columns of both."""
    before, after = (0, len(sides["b"].columns)) if name == "a" else (len(sides["a"].columns), 0)
    return np.pad(weights, ((0, 0), (before, after)))


def _drawn(sides: Mapping[str, _Side], rng: np.random.Generator) -> dict[str, FloatArray]:
    """Weights of both sides for each resample, [D, K]: posterior draws in turn, as many as there are."""
    known = [len(side.draws) for side in sides.values() if side.draws is not None]
    if len(known) == 2 and known[0] != known[1]:
        raise BirlError(f"draws: {known[0]} of a and {known[1]} of b: give as many of each")
    count = max([RESAMPLES, *known])
    turn = np.concatenate([rng.permutation(known[0]) for _ in range(-(-count // known[0]))])[:count] if known else None
    found = {}
    for name, side in sides.items():
        rows = np.tile(side.weights, (count, 1)) if side.draws is None else side.draws[turn]
        found[name] = _placed(sides, name, rows)
    return found


def _about(metric: SampledMetric, sample: CoverageSample, forms: Forms) -> SampledDistance:
    return SampledDistance(
        metric=metric.name,
        coverage=sample.coverage,
        policy=forms.policy,
        discount=sample.discount,
        states=len(sample.weights),
        clusters=sample.clusters,
        unit=sample.unit,
        repeats=sample.repeats,
        potentials=forms.potentials,
    )


def _told(
    about: SampledDistance,
    moments: LevelMoments,
    weights: Mapping[str, FloatArray],
    drawn: Mapping[str, FloatArray],
    rng: np.random.Generator,
) -> SampledDistance:
    """The distance with its interval, or the reason why it has none."""
    picks = level_weights(about.clusters, len(drawn["a"]), rng=rng)
    idle = [name for name, share in about.preference.items() if share <= 0.0]
    if idle:
        return _undefined(about, idle)
    vanish = {n: float(distances_from_gram(moments, d, d, picks).undefined.mean()) for n, d in drawn.items()}
    doubtful = [name for name, share in vanish.items() if share > DOUBT]
    if doubtful:
        worst = max(doubtful, key=lambda name: vanish[name])
        return replace(
            about,
            reason=f"the preference of {' and '.join(doubtful)} on {about.coverage} coverage cannot be told from noise "
            f"(it vanishes in {vanish[worst]:.0%} of resamples): draw more states or repeats",
        )
    value = float(distances_from_gram(moments, weights["a"], weights["b"]).values[0])
    draws = distances_from_gram(moments, drawn["a"], drawn["b"], picks)
    return replace(about, value=value, interval=draws.interval(value))


def _undefined(about: SampledDistance, idle: list[str]) -> SampledDistance:
    found = no_preference(about, idle)
    assert isinstance(found, SampledDistance)
    return found


def _preference(sample: CoverageSample, side: _Side, moments: LevelMoments, weights: FloatArray) -> float:
    """Size of the canonical form over the root mean square of the reward; 0 where it is numerical."""
    paid = np.zeros(len(sample.first))
    for weight, column in zip(side.weights, side.columns, strict=True):
        paid += weight * values(sample, column, sample.first, "a")
    largest = float(np.abs(paid).max(initial=0.0))
    size = float(np.sqrt(max(0.0, float(weights[0] @ _whole(moments) @ weights[0]))))
    return size / float(np.sqrt(sample.pair_weights @ paid**2)) if size > TOLD * largest else 0.0


def _whole(moments: LevelMoments) -> FloatArray:
    """Inner products of the forms over the whole sample, [K, K]."""
    gram, mean = moments.gram.sum(axis=0), moments.first.sum(axis=0)
    return gram - np.outer(mean, mean) if moments.centred else gram
