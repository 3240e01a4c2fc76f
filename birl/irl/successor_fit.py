"""The regression of log-probabilities on successor features: likelihood, split-sample instrument, and what it explains.

Axes: H = 2 halves, N branching states, K actions tried in each, F features, C clusters.
Source: Hotz & Miller 1993; Angrist & Krueger 1995 (split-sample instruments); Staiger & Stock 1997 (weak instruments).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logsumexp

from birl.irl.base import Check
from birl.irl.branching import Branches
from birl.irl.common import GREEDY
from birl.types import FloatArray

__all__ = [
    "Explained",
    "Instrumented",
    "SuccessorLikelihood",
    "choice_log_likelihood",
    "explained",
    "explained_check",
    "instrumented",
    "relevance_check",
    "spread_check",
]

EXPLAINED = 0.99  # share of the variance of log pi below which a policy is not called soft-optimal
UNSURE = 0.5  # half-width of that share's interval above which it says nothing
RELEVANT = 10**0.5  # t of a direction's information: an F of 10, Staiger & Stock's rule of thumb
NOTHING = 1e-12  # variance of log pi, relative to what an action is worth, that is none


class SuccessorLikelihood:
    """sum_s rho(s) sum_a pi(a|s) log softmax_a(w.psi + h), for exact branches."""

    def __init__(self, seen: Branches) -> None:
        self.seen = seen
        self.psi = seen.psi[0]
        self.later = np.where(seen.valid, seen.later[0], -np.inf)
        self.wanted = np.einsum("nk,nkf->nf", seen.chosen, self.psi)

    def at(self, theta: FloatArray, near: SuccessorPoint | None = None) -> SuccessorPoint:
        """The likelihood at theta; a point nearby is of no help."""
        return SuccessorPoint(of=self, theta=theta)


@dataclass(frozen=True, kw_only=True, eq=False)
class SuccessorPoint:
    """The likelihood at one parameter vector."""

    of: SuccessorLikelihood
    theta: FloatArray

    @cached_property
    def log_policy(self) -> FloatArray:
        """log pi_w, [N, K]; -inf on invalid actions."""
        q = self.of.psi @ self.theta + self.of.later
        return q - logsumexp(q, axis=1, keepdims=True)

    @cached_property
    def value(self) -> float:
        """Nats an episode of each distribution."""
        return float(self.of.seen.weight @ _expected(self.of.seen.chosen, self.log_policy))

    @cached_property
    def _surprise(self) -> FloatArray:
        """What each state says of the weights, [N, F]."""
        expected = np.einsum("nk,nkf->nf", np.exp(self.log_policy), self.of.psi)
        return self.of.seen.weight[:, None] * (self.of.wanted - expected)

    @cached_property
    def gradient(self) -> FloatArray:
        """sum rho (E_pi psi - E_pi_w psi), [F]."""
        return self._surprise.sum(axis=0)

    @cached_property
    def curvature(self) -> FloatArray:
        """sum rho Cov_pi_w[psi], [F, F]."""
        policy = np.exp(self.log_policy)
        centred = self.of.psi - np.einsum("nk,nkf->nf", policy, self.of.psi)[:, None]
        flat = centred.reshape(-1, centred.shape[2])
        return flat.T @ ((self.of.seen.weight[:, None] * policy).reshape(-1, 1) * flat)

    @property
    def scores(self) -> FloatArray:
        """Each cluster's part of the gradient, [C, F]."""
        return self.of.seen.by_cluster(self._surprise)


@dataclass(frozen=True, kw_only=True, eq=False)
class Instrumented:
    """The split-sample fit.

    Attributes:
        theta: weights, [F]; 0 along directions that noise hides.
        information: C of the module `successor_logit`, without those directions, [F, F].
        scores: each cluster's part of the estimating equation at theta, [C, F].
        strength: t of the weakest direction kept; None where none is.
        hidden: number of directions that noise hides.
    """

    theta: FloatArray
    information: FloatArray
    scores: FloatArray
    strength: float | None
    hidden: int


def instrumented(seen: Branches) -> Instrumented:
    """Weights by regressing log pi - h on psi, each half of the rollouts the instrument of the other."""
    x, y = _centred(seen)
    weight = seen.weight[:, None] * seen.chosen
    cross = np.einsum("nk,nkf,nkg->nfg", weight, x[1], x[0], optimize=True)
    parts = seen.by_cluster(cross + cross.swapaxes(1, 2)) / 2  # [C, F, F]
    values, vectors = np.linalg.eigh(parts.sum(axis=0))
    t = _strengths(parts, vectors)
    kept = t > RELEVANT
    basis = vectors[:, kept]
    right = np.einsum("nk,nkf,nk->f", weight, x[1], y[0]) + np.einsum("nk,nkf,nk->f", weight, x[0], y[1])
    theta = basis @ ((basis.T @ right) / 2 / values[kept])
    left = y - x @ theta
    pull = np.einsum("nk,nkf,nk->nf", weight, x[1], left[0]) + np.einsum("nk,nkf,nk->nf", weight, x[0], left[1])
    return Instrumented(
        theta=theta,
        information=(basis * values[kept]) @ basis.T,
        scores=seen.by_cluster(pull) / 2 @ basis @ basis.T,
        strength=float(t[kept].min()) if kept.any() else None,
        hidden=int((~kept).sum()),
    )


