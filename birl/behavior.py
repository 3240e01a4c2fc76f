"""Behaviour: what a policy does on one distribution, with no reward in it.

`observe` asks the policy for its action probabilities in every state of the model, visited or not, in batched forward
passes, and derives occupancy and outcomes exactly. Rollouts are for people, for figures and for methods that want
trajectories; they convert to and from imitation's `Trajectory`.

Axes: S states, A actions, L levels, T steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from birl.outcomes import Outcomes, outcomes
from birl.policy import ActionValues, TabularPolicy, as_policy, critic_of
from birl.tabular import PolicyChain, TabularModel, finite_occupancy
from birl.task import Distribution
from birl.trajectories import Trajectory, act_out, play, sample_episodes
from birl.types import BirlError, DiscretePolicy, FloatArray, IntArray

__all__ = ["Behavior", "observe", "policy_table", "rollouts"]

BATCH = 8192  # observations in one forward pass: 13x13x7 planes of that many states are 40 MB as float32
ROW_SUM_TOLERANCE = 1e-4  # float32 softmax over a few actions


@dataclass(frozen=True, kw_only=True, eq=False)
class Behavior:
    """A policy on a distribution.

    Attributes:
        distribution: its name.
        shift: what differs from training there.
        pair: the distribution it matches level by level, if any.
        model: dynamics and features.
        policy: pi(a | s), [S, A].
        deterministic: whether the policy was made greedy first.
        horizon: steps an episode lasts at most.
        occupancy: expected visits under the policy, [S]; 0 on terminal states; undiscounted ones up to the horizon.
        outcomes: shares of first events, or the reason why the world has none.
        trajectories: sampled episodes.
        policy_known: whether `policy` is the policy itself, and not shares counted in episodes.
        critic: what the policy's own network believes actions are worth, where it has one; no reward, and read by white
            box methods only.
        levels: numbers of the model's levels in the distribution, [L]; None where it has all of them.
    """

    distribution: str
    shift: str
    pair: str | None
    model: TabularModel
    policy: FloatArray
    deterministic: bool
    horizon: int
    occupancy: FloatArray
    outcomes: Outcomes | str
    trajectories: tuple[Trajectory, ...] = ()
    policy_known: bool = True
    critic: ActionValues | None = None
    levels: IntArray | None = None

    def level_weights(self) -> FloatArray:
        """Factor that gives every level the same total occupancy, [L]; 0 where no episode starts.

        A policy that loops in a few levels spends most of its discounted time there; equal weights keep those levels
        from deciding everything.
        """
        per_level = self.model.per_level(self.occupancy)
        used = per_level > 0
        return np.where(used, per_level.sum() / used.sum() / np.where(used, per_level, 1.0), 0.0)

    def log_likelihood(self, table: FloatArray) -> FloatArray:
        """Mean log-likelihood of a decision under another policy [S, A], level by level, [L].

        States weigh by this policy's own discounted occupancy; a level where no episode starts counts 0 and should be
        weighed by `model.level_starts`, as everything by level.
        """
        log = np.log(np.maximum(table, np.finfo(float).tiny))
        per_state = (self.policy * np.where(self.policy > 0, log, 0.0)).sum(axis=1)
        total = self.model.per_level(self.occupancy)
        return self.model.per_level(self.occupancy * per_state) / np.where(total > 0, total, 1.0)

    def level_feature_counts(self, policy: FloatArray | None = None) -> FloatArray:
        """Expected discounted feature counts of an episode, each level's part, [L, F].

        Args:
            policy: another one to count for, [S, A]; its own if left out, and then what episodes brought where only
                those are known.
        """
        model = self.model
        if policy is None and not self.policy_known:
            met = sp.diags_array((self.occupancy[:, None] * self.policy).ravel()) @ model.features
            rows = np.repeat(model.level, model.n_actions)
            member = sp.csr_matrix(
                (np.ones(rows.size), (rows, np.arange(rows.size))), shape=(model.n_levels, rows.size)
            )
            return sp.csr_matrix(member @ met).toarray()
        chain = PolicyChain(model, self.policy if policy is None else policy)
        psi = model.start[:, None] * chain.values(chain.features())
        return np.stack([model.per_level(column) for column in psi.T], axis=1)

    def first_levels(self, count: int) -> Behavior:
        """The same behaviour on its first levels; itself where it has no more."""
        return self if count >= self.model.n_levels else self.restrict(range(count))

    def restrict(self, levels: Sequence[int] | NDArray[np.integer]) -> Behavior:
        """The same behaviour on some levels only, renumbered 0.. in increasing order; cut once, then remembered."""
        wanted = np.unique(np.asarray(list(levels), np.int64))
        key = wanted.tobytes()
        if key not in self._cuts:
            self._cuts[key] = self._cut(wanted)
        return self._cuts[key]

    @cached_property
    def _cuts(self) -> dict[bytes, Behavior]:
        return {}

    def _cut(self, wanted: IntArray) -> Behavior:
        states = self.model.states_of(wanted)
        seen = self.outcomes
        numbers = np.arange(self.model.n_levels) if self.levels is None else self.levels
        return replace(
            self,
            model=self.model.restrict(wanted),
            policy=self.policy[states],
            occupancy=self.occupancy[states] / self.model.start[states].sum(),
            outcomes=seen if isinstance(seen, str) else seen.restrict(wanted),
            trajectories=() if self.policy_known else self._episodes_in(states),
            levels=numbers[wanted],
        )

    def _episodes_in(self, states: IntArray) -> tuple[Trajectory, ...]:
        """The episodes that begin in some of the states, which are whole levels, numbered by them."""
        number = np.full(self.model.n_states, -1)
        number[states] = np.arange(states.size)
        return tuple(replace(t, states=number[t.states]) for t in self.trajectories if number[t.states[0]] >= 0)

    @cached_property
    def feature_counts(self) -> FloatArray:
        """Expected discounted feature counts of an episode, [F]."""
        return self.occupancy @ PolicyChain(self.model, self.policy).features()

    @cached_property
    def walk_feature_counts(self) -> FloatArray:
        """The same for the random walk, [F]."""
        walk = self.model.uniform
        return expected_visits(self.model, walk, horizon=self.horizon) @ PolicyChain(self.model, walk).features()


def observe(
    policy: Any,
    distribution: Distribution,
    *,
    rng: np.random.Generator | None = None,
    deterministic: bool = False,
    episodes: int = 0,
) -> Behavior:
    """Read a policy off on every state of a distribution's model.

    Args:
        policy: a `Policy`, or what `as_policy` adapts; a `TabularPolicy` brings its own table.
        distribution: must have a model.
        rng: for rollouts; needed when `episodes` > 0.
        deterministic: take the most probable action instead of sampling.
        episodes: rollouts to keep.

    Raises:
        BirlError: for a distribution without a model, a stateful policy, or a table that is no distribution over
            actions.
    """
    model = distribution.model
    if model is None:
        raise BirlError(
            f"distribution {distribution.name!r} has no exact model: "
            "give one (birl.TabularModel) to observe a policy on it"
        )
    table = policy_table(policy, distribution, model)
    if deterministic:
        table = np.eye(model.n_actions)[np.where(model.valid_actions, table, -1.0).argmax(axis=1)]
    return Behavior(
        distribution=distribution.name,
        shift=distribution.shift,
        pair=distribution.pair,
        model=model,
        policy=table,
        deterministic=deterministic,
        horizon=distribution.horizon,
        occupancy=expected_visits(model, table, horizon=distribution.horizon),
        outcomes=outcomes(model, table, horizon=distribution.horizon),
        trajectories=_episodes(model, table, episodes, distribution.horizon, rng) if episodes else (),
        critic=critic_of(as_policy(policy)),
    )


def expected_visits(model: TabularModel, policy: FloatArray, *, horizon: int) -> FloatArray:
    """Expected discounted visits under a policy [S, A], [S]; 0 on terminal states.

    Where nothing is discounted an episode may never end, so visits are counted over the horizon.
    """
    if model.discount == 1.0:
        visits = finite_occupancy(model, policy, horizon=horizon).sum(axis=0)
    else:
        visits = PolicyChain(model, policy).occupancy()
    return np.where(model.terminal, 0.0, np.maximum(visits, 0.0))


def policy_table(policy: Any, distribution: Distribution, model: TabularModel) -> FloatArray:
    """pi(a | s) in every state of the model, [S, A]; uniform on terminal states."""
    if isinstance(policy, TabularPolicy):
        table = policy.table(distribution)
    else:
        adapted = as_policy(policy)
        if getattr(adapted, "stateful", False) or not isinstance(adapted, DiscretePolicy):
            raise BirlError(
                f"{type(policy).__name__} has no action probabilities for single observations: it can be rolled out, "
                "not tabulated; exact methods do not apply"
            )
        if model.observe is None:
            raise BirlError(
                f"distribution {distribution.name!r}: the model has no `observe`, so a network cannot be asked: "
                "give observe= or a birl.TabularPolicy"
            )
        states = np.arange(model.n_states)
        batches = [states[i : i + BATCH] for i in range(0, model.n_states, BATCH)]
        table = np.concatenate([_probabilities(adapted, model, b) for b in batches])
    return _checked(np.asarray(table, np.float64), distribution.name, model)


def _probabilities(policy: Any, model: TabularModel, states: IntArray) -> FloatArray:
    """Probabilities in some states; a policy trained with masks is told which actions the model allows."""
    assert model.observe is not None
    seen = model.observe(states)
    if getattr(policy, "maskable", False):
        return policy.action_probabilities(seen, action_masks=model.valid_actions[states])
    return policy.action_probabilities(seen)


def _checked(table: FloatArray, name: str, model: TabularModel) -> FloatArray:
    if table.shape != (model.n_states, model.n_actions):
        raise BirlError(
            f"distribution {name!r}: the policy gives {table.shape}, the model has {(model.n_states, model.n_actions)} "
            "states and actions: they are not made for each other"
        )
    live = ~model.terminal
    sums = table[live].sum(axis=1)
    if not np.isfinite(sums).all() or (table[live] < 0).any() or np.abs(sums - 1).max(initial=0) > ROW_SUM_TOLERANCE:
        worst = np.flatnonzero(live)[int(np.argmax(np.abs(np.nan_to_num(sums, nan=np.inf) - 1)))]
        raise BirlError(
            f"distribution {name!r}: action probabilities of state {worst} sum to {table[worst].sum():g}: "
            "each row must be a distribution"
        )
    stray = np.where(model.valid_actions, 0.0, table)[live].sum(axis=1).max(initial=0.0)
    if stray > ROW_SUM_TOLERANCE:
        raise BirlError(f"distribution {name!r}: the policy puts {stray:.2g} on actions that are not valid: mask them")
    table = np.where(live[:, None], np.where(model.valid_actions, table, 0.0), model.uniform)
    return table / table.sum(axis=1, keepdims=True)


def _episodes(
    model: TabularModel, table: FloatArray, episodes: int, horizon: int, rng: np.random.Generator | None
) -> tuple[Trajectory, ...]:
    if rng is None:
        raise BirlError("rollouts need a generator: give rng=np.random.default_rng(seed)")
    return sample_episodes(model, table, episodes, horizon=horizon, rng=rng)


def rollouts(
    policy: Any,
    distribution: Distribution,
    episodes: int,
    *,
    rng: np.random.Generator,
    deterministic: bool = False,
) -> tuple[Trajectory, ...]:
    """Sampled episodes of a policy: in the exact model where there is one, otherwise in the environment.

    A policy with memory acts step by step in either, its memory empty at the start of every episode.

    Args:
        policy: what `as_policy` adapts.
        distribution: its model or `make_env` is used, in that order.
        episodes: how many.
        rng: drives levels, actions and (as reset seeds) the environment.
        deterministic: take the most probable action instead of sampling.
    """
    model, adapted = distribution.model, as_policy(policy)
    if model is not None and getattr(adapted, "stateful", False):
        return act_out(model, adapted, episodes, horizon=distribution.horizon, rng=rng, deterministic=deterministic)
    if model is not None:
        return observe(policy, distribution, rng=rng, deterministic=deterministic, episodes=episodes).trajectories
    if distribution.make_env is None:
        raise BirlError(f"distribution {distribution.name!r} has neither a model nor make_env")
    env = distribution.make_env()
    seeds = distribution.seeds or rng.integers(2**31, size=episodes)
    try:
        return tuple(
            play(
                env,
                adapted,
                seed=int(seeds[i % len(seeds)]),
                horizon=distribution.horizon,
                rng=rng,
                deterministic=deterministic,
            )
            for i in range(episodes)
        )
    finally:
        env.close()
