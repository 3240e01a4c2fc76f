"""Parts of a card of a world without a model: readings, distances on samples, the test of the candidates.

Axes: D draws, C clusters, F features, P places, K choices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.diagnosis.compare import Comparison
from birl.diagnosis.evidence import Evidence
from birl.diagnosis.foretold import Foretold, along
from birl.diagnosis.known import HABIT, POLICY, WALK, Known
from birl.distance.batch import LevelMoments
from birl.distance.drawing import cover
from birl.distance.estimate import estimate, sampled_moments
from birl.distance.sources import Source
from birl.irl import Candidates, RewardEstimate
from birl.irl.candidate_rationality import Rationality
from birl.irl.candidate_returns import Earned, Earnings, feature_weights
from birl.irl.log_policy_fit import order_fit
from birl.irl.log_policy_material import Material
from birl.sampled import SampledBehavior
from birl.scorecard import Reading
from birl.stats import normal_interval
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray

__all__ = ["Compared", "compared", "reading", "tested"]

METRIC = "starc"
SOURCES: tuple[Source, ...] = ("occupancy", "random-walk")


def reading(behavior: SampledBehavior, known: Known, base: FloatArray, evidence: Evidence) -> Reading:
    """What was seen on one distribution.

    Args:
        behavior: the policy there.
        known: returns there.
        base: the base objective, [F].
        evidence: holds the normalised base return, or why there is none.
    """
    name, returns = behavior.distribution, known.returns(base)[0]
    return Reading(
        shift=behavior.shift,
        levels=len(behavior.trajectories),
        states=0,
        base_return=evidence.base_return.get(name),
        base_return_reason=evidence.undefined.get(f"base_return[{name}]", ""),
        returns={
            "policy": float(returns[POLICY]),
            "random walk": float(returns[WALK]),
            **({"best": float(returns.max())} if returns.size > HABIT + 1 else {}),
        },
        outcomes={},
        random_walk={},
        outcomes_reason="outcomes are not resolved without an exact model",
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """Features, base and candidates on coverage samples.

    Attributes:
        columns: in canonical form; None where no distribution has one.
        clusters: how many clusters each sample has.
        undefined: distributions without one, with the reason.
    """

    columns: Comparison | None
    clusters: Mapping[str, int]
    undefined: Mapping[str, str]


def compared(
    behaviors: Sequence[SampledBehavior],
    objectives: Mapping[str, FloatArray],
    *,
    states: int,
    rng: np.random.Generator,
) -> Compared:
    """Canonicalise once on each distribution; one where that cannot be trusted is left out.

    Args:
        behaviors: one per distribution.
        objectives: `base` and the candidates, [F].
        states: in each of two samples: where the policy goes, and where the random walk does.
        rng: draws them.
    """
    names = behaviors[0].feature_names
    weights = {label: dict(zip(names, w.tolist(), strict=True)) for label, w in objectives.items()}
    columns: Any = {f"feature {n}": {n: 1.0} for n in names} | {"base": weights.pop("base")} | weights
    moments, undefined = {}, {}
    for b in behaviors:
        parts = [_moments(b, source, columns, states, rng) for source in SOURCES]
        trusted = [part for part in parts if not isinstance(part, str)]
        if trusted:
            moments[b.distribution] = _together(trusted)
        else:
            undefined[f"distance[{b.distribution}]"] = "; ".join(str(part) for part in parts)
    found = Comparison(moments=moments, candidates=tuple(weights), n_features=len(names)) if moments else None
    return Compared(columns=found, clusters={name: len(m.mass) for name, m in moments.items()}, undefined=undefined)


def _moments(
    behavior: SampledBehavior, source: Source, columns: Mapping[str, Any], states: int, rng: np.random.Generator
) -> LevelMoments | str:
    """Moments on one sample, or why it cannot be trusted with the base objective."""
    try:
        sample = cover(behavior, states, source=source, rng=rng)
        told = estimate(METRIC, sample, columns["base"], columns["base"], rng=rng)
        return told.reason if told.value is None else sampled_moments(METRIC, sample, columns)
    except BirlError as error:
        return str(error)


def _together(parts: Sequence[LevelMoments]) -> LevelMoments:
    """Samples of one distribution, which weigh the same."""
    share = 1.0 / len(parts)
    return replace(
        parts[0],
        coverage=" and ".join(part.coverage for part in parts),
        gram=share * np.concatenate([part.gram for part in parts]),
        first=share * np.concatenate([part.first for part in parts]),
        mass=share * np.concatenate([part.mass for part in parts]),
    )


def tested(  # noqa: PLR0913 - everything that was measured about the candidates
    behaviors: Sequence[SampledBehavior],
    objectives: Mapping[str, FloatArray],
    known: Mapping[str, Known],
    material: Material,
    foretold: Mapping[str, Foretold],
    *,
    pool: Sequence[Any],
    rng: np.random.Generator,
) -> RewardEstimate:
    """Regret and rationality of the base and each candidate, as `candidates` reports them.

    Rationality is in log-odds of the policy's choices, merit the share of what there is to know of them.
    """
    names = behaviors[0].feature_names
    rewards: dict[str, RewardLike] = {
        label: {n: float(w) for n, w in zip(names, weights, strict=True) if w} for label, weights in objectives.items()
    }
    return Candidates(pool=tuple(pool)).weigh(
        behaviors,
        names,
        rewards,
        earnings=[_earnings(known[b.distribution], names) for b in behaviors],
        rational={label: _rationality(material, list(foretold.values()), label, w) for label, w in objectives.items()},
        rng=rng,
    )


def _earnings(known: Known, names: Sequence[str]) -> Earnings:
    def of(reward: RewardLike) -> Earned:
        found = known.returns(feature_weights(reward, names))
        return Earned(policy=found[:, POLICY], walk=found[:, WALK], best=found[:, int(found[0].argmax())], bound=True)

    return of


def _rationality(material: Material, foretold: Sequence[Foretold], label: str, weights: FloatArray) -> Rationality:
    """Log-odds of a choice for each unit of the objective that it brings more."""
    fit = order_fit(along(material.choices, material.choices.brought @ weights), rescaled=False)
    value, variance = float(fit.weights[0]), float(fit.covariance[0, 0])
    whole = sum(float(one.whole.sum()) for one in foretold) or 1.0  # nothing to know: nothing is known either
    parts = np.concatenate([one.named[label] for one in foretold]) / whole
    return Rationality(value=normal_interval(value, variance), variance=variance, parts=parts)
