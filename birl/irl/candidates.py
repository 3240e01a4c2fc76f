"""Candidates: how well each named reward fits the policy, without recovering one.

    C(r) = J*(r) - J_pi(r)          b(r) = argmax_b log-likelihood of the policy under the soft-optimal one of b r   (1)

The first says how much of a reward the policy leaves on the table, the second whether it goes by it at all: b at or
below 0 is a reward the policy works against. Nothing has to be identified for that, since only given rewards are asked
about; which is also what it cannot do: the right reward may not be among them.

J* is exact on models. On a simulator it is that of the best of a pool of policies (`pool`, the policy itself, the
random walk), and C is at least what it says.

The estimate is the candidate that explains the policy best among those with b above 0, times its b. Without candidates
every feature is one by itself.

Axes: F features, C clusters, D draws.
Source: Lazzati, Mutti & Metelli 2024 (arXiv 2406.03812), definition 3 (reward compatibility); the likelihood of b as in
Ziebart et al. 2010.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import HELD, IDENTIFIED, UNIDENTIFIED, AnyBehavior, Check, Identifiability, RewardEstimate
from birl.irl.branch_actions import gives_probabilities
from birl.irl.branching import Budget, branches
from birl.irl.candidate_checks import aligned_check, bound_check, distinguished_check
from birl.irl.candidate_rationality import Rationality, branched_rationality, planned_rationality, unasked
from birl.irl.candidate_returns import Earnings, exact_earnings, feature_weights, pooled_earnings, regret_test
from birl.irl.linear import named_features
from birl.irl.needs import sampled
from birl.irl.tested import CandidateTest
from birl.sampled import SampledBehavior
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["Candidates"]


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Settings of the test of named rewards; from `pool` on for simulators only.

    Attributes:
        draws: resamples of levels or episodes behind the intervals.
        pool: policies that may earn more than the one tested, as `birl.policy.as_policy` takes them.
        states: to branch in, of each distribution.
        rollouts: of each branch.
        actions: tried in each state where they are vectors.
        episodes: of each policy.
        tail: share of the discounted future that is cut off.
    """

    name: ClassVar[str] = "candidates"
    needs: ClassVar[frozenset[str]] = frozenset({"policy", "simulator"})
    behavioral_model: ClassVar[str] = "none for regret; soft-optimal for rationality"
    cannot_identify: ClassVar[str] = "any reward that is not among the candidates"
    source: ClassVar[str] = "Lazzati, Mutti & Metelli 2024"

    draws: int = 500
    pool: tuple[Any, ...] = ()
    states: int = 64
    rollouts: int = 4
    actions: int = 8
    episodes: int = 32
    tail: float = 0.05

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.draws < 2:
            raise BirlError(f"candidates: draws {self.draws}: give at least 2")
        self.budget.check(self.name)

    @property
    def budget(self) -> Budget:
        """What may be rolled out."""
        return Budget(
            episodes=self.episodes,
            states=self.states,
            rollouts=self.rollouts,
            actions=self.actions,
            tail=self.tail,
            cardinal=True,
        )

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """Test every candidate on all the behaviours together; what was found is in the estimate's `tested`.

        Args:
            behaviors: one per distribution, of one task, each with its policy and a simulator.
            rng: drives resampling and rollouts; that of seed 0 if left out.
            candidates: rewards by name, as weights by feature or, on a single exact model, by state and action; every
                feature by itself if left out.
            start: not used: there is one parameter a candidate.

        Raises:
            BirlError: without policy, simulator or features, or for a candidate of features that are not there.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        seen = sampled(behaviors, self, rng=rng)
        names = named_features(seen, self)
        rewards = {n: {n: 1.0} for n in names} if candidates is None else dict(candidates)
        _check(rewards, names)
        earnings = [self._earnings(b, s, rng) for b, s in zip(behaviors, seen, strict=True)]
        rational = self._rationality(behaviors, seen, rewards, rng)
        return self.weigh(behaviors, names, rewards, earnings=earnings, rational=rational, rng=rng)

    def _earnings(self, behavior: AnyBehavior, seen: SampledBehavior, rng: np.random.Generator) -> Earnings:
        if isinstance(behavior, Behavior):
            return exact_earnings(behavior, draws=self.draws, rng=rng)
        return pooled_earnings(seen, self.pool, episodes=self.episodes, draws=self.draws, rng=rng)

    def _rationality(
        self,
        behaviors: Sequence[AnyBehavior],
        seen: Sequence[SampledBehavior],
        rewards: Mapping[str, RewardLike],
        rng: np.random.Generator,
    ) -> Mapping[str, Rationality]:
        models = [b for b in behaviors if isinstance(b, Behavior)]
        if len(models) == len(behaviors):
            return {name: planned_rationality(models, name, reward) for name, reward in rewards.items()}
        if not all(gives_probabilities(s) for s in seen):
            return dict.fromkeys(rewards, unasked())
        found = branches(behaviors, self, self.budget, rng=rng)
        return {n: branched_rationality(found, n, feature_weights(r, found.names)) for n, r in rewards.items()}

    def weigh(
        self,
        behaviors: Sequence[AnyBehavior],
        names: Sequence[str],
        rewards: Mapping[str, RewardLike],
        *,
        earnings: Sequence[Earnings],
        rational: Mapping[str, Rationality],
        rng: np.random.Generator,
    ) -> RewardEstimate:
        """The test of every candidate from what was measured.

        Args:
            behaviors: one per distribution.
            names: the features.
            rewards: the candidates.
            earnings: returns on each distribution.
            rational: how rational the policy is for each candidate.
            rng: resamples.
        """
        where = [b.distribution for b in behaviors]
        tests = {name: regret_test(earnings, where, reward, rational[name]) for name, reward in rewards.items()}
        ranked = _ranked(tests)
        lead = distinguished_check(ranked, rational, draws=self.draws, rng=rng)
        best = ranked[0] if ranked else None
        form = _form(None if best is None else rewards[best], names, None if best is None else rational[best], lead)
        planned = all(isinstance(b, Behavior) for b in behaviors)
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in behaviors),
            nuisance={},
            log_likelihood=tests[best].merit if best is not None and planned else None,
            checks=tuple(c for c in (aligned_check(tests), lead, bound_check(tests, self.pool)) if c is not None),
            identifiability=Identifiability(
                rank=None,
                nullity=None,
                null_directions=(),
                selector="no candidate fits" if best is None else f"{best}, the likeliest of the candidates given",
            ),
            settings={f.name: str(getattr(self, f.name)) for f in fields(self) if f.name != "pool"},
            tested=tests,
            **form,
        )


def _check(rewards: Mapping[str, RewardLike], names: Sequence[str]) -> None:
    if not rewards:
        raise BirlError("candidates: none to test: give candidates={name: weights by feature}, or leave it out")
    for name, reward in rewards.items():
        if callable(reward):
            raise BirlError(f"candidates: {name!r} is a callable: give weights by feature, or values [S*A] on a model")
        for feature in reward if isinstance(reward, Mapping) else ():
            if feature not in names:
                raise unknown_name(f"feature of candidate {name!r}", feature, names)


def _ranked(tests: Mapping[str, CandidateTest]) -> list[str]:
    """Candidates the policy does not work against, best first: by merit where there is one, else by what is lost."""
    known = [n for n, t in tests.items() if t.rationality is not None]
    if known:
        fit = {n: t.merit for n in known if (t := tests[n]).rationality and t.rationality.value > 0}
        return sorted(fit, key=lambda n: -(fit[n] or 0.0))
    lost = {n: t.lost.value for n, t in tests.items() if t.lost is not None and t.lost.value < 1.0}
    return sorted(lost, key=lambda n: lost[n])


def _form(
    reward: RewardLike | None, names: Sequence[str], fit: Rationality | None, lead: Check | None
) -> dict[str, Any]:
    """Weights, their status and covariance, or a table, of the best candidate times its b."""
    b = 1.0 if fit is None or fit.value is None else fit.value.value
    if reward is not None and not isinstance(reward, Mapping):
        return {"weights": {}, "status": {}, "table": b * np.asarray(reward, np.float64)}
    given = np.zeros(len(names)) if reward is None else feature_weights(reward, names)
    sure = IDENTIFIED if lead is None or lead.passed else UNIDENTIFIED
    return {
        "weights": dict(zip(names, (b * given).tolist(), strict=True)),
        "status": {n: sure if w else HELD for n, w in zip(names, given, strict=True)},
        "covariance": None if fit is None or fit.value is None else fit.variance * np.outer(given, given),
    }
