"""Worlds that can be put back into any state they were in: what methods need that try several actions from one place.

An exact model is one (its states are numbers); so is any environment whose state can be copied.

Axes: B places, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from birl.branch import branch, restore
from birl.tabular import TabularModel
from birl.trajectories import Stepper
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Actions", "EnvSimulator", "ModelSimulator", "Places", "Simulator", "Step"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Actions:
    """What can be done.

    Attributes:
        count: number of actions; None where they are vectors.
        low: lower bounds of vectors, [D].
        high: upper bounds, [D].
    """

    count: int | None = None
    low: FloatArray = field(default_factory=lambda: np.zeros(0))
    high: FloatArray = field(default_factory=lambda: np.zeros(0))

    def draw(self, count: int, rng: np.random.Generator) -> Any:
        """Actions of the random walk: int [count], or [count, D]."""
        if self.count is not None:
            return rng.integers(self.count, size=count)
        return rng.uniform(self.low, self.high, size=(count, self.low.size)).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """States of a simulator, each seen as its policy sees it.

    Attributes:
        states: what the simulator goes back to: numbers of a model, or snapshots; [B].
        observations: [B, ...].
        terminal: whether the episode is over there, bool [B].
        level: which level (or reset seed) each belongs to, int [B].
    """

    states: Any
    observations: Any
    terminal: np.ndarray
    level: IntArray

    def __len__(self) -> int:
        """B."""
        return len(self.terminal)

    def take(self, index: Any) -> Places:
        """Some of them: a mask or numbers, repeats allowed."""
        which = np.flatnonzero(index) if np.asarray(index).dtype == bool else np.asarray(index, np.int64)
        states = self.states[which] if isinstance(self.states, np.ndarray) else [self.states[i] for i in which]
        return Places(
            states=states,
            observations=np.asarray(self.observations)[which],
            terminal=self.terminal[which],
            level=self.level[which],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """What one action in each place led to.

    Attributes:
        places: where it led.
        features: of the step, [B, F].
    """

    places: Places
    features: FloatArray


class Simulator(Protocol):
    """A world with a way back.

    Attributes:
        actions: what can be done.
        feature_names: F names.
    """

    actions: Actions
    feature_names: tuple[str, ...]

    def start(self, count: int, rng: np.random.Generator) -> Places:
        """Where episodes begin."""
        ...

    def step(self, places: Places, actions: Any, rng: np.random.Generator) -> Step:
        """One action in each place; places that are over stay, and bring no features."""
        ...

    def allowed(self, places: Places) -> np.ndarray:
        """Actions that are valid, bool [B, A]; numbered actions only."""
        ...

    def wander(self, places: Places, rng: np.random.Generator) -> Any:
        """Actions of the random walk."""
        ...


class ModelSimulator:
    """An exact model, stepped."""

    def __init__(self, model: TabularModel) -> None:
        self.model = model
        self.actions = Actions(count=model.n_actions)
        self.feature_names = tuple(model.feature_names)
        self._next = Stepper(model)

    def at(self, states: IntArray) -> Places:
        """Any states of the model."""
        model = self.model
        seen = states if model.observe is None else model.observe(states)
        return Places(states=states, observations=seen, terminal=model.terminal[states], level=model.level[states])

    def start(self, count: int, rng: np.random.Generator) -> Places:
        """States drawn from the model's start."""
        return self.at(rng.choice(self.model.n_states, size=count, p=self.model.start))

    def step(self, places: Places, actions: Any, rng: np.random.Generator) -> Step:
        """The features are the expected ones of the state and action."""
        actions = np.asarray(actions, np.int64)
        rows = places.states * self.model.n_actions + actions
        after = np.where(places.terminal, places.states, self._next(places.states, actions, rng))
        return Step(places=self.at(after), features=self.model.features[rows].toarray())

    def allowed(self, places: Places) -> np.ndarray:
        """As the model says."""
        return self.model.valid_actions[places.states]

    def wander(self, places: Places, rng: np.random.Generator) -> Any:
        """Valid actions, each as likely as the others."""
        return np.where(self.allowed(places), rng.random((len(places), self.model.n_actions)), -1.0).argmax(axis=1)


