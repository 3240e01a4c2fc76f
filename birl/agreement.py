"""Do several methods tell the same story? Every pair of recovered rewards, whatever model of behaviour each assumes.

Cardinal methods (`mce`) and ordinal ones (`max-margin`), soft and hard rationality, read the same policy differently;
where they agree, the answer does not hang on what was assumed. Rewards are compared by their advantages under the
random walk, since methods may choose different rewards of one class: potentials change no policy.
Cannot tell which of two that differ is right.

Axes: S states, A actions, F features, D draws (column 0 is the estimate itself), N points of equal coverage.
Source: Skalse et al. 2024 (arXiv 2309.15257) for the distance; Kendall 1945 for tau-b.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from birl.distance.base import Distance, half_distance
from birl.distance.coverage import Coverage, CoverageLike, as_coverage
from birl.drawn_rewards import DrawnReward, drawn_reward, repeated
from birl.irl.base import IDENTIFIED, RewardEstimate
from birl.stats import percentile_interval
from birl.tabular import PolicyChain, RewardLike, TabularModel, hard_plan, reward_vector
from birl.types import BirlError, FloatArray, Interval

__all__ = ["Agreement", "Measure", "Pair", "agreement"]

POINTS = 2000  # of equal coverage at which ranks are compared: a share is seen to 0.05 %
DRAWS = 100  # of each estimate, for intervals
CELLS = 2e7  # numbers held at once: 160 MB
TINY = 1e-300  # keeps 0 / 0 at 0
TIED = 9  # decimals, relative to the largest value, to which two values are the same
ONE_FEATURE = "only one feature is identified by both, and its sign is no direction"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number that may be undefined.

    Attributes:
        value: the number; None where it is undefined.
        interval: its interval over draws of the estimates, each drawn on its own; None where there are none.
        reason: why the value or the interval is missing.
    """

    value: float | None = None
    interval: Interval | None = None
    reason: str = ""

    @property
    def sign(self) -> int | None:
        """Which side of 0 it is on; None where it is undefined or its interval holds 0."""
        if self.value is None or self.value == 0 or (self.interval and self.interval.low <= 0 <= self.interval.high):
            return None
        return 1 if self.value > 0 else -1


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two estimates beside each other.

    Attributes:
        a: name of one.
        b: name of the other.
        cosine: of their weights on the features that both identify; 1 is one direction.
        features: those features.
        spearman: rank correlation of advantages, over coverage, in [-1, 1].
        kendall: share of pairs ranked alike minus those ranked otherwise (tau-b), in [-1, 1].
        starc: distance of the two, in [0, 1].
        same_side: candidate -> whether both lean the same way between it and the base; None where either is undecided.
    """

    a: str
    b: str
    cosine: Measure
    features: tuple[str, ...]
    spearman: Measure
    kendall: Measure
    starc: Distance
    same_side: Mapping[str, bool | None]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Every pair of estimates, and where each leans.

    Attributes:
        pairs: in the order of the estimates.
        leanings: estimate -> candidate -> how much more its reward values what the base's optimiser does than what the
            candidate's does, as a share of what its own optimiser gains over the random walk.
        coverage: what ranks and distances are weighed by.
    """

    pairs: tuple[Pair, ...]
    leanings: Mapping[str, Mapping[str, Measure]]
    coverage: str


