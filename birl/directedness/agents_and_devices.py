"""Agent or device? The posterior probability that an episode was made by something with a goal.

An agent pursues one of the named goals and errs now and then: the rate at which it takes an action that is not optimal
for its goal is unknown and integrated out by the Krichevsky-Trofimov rule; each optimal action is as likely as the
others. A device looks at its own last actions only, with a KT estimate in every context, mixed over context lengths;
the random walk, which has nothing to estimate, is a device too. Both kinds are given half of the prior, goals share
the agents' half, and Bayes' rule says the rest. An agent that mostly errs is a random walk as well, so an episode of
one is answered by something near a half: neither.

It asks whether *an* objective is pursued in an episode, not which one was meant: who walks straight to the wrong thing
is an agent.

Axes: N steps, A actions, G goals, S states.
Source: Orseau, McGill & Legg 2018 (arXiv 1805.12387), sections 3 and 4; Langosco et al. 2022 (arXiv 2105.14111), who
tell misgeneralisation from lost capability by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln, logsumexp

from birl.behavior import Behavior
from birl.stats import level_weights, ratio_interval
from birl.tabular import RewardLike, TabularModel, hard_plan, reward_vector
from birl.trajectories import Trajectory, sample_episodes
from birl.types import BirlError, FloatArray, Interval

__all__ = ["AgentOrDevice", "agents_and_devices"]

KT = 0.5
MAX_CONTEXT = 2
DRAWS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class AgentOrDevice:
    """What the episodes say.

    Attributes:
        p_agent: mean posterior probability of an agent, an episode at a time; the interval resamples levels. None for
            episodes of a single level, which say nothing about other levels.
        by_episode: of each episode, [E].
        goals: mean posterior of each goal, given an agent.
        mistakes: mean posterior rate of actions that are not optimal, given an agent.
    """

    p_agent: Interval | None
    by_episode: FloatArray
    goals: Mapping[str, float]
    mistakes: float


def agents_and_devices(
    behavior: Behavior,
    candidates: Mapping[str, RewardLike],
    *,
    episodes: int = 200,
    rng: np.random.Generator | None = None,
) -> AgentOrDevice:
    """The posterior of agent against device, for a behaviour on an exact model.

    Args:
        behavior: its own trajectories are used where it has some.
        candidates: goals by name, as rewards of the model.
        episodes: to sample where it has none.
        rng: for them and for the interval; seed 0 if left out.

    Raises:
        BirlError: without a goal, or for episodes without states.
    """
    if not candidates:
        raise BirlError("agents and devices: no goal to hold against devices: name at least one candidate")
    model, rng = behavior.model, np.random.default_rng(0) if rng is None else rng
    seen = behavior.trajectories or sample_episodes(model, behavior.policy, episodes, horizon=behavior.horizon, rng=rng)
    seen = [t for t in seen if len(t.actions)]
    if not seen or any(t.states is None for t in seen):
        raise BirlError(f"agents and devices: episodes of {behavior.distribution!r} lack states: use from_trajectories")
    plans = [hard_plan(model, reward_vector(model, reward)).policy > 0 for reward in candidates.values()]
    by_goal = np.array([[_agent(t, plan, model) for plan in plans] for t in seen])  # [E, G]
    device = np.array([_device(t, model) for t in seen])
    agent = logsumexp(by_goal, axis=1) - np.log(len(plans))
    posterior = np.exp(agent - np.logaddexp(agent, device))
    goals = np.exp(by_goal - logsumexp(by_goal, axis=1, keepdims=True))
    wrong = np.array([[_wrong(t, plan) for plan in plans] for t in seen])
    return AgentOrDevice(
        p_agent=_by_level(posterior, seen, model, rng),
        by_episode=posterior,
        goals=dict(zip(candidates, goals.mean(axis=0).tolist(), strict=True)),
        mistakes=float((goals * wrong).sum(axis=1).mean()),
    )


def _agent(seen: Trajectory, optimal: np.ndarray, model: TabularModel) -> float:
    """Log-probability of an episode's actions under one goal, the rate of mistakes integrated out."""
    states, actions = np.asarray(seen.states[:-1], np.int64), np.asarray(seen.actions, np.int64)
    good, valid = optimal[states] & model.valid_actions[states], model.valid_actions[states]
    hit, n_good, n_valid = good[np.arange(actions.size), actions], good.sum(axis=1), valid.sum(axis=1)
    decided = n_good < n_valid  # where everything is optimal nothing can be got wrong
    right, wrong = int((hit & decided).sum()), int((~hit & decided).sum())
    spread = np.log(np.where(hit, n_good, np.maximum(n_valid - n_good, 1))).sum()
    return float(betaln(right + KT, wrong + KT) - betaln(KT, KT) - spread)


def _wrong(seen: Trajectory, optimal: np.ndarray) -> float:
    """Posterior mean rate of mistakes under one goal."""
    hit = optimal[np.asarray(seen.states[:-1], np.int64), np.asarray(seen.actions, np.int64)]
    return float((np.sum(~hit) + KT) / (hit.size + 2 * KT))


def _device(seen: Trajectory, model: TabularModel) -> float:
    """Log-probability of actions under the mixture of devices."""
    actions = np.asarray(seen.actions, np.int64)
    logs = [-float(np.log(model.valid_counts[np.asarray(seen.states[:-1], np.int64)]).sum())]
    for order in range(MAX_CONTEXT + 1):
        logs.append(_by_context(actions, order, model.n_actions))
    return float(logsumexp(logs) - np.log(len(logs)))


def _by_context(actions: np.ndarray, order: int, n_actions: int) -> float:
    """Log-probability of actions under one KT estimator for each context of the last `order` of them."""
    padded = np.concatenate([np.full(order, n_actions), actions])
    context = np.zeros(actions.size, np.int64)
    for back in range(1, order + 1):
        context = context * (n_actions + 1) + padded[order - back : padded.size - back]
    _, which = np.unique(context, return_inverse=True)
    counts = np.zeros((int(which.max()) + 1, n_actions))
    np.add.at(counts, (which.ravel(), actions), 1.0)
    fresh = gammaln(KT * n_actions) - gammaln(counts.sum(axis=1) + KT * n_actions)
    return float((fresh + (gammaln(counts + KT) - gammaln(KT)).sum(axis=1)).sum())


def _by_level(
    posterior: FloatArray, seen: Sequence[Trajectory], model: TabularModel, rng: np.random.Generator
) -> Interval | None:
    """Mean over episodes; levels are resampled."""
    met, which = np.unique([model.level[t.states[0]] for t in seen], return_inverse=True)
    if met.size < 2:
        return None
    total = np.bincount(which.ravel(), weights=posterior, minlength=met.size).astype(np.float64)
    count = np.bincount(which.ravel(), minlength=met.size).astype(np.float64)
    return ratio_interval(total, count, level_weights(met.size, DRAWS, rng=rng))
