"""Steps that several methods take: weigh levels, judge identifiability, flag avoided features, run the checks.

Axes: S states, A actions, F features, K parameters, L levels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from birl.behavior import Behavior
from birl.irl.base import BOUNDED, HELD, IDENTIFIED, UNIDENTIFIED, Check, Identifiability, RewardEstimate
from birl.irl.newton import Maximum
from birl.outcomes import constant_features
from birl.types import BirlError, FloatArray

__all__ = [
    "adaptation_check",
    "cluster_check",
    "convergence_check",
    "determinism_check",
    "feature_status",
    "identifiability",
    "neutral_constants",
    "random_share",
    "sandwich",
    "shared_features",
    "step_check",
    "with_plain_constants",
]

NULL = 1e-9  # eigenvalue of the information matrix, relative to the largest, below which a direction is null
AVOIDED = 0.5  # a feature that comes about less than this share of how often the random walk brings it is avoided
ADAPTS = 0.05  # total variation on matched states below which a policy does not notice its context
LOST = 0.1  # share of a weight's direction that lies in the null space, above which it is not identified
NOTICED = 0.01  # of what is explained beyond the random walk: less is not worth a constant
GREEDY = 0.02  # mean entropy of a decision, as a share of log A, below which only its order is known


def shared_features(behaviors: Sequence[Behavior]) -> tuple[str, ...]:
    """The features all behaviours have in common; an error when they differ or there is no behaviour."""
    if not behaviors:
        raise BirlError("no behaviour to fit: give at least one distribution")
    names = behaviors[0].model.feature_names
    for behavior in behaviors[1:]:
        if behavior.model.feature_names != names:
            raise BirlError(
                f"features of {behavior.distribution!r} differ from {behaviors[0].distribution!r}: "
                "fit distributions of one task together"
            )
    return tuple(names)


def neutral_constants(behaviors: Sequence[Behavior]) -> np.ndarray:
    """Constant features that the other features can stand in for, bool [F].

    A potential that is 1 wherever an episode goes on adds g - 1 to every step and -g to every ending. Where each ending
    is a named event, that reward lies in the span of the features: the weight of `step` and a shift of all events
    are one and the same to any policy. Such a `step` is held at its neutral weight, 0.

    Source: Ng, Harada & Russell 1999 (potential shaping); the potential of terminal states is 0.
    """
    model = behaviors[0].model
    constant = constant_features(model)
    if not constant.any() or not all(b.model.terminal.any() for b in behaviors):
        return np.zeros(model.n_features, bool)
    square = np.zeros((model.n_features, model.n_features))
    cross, norm = np.zeros(model.n_features), 0.0
    for b in behaviors:
        live = (b.model.valid_actions & ~b.model.terminal[:, None]).ravel()
        going = (~b.model.terminal).astype(np.float64)
        shaping = np.where(live, b.model.discount * (b.model.transitions @ going) - 1.0, 0.0)
        square += (b.model.features.T @ b.model.features).toarray()
        cross += b.model.features.T @ shaping
        norm += float(shaping @ shaping)
    weights = np.linalg.lstsq(square, cross, rcond=1e-12)[0]
    residual = norm - cross @ weights
    return constant & (residual <= 1e-9 * norm)


def with_plain_constants(fit: Callable[[np.ndarray], RewardEstimate], behaviors: Sequence[Behavior]) -> RewardEstimate:
    """A fit in which constants are 0 wherever that explains the behaviours as well.

    Neutral constants (`neutral_constants`) always are. One that is neutral in each world but not in all together, such
    as `step` where two events end an episode at once in training and one by one under shift, is told from a shift of
    all events only by how much the better of two endings is better, which a decided policy hardly shows. A prior then
    decides, and a sparse one gives what is wanted least the weight 0. So such constants are freed only where that
    explains noticeably more.

    Args:
        fit: the estimate with some weights held at 0, bool [F].
        behaviors: one per distribution.
    """
    held = neutral_constants(behaviors)
    loose = np.all([neutral_constants([b]) for b in behaviors], axis=0) & ~held
    free = fit(held)
    if not loose.any():
        return free
    plain = fit(held | loose)
    walk = float(np.mean([b.model.level_starts @ b.log_likelihood(b.model.uniform) for b in behaviors]))
    assert free.log_likelihood is not None  # both predict actions
    assert plain.log_likelihood is not None
    noticed = NOTICED * (free.log_likelihood - walk)
    return plain if free.log_likelihood - plain.log_likelihood <= noticed else free


def random_share(behaviors: Sequence[Behavior], plans: Sequence[FloatArray]) -> float:
    """The share of random actions that, mixed into planned policies [S, A], makes the behaviours likeliest."""

    def loss(eps: float) -> float:
        return -sum(
            float(b.model.level_starts @ b.log_likelihood((1.0 - eps) * plan + eps * b.model.uniform))
            for b, plan in zip(behaviors, plans, strict=True)
        )

    result: Any = minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-4})
    found = float(result.x)
    return found if loss(found) < loss(0.0) - 1e-9 else 0.0


def null_space(information: FloatArray) -> FloatArray:
    """Directions in which an information matrix says nothing, as columns [F, N]."""
    values, vectors = np.linalg.eigh(information)
    return vectors[:, values <= NULL * max(float(values[-1]), np.finfo(float).tiny)]


def identifiability(
    information: FloatArray | None, names: Sequence[str], *, held: np.ndarray, selector: str
) -> Identifiability:
    """Rank and null directions of the information about the weights, [F, F]; unknown where there is none.

    Args:
        information: negative Hessian of the log-likelihood without the prior.
        names: the F features.
        held: weights held at 0 to choose among equals, bool [F].
        selector: what chose the rest.
    """
    if held.any():
        selector = f"{', '.join(n for n, h in zip(names, held, strict=True) if h)} held at 0; {selector}"
    if information is None:
        return Identifiability(rank=None, nullity=None, null_directions=(), selector=selector)
    null = null_space(information)
    directions = tuple(
        {name: round(float(x), 6) for name, x in zip(names, v, strict=True) if abs(x) > 1e-3} for v in null.T
    )
    return Identifiability(
        rank=len(names) - null.shape[1], nullity=null.shape[1], null_directions=directions, selector=selector
    )


def feature_status(
    names: Sequence[str], behaviors: Sequence[Behavior], information: FloatArray | None, held: np.ndarray
) -> Mapping[str, str]:
    """Which weights are identified, which only bounded from above, which held, which not identified at all."""
    own = np.sum([np.abs(b.feature_counts) for b in behaviors], axis=0)
    walk = np.sum([np.abs(b.walk_feature_counts) for b in behaviors], axis=0)
    constant = constant_features(behaviors[0].model)
    never = (walk == 0) & (own == 0)
    cost = np.sum([b.walk_feature_counts for b in behaviors], axis=0) < 0  # less of a cost is sought, not avoided
    avoided = ~constant & ~cost & (own < AVOIDED * walk)
    lost = np.zeros(len(names), bool)
    if information is not None:
        free = np.flatnonzero(~held & ~never & ~avoided)
        null = null_space(information[np.ix_(free, free)]) if free.size else np.zeros((0, 0))
        lost[free] = (null**2).sum(axis=1) > LOST
    kinds = np.select([held, never | lost, avoided], [HELD, UNIDENTIFIED, BOUNDED], IDENTIFIED)
    return dict(zip(names, kinds.tolist(), strict=True))


def sandwich(scores: Mapping[str, FloatArray], curvature: FloatArray, free: np.ndarray) -> FloatArray:
    """Covariance of the parameters, clustered by level: H^-1 (sum_l g_l g_l') H^-1, [K, K].

    It counts the sampling of levels only: for a policy that is exactly of the assumed kind every g_l is 0, and so is
    the covariance.

    Args:
        scores: each level's part of the gradient, [L, K] by distribution.
        curvature: H, [K, K].
        free: parameters that moved, bool [K]; the others (held, or put to 0 by the prior) have no variance.

    Source: Liang & Zeger 1986; White 1982.
    """
    meat = np.zeros_like(curvature)
    for score in scores.values():
        n_levels = len(score)
        centred = score - score.mean(axis=0)
        meat += centred.T @ centred * (n_levels / max(n_levels - 1, 1))
    covariance, rows = np.zeros_like(curvature), np.ix_(free, free)
    bread = np.linalg.pinv(curvature[rows], rcond=NULL, hermitian=True)
    covariance[rows] = bread @ meat[rows] @ bread
    return covariance


def cluster_check(behaviors: Sequence[Behavior], scores: Mapping[str, FloatArray]) -> Check | None:
    """Whether there is more than one cluster to tell the sampling of episodes by.

    Returns:
        None for policies that are known: of a single level nothing is then left to chance.
    """
    counted = {b.distribution: len(scores[b.distribution]) for b in behaviors if not b.policy_known}
    if not counted:
        return None
    name, fewest = min(counted.items(), key=lambda item: item[1])
    return Check(
        name="clusters",
        passed=fewest > 1,
        value=float(fewest),
        limit=2.0,
        message=f"the uncertainty of {name!r} comes from {fewest} clusters"
        + ("" if fewest > 1 else " (limit 2), so no weight has an interval: count more levels, or more episodes"),
    )


def convergence_check(maximum: Maximum, tolerance: float) -> Check:
    """Whether the fit reached its tolerance."""
    return Check(
        name="converged",
        passed=maximum.converged,
        value=maximum.gap,
        limit=tolerance,
        message=f"largest gradient {maximum.gap:.2g} after {maximum.steps} steps (limit {tolerance:g})"
        + ("" if maximum.converged else ": use a stronger prior; a greedy policy has no finite optimum without one"),
    )


def step_check(behaviors: Sequence[Behavior]) -> Check:
    """Whether a constant feature lets the fit price time."""
    constant = constant_features(behaviors[0].model)
    ends = any(b.model.terminal.any() for b in behaviors)
    present = bool(constant.any())
    return Check(
        name="step feature",
        passed=bool(present or not ends),
        message="a constant feature prices time"
        if present
        else (
            "nothing ends, so time has no price" if not ends else "episodes end and no feature is constant: add `step`"
        ),
    )


def determinism_check(behaviors: Sequence[Behavior]) -> Check | None:
    """Whether the policy is random enough for its weights to be more than an order (methods that read log pi).

    Returns:
        None for behaviour counted from episodes: a state met once looks decided whatever the policy is.
    """
    if not all(b.policy_known for b in behaviors):
        return None
    entropy = weight = 0.0
    for b in behaviors:
        pi = b.policy
        per_state = -(pi * np.log(np.where(pi > 0, pi, 1.0))).sum(axis=1)
        entropy += float(b.occupancy @ per_state)
        weight += float(b.occupancy.sum())
    share = entropy / max(weight, 1e-12) / np.log(max(behaviors[0].model.n_actions, 2))
    return Check(
        name="cardinal information",
        passed=bool(share >= GREEDY),
        value=float(share),
        limit=GREEDY,
        message=f"mean entropy of a decision is {share:.2g} of log A"
        + (
            ""
            if share >= GREEDY
            else f" (limit {GREEDY}): the policy is greedy, only the order of its choices is known"
        ),
    )


def adaptation_check(behaviors: Sequence[Behavior]) -> Check | None:
    """The frozen-policy guard: does the policy notice the context on level-matched states?

    Two contexts identify more than one only if the policy re-optimises in each (Cao et al. 2021; Rolland et al. 2022).
    A checkpoint that does not notice passes the rank test all the same.

    Returns:
        None when no two distributions are matched state by state; contexts are then tied only through named features.
    """
    matched = [
        (a, b)
        for a, b in combinations(behaviors, 2)
        if a.policy_known
        and b.policy_known
        and a.model.n_states == b.model.n_states
        and (a.pair == b.distribution or b.pair == a.distribution or "dynamics" in (a.shift, b.shift))
    ]
    if not matched:
        return None
    moved = max(float(np.abs(a.policy - b.policy).sum(axis=1).max() / 2) for a, b in matched)
    return Check(
        name="adaptation",
        passed=moved >= ADAPTS,
        value=moved,
        limit=ADAPTS,
        message=f"the policy changes by at most {moved:.2g} (total variation) between matched states"
        + (
            ""
            if moved >= ADAPTS
            else f" (limit {ADAPTS}): it does not notice, so the second context identifies nothing"
        ),
    )