class EnvSimulator:
    """An environment whose state can be copied.

    Args:
        make_env: builds it.
        features: callable (obs, action, next_obs) -> [B, F], or names of entries of `info`.
        feature_names: F names; those entries where left out.
        seeds: reset seeds of the levels; drawn where left out.
        where: what to call it in an error.
    """

    def __init__(
        self,
        make_env: Callable[[], Any],
        *,
        features: Callable[..., Any] | Sequence[str] = (),
        feature_names: Sequence[str] = (),
        seeds: Sequence[int] | None = None,
        where: str = "environment",
    ) -> None:
        self.env = make_env()
        self.where = where
        self._features = features
        self.feature_names = tuple(feature_names or (() if callable(features) else features))
        self._seeds = None if seeds is None else np.asarray(list(seeds), np.int64)
        self.actions = _actions(self.env.action_space, where)

    def start(self, count: int, rng: np.random.Generator) -> Places:
        """The environment reset, with its seeds in turn where it has them."""
        pool = self._seeds
        seeds = rng.integers(2**31, size=count) if pool is None else np.resize(rng.permutation(pool), count)
        seen, states = [], []
        for seed in seeds:
            seen.append(self.env.reset(seed=int(seed))[0])
            states.append(branch(self.env, chance=False))
        return Places(
            states=states, observations=np.asarray(seen), terminal=np.zeros(count, bool), level=np.asarray(seeds)
        )

    def step(self, places: Places, actions: Any, rng: np.random.Generator) -> Step:
        """One action from each place; the world's own chance comes from `rng`, so that no two share it."""
        seen, states, terminal = list(places.observations), list(places.states), places.terminal.copy()
        told: list[Any] = [{}] * len(places)
        self.env.unwrapped.np_random = rng
        for i in np.flatnonzero(~places.terminal):
            restore(self.env, places.states[i])
            self.env.unwrapped.np_random = rng
            action = actions[i] if self.actions.count is None else int(actions[i])
            seen[i], _, terminal[i], _, told[i] = self.env.step(action)  # a time limit cuts nothing here
            states[i] = branch(self.env, chance=False)
        after = Places(states=states, observations=np.asarray(seen), terminal=terminal, level=places.level)
        return Step(places=after, features=self._seen(places, actions, after, told))

    def allowed(self, places: Places) -> np.ndarray:
        """All of them: environments that mask actions are not branched."""
        return np.ones((len(places), self.actions.count or 0), bool)

    def wander(self, places: Places, rng: np.random.Generator) -> Any:
        """Any action of the space, each as likely as the others."""
        return self.actions.draw(len(places), rng)

    def _seen(self, before: Places, actions: Any, after: Places, told: Sequence[Any]) -> FloatArray:
        if callable(self._features):
            found = np.asarray(self._features(before.observations, actions, after.observations), np.float64)
        else:
            found = np.array([[float(info.get(name, 0.0)) for name in self.feature_names] for info in told])
        found = found.reshape(len(before), -1)
        if found.shape[1] != len(self.feature_names):
            raise BirlError(
                f"{self.where}: {found.shape[1]} features for {len(self.feature_names)} names: give feature_names="
            )
        if not np.isfinite(found).all():
            bad = self.feature_names[int(np.flatnonzero(~np.isfinite(found).all(axis=0))[0])]
            raise BirlError(f"{self.where}: feature {bad!r} is not finite: mend the feature")
        found[before.terminal] = 0.0
        return found


def _actions(space: Any, where: str) -> Actions:
    from gymnasium import spaces  # heavy, and only simulators of environments need it

    if isinstance(space, spaces.Discrete):
        return Actions(count=int(space.n))
    if isinstance(space, spaces.Box):
        return Actions(low=np.asarray(space.low, np.float64).ravel(), high=np.asarray(space.high, np.float64).ravel())
    raise BirlError(f"{where}: actions are {space}: a Discrete or Box space is needed")
