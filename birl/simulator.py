"""Worlds that can be put back into any state they were in: what methods need that try several actions from one place.

An exact model is one (its states are numbers); so is any environment whose state can be copied
(`birl.env_simulator`).

Axes: B places, A actions, F features, D dimensions of an action.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from birl.tabular import TabularModel
from birl.trajectories import Stepper
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Actions", "ModelSimulator", "Places", "Simulator", "Step"]


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
        """Actions of the random walk: int [count], or [count, D].

        Raises:
            BirlError: for vectors without bounds.
        """
        if self.count is not None:
            return rng.integers(self.count, size=count)
        if not np.isfinite([self.low, self.high]).all():
            raise BirlError("actions have no bounds, so none can be drawn at random: bound the action space")
        return rng.uniform(self.low, self.high, size=(count, self.low.size)).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """States of a simulator, each seen as its policy sees it.

    Attributes:
        states: what the simulator goes back to: numbers of a model, or snapshots; [B].
        observations: [B, ...].
        terminal: whether the episode is over there, bool [B].
        level: which level (or reset seed) each belongs to, int [B].
        masks: actions that the world allows there, bool [B, A]; None where it allows all.
    """

    states: Any
    observations: Any
    terminal: np.ndarray
    level: IntArray
    masks: Any = None

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
            masks=None if self.masks is None else self.masks[which],
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
        self._free = bool(model.valid_actions.all())

    def at(self, states: IntArray) -> Places:
        """Any states of the model."""
        model = self.model
        return Places(
            states=states,
            observations=states if model.observe is None else model.observe(states),
            terminal=model.terminal[states],
            level=model.level[states],
            masks=None if self._free else model.valid_actions[states],
        )

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
