"""An environment as a simulator: put back into any state it was in, and told by name what a step brings.

Axes: B places, A actions, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.branch import branch, restore
from birl.simulator import Actions, Places, Step
from birl.types import BirlError, FloatArray

__all__ = ["EnvSimulator"]


class EnvSimulator:
    """An environment whose state can be copied.

    Chance comes from the generator a method is given, so that branches of one state do not share it; that reaches
    Gymnasium's own generator (`np_random`), not one that an environment keeps beside it.

    Args:
        make_env: builds it.
        features: callable (obs, action, next_obs) -> [B, F], or names of entries of `info`.
        feature_names: F names; those entries where left out.
        seeds: reset seeds of the levels; drawn where left out.
        where: what to call it in an error.

    Raises:
        BirlError: for observations or actions that cannot be batched, or a state that cannot be gone back to.
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
        self._features = _Features(source=features, names=tuple(feature_names), where=where)
        self.feature_names = self._features.feature_names
        self._seeds = np.asarray(list(seeds), np.int64) if seeds is not None and len(seeds) else None
        self.actions = _actions(self.env.action_space, where)
        _refuse_parts(self.env.observation_space, where)
        self._masks = _masks(self.env)
        self._prove_the_way_back()

    def start(self, count: int, rng: np.random.Generator) -> Places:
        """The environment reset, with its seeds in turn where it has them."""
        pool = self._seeds
        seeds = rng.integers(2**31, size=count) if pool is None else np.resize(rng.permutation(pool), count)
        seen, states, masks = [], [], []
        for seed in seeds:
            seen.append(self.env.reset(seed=int(seed))[0])
            states.append(branch(self.env))
            masks.append(self._allowed_now())
        return Places(
            states=states,
            observations=np.asarray(seen),
            terminal=np.zeros(count, bool),
            level=np.asarray(seeds),
            masks=None if self._masks is None else np.array(masks),
        )

    def step(self, places: Places, actions: Any, rng: np.random.Generator) -> Step:
        """One action from each place; the world's own chance comes from `rng`, so that no two share it."""
        seen, states, terminal = list(places.observations), list(places.states), places.terminal.copy()
        told: list[Any] = [{}] * len(places)
        masks = None if places.masks is None else places.masks.copy()
        for i in np.flatnonzero(~places.terminal):
            action = actions[i] if self.actions.count is None else int(actions[i])
            seen[i], terminal[i], told[i] = self._once(places.states[i], action, rng)
            states[i] = branch(self.env)
            if masks is not None:
                masks[i] = self._allowed_now()
        after = Places(states=states, observations=np.asarray(seen), terminal=terminal, level=places.level, masks=masks)
        return Step(places=after, features=self._features(places, actions, after, told))

    def features_of(self, before: Places, actions: Any, after: Places) -> FloatArray | None:
        """What steps would bring if these actions had led there, [B, F]; None for features that `info` tells."""
        told: list[Any] = [{}] * len(before)
        return self._features(before, actions, after, told) if callable(self._features.source) else None

    def allowed(self, places: Places) -> np.ndarray:
        """What `action_masks()` says, where the environment has it; otherwise all of them."""
        return np.ones((len(places), self.actions.count or 0), bool) if places.masks is None else places.masks

    def wander(self, places: Places, rng: np.random.Generator) -> Any:
        """Any action that is allowed, each as likely as the others."""
        if places.masks is None:
            return self.actions.draw(len(places), rng)
        return np.where(places.masks, rng.random(places.masks.shape), -1.0).argmax(axis=1)

    def _once(self, state: Any, action: Any, rng: np.random.Generator) -> tuple[Any, bool, Any]:
        """Observation, whether it is over, and `info`; a time limit cuts nothing here."""
        restore(self.env, state)
        self.env.unwrapped.np_random = rng
        seen, _, over, _, told = self.env.step(action)
        return seen, bool(over), told

    def _allowed_now(self) -> Any:
        return None if self._masks is None else np.asarray(self._masks(), bool)

    def _prove_the_way_back(self) -> None:
        """The same action from one state twice, with the same chance: what wrappers remember is not put back."""
        self.env.reset(seed=0 if self._seeds is None else int(self._seeds[0]))
        here, masks = branch(self.env), self._allowed_now()
        self.env.action_space.seed(0)
        action = self.env.action_space.sample() if masks is None else int(np.argmax(masks))
        first, again = (self._once(here, action, np.random.default_rng(0))[0] for _ in range(2))
        if not np.array_equal(first, again):
            raise BirlError(
                f"{self.where}: the same action from the same state leads elsewhere the second time: give the "
                "environment get_state() and set_state() that cover all it remembers, and no wrapper that remembers"
            )


