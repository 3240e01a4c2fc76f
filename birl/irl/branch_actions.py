"""Which actions to try in a state, and how a policy of any kind goes on.

Numbered actions are all tried. Vectors are drawn: half from the policy and half uniform, where densities are asked for;
otherwise the policy's own and uniform ones.

Axes: N branching states, K actions tried in each, B branches, D dimensions of an action.
Source: McFadden 1978 (alternatives drawn with known chances).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.irl.rolling import simulator_of, walk_log_density
from birl.policy import DeterministicPolicy
from birl.sampled import PlacePolicy, SampledBehavior
from birl.simulator import Places
from birl.types import BirlError, ContinuousPolicy, DiscretePolicy, FloatArray

__all__ = ["AskMenu", "Choice", "Choose", "Menu", "gives_probabilities", "likeliest", "policy_of", "ways"]

TIE = 1e-9  # probabilities that differ by less are of equally good actions


@dataclass(frozen=True, kw_only=True, eq=False)
class Menu:
    """Actions tried in each state.

    Attributes:
        actions: [N, K] or [N, K, D].
        chosen: the policy's own weight of each, [N, K]; rows sum to 1.
        log_ratio: log pi(a|s) - log U(a|s), [N, K]; 0 where the policy never goes.
        best: 1 on the action the policy likes best, shared among tied ones, [N, K].
        valid: bool [N, K].
    """

    actions: Any
    chosen: FloatArray
    log_ratio: FloatArray
    best: FloatArray
    valid: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """What the policy does next.

    Attributes:
        actions: [B, ...].
        decided: KL(pi(.|s) || U), or one draw of it, [B]; 0 where nobody asks.
    """

    actions: Any
    decided: FloatArray


AskMenu = Callable[[SampledBehavior, Places, int, np.random.Generator], Menu]
Choose = Callable[[SampledBehavior, Places, np.random.Generator], Choice]


def policy_of(behavior: SampledBehavior) -> PlacePolicy:
    """The policy of a behaviour that was checked to have one."""
    assert behavior.policy is not None
    return behavior.policy


def likeliest(chances: FloatArray) -> FloatArray:
    """1 on the likeliest action of each row, shared among tied ones, [N, K]."""
    tied = chances >= chances.max(axis=1, keepdims=True) - TIE
    return tied / tied.sum(axis=1, keepdims=True)


def gives_probabilities(behavior: SampledBehavior) -> bool:
    """Whether the policy can be asked how likely an action is: no callable, nor one with a single vector in mind."""
    policy = policy_of(behavior)
    if behavior.actions.count is not None:
        return policy.table is not None or isinstance(policy.source, DiscretePolicy)
    certain = policy.deterministic or isinstance(policy.source, DeterministicPolicy)
    return isinstance(policy.source, ContinuousPolicy) and not certain


def ways(behavior: SampledBehavior, method: str, *, cardinal: bool) -> tuple[AskMenu, Choose]:
    """How to try actions and how to go on, for this kind of policy and of question.

    Args:
        behavior: with a policy.
        method: for errors.
        cardinal: whether probabilities are asked for, or the policy's choice alone.

    Raises:
        BirlError: for a policy that cannot be asked for them.
    """
    numbered, source = behavior.actions.count is not None, policy_of(behavior).source
    asked = policy_of(behavior).table is not None or isinstance(source, DiscretePolicy)
    if cardinal and not gives_probabilities(behavior):
        lacks = "action probabilities" if numbered else "a density of its actions"
        raise BirlError(
            f"{method}: the policy of distribution {behavior.distribution!r} does not give {lacks}: "
            "use successor-margin, which asks only for what it does"
        )
    if numbered:
        return (_numbered if asked else _named, _choose_numbered if cardinal else _act)
    return (_drawn, _choose_drawn) if cardinal else (_around, _act)


def _numbered(behavior: SampledBehavior, places: Places, _count: int, _rng: np.random.Generator) -> Menu:
    """Every action, with its probability."""
    chosen, valid = policy_of(behavior).probabilities(places), simulator_of(behavior).allowed(places)
    ratio = np.log(np.where(chosen > 0, chosen, 1.0) * valid.sum(axis=1, keepdims=True))
    return Menu(
        actions=np.broadcast_to(np.arange(chosen.shape[1]), chosen.shape),
        chosen=chosen,
        log_ratio=np.where(chosen > 0, ratio, 0.0),
        best=likeliest(chosen),
        valid=valid,
    )


def _named(behavior: SampledBehavior, places: Places, _count: int, rng: np.random.Generator) -> Menu:
    """Every action; of the policy only the one it takes is known."""
    assert behavior.actions.count is not None
    chosen = np.eye(behavior.actions.count)[np.asarray(policy_of(behavior).act(places, rng), np.int64)]
    return Menu(
        actions=np.broadcast_to(np.arange(chosen.shape[1]), chosen.shape),
        chosen=chosen,
        log_ratio=np.zeros_like(chosen),
        best=chosen,
        valid=simulator_of(behavior).allowed(places),
    )


def _drawn(behavior: SampledBehavior, places: Places, count: int, rng: np.random.Generator) -> Menu:
    """Vectors, half of them from the policy and half uniform, weighed by pi / q with q the mixture of both."""
    policy, simulator = policy_of(behavior), simulator_of(behavior)
    many = places.take(np.repeat(np.arange(len(places)), count))
    ours = np.arange(len(many)) % count < (count + 1) // 2
    own = np.asarray(policy.source.sample(many.observations, rng=rng), np.float64)
    actions = np.where(ours[:, None], own.reshape(len(many), -1), simulator.wander(many, rng))
    ratio = (policy.log_density(many, actions) - walk_log_density(simulator, many)).reshape(-1, count)
    share = (count + 1) // 2 / count
    weight = 1.0 / (share + (1.0 - share) * np.exp(-np.clip(ratio, -500.0, 500.0)))  # pi / q, at most 1 / share
    chosen = weight / weight.sum(axis=1, keepdims=True)
    return Menu(
        actions=_inside(behavior, actions).reshape(len(places), count, -1),
        chosen=chosen,
        log_ratio=ratio,
        best=np.eye(count)[ratio.argmax(axis=1)],
        valid=np.ones_like(chosen, bool),
    )


def _around(behavior: SampledBehavior, places: Places, count: int, rng: np.random.Generator) -> Menu:
    """The vector the policy would send if it had to decide, and uniform ones."""
    policy, simulator = policy_of(behavior), simulator_of(behavior)
    own = np.asarray(policy.source.act(places.observations, rng=rng, deterministic=True), np.float64)
    rest = simulator.wander(places.take(np.repeat(np.arange(len(places)), count - 1)), rng)
    actions = np.concatenate([own.reshape(len(places), 1, -1), rest.reshape(len(places), count - 1, -1)], axis=1)
    first = np.tile(np.eye(count)[0], (len(places), 1))
    return Menu(
        actions=_inside(behavior, actions),
        chosen=first,
        log_ratio=np.zeros_like(first),
        best=first,
        valid=np.ones_like(first, bool),
    )


def _inside(behavior: SampledBehavior, actions: Any) -> FloatArray:
    return np.clip(np.asarray(actions, np.float64), behavior.actions.low, behavior.actions.high)


def _choose_numbered(behavior: SampledBehavior, places: Places, rng: np.random.Generator) -> Choice:
    chances = policy_of(behavior).probabilities(places)
    options = simulator_of(behavior).allowed(places).sum(axis=1)
    log_ratio = np.log(np.where(chances > 0, chances, 1.0) * options[:, None])
    draw = rng.random(len(places)) * chances.sum(axis=1)
    return Choice(
        actions=np.minimum((chances.cumsum(axis=1) <= draw[:, None]).sum(axis=1), chances.shape[1] - 1),
        decided=(chances * log_ratio).sum(axis=1),
    )


def _choose_drawn(behavior: SampledBehavior, places: Places, rng: np.random.Generator) -> Choice:
    policy = policy_of(behavior)
    actions = np.asarray(policy.source.sample(places.observations, rng=rng), np.float64)
    decided = policy.log_density(places, actions) - walk_log_density(simulator_of(behavior), places)
    return Choice(actions=_inside(behavior, actions.reshape(len(places), -1)), decided=decided)


def _act(behavior: SampledBehavior, places: Places, rng: np.random.Generator) -> Choice:
    return Choice(actions=policy_of(behavior).act(places, rng), decided=np.zeros(len(places)))
