"""From MiniGrid's levels to a task: exact models of training and of every shift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from birl.enumerate import Search, enumerate_env
from birl.task import Distribution, Task
from birl_envs.minigrid.window import Draw, Event, Window, make_levels, state_of

__all__ = ["Quest"]

STEP = "step"


@dataclass(frozen=True, kw_only=True)
class Quest:
    """A task on MiniGrid's worlds, before its levels are drawn.

    Attributes:
        name: of the task.
        events: what can happen.
        happens: says what did.
        base: what MiniGrid pays for, as weights of events.
        candidates: name -> weights.
        train: distribution of training.
        shifts: name -> (distribution, shift type).
        about: one line for listings.
        discount: per step.
    """

    name: str
    events: tuple[str, ...]
    happens: Event
    base: Mapping[str, float]
    candidates: Mapping[str, Mapping[str, float]]
    train: Draw
    shifts: Mapping[str, tuple[Draw, str]]
    about: str
    discount: float = 0.95

    def distribution(self, name: str, draw: Draw, shift: str, count: int) -> Distribution:
        """The first levels of a distribution: exact model and environment."""
        seeds = make_levels(draw, count)
        make = partial(Window, draw, events=self.events, happens=self.happens)
        return Distribution(
            name,
            model=enumerate_env(
                partial(make, remember=True),
                seeds,
                (*self.events, STEP),
                discount=self.discount,
                key=state_of,
                search=Search(copy=Window.twin, share=True),
            ),
            make_env=partial(make, seeds=seeds),
            shift=shift,
            time_limit=int(make().inner.max_steps),
        )

    def task(self, count: int) -> Task:
        """Training and its shifts, `count` levels each, or as many as there are."""
        return Task(
            name=self.name,
            train=self.distribution("train", self.train, "train", count),
            shifts=[self.distribution(name, draw, shift, count) for name, (draw, shift) in self.shifts.items()],
            base=self.base,
            candidates=self.candidates,
            discount=self.discount,
            about=self.about,
        )
