"""What each action leads to, if the policy goes on from there: successor features and the price of being decided.

    psi(s, a) = E sum_t g^t phi_t                          h(s, a) = -E sum_{t >= 1} g^t KL(pi(.|s_t) || U)          (1)

U is uniform over the valid actions, so that being alive earns nothing by itself. Then Q(s, a) = w.psi + h is the soft
value of a soft-optimal policy, and w.psi the plain value of any policy. Both are exact on a model, and averages of
rollouts on a simulator; those come in two halves that share no chance, for noise in an explanatory variable pulls its
weight towards 0 and the halves can stand in for each other.

Axes: H = 2 halves, N branching states, K actions tried in each, F features, C clusters.
Source: Dayan 1993 (Neural Computation 5:613); Barreto et al. 2017 (arXiv 1606.05312), equation 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import AnyBehavior
from birl.irl.branch_actions import likeliest
from birl.irl.branch_rollouts import Budget, Sampled, sample_branches
from birl.irl.linear import named_features
from birl.irl.needs import sampled
from birl.tabular import PolicyChain
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Branches", "Budget", "branches"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Branches:
    """Every branch of every behaviour.

    Attributes:
        names: the F features.
        psi: successor features, [H, N, K, F]; both halves are the same where they are exact.
        later: h of equation 1, [H, N, K]; 0 where only the order of actions is asked for.
        chosen: the policy's own weight of each action tried, [N, K]; rows sum to 1.
        log_ratio: log pi(a|s) - log U(a|s), [N, K]; 0 where the policy never goes.
        best: 1 on the action the policy likes best, shared among tied ones, [N, K].
        valid: which actions were tried, bool [N, K].
        weight: of each state: a distribution's decisions of one episode, levels weighing equally, [N].
        cluster: level, or episode, that each state belongs to, numbered over all behaviours, int [N].
        behavior: which behaviour each state is of, int [N].
        own: discounted feature counts of an episode, summed over behaviours, [F].
        walk: those of the random walk, [F].
        exact: whether nothing was sampled.
        numbered: whether actions are numbers, all of them tried.
    """

    names: tuple[str, ...]
    psi: FloatArray
    later: FloatArray
    chosen: FloatArray
    log_ratio: FloatArray
    best: FloatArray
    valid: np.ndarray
    weight: FloatArray
    cluster: IntArray
    behavior: IntArray
    own: FloatArray
    walk: FloatArray
    exact: bool
    numbered: bool

    def by_cluster(self, values: FloatArray) -> FloatArray:
        """Sum values of states, [N, ...], within clusters, [C, ...]."""
        total = np.zeros((int(self.cluster.max()) + 1, *values.shape[1:]))
        np.add.at(total, self.cluster, values)
        return total

    @property
    def clusters(self) -> list[IntArray]:
        """The clusters of each behaviour."""
        return [np.unique(self.cluster[self.behavior == i]) for i in range(int(self.behavior.max()) + 1)]


def branches(
    behaviors: Sequence[AnyBehavior], method: Any, budget: Budget, *, rng: np.random.Generator | None
) -> Branches:
    """The branches of behaviours of one task: exact where there are models, rolled out where there are not.

    Args:
        behaviors: with policy and simulator.
        method: whose needs are checked.
        budget: what may be rolled out.
        rng: drives rollouts; that of seed 0 if left out.

    Raises:
        BirlError: without policy, simulator or features, for different numbers of actions, or for a policy that does
            not give the probabilities the method asks for.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    seen = sampled(behaviors, method, rng=rng)
    names = named_features(seen, method)
    parts = [
        _exact(b) if isinstance(b, Behavior) else sample_branches(s, method.name, budget, rng=rng)
        for b, s in zip(behaviors, seen, strict=True)
    ]
    tried = sorted({part.psi.shape[2] for part in parts})
    if len(tried) > 1 or len({s.actions.count for s in seen}) > 1:
        raise BirlError(f"{method.name}: distributions have {tried} actions: fit distributions of one task together")
    joined = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts], axis=int(f.name in ("psi", "later")))
        for f in fields(Sampled)
        if f.name not in ("own", "walk", "cluster")
    }
    first = np.cumsum([0, *[int(part.cluster.max()) + 1 for part in parts]])
    counts = {name: np.sum([np.abs(getattr(part, name)) for part in parts], axis=0) for name in ("own", "walk")}
    return Branches(
        names=names,
        cluster=np.concatenate([part.cluster + at for part, at in zip(parts, first[:-1], strict=True)]),
        behavior=np.repeat(np.arange(len(parts)), [part.weight.size for part in parts]),
        exact=all(isinstance(b, Behavior) for b in behaviors),
        numbered=seen[0].actions.count is not None,
        **joined,
        **counts,
    )


def _exact(behavior: Behavior) -> Sampled:
    """Every state the policy comes to, from one factorisation."""
    model, policy = behavior.model, behavior.policy
    chain = PolicyChain(model, policy)
    ratio = np.where(policy > 0, np.log(np.where(policy > 0, policy, 1.0) * model.valid_counts[:, None]), 0.0)
    decided = np.where(model.terminal, 0.0, (policy * ratio).sum(axis=1))  # KL(pi || U), [S]
    later = -model.discount * (model.transitions @ chain.values(decided))  # (1)
    shape = (model.n_states, model.n_actions)
    weight = behavior.occupancy * behavior.level_weights()[model.level]
    at = np.flatnonzero(weight > 0)
    psi = chain.successor_features().reshape(*shape, -1)[at]
    return Sampled(
        psi=np.broadcast_to(psi, (2, *psi.shape)),
        later=np.broadcast_to(later.reshape(shape)[at], (2, at.size, model.n_actions)),
        chosen=policy[at],
        log_ratio=ratio[at],
        best=likeliest(policy[at]),
        valid=model.valid_actions[at],
        weight=weight[at],
        cluster=model.level[at],
        own=behavior.feature_counts,
        walk=behavior.walk_feature_counts,
    )
