"""A MiniGrid environment as this library needs it: levels that are seeds, events by name, one array to look at.

The observation is MiniGrid's own image, the 7 x 7 cells before the agent as (kind, colour, state) in MiniGrid's
integers. Where the mission differs between levels, two more channels hold, in every cell, the kind and the colour that
it names (0 for what it does not name): the text itself is not shown, so a policy needs no tokeniser.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count as count_from
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from birl.types import BirlError

__all__ = ["Draw", "Window", "load_minigrid", "make_levels", "state_of"]

PATIENCE = 20_000  # seeds tried in a row without a new level that fits
LARGEST = 10  # above every integer of MiniGrid's encoding; below 255, which would make it a picture to other libraries

Event = Callable[[Any, int, Any], Sequence[str]]
"""(MiniGrid environment after the step, action, what was carried before) -> names of what happened."""


@lru_cache(maxsize=1)
def load_minigrid() -> Any:
    """The package, its environments registered.

    Raises:
        BirlError: when it is not installed.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # it would greet on standard output
    try:
        import minigrid  # an extra
    except ImportError as error:
        raise BirlError("minigrid is not installed: pip install 'birl[minigrid]'") from error
    if not any(name.startswith("MiniGrid-") for name in gymnasium.registry):
        minigrid.register_minigrid_envs()
    return minigrid


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A distribution of levels: those of MiniGrid's own that fit.

    Attributes:
        env_id: which environment draws them.
        fits: whether a freshly reset MiniGrid environment is such a level.
        change: alters a freshly reset environment; nothing if left out.
        ends: whether something ends an episode that does not in MiniGrid; asked after each step.
        mission: whether the observation says what the mission names.
    """

    env_id: str
    fits: Callable[[Any], bool]
    change: Callable[[Any], None] | None = None
    ends: Callable[[Any], bool] | None = None
    mission: bool = True


def make_levels(draw: Draw, count: int) -> tuple[int, ...]:
    """The first seeds whose levels fit, no level twice; asking for more never changes the first.

    Args:
        draw: the distribution.
        count: levels wanted; fewer come back where MiniGrid has no more.

    Raises:
        BirlError: for fewer than one level, or a distribution that no seed fits.
    """
    if count < 1:
        raise BirlError(f"{count} levels: give at least 1")
    env = Window(draw, events=())
    found: dict[Hashable, int] = {}
    last = 0
    for seed in count_from():
        env.reset(seed=seed)
        if draw.fits(env.inner) and state_of(env) not in found:
            found[state_of(env)] = last = seed
        if len(found) == count or seed - last >= PATIENCE:
            break
    if not found:
        raise BirlError(f"{draw.env_id}: none of {PATIENCE:,} seeds draws a level that fits: loosen `fits`")
    return tuple(found.values())


class Window(gymnasium.Env[NDArray[Any], Any]):
    """A MiniGrid environment that reports events in `info` and shows one array.

    The reward is MiniGrid's own; `truncated` is its step limit.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 - so in Gymnasium

    def __init__(
        self,
        draw: Draw,
        *,
        events: Sequence[str],
        happens: Event | None = None,
        seeds: Sequence[int] | None = None,
        remember: bool = False,
        render_mode: str | None = None,
    ) -> None:
        """Make the environment.

        Args:
            draw: the distribution.
            events: names that every `info` has, 0.0 or 1.0.
            happens: says which of them did.
            seeds: the levels, drawn from by this environment's own seed or `options={"level": i}`; if left out, its
                seed is MiniGrid's.
            remember: keep what every state looks like, for a search that returns to them.
            render_mode: None or `rgb_array`.
        """
        load_minigrid()
        self.draw, self.events, self.happens = draw, tuple(events), happens
        self.seeds = None if seeds is None else tuple(seeds)
        self.render_mode = render_mode
        made: Any = gymnasium.make(draw.env_id, render_mode=render_mode)
        self.inner = made.unwrapped
        self.inner.gen_obs = dict  # MiniGrid looks at every step; here it looks when it is asked
        self.remembered: dict[Hashable, NDArray[Any]] | None = {} if remember else None
        self.action_space = self.inner.action_space
        side, channels = self.inner.agent_view_size, 5 if draw.mission else 3
        self.observation_space = spaces.Box(0, LARGEST, (side, side, channels), np.uint8)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Begin an episode.

        Raises:
            BirlError: for a level that is not in the pool.
        """
        super().reset(seed=seed)
        info: dict[str, Any] = {}
        if self.seeds is not None:
            chosen = (options or {}).get("level")
            level = int(self.np_random.integers(len(self.seeds)) if chosen is None else chosen)
            if not 0 <= level < len(self.seeds):
                raise BirlError(f"level {level} does not exist: choose one of 0..{len(self.seeds) - 1}")
            seed, info = self.seeds[level], {"level": level}
        self.inner.reset(seed=seed)
        if self.draw.change is not None:
            self.draw.change(self.inner)
        return self._look(), info

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """One step of MiniGrid's, and what happened in it."""
        carried = self.inner.carrying
        _, reward, ended, truncated, _ = self.inner.step(int(action))
        ended = bool(ended) or (self.draw.ends is not None and self.draw.ends(self.inner))
        happened = self.happens(self.inner, int(action), carried) if self.happens else ()
        info = dict.fromkeys(self.events, 0.0) | dict.fromkeys(happened, 1.0) | {"step": 1.0}
        return self._look(), float(reward), ended, bool(truncated) and not ended, info

    def render(self) -> Any:
        """As MiniGrid draws it."""
        return self.inner.render() if self.render_mode else None

    def twin(self) -> Window:
        """A copy in the same state, made of what can change: what lies where, doors, the agent and its load."""
        other, inner = _copied(self), _copied(self.inner)
        inner.grid = _copied(inner.grid)
        inner.grid.grid = [
            _copied(thing) if thing is not None and thing.type == "door" else thing for thing in inner.grid.grid
        ]
        other.inner = inner
        return other

    def _look(self) -> NDArray[Any]:
        if self.remembered is None:
            return self._image()
        state = state_of(self)
        if state not in self.remembered:
            self.remembered[state] = self._image()
        return self.remembered[state]

    def _image(self) -> NDArray[Any]:
        image = type(self.inner).gen_obs(self.inner)["image"]
        if not self.draw.mission:
            return image
        named = np.broadcast_to(np.array(_named(self.inner.mission), np.uint8), (*image.shape[:2], 2))
        return np.concatenate([image, named], axis=2)


