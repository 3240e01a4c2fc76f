"""What objectives and devices are worth on levels they were not fitted on.

"Explains" is claimed on held-out levels only: a reward for every state and action explains everything in-sample.
Levels are split in two halves; each half is predicted by fits on the other.

Axes: S states, A actions, L levels, O events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from birl.behavior import Behavior
from birl.diagnosis.rational import fit_rationality
from birl.directedness import fit_device, tied_average
from birl.directedness.folds import FOLDS, halves
from birl.gap import level_returns
from birl.irl import OutcomeChoice, PolicyEstimator, RewardEstimate
from birl.outcomes import first_events
from birl.tabular import hard_plan
from birl.types import FloatArray, IntArray

__all__ = ["HeldOut", "OutcomesHeldOut", "cross_fit", "held_out", "held_out_likelihood"]

NEAREST = OutcomeChoice(proximity_only=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class OutcomesHeldOut:
    """Mean log-likelihood of which event comes first, given that one does, [L] each.

    Attributes:
        weight: the policy's share of episodes in which an event happens.
        fitted: under the fitted choice model.
        chance: under what needs no objective: the random walk, the action habit, or whatever is near, whichever
            predicts best.
        own: under the policy's own shares.
        alone: under the choice model fitted to this distribution only.
    """

    weight: FloatArray
    fitted: FloatArray
    alone: FloatArray
    chance: FloatArray
    own: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """Mean log-likelihood of the policy's decisions on one distribution, [L] each; every level predicted by the others.

    Attributes:
        decisions: expected discounted number of decisions.
        walk: under the random walk.
        policy: under the policy itself.
        own: the same, averaged over actions that the joint objective ties.
        joint: under the objective fitted to all distributions together.
        alone: under the objective fitted to this distribution.
        device: under the best device.
        base: under the base objective with one free rationality; None where the base makes no difference.
        outcomes: the same for first events; None where there are none.
    """

    decisions: FloatArray
    walk: FloatArray
    policy: FloatArray
    own: FloatArray
    joint: FloatArray
    alone: FloatArray
    device: FloatArray
    base: FloatArray | None
    outcomes: OutcomesHeldOut | None


def cross_fit(
    estimator: PolicyEstimator, behaviors: Sequence[Behavior], estimate: RewardEstimate
) -> tuple[RewardEstimate, ...]:
    """A joint fit to the shown levels of each fold, started from the fit to all levels."""
    return tuple(
        estimator.fit([b.restrict(halves(b)[fold][0]) for b in behaviors], start=estimate.theta)
        for fold in range(FOLDS)
    )


def held_out_likelihood(
    estimator: PolicyEstimator, behaviors: Sequence[Behavior], folds: Sequence[RewardEstimate]
) -> float:
    """Mean log-likelihood of a decision, levels and distributions weighing equally: what models are chosen by."""
    total = 0.0
    for fold, fit in enumerate(folds):
        for b in behaviors:
            unseen = halves(b)[fold][1]
            hidden = b.restrict(unseen)
            likelihood = hidden.log_likelihood(estimator.predict(fit, hidden.model))
            total += float(b.model.level_starts[unseen].sum() * (hidden.model.level_starts @ likelihood))
    return total / len(behaviors)


def held_out(
    estimator: PolicyEstimator,
    behaviors: Sequence[Behavior],
    *,
    folds: Sequence[RewardEstimate],
    alone: Mapping[str, RewardEstimate],
    base: Mapping[str, FloatArray],
) -> Mapping[str, HeldOut]:
    """Everything predicted from the other half of the levels, by distribution.

    Args:
        estimator: the method whose objectives are tested.
        behaviors: one per distribution.
        folds: its joint fits, from `cross_fit`.
        alone: its fit to each distribution, to start from.
        base: the base objective on each model, [S*A].
    """
    found = {b.distribution: _empty(b) for b in behaviors}
    for fold, fit in enumerate(folds):
        splits = [halves(b)[fold] for b in behaviors]
        shown = [b.restrict(seen) for b, (seen, _) in zip(behaviors, splits, strict=True)]
        with_outcomes = [part for part in shown if not isinstance(part.outcomes, str)]
        choice = OutcomeChoice().fit(with_outcomes) if with_outcomes else None
        rewards = [_rows(b, seen, base[b.distribution]) for b, (seen, _) in zip(behaviors, splits, strict=True)]
        matters = [level_returns(b, r).can_be_earned(r) for b, r in zip(shown, rewards, strict=True)]
        rational = fit_rationality(shown, rewards) if any(matters) else None
        for b, part, (_, unseen) in zip(behaviors, shown, splits, strict=True):
            hidden = b.restrict(unseen)
            into = found[b.distribution]
            own_fit = estimator.fit([part], start=alone[b.distribution].theta)
            device = fit_device([part])
            plan = hard_plan(hidden.model, hidden.model.features @ fit.vector)
            into["own"][unseen] = hidden.log_likelihood(tied_average(hidden.policy, plan.q))
            into["joint"][unseen] = hidden.log_likelihood(estimator.predict(fit, hidden.model))
            into["alone"][unseen] = hidden.log_likelihood(estimator.predict(own_fit, hidden.model))
            into["device"][unseen] = device.log_likelihood(hidden)
            if rational is not None:
                reward = _rows(b, unseen, base[b.distribution])
                into["base"][unseen] = rational.log_likelihood(hidden, reward)
            if choice is not None and not isinstance(part.outcomes, str):
                _predict_outcomes(
                    into,
                    b,
                    unseen,
                    _Choices(joint=choice, alone=OutcomeChoice().fit([part]), near=NEAREST.fit([part])),
                    device.habit,
                )
    return {b.distribution: _record(b, found[b.distribution]) for b in behaviors}


@dataclass(frozen=True, kw_only=True)
class _Choices:
    joint: RewardEstimate
    alone: RewardEstimate
    near: RewardEstimate


def _empty(behavior: Behavior) -> dict[str, FloatArray]:
    names = ("own", "joint", "alone", "device", "base", "weight", "fitted", "chance", "own_outcome", "alone_outcome")
    return {name: np.full(behavior.model.n_levels, np.nan) for name in names}


def _rows(behavior: Behavior, levels: IntArray, reward: FloatArray) -> FloatArray:
    """A reward [S*A] on the states of some levels."""
    states = behavior.model.states_of(levels)
    return reward.reshape(behavior.policy.shape)[states].ravel()


def _predict_outcomes(
    into: dict[str, FloatArray], behavior: Behavior, levels: IntArray, choices: _Choices, habit: FloatArray
) -> None:
    """Fill in how well each model tells which event comes first, given that one does."""
    seen = behavior.outcomes
    if isinstance(seen, str):
        return
    model = behavior.model
    device = np.where(model.valid_actions, habit, 0.0)
    device /= np.maximum(device.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    share = seen.share[levels]
    weight = 1.0 - share[:, -1]
    without = (
        seen.walk[levels],
        first_events(model, seen.events, device, horizon=behavior.horizon)[levels],
        NEAREST.predict_outcomes(choices.near, behavior)[levels],
    )
    into["weight"][levels] = weight
    into["chance"][levels] = max((_conditional(share, shares) for shares in without), key=lambda s: float(s @ weight))
    for name, choice in (("fitted", choices.joint), ("alone_outcome", choices.alone)):
        into[name][levels] = _conditional(share, OutcomeChoice().predict_outcomes(choice, behavior)[levels])
    into["own_outcome"][levels] = _conditional(share, share)


def _conditional(policy: FloatArray, model: FloatArray) -> FloatArray:
    """sum_o P(o | an event) log P_model(o | an event), [L], with a floor of one in a thousand under the model."""
    happens = np.maximum(policy[:, :-1].sum(axis=1, keepdims=True), np.finfo(float).tiny)
    told = np.maximum(model[:, :-1].sum(axis=1, keepdims=True), np.finfo(float).tiny)
    log = np.log(np.maximum(model[:, :-1] / told, 1e-3))
    return (policy[:, :-1] / happens * log).sum(axis=1)


def _record(behavior: Behavior, found: Mapping[str, FloatArray]) -> HeldOut:
    has = lambda name: bool(np.isfinite(found[name]).all())  # noqa: E731
    outcomes = None
    if has("weight"):
        outcomes = OutcomesHeldOut(
            weight=found["weight"],
            fitted=found["fitted"],
            alone=found["alone_outcome"],
            chance=found["chance"],
            own=found["own_outcome"],
        )
    return HeldOut(
        decisions=behavior.model.per_level(behavior.occupancy) / np.maximum(behavior.model.level_starts, 1e-12),
        walk=behavior.log_likelihood(behavior.model.uniform),
        policy=behavior.log_likelihood(behavior.policy),
        own=found["own"],
        joint=found["joint"],
        alone=found["alone"],
        device=found["device"],
        base=found["base"] if has("base") else None,
        outcomes=outcomes,
    )
