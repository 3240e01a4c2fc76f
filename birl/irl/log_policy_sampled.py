"""The equations of behaviour that was rolled out: places visited, choices asked for, each followed or fitted jointly.

The joint form fits reward and shaping together, from single steps:

    log(pi / u)(s, a) = g(s, a) + gamma (1 - over) h(s') - h(s),    g = phi.w,  h = B.c

with B a layer of random weights, so that w and c are one linear system. In a world of chance s' is one sample of what
comes next, and squares of its noise bias the fit: each choice is therefore tried twice, and the product of the two
residuals stands for the square.

Axes: N places, K choices in each, F features.
Source: Fu, Luo & Levine 2018 (arXiv 1710.11248), equation 4; Baird 1995 (two independent next states).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.irl.log_policy_checks import alternatives_check, spread_check
from birl.irl.log_policy_fit import Choices, together
from birl.irl.log_policy_follow import Brings, Following, followed_choices, is_random
from birl.irl.log_policy_material import Material, RandomLayer, random_layer
from birl.irl.log_policy_rows import Asked, OnlyActs, Visited, ask, visit
from birl.sampled import SampledBehavior
from birl.simulator import Places
from birl.types import FloatArray

__all__ = ["Plan", "joint_choices", "sampled_material"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is gathered.

    Attributes:
        places: from each distribution.
        choices: in each place, where actions are vectors.
        wide: share of those that come from the random walk instead of the policy.
        episodes: of the policy and of each noisy copy, to find places in.
        noises: shares of random actions of those copies; 0 for the policy itself.
        steps: a choice is followed at most.
        path: actions in a row that make a choice over vectors.
        own: tell the policy's choices from random ones, whatever their densities.
        greedy: follow without noise; None for: where actions are vectors.
        joint: fit the shaping instead of following.
        width: of random layers.
        network: recover a network in place of weights of features.
    """

    places: int
    choices: int
    wide: float
    episodes: int
    noises: tuple[float, ...]
    steps: int
    path: int
    own: bool
    greedy: bool | None
    joint: bool
    width: int
    network: bool


def sampled_material(behaviors: Sequence[SampledBehavior], plan: Plan, *, rng: np.random.Generator) -> Material:
    """The equations of rolled-out behaviours of one task."""
    if plan.own:
        behaviors = [replace(b, policy=OnlyActs(source=b.policy.source)) for b in behaviors if b.policy is not None]
    seen = [visit(b, count=plan.places, episodes=plan.episodes, noises=plan.noises, rng=rng) for b in behaviors]
    asked = [
        ask(b, v.places, count=plan.choices, wide=plan.wide, rng=rng) for b, v in zip(behaviors, seen, strict=True)
    ]
    layer = random_layer([v.places.observations for v in seen], plan.width, rng=rng)
    held = np.zeros(plan.width, bool) if plan.network else np.logical_and.reduce([v.neutral for v in seen])
    brings = _brings(layer if plan.network else None, held)
    parts = [
        joint_choices(b, v, a, brings, layer, rng=rng)
        if plan.joint
        else followed_choices(b, v, a, _following(b, plan, brings), rng=rng)
        for b, v, a in zip(behaviors, seen, asked, strict=True)
    ]
    choices = together(parts)
    numbered = behaviors[0].actions.count is not None
    spread = () if plan.own else (spread_check(np.concatenate([a.decided for a in asked])),)
    return Material(
        choices=choices,
        names=() if plan.network else behaviors[0].feature_names,
        layer=layer if plan.network else None,
        random=np.arange(choices.brought.shape[2]) >= (0 if plan.network else held.size),
        held=held,
        own=np.mean([v.own for v in seen], axis=0),
        walk=np.mean([v.walk for v in seen], axis=0),
        checks=(*spread, alternatives_check(choices)) if numbered else spread,
        actions=np.concatenate([_as_often(a.actions, part) for a, part in zip(asked, parts, strict=True)]),
        behavior=np.repeat(np.arange(len(seen)), [len(part.cluster) for part in parts]),
    )


def _as_often(actions: Any, part: Choices) -> Any:
    """The actions of each place once for every time they were tried there."""
    return np.concatenate([actions] * (len(part.cluster) // len(actions)))


def joint_choices(
    behavior: SampledBehavior,
    seen: Visited,
    asked: Asked,
    brings: Brings,
    layer: RandomLayer,
    *,
    rng: np.random.Generator,
) -> Choices:
    """Equations in the weights of the reward and, after them, of the shaping."""
    samples = 2 if is_random(behavior, seen.places, rng) else 1
    brought = [_one_step(behavior, seen.places, asked, brings, layer, rng) for _ in range(samples)]
    return Choices(
        brought=np.concatenate(brought),
        instrument=np.concatenate(brought[::-1]),
        target=np.concatenate([asked.log_ratio] * samples),
        weight=np.concatenate([asked.weight] * samples),
        cluster=np.concatenate([seen.episode] * samples),
    )


def _one_step(
    behavior: SampledBehavior,
    here: Places,
    asked: Asked,
    brings: Brings,
    layer: RandomLayer,
    rng: np.random.Generator,
) -> FloatArray:
    assert behavior.simulator is not None
    n, k = asked.log_ratio.shape
    places = here.take(np.repeat(np.arange(n), k))
    step = behavior.simulator.step(places, asked.actions.reshape(n * k, *asked.actions.shape[2:]), rng)
    going = (~step.places.terminal)[:, None]
    shaping = behavior.discount * going * layer(step.places.observations) - layer(places.observations)
    return np.concatenate([brings(places, step), shaping], axis=1).reshape(n, k, -1)


def _brings(layer: RandomLayer | None, held: np.ndarray) -> Brings:
    """The features of a step: those of the world that are not held at 0, or what a layer sees before it."""
    if layer is None:
        return lambda _places, step: np.where(held, 0.0, step.features)
    return lambda places, _step: layer(places.observations)


def _following(behavior: SampledBehavior, plan: Plan, brings: Brings) -> Following:
    greedy = behavior.actions.count is None if plan.greedy is None else plan.greedy
    return Following(
        brings=brings, steps=min(plan.steps, behavior.horizon), greedy=greedy, path=plan.path, own=plan.own
    )
