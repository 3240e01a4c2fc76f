"""A world of vectors whose answers are known by hand, shared by the tests: a point on a line, pushed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from birl.policy.box import GaussianPolicy, Moments
from birl.sampled import PlacePolicy, SampledBehavior, as_sampled
from birl.simulator import Actions, Places, Step
from tests.behaviors import behave
from tests.worlds import corridor


class Slide:
    """From x, a push u leads to x / 2 + u. Features: x, u, and how close to 0 it comes, -|x / 2 + u|."""

    actions = Actions(low=np.array([-1.0]), high=np.array([1.0]))
    feature_names = ("here", "push", "near")

    def start(self, count, rng):
        return self._at(rng.uniform(-1, 1, count), np.zeros(count, bool))

    def _at(self, where, over):
        return Places(states=where, observations=where[:, None], terminal=over, level=np.zeros(where.size, np.int64))

    def step(self, places, actions, rng):
        push = np.asarray(actions, np.float64).reshape(-1)
        after = 0.5 * places.states + push
        features = np.stack([places.states, push, -np.abs(after)], axis=1)
        return Step(places=self._at(after, places.terminal), features=features)

    def wander(self, places, rng):
        return self.actions.draw(len(places), rng)

    def allowed(self, places):
        raise AssertionError("vectors are not listed")


def slider(source, **options) -> SampledBehavior:
    """A policy on the slide; `options` are `PlacePolicy`'s."""
    model = corridor()
    return replace(
        as_sampled(behave(model, model.uniform)),
        feature_names=Slide.feature_names,
        simulator=Slide(),
        actions=Slide.actions,
        policy=PlacePolicy(source=source, **options),
        horizon=20,
    )


def gaussian(std: float = 0.3) -> GaussianPolicy:
    """Pushes back to 0, give or take."""
    moments = lambda seen: Moments(mean=-0.5 * seen, std=np.full(seen.shape, std))  # noqa: E731
    return GaussianPolicy(moments, Slide.actions.low, Slide.actions.high)
