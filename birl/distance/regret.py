"""Regret: what optimising one reward costs under another.

    (J_a(pi_a) - J_a(pi_b)) / (J_a(pi_a) - J_a(random walk)),  pi_a, pi_b optimal for a, b                 (1)

An optimal policy is rarely unique: the least and the greatest regret over the optimal policies of b are both given.
Above 1, optimising b is worse for a than walking at random.

Axes: S states, A actions, L levels.
Source: Leike et al. 2018 (arXiv 1811.07871), section 3; Skalse et al. 2024 (arXiv 2309.15257), section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from birl.distance.base import NO_PREFERENCE, Distance, no_preference
from birl.distance.rewards import RewardSource, as_reward
from birl.tabular import HardPlan, PolicyChain, TabularModel, hard_plan
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["LevelRegret", "RegretDistance", "regret", "regret_by_level"]

Normaliser = Literal["uniform", "worst"]


@dataclass(frozen=True, kw_only=True)
class RegretDistance(Distance):
    """A regret; `value` is the greatest.

    Attributes:
        least: over the optimal policies of b, ties broken as a would have it.
        greatest: ties broken as a would not have it.
    """

    least: float | None = None
    greatest: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelRegret:
    """Each level's part of the returns under a, scaled to a largest reward of 1, [L].

    Attributes:
        best: of a's optimiser.
        floor: of what regret is measured against, the random walk or the worst policy.
        kindest: the most that an optimiser of b can earn.
        cruellest: the least that it can earn.
        indifferent: whether every action is optimal for b.
    """

    best: FloatArray
    floor: FloatArray
    kindest: FloatArray
    cruellest: FloatArray
    indifferent: bool


def regret(
    model: TabularModel,
    a: RewardSource,
    b: RewardSource,
    *,
    coverage: None = None,
    normaliser: Normaliser = "uniform",
) -> RegretDistance:
    """The regret of optimising b, judged by a, from the model's start.

    Args:
        model: the world.
        a: the reward that judges: weights by feature, [S*A], [S, A, S'], or a value for each stored transition.
        b: the reward that is optimised.
        coverage: must be None; a regret is about the model's start.
        normaliser: what a's optimiser is compared with: the random walk (`uniform`) or the worst policy (`worst`).

    Raises:
        BirlError: for rewards that do not fit the model, a coverage, an unknown normaliser.
    """
    refuse_coverage("regret", coverage)
    parts = regret_by_level(model, a, b, normaliser=normaliser)
    about = RegretDistance(
        metric="regret", coverage="", norm=f"gain over {_FLOOR_NAMES[normaliser]}", discount=model.discount
    )
    best, gain = float(parts.best.sum()), float((parts.best - parts.floor).sum())
    if gain <= NO_PREFERENCE:
        what = f"a's optimiser gains nothing over {_FLOOR_NAMES[normaliser]} from the model's start"
        return replace(about, reason=f"{what}: there is nothing to lose")
    least = max(best - float(parts.kindest.sum()), 0.0) / gain
    greatest = max(best - float(parts.cruellest.sum()), 0.0) / gain
    known = replace(about, least=least, greatest=greatest)
    if parts.indifferent:
        return replace(known, reason=no_preference(about, ["b"]).reason)
    return replace(known, value=greatest)


def regret_by_level(
    model: TabularModel, a: RewardSource, b: RewardSource, *, normaliser: Normaliser = "uniform"
) -> LevelRegret:
    """The returns behind a regret, level by level, for resampling levels."""
    if normaliser not in _FLOOR_NAMES:
        raise unknown_name("normaliser", normaliser, _FLOOR_NAMES)
    judge, pursued = as_reward(model, a, "a").pairs, as_reward(model, b, "b").pairs
    follows = hard_plan(model, pursued)
    allowed = (follows.policy > 0) & model.valid_actions
    tied = replace(model, valid_actions=allowed)
    part = lambda values: model.per_level(model.start * values)  # noqa: E731
    if normaliser == "uniform":
        floor = PolicyChain(model, model.uniform).policy_values(judge)
    else:
        floor = -hard_plan(model, -judge).values
    return LevelRegret(
        best=part(hard_plan(model, judge).values),
        floor=part(floor),
        kindest=part(hard_plan(tied, judge).values),
        cruellest=part(-hard_plan(tied, -judge).values),
        indifferent=_indifferent(model, follows),
    )


def refuse_coverage(metric: str, coverage: object) -> None:
    """A regret weighs nothing but the model's start."""
    if coverage is not None:
        raise BirlError(f"{metric}: takes no coverage, it is about the model's start: leave it out")


def _indifferent(model: TabularModel, plan: HardPlan) -> bool:
    return bool((plan.policy.ravel() > 0)[model.live].all())


_FLOOR_NAMES = {"uniform": "the random walk", "worst": "the worst policy"}