def _named(mission: str) -> tuple[int, int]:
    """Kind and colour that a mission names, in MiniGrid's integers; 0 for none."""
    from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX  # an extra

    words = mission.split()
    kinds = [OBJECT_TO_IDX[word] for word in words if word in OBJECT_TO_IDX]
    colours = [COLOR_TO_IDX[word] for word in words if word in COLOR_TO_IDX]
    return (kinds or [0])[0], (colours or [0])[0]


def state_of(env: Window) -> Hashable:
    """All that matters in a MiniGrid environment: every thing and its state, the agent, its load, the mission.

    MiniGrid's own `hash()` leaves out what is carried and what the mission asks for.
    """
    inner = env.inner
    return (
        tuple(map(_thing, inner.grid.grid)),
        tuple(map(int, inner.agent_pos)),
        int(inner.agent_dir),
        _thing(inner.carrying),
        inner.mission,
        tuple(map(int, getattr(inner, "target_pos", ()))),
    )


def _thing(thing: Any) -> Hashable:
    if thing is None or thing.type == "wall":
        return thing is None
    if thing.type == "door":
        return thing.type, thing.color, thing.is_open, thing.is_locked
    return thing.type, thing.color


def _copied(one: Any) -> Any:
    """`copy.copy` of an object with attributes only, several times faster."""
    other = object.__new__(type(one))
    other.__dict__.update(one.__dict__)
    return other
