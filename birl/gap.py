"""The reward-result gap on one distribution: how far the recovered objective is from the base, and what that costs.

The loss of a policy against the base objective's optimiser is split in two: what an ideal optimiser of the recovered
objective would lose (goal), and what lack of skill loses on top (capability). For a fixed tie-break they add up to the
loss.

Axes: S states, A actions, L levels.
Source: Leike et al. 2018 (arXiv 1811.07871), section 3, for the term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from birl.behavior import Behavior
from birl.tabular import PolicyChain, TabularModel, hard_plan, returns_to_go
from birl.types import FloatArray, Interval

__all__ = [
    "CANNOT_BE_EARNED",
    "Gap",
    "LevelReturns",
    "Pursuit",
    "earned",
    "level_return",
    "level_returns",
    "pursue",
    "tied_returns",
]

SAME = 12  # decimals to which two directions of the weights are the same reward
CUT = 0.01  # share of the discounted future beyond the end of an episode that is not worth a thought
NO_GAIN = 1e-9  # gain over the random walk below which an objective cannot be earned, relative to its largest reward


CANNOT_BE_EARNED = "no policy gains over the random walk on the base objective here"


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The gap on one distribution; a quantity is None where it is undefined, with the reason.

    Attributes:
        distance: STARC distance between base and recovered objective on this distribution, in [0, 1].
        goal_regret: base return that an ideal optimiser of the recovered objective loses, as a share of what the base's
            optimiser gains over the random walk.
        capability_regret: what the policy loses on top of that, over the same.
        own_regret: the policy's regret under the recovered objective, over the same for that objective.
        reason: why something is None.
    """

    distance: Interval | None
    goal_regret: Interval | None
    capability_regret: Interval | None
    own_regret: Interval | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelReturns:
    """Expected discounted return of an objective, each level's part of the whole, [L].

    Attributes:
        policy: of the policy.
        walk: of the random walk.
        best: of the objective's optimiser.
        endless: the same where episodes that were cut count in `walk` and `best` as if they went on; None where they do
            count so.
    """

    policy: FloatArray
    walk: FloatArray
    best: FloatArray
    endless: LevelReturns | None = None

    @property
    def gain(self) -> FloatArray:
        """What the optimiser gains over the random walk, [L]."""
        return self.best - self.walk

    def can_be_earned(self, reward: FloatArray) -> bool:
        """Whether optimising makes a difference at all."""
        return float(self.gain.sum()) > NO_GAIN * max(float(np.abs(reward).max(initial=0.0)), NO_GAIN)


def level_return(model: TabularModel, policy: FloatArray, reward: FloatArray) -> FloatArray:
    """Each level's part of the return of a reward [S*A] under a policy [S, A], [L]."""
    return model.per_level(model.start * PolicyChain(model, policy).policy_values(reward))


def level_returns(behavior: Behavior, reward: FloatArray) -> LevelReturns:
    """Returns of a reward [S*A] for the policy, the random walk and the reward's own optimiser.

    Where only episodes are known the policy's are those of the episodes; if some were cut, the others are what could be
    had in as many steps.
    """
    model = behavior.model
    found = LevelReturns(
        policy=earned(behavior, reward),
        walk=level_return(model, model.uniform, reward),
        best=model.per_level(model.start * hard_plan(model, reward).values),
    )
    return found if behavior.policy_known else _as_far_as_seen(behavior, reward, found)


def earned(behavior: Behavior, reward: FloatArray) -> FloatArray:
    """Each level's part of the return of a reward [S*A], [L]: the policy's, or that of the episodes that are known."""
    if behavior.policy_known:
        return level_return(behavior.model, behavior.policy, reward)
    per_state = (behavior.policy * reward.reshape(behavior.policy.shape)).sum(axis=1)
    return behavior.model.per_level(behavior.occupancy * per_state)


def _as_far_as_seen(behavior: Behavior, reward: FloatArray, endless: LevelReturns) -> LevelReturns:
    """Returns of the random walk and of the best policy over as many steps as each episode had."""
    model, seen = behavior.model, behavior.trajectories
    if not any(not t.terminal and model.discount ** len(t.actions) > CUT for t in seen):
        return endless
    steps = np.array([len(t.actions) if not t.terminal else max(behavior.horizon, len(t.actions)) for t in seen])
    starts, which = np.unique([t.states[0] for t in seen], return_inverse=True)
    found = {}
    for name, policy in (("walk", model.uniform), ("best", None)):
        to_go = returns_to_go(model, reward, starts, horizon=int(steps.max()), policy=policy)
        values = to_go[steps, which.ravel()] / len(seen)
        found[name] = np.bincount(model.level[starts][which.ravel()], weights=values, minlength=model.n_levels)
    return LevelReturns(policy=endless.policy, endless=endless, **found)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pursuit:
    """What optimising a reward brings, for D weight vectors on one model.

    Attributes:
        brings: what the reward's greedy optimiser earns on each objective, each level's part, [D, L].
        best: the reward's own optimal return, each level's part, [D, L].
    """

    brings: Mapping[str, FloatArray]
    best: FloatArray


def pursue(model: TabularModel, weights: FloatArray, objectives: Mapping[str, FloatArray]) -> Pursuit:
    """Optimise each of D weight vectors [D, F] and see what that brings on each objective [S*A].

    Neighbouring weights share most of their optimal policy, so each plan starts from the one before.
    """
    live = model.features.count_nonzero(axis=0) > 0
    scale = np.abs(weights[:, live]).max(axis=1, initial=0.0)
    direction = np.where(live, weights, 0.0) / np.where(scale > 0, scale, 1.0)[:, None]
    # on this model many draws are one reward up to scale, and so have one optimal policy
    distinct, which = np.unique(direction.round(SAME), axis=0, return_inverse=True)
    rewards = np.stack(list(objectives.values()), axis=1) if objectives else None
    best = np.empty((len(distinct), model.n_levels))
    brings = {name: np.empty_like(best) for name in objectives}
    psi = None
    for d, w in enumerate(distinct):
        plan = hard_plan(model, model.features @ w, warm_start=None if psi is None else psi @ w)
        if psi is None:
            psi = plan.chain.values(plan.chain.features())  # the first plan's values under any weights
        best[d] = model.per_level(model.start * plan.values)
        if rewards is not None:
            for part, earnings in zip(brings.values(), plan.chain.policy_values(rewards).T, strict=True):
                part[d] = model.per_level(model.start * earnings)
    again = which.ravel()
    return Pursuit(brings={name: part[again] for name, part in brings.items()}, best=best[again] * scale[:, None])


def tied_returns(model: TabularModel, reward: FloatArray, base: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and greatest base return over all optimal policies of a reward, each level's part, [L] and [L].

    Args:
        model: the world.
        reward: the reward that is optimised, [S*A].
        base: what the optimal policies are judged by, [S*A].
    """
    plan = hard_plan(model, reward)
    allowed = replace(model, valid_actions=(plan.policy > 0) & model.valid_actions)
    least = -hard_plan(allowed, -base).values
    greatest = hard_plan(allowed, base).values
    return model.per_level(model.start * least), model.per_level(model.start * greatest)
