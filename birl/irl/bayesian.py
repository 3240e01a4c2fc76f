"""Bayesian inverse reinforcement learning: every reward that explains the policy, as often as it is probable.

p(w | behaviour) ∝ exp(sum_d n_d l_d(w)) p(w), where l_d is the log-likelihood of one episode's decisions in
distribution d, by `mce` or by `boltzmann`, and n_d how many episodes it counts for. A known policy is no sample: n is
then a choice (`episodes`), stated in the settings and in a check; standard deviations shrink with its root. Behaviour
counted from episodes counts for those, discounted as its counts are.

Draws come from Hamiltonian Monte Carlo that follows a cheap guide, fitted during the warm-up, and asks the posterior
once a move whether to accept; R-hat and effective sample sizes by ArviZ say whether they may be used. Weights are
posterior means. Densities are in the weights themselves: as a density over values V it would be multiplied by
|det(I - g P_pi)|.

Cannot tell: what the likelihood cannot (potential shaping within the span of the features, scale apart from
temperature). The posterior is the prior in those directions, as wide as it, and they are named.

Axes: F features, K parameters (the weights, then nuisance), C chains, N draws of each, D = C N.
Source: Ramachandran & Amir 2007 (IJCAI; "Bayesian inverse reinforcement learning"), section 3, with
Ziebart et al. 2010's likelihood or theirs; Holmes & Walker 2017 (Biometrika; arXiv 1701.08515) for evidence worth a
stated number of observations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

from birl.behavior import Behavior
from birl.irl.assemble import with_likelihood
from birl.irl.base import UNIDENTIFIED, AnyBehavior, RewardEstimate
from birl.irl.bayes_candidates import named_weights, weigh_candidates
from birl.irl.bayes_checks import draw_checks, evidence_check, refusal_check
from birl.irl.bayes_evidence import EVIDENCE
from birl.irl.bayes_posterior import LogPosterior, PosteriorPoint
from birl.irl.bayes_prior import WeightPrior
from birl.irl.bayes_walk import Effort, Walk, walk
from birl.irl.common import (
    adaptation_check,
    determinism_check,
    feature_status,
    identifiability,
    neutral_constants,
    shared_features,
    step_check,
)
from birl.irl.needs import exact
from birl.irl.provenance import provenance
from birl.tabular import RewardLike, TabularModel
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["Bayesian"]

FEWEST_DRAWS = 4  # R-hat splits every chain in two and ranks what is in each half
FEW_RANDOM = -3.0  # logit of the share of random actions to begin from: 5 %


@dataclass(frozen=True, kw_only=True)
class Bayesian:
    """Settings of the posterior.

    Attributes:
        likelihood: `mce` (soft-optimal) or `boltzmann` (softmax of Q*, with random actions).
        episodes: how many episodes of evidence a known policy counts for, in each distribution.
        prior: of the weights, `gaussian` or `laplace`, independent and symmetric about 0.
        scale: its standard deviation (`gaussian`) or mean distance from 0 (`laplace`), in nats an event.
        chains: that walk from different places.
        draws: kept of each chain.
        warm_up: moves of each chain that come before.
        equal_levels: let every level of a known policy weigh the same; False weighs by occupancy.
        jobs: processes that the chains are shared among after the warm-up; the estimate does not depend on how many.
    """

    name: ClassVar[str] = "bayesian"
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    behavioral_model: ClassVar[str] = "soft-optimal (maximum causal entropy), or Boltzmann on Q* with random actions"
    cannot_identify: ClassVar[str] = "what its likelihood cannot: there the posterior is the prior, and says so"
    source: ClassVar[str] = "Ramachandran & Amir 2007"

    likelihood: str = "mce"
    episodes: float = 100.0
    prior: str = "gaussian"
    scale: float = 5.0
    chains: int = 4
    draws: int = 1000
    warm_up: int = 200
    equal_levels: bool = True
    jobs: int = 1

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.likelihood not in EVIDENCE:
            raise unknown_name("likelihood", self.likelihood, EVIDENCE, "bayesian takes these two")
        if not 0 <= self.episodes < np.inf:
            raise BirlError(f"bayesian: a policy cannot count for {self.episodes} episodes: give a number from 0 up")
        if self.chains < 2 or self.draws < FEWEST_DRAWS or self.warm_up < 0:
            raise BirlError(
                f"bayesian: {self.chains} chains of {self.draws} draws after {self.warm_up} cannot be judged: "
                f"give 2 chains of {FEWEST_DRAWS} draws at least"
            )
        if self.jobs < 1:
            raise BirlError(f"bayesian: chains cannot be shared among {self.jobs} processes: give 1 or more")
        self._prior(0)
        object.__setattr__(self, "behavioral_model", EVIDENCE[self.likelihood].assumes)  # of the two, this one's

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """The posterior of one reward for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task.
            rng: for the chains; `np.random.default_rng(0)` if left out.
            candidates: objectives to weigh against each other, as weights by feature; `nuisance` then holds `P(name)`
                and `log evidence(name)` of each. Arrays are passed over.
            start: weights to look for the mode from, [F] or [K]; for speed only.

        Raises:
            BirlError: when behaviours do not share features, a candidate names a feature there is not, or planning
                fails at the mode.
        """
        behaviors = exact(behaviors, self)
        names = shared_features(behaviors)
        named = named_weights(candidates, names)
        held = neutral_constants(behaviors)
        evidence = EVIDENCE[self.likelihood](behaviors, episodes=self.episodes, equal_levels=self.equal_levels)
        free = np.append(~held, np.ones(len(evidence.nuisance), bool))
        posterior = LogPosterior(evidence=evidence, prior=self._prior(len(names)), free=free)
        mode = posterior.mode(_padded(start, free.size) if start is not None else evidence.first(candidates))
        found = walk(
            posterior.around(mode),
            posterior.gaussian(mode),
            Effort(chains=self.chains, draws=self.draws, warm_up=self.warm_up, jobs=self.jobs),
            rng or np.random.default_rng(0),
        )
        estimate = self._finish(behaviors, posterior, mode, found, held)
        weighed = weigh_candidates(evidence, posterior.prior, named, rest=estimate.theta[len(names) :])
        return replace(estimate, nuisance={**estimate.nuisance, **weighed.nuisance})

    def predict(self, estimate: RewardEstimate, model: TabularModel) -> FloatArray:
        """The policy of the posterior mean in any model with the same features, [S, A]."""
        return EVIDENCE[self.likelihood].policy(estimate.theta, model)

    def _prior(self, n_weights: int) -> WeightPrior:
        return WeightPrior(kind=self.prior, scale=self.scale, n_weights=n_weights)

    def _finish(
        self,
        behaviors: Sequence[Behavior],
        posterior: LogPosterior,
        mode: PosteriorPoint,
        found: Walk,
        held: np.ndarray,
    ) -> RewardEstimate:
        names, shares = behaviors[0].model.feature_names, posterior.evidence.nuisance
        n = len(names)
        draws = posterior.whole(found.draws).reshape(-1, posterior.free.size)  # [D, K]
        mean = draws.mean(axis=0)
        information = mode.seen.curvature[:n, :n]
        selector = f"posterior mean, {self.prior} prior of scale {self.scale:g}"
        moved = [name for name, free in zip((*names, *shares), posterior.free, strict=True) if free]
        checks = [
            *draw_checks(found.draws, moved),
            evidence_check(behaviors, self.episodes),
            refusal_check(found),
            step_check(behaviors),
            determinism_check(behaviors),
            adaptation_check(behaviors),
        ]
        estimate = RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in behaviors),
            weights=dict(zip(names, mean[:n].tolist(), strict=True)),
            status=feature_status(names, behaviors, information, held)
            if information.any()
            else dict.fromkeys(names, UNIDENTIFIED),
            covariance=np.cov(draws[:, :n].T).reshape(n, n),
            draws=draws[:, :n],
            nuisance=dict(zip(shares, expit(draws[:, n:]).mean(axis=0).tolist(), strict=True)),
            parameters={f"logit {name}": float(x) for name, x in zip(shares, mean[n:], strict=True)},
            log_likelihood=None,
            checks=tuple(c for c in checks if c is not None),
            identifiability=identifiability(information, names, held=held, selector=selector),
            settings={key: str(value) for key, value in asdict(self).items() if key != "jobs"},
            provenance={**provenance(behaviors, "arviz-stats"), "draws": _told(found)},
            **_over_levels(behaviors, posterior, mode, mean),
        )
        return with_likelihood(behaviors, [self.predict(estimate, b.model) for b in behaviors], estimate)


def _padded(start: FloatArray, size: int) -> FloatArray:
    return np.append(start, np.full(size, FEW_RANDOM))[:size]


def _told(found: Walk) -> str:
    chains, draws, _ = found.draws.shape
    return (
        f"{chains} chains x {draws} draws, {found.accepted:.0%} of moves of {found.turn:.2g} quarter turns accepted, "
        f"{found.asked} posteriors asked for"
    )


def _over_levels(
    behaviors: Sequence[Behavior], posterior: LogPosterior, mode: PosteriorPoint, mean: FloatArray
) -> dict[str, Any]:
    """Scores and curvature at the posterior mean, for its redrawing on other levels; none of counted behaviour.

    The scores sum to 0, as they would at a maximum: what the prior pulls is shared among the levels.
    """
    if not all(b.policy_known for b in behaviors):
        return {}
    point = PosteriorPoint(seen=posterior.evidence.at(mean, mode.seen), prior=posterior.prior, theta=mean)
    scores = {b.distribution: point.seen.scores(i) for i, b in enumerate(behaviors)}
    pull = np.concatenate(list(scores.values())).mean(axis=0)
    return {"scores": {name: score - pull for name, score in scores.items()}, "curvature": point.curvature}
