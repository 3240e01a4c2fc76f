"""Which of several named objectives a policy pursues, its temperature unknown.

P(c | behaviour) ∝ int P(behaviour | b c) p(b) db over the inverse temperature b > 0, with candidates equally likely
beforehand. p(b) is the prior of the weights along b c, so that no new choice is made. The integrand falls off on both
sides of one hill (the soft likelihood is concave in b), so two Gauss-Legendre rules meeting at its top are enough.

It says which candidate is best, not that any is right: hold the posterior of the free weights against it.

Axes: F features, N nodes.
Source: Jaynes 2003 ("Probability theory"), chapter 20 (evidence with nuisance parameters integrated out).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from birl.irl.bayes_evidence import Evidence
from birl.irl.bayes_prior import WeightPrior
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["CandidateEvidence", "named_weights", "weigh_candidates"]

NODES = 32  # on either side of the top
NEGLIGIBLE = 25.0  # nats below the top: 1e-11 of it
FARTHEST = 10.0  # standard deviations of the prior; beyond lies less than 1e-22 of it
FINE = 1e-7  # of the range: how closely the top is found


@dataclass(frozen=True, kw_only=True)
class CandidateEvidence:
    """What behaviour says of named objectives.

    Attributes:
        log_evidence: log P(behaviour | candidate), by name; differences mean something, values do not.
        probability: P(candidate | behaviour, one of them is right), by name.
    """

    log_evidence: Mapping[str, float]
    probability: Mapping[str, float]

    @property
    def nuisance(self) -> Mapping[str, float]:
        """As entries of an estimate: `P(red)` and `log evidence(red)`."""
        told = {f"P({name})": p for name, p in self.probability.items()}
        return told | {f"log evidence({name})": e for name, e in self.log_evidence.items()}


def named_weights(candidates: Mapping[str, RewardLike] | None, features: Sequence[str]) -> Mapping[str, FloatArray]:
    """Candidates that are given by feature, as weights [F]; arrays and callables are passed over.

    Raises:
        BirlError: for a feature that the models do not have.
    """
    found = {}
    for name, reward in (candidates or {}).items():
        if not isinstance(reward, Mapping):
            continue
        for feature in reward:
            if feature not in features:
                raise unknown_name("feature", feature, features)
        found[name] = np.array([float(reward.get(feature, 0.0)) for feature in features])
    return found


def weigh_candidates(
    evidence: Evidence, prior: WeightPrior, named: Mapping[str, FloatArray], *, rest: FloatArray
) -> CandidateEvidence:
    """The evidence for each candidate, its temperature integrated out.

    Args:
        evidence: the log-likelihood.
        prior: on the weights.
        named: weights of each candidate, [F].
        rest: parameters after the weights, held where they are, [K - F].
    """
    logs = {
        name: _log_evidence(_Ray(evidence, prior, weights, rest), prior, weights) for name, weights in named.items()
    }
    shares = softmax(np.array(list(logs.values()))) if logs else np.zeros(0)
    return CandidateEvidence(log_evidence=logs, probability=dict(zip(logs, shares.tolist(), strict=True)))


class _Ray:
    """Log-likelihood and log posterior of b c as functions of b."""

    def __init__(self, evidence: Evidence, prior: WeightPrior, weights: FloatArray, rest: FloatArray) -> None:
        self.evidence, self.prior, self.weights, self.rest = evidence, prior, weights, rest
        self.near: Any = None

    def likelihood(self, b: float) -> float:
        """-inf where rewards have no values."""
        try:
            self.near = self.evidence.at(np.concatenate([b * self.weights, self.rest]), self.near)
        except BirlError:
            return -np.inf
        return self.near.value

    def joint(self, b: float) -> float:
        """Likelihood times prior, in logs and up to a constant."""
        return self.likelihood(b) + float(self.prior.log_density(b * self.weights))


def _log_evidence(ray: _Ray, prior: WeightPrior, weights: FloatArray) -> float:
    if not weights.any():
        return ray.likelihood(0.0)
    unit = prior.scale / float(np.linalg.norm(weights, 2 if prior.kind == "gaussian" else 1))
    total = unit * (np.sqrt(np.pi / 2) if prior.kind == "gaussian" else 1.0)  # of the prior over b > 0
    end = FARTHEST * unit * (1.0 if prior.kind == "gaussian" else np.log(1e22) / FARTHEST)
    result: Any = minimize_scalar(
        lambda b: -ray.joint(b), bounds=(0.0, end), method="bounded", options={"xatol": FINE * end}
    )
    top, height = float(result.x), -float(result.fun)
    low, high = (_edge(ray.joint, top, height, limit) for limit in (0.0, end))
    nodes, weight = np.polynomial.legendre.leggauss(NODES)
    logs = []
    for a, b in ((low, top), (top, high)):
        half = (b - a) / 2
        if half > 0:
            logs += [np.log(w * half) + ray.joint(a + half * (1 + x)) for x, w in zip(nodes, weight, strict=True)]
    return float(np.logaddexp.reduce(logs) - np.log(total))


def _edge(log_density: Callable[[float], float], top: float, height: float, limit: float) -> float:
    """Where the hill has fallen off, on the way from its top to a limit."""
    step = FINE * 10 * (limit - top)
    while abs(step) < abs(limit - top):
        if log_density(top + step) < height - NEGLIGIBLE:
            return top + step
        step *= 2
    return limit
