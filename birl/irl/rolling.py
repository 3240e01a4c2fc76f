"""Episodes from given places, of noisy copies of a policy or of the random walk, with how likely either made them.

Axes: B episodes, F features, J noisy copies, D dimensions of an action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.policy import SquashedGaussianPolicy
from birl.sampled import PlacePolicy, SampledBehavior
from birl.simulator import Places, Simulator
from birl.trajectories import Trajectory
from birl.types import BirlError, DiscretePolicy, FloatArray

__all__ = ["Rolled", "episode_counts", "has_likelihood", "roll", "simulator_of", "walk_log_density"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rolled:
    """Episodes by what they brought.

    Attributes:
        counts: discounted feature counts, [B, F].
        log_walk: log-likelihood of the actions under the random walk, [B].
        log_copies: the same under each noisy copy of the policy that it is held against, [B, J].
        steps: how long each lasted, [B].
    """

    counts: FloatArray
    log_walk: FloatArray
    log_copies: FloatArray
    steps: np.ndarray


def simulator_of(behavior: SampledBehavior) -> Simulator:
    """The simulator of a behaviour that was checked to have one."""
    assert behavior.simulator is not None
    return behavior.simulator


def roll(
    behavior: SampledBehavior,
    places: Places,
    *,
    horizon: int,
    rng: np.random.Generator,
    noise: float = 0.0,
    copies: Sequence[float] = (),
) -> Rolled:
    """One episode from each place.

    Args:
        behavior: with a simulator and, unless `noise` is 1, a policy.
        places: where they begin, B of them.
        horizon: steps at most.
        rng: drives everything.
        noise: share of random actions mixed into the policy; 1 is the random walk.
        copies: noise of the copies whose likelihoods of the same actions are wanted, J of them.
    """
    simulator, policy = simulator_of(behavior), behavior.policy
    total = Rolled(
        counts=np.zeros((len(places), len(behavior.feature_names))),
        log_walk=np.zeros(len(places)),
        log_copies=np.zeros((len(places), len(copies))),
        steps=np.zeros(len(places), np.int64),
    )
    alive = np.flatnonzero(~places.terminal)
    places = places.take(alive)
    for time in range(horizon):
        if not alive.size:
            break
        actions = _act(simulator, policy, places, noise, rng)
        step = simulator.step(places, actions, rng)
        total.counts[alive] += behavior.discount**time * step.features
        total.steps[alive] += 1
        if copies:
            by_walk = walk_log_density(simulator, places)
            total.log_walk[alive] += by_walk
            total.log_copies[alive] += _by_copies(policy, places, actions, copies, by_walk)
        going = ~step.places.terminal
        places, alive = step.places.take(going), alive[going]
    return total


def _by_copies(
    policy: PlacePolicy | None, places: Places, actions: Any, copies: Sequence[float], by_walk: FloatArray
) -> FloatArray:
    """Log-likelihood of actions under each noisy copy, [B, J]."""
    assert policy is not None
    own = policy.log_density(places, actions)[:, None]
    noise = np.asarray(copies)
    with np.errstate(divide="ignore"):  # log 0 for no noise at all, or nothing else
        return np.logaddexp(np.log1p(-noise) + own, np.log(noise) + by_walk[:, None])


def _act(
    simulator: Simulator, policy: PlacePolicy | None, places: Places, noise: float, rng: np.random.Generator
) -> Any:
    if noise >= 1.0 or policy is None:
        return simulator.wander(places, rng)
    actions = policy.act(places, rng)
    if noise <= 0.0:
        return actions
    random = (rng.random(len(places)) < noise).reshape(-1, *[1] * (np.ndim(actions) - 1))
    return np.where(random, simulator.wander(places, rng), actions)


def walk_log_density(simulator: Simulator, places: Places) -> FloatArray:
    """Log-likelihood of any one allowed action under the random walk, [B].

    Raises:
        BirlError: for actions without bounds, over which no walk is uniform.
    """
    if simulator.actions.count is not None:
        return -np.log(simulator.allowed(places).sum(axis=1))
    volume = float(np.log(simulator.actions.high - simulator.actions.low).sum())
    if not np.isfinite(volume):
        raise BirlError("the random walk is undefined over actions without bounds: give the world finite ones")
    return np.full(len(places), -volume)


def has_likelihood(policy: PlacePolicy | None) -> bool:
    """Whether the likelihood of the actions it takes is known; not of clipped or single ones, which have no density."""
    if policy is None:
        return False
    if policy.table is not None or isinstance(policy.source, DiscretePolicy):
        return True
    return isinstance(policy.source, SquashedGaussianPolicy) and not policy.deterministic


def episode_counts(trajectories: Sequence[Trajectory], *, discount: float, horizon: int) -> FloatArray:
    """Discounted feature counts of each episode, cut at the horizon, [E, F]."""
    found = []
    for trajectory in trajectories:
        seen = np.asarray(trajectory.features, np.float64)[:horizon]
        found.append(discount ** np.arange(len(seen)) @ seen)
    return np.array(found)
