"""Successor margin: the reward under which what the policy does beats what it does not by the widest margin.

Branch in a state, take each action, follow the policy. With psi of `birl.irl.branching` and a* the policy's choice,

    max m   subject to   theta.d_i >= m |d_i|,   d_i = psi(s, a*) - psi(s, a)  for all s, a,   |theta|_1 <= 1     (1)

a linear program. If its m is positive some reward makes every choice right; if not, only slack can, and

    min c |theta|_1 + sum_i rho_i xi_i   subject to   theta.d_i >= 1 - xi_i,   xi >= 0                            (2)

lets large differences outvote small ones, which may be noise. Each feature is counted in units of its mean difference
while the programs run; weights are reported in its own units, with |theta|_1 = 1.

Only the order of actions is read, so this is the method for greedy policies (DQN, TD3, a callable), and the one to hold
a cardinal method against. Where actions are vectors, the policy's own is held against uniform ones.

Assumes that the policy does what is best for it, given that it goes on as it does.
Cannot tell: the scale, potential shaping within the features, any other reward in the same cone: of the rewards that
explain every choice it takes the one furthest from explaining none.

Axes: N branching states, K actions tried in each, I comparisons, F features, C clusters, D draws.
Source: Ng & Russell 2000 (ICML; "Algorithms for inverse reinforcement learning"), section 4; Zhu, Rosset,
Hastie & Tibshirani 2003 (NeurIPS; "1-norm support vector machines"), equation 2, for 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from birl.irl.base import AnyBehavior, Check, RewardEstimate
from birl.irl.branching import Branches, Budget, branches
from birl.irl.linear import LinearFit, held_constants, linear_estimate
from birl.irl.margin_program import Comparisons, Margin, resampled_margin, widest_margin
from birl.stats import level_weights
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray

__all__ = ["SuccessorMargin"]

NOTHING = 1e-9  # difference in psi, relative to the largest, at which two actions are as good for any reward
RIGHT = 0.9  # share of comparisons below which the weights are not what the policy goes by


@dataclass(frozen=True, kw_only=True)
class SuccessorMargin:
    """Settings of the successor margin; from `states` on for simulators only.

    Attributes:
        simplicity: c of equation 2; of no effect where no slack is needed.
        draws: resamples of levels or episodes behind the intervals; 0 for none.
        states: to branch in, of each distribution.
        rollouts: of each branch.
        actions: tried in each state where they are vectors, the policy's own included.
        episodes: of the policy, to find states in; they are what is resampled.
        tail: share of the discounted future that is cut off.
    """

    name: ClassVar[str] = "successor-margin"
    needs: ClassVar[frozenset[str]] = frozenset({"policy", "simulator"})
    behavioral_model: ClassVar[str] = "each choice best, given how the policy goes on"
    cannot_identify: ClassVar[str] = "scale, potential shaping, any other reward that orders the same choices"
    source: ClassVar[str] = "Ng & Russell 2000; Zhu, Rosset, Hastie & Tibshirani 2003"

    simplicity: float = 0.01
    draws: int = 50
    states: int = 64
    rollouts: int = 4
    actions: int = 8
    episodes: int = 32
    tail: float = 0.05

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.simplicity <= 0.0 or self.draws < 0:
            raise BirlError("successor-margin: simplicity must be above 0 and draws at least 0")
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
            cardinal=False,
        )

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One reward for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task, each with its policy and a simulator.
            rng: drives rollouts and resampling; that of seed 0 if left out.
            candidates: not used: the problem is convex.
            start: not used, for the same reason.

        Raises:
            BirlError: without policy, simulator or features.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        seen = branches(behaviors, self, self.budget, rng=rng)
        held = held_constants(behaviors, len(seen.names))
        compared = _comparisons(seen, ~held)
        found = widest_margin(compared, simplicity=self.simplicity)
        gaps = compared.gaps
        fit = LinearFit(
            weights=_spread(found.theta, ~held),
            own=seen.own,
            walk=seen.walk,
            held=held,
            information=_spread(gaps.T @ (compared.weight[:, None] * gaps), ~held),
            covariance=self._covariance(compared, found, held, rng),
            checks=[_feasible_check(found), _order_check(compared, found), _choice_check(seen, compared)],
            selector="widest margin",
        )
        return linear_estimate(self, behaviors, seen.names, fit)

    def _covariance(
        self, compared: Comparisons, found: Margin, held: np.ndarray, rng: np.random.Generator
    ) -> FloatArray | None:
        """Spread of the weights over resampled levels or episodes, [F, F]; None where there is one only."""
        count = int(compared.cluster.max(initial=-1)) + 1
        if self.draws < 2 or count < 2:
            return None
        often = level_weights(count, self.draws, rng=rng)
        drawn = [resampled_margin(compared.resampled(row), found, simplicity=self.simplicity) for row in often]
        return _spread(np.atleast_2d(np.cov(np.array(drawn).T)), ~held)


def _comparisons(seen: Branches, free: np.ndarray) -> Comparisons:
    """psi of the policy's choice less that of every other action, where they differ."""
    psi = seen.psi.mean(axis=0)[..., free]
    gaps = np.einsum("nk,nkf->nf", seen.best, psi)[:, None] - psi
    other = seen.valid & (seen.best == 0)
    size = np.abs(gaps).max(axis=2, initial=0.0)
    state, action = np.nonzero(other & (size > NOTHING * np.abs(psi).max(initial=1e-300)))
    weight = seen.weight[state] / np.maximum(other.sum(axis=1), 1)[state]
    return Comparisons(gaps=gaps[state, action], weight=weight, cluster=seen.cluster[state])


def _spread(values: FloatArray, free: np.ndarray) -> FloatArray:
    """The same with 0 for the features that are held."""
    full = np.zeros([free.size] * values.ndim)
    full[np.ix_(*[free] * values.ndim)] = values
    return full


def _feasible_check(found: Margin) -> Check:
    return Check(
        name="feasible",
        passed=found.feasible,
        value=found.hard,
        limit=0.0,
        message=f"widest margin without slack is {found.hard:.2g}"
        + (
            ", above 0: some reward makes every choice right"
            if found.feasible
            else ": no reward of these features makes every choice right, or rollouts are too noisy to show it; "
            "the weights are those with slack, judge them by the share of choices they order"
        ),
    )


def _order_check(compared: Comparisons, found: Margin) -> Check:
    right = float(compared.weight @ (compared.gaps @ found.theta > 0) / max(compared.weight.sum(), 1e-300))
    passed = right >= RIGHT
    return Check(
        name="ordered",
        passed=passed,
        value=right,
        limit=RIGHT,
        message=f"the weights put the policy's choice first in {right:.1%} of comparisons"
        + ("" if passed else f" (limit {RIGHT:.0%}): give more features, or more rollouts where they are sampled"),
    )


def _choice_check(seen: Branches, compared: Comparisons) -> Check:
    passed = compared.weight.size > 0
    return Check(
        name="choices",
        passed=passed,
        value=float(compared.weight.size),
        limit=1.0,
        message=f"{compared.weight.size} comparisons in {seen.weight.size} states"
        + ("" if passed else ": the policy prefers no action to another, so give a policy that does"),
    )
