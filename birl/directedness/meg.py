"""Maximum entropy goal-directedness: how much better a goal predicts actions than chance does.

With a known utility, the best of its maximum-entropy policies (one for every rationality, which may be negative: who
works against a utility is as directed as who works for it); with an unknown one, the best over all utilities that are
linear in the named features. Measured in nats an episode above the random walk, on levels that were not fitted, since a
utility of every state and action would explain anything in-sample.

Where decisions are tied no utility can explain which of them is taken, so the share is of what the policy's own
probabilities, averaged over ties, predict.

Axes: S states, A actions, F features, L levels.
Source: MacDermott, Fox, Belardinelli & Everitt 2024 (arXiv 2412.04758), definitions 3.1 and 3.4, and algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from birl.behavior import Behavior
from birl.directedness.folds import halves
from birl.directedness.ties import tied_average
from birl.irl import MaxCausalEntropy, RewardEstimate
from birl.stats import level_weights, ratio_interval
from birl.tabular import RewardLike, hard_plan, reward_vector, soft_plan
from birl.types import FloatArray, Interval

__all__ = ["Meg", "meg"]

DRAWS = 1000
PRIOR = 1e-6  # nats an episode and unit of weight: keeps the rationality of a perfect optimiser finite
LEAST = 0.02  # nats a decision that a policy must differ from the random walk for a share to mean something


@dataclass(frozen=True, kw_only=True)
class Meg:
    """How directed a policy is on one distribution.

    Attributes:
        nats: above the random walk, an episode (decisions discounted as the world discounts); levels are resampled.
            None for a single level.
        share: of what the policy's own tie-averaged probabilities predict, 1 fully explained; None where undefined.
        most: the greatest value there is, sum of log |A| over an episode's decisions.
        rationality: of a known utility, mean over folds; negative for who works against it.
        weights: of an unknown utility, by feature, mean over folds.
        reason: why something is None.
    """

    nats: Interval | None
    share: Interval | None
    most: float
    rationality: float | None
    weights: dict[str, float]
    reason: str = ""


def meg(
    behavior: Behavior,
    reward: RewardLike | None = None,
    *,
    held_out: bool = True,
    rng: np.random.Generator | None = None,
) -> Meg:
    """Maximum entropy goal-directedness of a policy.

    Args:
        behavior: on an exact model.
        reward: the utility, where it is known; otherwise the best of those linear in the model's features.
        held_out: predict each half of the levels from the other; False measures in-sample, as the definition does.
        rng: for the interval; seed 0 if left out.

    Raises:
        BirlError: for a reward that does not fit the model, or planning that fails.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    seen = behavior if reward is None else _by_utility(behavior, reward)
    model = seen.model
    everything = np.arange(model.n_levels)
    folds = halves(seen) if held_out else [(everything, everything)]
    explained, possible, fits = np.zeros(model.n_levels), np.zeros(model.n_levels), []
    for shown, unseen in folds:
        fit = MaxCausalEntropy(prior=PRIOR).fit([seen.restrict(shown)])
        fits.append(fit)
        explained[unseen], possible[unseen] = _above_chance(seen.restrict(unseen), fit)
    decisions = model.per_level(seen.occupancy) / np.maximum(model.level_starts, np.finfo(float).tiny)
    mass = model.level_starts
    draws = level_weights(model.n_levels, DRAWS, rng=rng)
    count = model.per_level(seen.occupancy * np.log(model.valid_counts))
    directed = float(mass @ (decisions * possible)) > LEAST * float(mass @ decisions)
    several = model.n_levels > 1
    weights = {name: float(np.mean([fit.weights[name] for fit in fits])) for name in model.feature_names}
    return Meg(
        nats=ratio_interval(mass * decisions * explained, mass, draws) if several else None,
        share=ratio_interval(mass * decisions * explained, mass * decisions * possible, draws)
        if directed and several
        else None,
        most=float(count.sum()),
        rationality=weights["utility"] if reward is not None else None,
        weights={} if reward is not None else weights,
        reason=_reason(directed, several),
    )


def _reason(directed: bool, several: bool) -> str:
    if not several:
        return "a single level says nothing about others: give more levels"
    return "" if directed else "the policy acts as the random walk does: there is nothing to explain"


def _above_chance(hidden: Behavior, fit: RewardEstimate) -> tuple[FloatArray, FloatArray]:
    """Nats a decision above the random walk: of the utility, and of the policy itself with its ties averaged, [L] each.

    A utility that prefers nothing here ties everything; the policy itself is then what is left to explain.
    """
    model = hidden.model
    reward = model.features @ fit.vector
    walk = hidden.log_likelihood(model.uniform)
    empty = np.ptp(reward[model.live]) == 0.0
    best = hidden.policy if empty else tied_average(hidden.policy, hard_plan(model, reward).q)
    own = hidden.log_likelihood(best)
    return hidden.log_likelihood(soft_plan(model, reward).policy) - walk, own - walk


def _by_utility(behavior: Behavior, reward: RewardLike) -> Behavior:
    """The same behaviour in a world whose only feature is the utility, scaled to a largest magnitude of 1."""
    values = reward_vector(behavior.model, reward)
    scaled = values / max(float(np.abs(values).max(initial=0.0)), np.finfo(float).tiny)
    return replace(
        behavior,
        model=replace(behavior.model, features=sp.csr_matrix(scaled[:, None]), feature_names=("utility",)),
    )