def _strengths(parts: FloatArray, vectors: FloatArray) -> FloatArray:
    """How many standard errors the information along each direction is from 0, clusters being the sample, [F]."""
    along = np.einsum("fi,cfg,gi->ci", vectors, parts, vectors, optimize=True)
    count = len(along)
    if count < 2:
        return np.zeros(vectors.shape[1])
    error = along.std(axis=0, ddof=1) * count**0.5
    scale = float(np.abs(along.sum(axis=0)).max())
    return np.where(along.sum(axis=0) > 1e-9 * scale, along.sum(axis=0) / np.maximum(error, 1e-300), 0.0)


def choice_log_likelihood(seen: Branches, theta: FloatArray) -> float | None:
    """Mean log-likelihood of a decision; None where actions are vectors, of which only some were tried."""
    if not seen.numbered:
        return None
    q = np.where(seen.valid, seen.psi.mean(axis=0) @ theta + seen.later.mean(axis=0), -np.inf)
    log_policy = q - logsumexp(q, axis=1, keepdims=True)
    return float(seen.weight @ _expected(seen.chosen, log_policy) / seen.weight.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Explained:
    """How much of the policy's log-probabilities the weights account for.

    Attributes:
        share: R^2 with the noise of rollouts taken out; None where there is nothing to explain.
        error: its standard error over clusters.
        parts: each cluster's part of it, [C].
    """

    share: float | None
    error: float
    parts: FloatArray


def explained(seen: Branches, theta: FloatArray) -> Explained:
    """R^2 of log pi, within states and weighed by the policy.

    The product of both halves' residuals has the true residual's square for its mean.
    """
    x, y = _centred(seen)
    weight = seen.weight[:, None] * seen.chosen
    ratio = seen.log_ratio - _expected(seen.chosen, seen.log_ratio)[:, None]
    left = seen.by_cluster((weight * (y[0] - x[0] @ theta) * (y[1] - x[1] @ theta)).sum(axis=1))
    total = seen.by_cluster((weight * ratio**2).sum(axis=1))
    if total.sum() <= NOTHING * seen.weight.sum():
        return Explained(share=None, error=0.0, parts=np.zeros(len(total)))
    share = 1.0 - float(left.sum() / total.sum())
    error = float(np.std(left - (1.0 - share) * total) * len(left) ** 0.5 / total.sum())
    return Explained(share=share, error=0.0 if seen.exact else error, parts=(total - left) / total.sum())


def explained_check(seen: Branches, theta: FloatArray) -> Check:
    """Whether the policy's log-probabilities are those of a soft-optimal one."""
    found = explained(seen, theta)
    if found.share is None:
        return Check(name="explained", passed=True, message="the policy is as good as random: nothing to explain")
    share, error = found.share, found.error
    margin = 1.96 * error
    told = f"R^2 of log pi is {share:.4g}" + (f" +- {margin:.2g}" if error else "")
    if share + margin < EXPLAINED:
        told += (
            f" (limit {EXPLAINED}): the policy is not soft-optimal for these features, so hold the weights "
            "against an ordinal method (successor-margin) before believing their sizes"
        )
    elif margin > UNSURE:
        told += f" (limit of the margin {UNSURE}): rollouts are too noisy to tell, give more of them, or more states"
    passed = share + margin >= EXPLAINED and margin <= UNSURE
    return Check(name="explained", passed=bool(passed), value=share, limit=EXPLAINED, message=told)


def relevance_check(fit: Instrumented) -> Check:
    """Whether rollouts tell every direction of the weights from noise."""
    return Check(
        name="noise",
        passed=fit.hidden == 0,
        value=fit.strength,
        limit=RELEVANT,
        message=f"{fit.hidden} of {fit.theta.size} directions of the weights are lost in the noise of rollouts"
        + ("" if fit.hidden == 0 else ": give more rollouts, states or episodes, or fewer features"),
    )


def spread_check(seen: Branches) -> Check:
    """Whether the policy is random enough for its probabilities to say more than an order."""
    if not seen.numbered:
        decided = float(seen.weight @ _expected(seen.chosen, seen.log_ratio) / seen.weight.sum())
        return Check(
            name="cardinal information",
            passed=True,
            value=decided,
            message=f"a decision is {decided:.2g} nats from uniform; densities of vectors have no greedy limit to pass",
        )
    log = np.where(seen.chosen > 0, np.log(np.where(seen.chosen > 0, seen.chosen, 1.0)), 0.0)
    entropy = -float(seen.weight @ _expected(seen.chosen, log) / seen.weight.sum())
    share = entropy / np.log(max(seen.chosen.shape[1], 2))
    passed = bool(share >= GREEDY)
    return Check(
        name="cardinal information",
        passed=passed,
        value=float(share),
        limit=GREEDY,
        message=f"mean entropy of a decision is {share:.2g} of log A"
        + ("" if passed else f" (limit {GREEDY}): the policy is greedy, use successor-margin, which reads its order"),
    )


def _expected(policy: FloatArray, values: FloatArray) -> FloatArray:
    """Mean under a policy, where values of what it never does may be infinite, [N]."""
    return (policy * np.where(policy > 0, values, 0.0)).sum(axis=1)


def _centred(seen: Branches) -> tuple[FloatArray, FloatArray]:
    """psi and log pi - h, less their means under the policy, [H, N, K, F] and [H, N, K]."""
    x = seen.psi - np.einsum("nk,hnkf->hnf", seen.chosen, seen.psi)[:, :, None]
    y = seen.log_ratio - seen.later
    return x, y - np.einsum("nk,hnk->hn", seen.chosen, y)[:, :, None]