@dataclass(frozen=True, kw_only=True)
class _Features:
    """What a step brings.

    Attributes:
        source: callable (obs, action, next_obs) -> [B, F], or names of entries of `info`.
        names: F names of a callable's columns.
        where: what to call the environment in an error.
    """

    source: Callable[..., Any] | Sequence[str]
    names: tuple[str, ...]
    where: str

    @property
    def feature_names(self) -> tuple[str, ...]:
        """F names; those of `info` where no others were given."""
        return self.names or (() if callable(self.source) else tuple(self.source))

    def __call__(self, before: Places, actions: Any, after: Places, told: Sequence[Any]) -> FloatArray:
        """The features of each step, [B, F]; 0 where the episode was over before it.

        Raises:
            BirlError: for another shape, a name that `info` does not have, or a value that is no finite number.
        """
        found = np.zeros((len(before), len(self.feature_names)))
        live = np.flatnonzero(~before.terminal)
        if live.size:
            found[live] = (
                self._called(before, actions, after, live) if callable(self.source) else self._read(told, live)
            )
        if not np.isfinite(found).all():
            bad = self.feature_names[int(np.flatnonzero(~np.isfinite(found).all(axis=0))[0])]
            raise BirlError(f"{self.where}: feature {bad!r} is not finite: mend the feature")
        return found

    def _called(self, before: Places, actions: Any, after: Places, live: np.ndarray) -> FloatArray:
        assert callable(self.source)
        given = (before.take(live).observations, np.asarray(actions)[live], after.take(live).observations)
        try:
            found = np.asarray(self.source(*given), np.float64)
        except (TypeError, ValueError) as error:
            raise BirlError(f"{self.where}: features cannot be computed ({error}): mend the function") from error
        shape = (live.size, len(self.feature_names))
        if found.shape == shape[:1] and shape[1] == 1:
            found = found[:, None]
        if found.shape != shape:
            raise BirlError(
                f"{self.where}: features are {found.shape} for {shape[0]} steps and {shape[1]} names: return [B, F], "
                "and name every column in feature_names="
            )
        return found

    def _read(self, told: Sequence[Any], live: np.ndarray) -> FloatArray:
        assert not callable(self.source)
        try:
            return np.array([[float(told[i][name]) for name in self.source] for i in live]).reshape(live.size, -1)
        except KeyError as error:
            there = ", ".join(map(str, told[live[0]])) or "nothing"
            raise BirlError(
                f"{self.where}: info has no feature {error.args[0]!r}, it has {there}: report it at every step"
            ) from error
        except (TypeError, ValueError) as error:
            raise BirlError(f"{self.where}: a feature in info is no number ({error}): report numbers") from error


def _actions(space: Any, where: str) -> Actions:
    from gymnasium import spaces  # heavy, and only simulators of environments need it

    if isinstance(space, spaces.Discrete) and int(space.start) == 0:
        return Actions(count=int(space.n))
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        return Actions(low=np.asarray(space.low, np.float64), high=np.asarray(space.high, np.float64))
    raise BirlError(f"{where}: actions are {space}: a Discrete space from 0 or a Box of one axis is needed")


def _refuse_parts(space: Any, where: str) -> None:
    from gymnasium import spaces  # heavy, and only simulators of environments need it

    if isinstance(space, spaces.Dict | spaces.Tuple):
        raise BirlError(
            f"{where}: observations are a {type(space).__name__}: make them one array (FlattenObservation does)"
        )


def _masks(env: Any) -> Callable[[], Any] | None:
    """What says which actions are allowed now, by the name sb3-contrib has for it; None where nothing does."""
    try:
        return env.get_wrapper_attr("action_masks")
    except AttributeError:
        return None