def agreement(
    estimates: Mapping[str, RewardEstimate],
    model: TabularModel,
    *,
    base: RewardLike | None = None,
    candidates: Mapping[str, RewardLike] | None = None,
    coverage: CoverageLike = None,
    rng: np.random.Generator | None = None,
) -> Agreement:
    """Compare every pair of estimates on one model.

    Args:
        estimates: by name, of any methods; linear, networks or tables of this very model.
        model: the world they are compared in.
        base: the intended reward, which candidates are held against.
        candidates: other rewards by name; not compared where there is no base.
        coverage: weights [S*A] of state-action pairs, such as visits; all that can happen alike if left out.
        rng: draws from the estimates; seed 0 if left out.

    Raises:
        BirlError: for fewer than two estimates, or a base, candidate or coverage that does not fit the model.
    """
    if len(estimates) < 2:
        raise BirlError(f"{len(estimates)} estimates: give at least two to compare")
    rng = np.random.default_rng(0) if rng is None else rng
    where = as_coverage(model, coverage)
    count = int(min(DRAWS, max(2, CELLS // model.live.size)))
    sides = {name: drawn_reward(estimate, model, draws=count, rng=rng) for name, estimate in estimates.items()}
    apart = _contrasts(model, base, candidates or {})
    leanings = {
        name: {other: _leaning(model, side, difference) for other, difference in apart.items()}
        for name, side in sides.items()
    }
    pairs = tuple(_pair((a, sides[a]), (b, sides[b]), model, where, leanings) for a, b in combinations(sides, 2))
    return Agreement(pairs=pairs, leanings=leanings, coverage=where.name)


def _contrasts(
    model: TabularModel, base: RewardLike | None, candidates: Mapping[str, RewardLike]
) -> Mapping[str, FloatArray]:
    """Visits of the base's optimiser minus those of each candidate's, [S*A]."""
    if base is None or model.discount == 1.0:
        return {}
    own = _visits(model, base)
    return {name: own - _visits(model, candidate) for name, candidate in candidates.items()}


def _visits(model: TabularModel, reward: RewardLike) -> FloatArray:
    policy = hard_plan(model, reward_vector(model, reward)).policy
    return (PolicyChain(model, policy).occupancy()[:, None] * policy).ravel()


def _leaning(model: TabularModel, side: DrawnReward, difference: FloatArray) -> Measure:
    if side.reason:
        return Measure(reason=side.reason)
    reward = side.rewards[:, 0]
    walk = PolicyChain(model, model.uniform).policy_values(reward)
    gain = float(model.start @ (hard_plan(model, reward).values - walk))
    if gain <= 1e-9 * max(float(np.abs(reward).max()), TINY):
        return Measure(reason="its reward expresses no preference here")
    return _measure(difference @ side.rewards / gain)


def _pair(
    one: tuple[str, DrawnReward],
    other: tuple[str, DrawnReward],
    model: TabularModel,
    where: Coverage,
    leanings: Mapping[str, Mapping[str, Measure]],
) -> Pair:
    (a, left), (b, right) = one, other
    shared = _identified_by_both(left.estimate, right.estimate)
    ranks = _ranks(left, right, where)
    return Pair(
        a=a,
        b=b,
        cosine=_cosine(left, right, shared),
        features=shared,
        spearman=ranks["spearman"],
        kendall=ranks["kendall"],
        starc=_starc(left, right, model, where),
        same_side={name: _same(leanings[a][name], leanings[b][name]) for name in leanings[a]},
    )


def _same(one: Measure, other: Measure) -> bool | None:
    return None if one.sign is None or other.sign is None else one.sign == other.sign


def _identified_by_both(one: RewardEstimate, other: RewardEstimate) -> tuple[str, ...]:
    return tuple(
        name for name in one.weights if one.status[name] == IDENTIFIED and other.status.get(name) == IDENTIFIED
    )


def _cosine(left: DrawnReward, right: DrawnReward, shared: tuple[str, ...]) -> Measure:
    without = [s.estimate.method for s in (left, right) if not s.estimate.weights]
    if without:
        return Measure(reason=f"{' and '.join(without)}: no weights by feature")
    if len(shared) < 2:
        return Measure(reason=ONE_FEATURE if shared else "no feature is identified by both")
    columns = []
    for side in (left, right):
        names = list(side.estimate.weights)
        columns.append(side.weights[:, [names.index(name) for name in shared]])
    if min(float(np.abs(c[0]).max()) for c in columns) == 0.0:
        return Measure(reason="all weights that both identify are 0 in one of them")
    count = max(map(len, columns))
    x, y = (repeated(c / np.maximum(np.linalg.norm(c, axis=1, keepdims=True), TINY), count) for c in columns)
    return _measure((x * y).sum(axis=1))


def _ranks(left: DrawnReward, right: DrawnReward, where: Coverage) -> Mapping[str, Measure]:
    reason = left.reason or right.reason
    if reason:
        return dict.fromkeys(("spearman", "kendall"), Measure(reason=reason))
    from scipy.stats import kendalltau, spearmanr  # most of a second to import

    at = np.searchsorted(where.weights.cumsum(), (np.arange(POINTS) + 0.5) / POINTS)
    at = np.minimum(at, where.weights.size - 1)
    count = max(left.forms.shape[1], right.forms.shape[1])
    x, y = (repeated(_level(side.forms[at]).T, count) for side in (left, right))
    statistics: Mapping[str, Callable[..., object]] = {"spearman": spearmanr, "kendall": kendalltau}
    found = {}
    for name, statistic in statistics.items():
        flat = [i for i in range(len(x)) if np.ptp(x[i]) == 0 or np.ptp(y[i]) == 0]
        if 0 in flat:
            found[name] = Measure(reason="one of the two ranks everything alike there")
            continue
        values = [float(statistic(x[i], y[i]).statistic) for i in range(len(x)) if i not in flat]  # type: ignore[attr-defined]
        found[name] = _measure(np.array(values))
    return found


def _level(forms: FloatArray) -> FloatArray:
    """Values of which those that differ by rounding only are the same."""
    largest = np.maximum(np.abs(forms).max(axis=0, keepdims=True), TINY)
    return (forms / largest).round(TIED)


def _starc(left: DrawnReward, right: DrawnReward, model: TabularModel, where: Coverage) -> Distance:
    about = Distance(
        metric="starc-val",
        coverage=where.name,
        supported=where.supported,
        policy="uniform",
        discount=model.discount,
        reason=left.reason or right.reason,
    )
    if about.reason:
        return about
    count = max(left.forms.shape[1], right.forms.shape[1])
    x, y = (repeated(_scaled(side).T, count) for side in (left, right))
    all_of_them = [half_distance(a, b, where.weights, about) for a, b in zip(x, y, strict=True)]
    known = np.array([d.value for d in all_of_them if d.value is not None])
    first = all_of_them[0]
    return (
        first
        if first.value is None or len(known) < 2
        else replace(first, interval=percentile_interval(first.value, known))
    )


def _scaled(side: DrawnReward) -> FloatArray:
    """Advantages of rewards whose largest magnitude is 1, as distances want them."""
    return side.forms / np.maximum(np.abs(side.rewards).max(axis=0, keepdims=True), TINY)


def _measure(values: FloatArray) -> Measure:
    """The first value, and the interval of the others."""
    value = float(values[0])
    if len(values) < 2:
        return Measure(value=value, reason="no interval: the estimates have no draws and no covariance")
    found = percentile_interval(value, values[1:])
    ordered = replace(found, low=min(found.low, value), high=max(found.high, value))
    return Measure(value=value, interval=ordered)
