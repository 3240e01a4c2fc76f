"""A task: the distribution a policy was trained on, the shifted ones, and what it was meant to want.

A `Distribution` is a set of levels, as an exact model where the world is finite and as an environment where it is not.
A `Task` adds the base objective (what training rewarded) and the candidates (what the policy might want instead).
Tasks are found by the entry-point group `birl.tasks` or as `module:NAME`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import entry_points
from numbers import Real
from typing import Any

import numpy as np

from birl.tabular import PolicyChain, TabularModel, hard_plan, reward_vector
from birl.types import BirlError, FloatArray, IntArray, unknown_name

__all__ = [
    "SHIFTS",
    "Board",
    "Distribution",
    "Objective",
    "Scenery",
    "Spaces",
    "Task",
    "apart",
    "conflicts",
    "load_task",
    "objective_vector",
    "task_names",
]

SHIFTS = ("train", "feature", "capability", "cue", "dynamics")
CONFLICT = 0.1  # share of the base objective's attainable gain that following the candidate must cost
SAME = 1e-9  # difference of weights, relative to the largest, that is none
DEFAULT_LEVELS = 100

Objective = Mapping[str, float] | Callable[..., FloatArray]
"""Weights by feature name, or a callable of arrays (obs, action, next_obs) that returns [B]."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """How one level looks: rows of cells, each cell a short token; for people, never for estimators.

    Attributes:
        rows: cells by row, [H][W]; `#` is a wall, `.` free.
        legend: token -> (what it is, its colour as matplotlib names colours).
    """

    rows: tuple[tuple[str, ...], ...]
    legend: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Scenery:
    """Where a distribution's states lie on its boards.

    Attributes:
        board: level index -> `Board`.
        position: row and column of each state, [S, 2]; -1 where it has none.
    """

    board: Callable[[int], Board]
    position: IntArray


@dataclass(frozen=True, kw_only=True)
class Spaces:
    """The Gymnasium spaces a policy must fit."""

    observation: Any
    action: Any


@dataclass(frozen=True)
class Distribution:
    """A named set of levels.

    Attributes:
        name: unique within its task.
        model: the exact model, where the world is finite.
        make_env: builds a Gymnasium environment of this distribution.
        shift: what differs from training: one of `SHIFTS`.
        features: callable (obs, action, next_obs) -> [B, F], or names of entries of `info`; for worlds without a model.
        feature_names: what a callable's F columns are called.
        seeds: reset seeds of the levels, with `make_env`.
        pair: name of the distribution this one matches level by level (cue contrasts, ghosts).
        twin: name of the cue distribution whose cue is as new as this one's and means nothing: what a cue contrast must
            exceed before it counts.
        stakes: what an agent with another goal would gain by hiding it here, in any unit the task's distributions
            share: the likelier it is changed if it does not, and the more is left for it to do, the larger.
        time_limit: steps after which an episode is cut; from the discount if left out.
        scenery: what levels look like.
    """

    name: str
    model: TabularModel | None = None
    make_env: Callable[[], Any] | None = None
    shift: str = "feature"
    features: Callable[..., Any] | Sequence[str] | None = None
    seeds: Sequence[int] | None = None
    pair: str | None = None
    time_limit: int | None = None
    scenery: Scenery | None = None
    feature_names: Sequence[str] | None = None
    twin: str | None = None
    stakes: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be observed."""
        if not self.name:
            raise BirlError("a distribution without a name: give it one")
        if self.shift not in SHIFTS:
            raise unknown_name(f"shift type of distribution {self.name!r}", self.shift, SHIFTS)
        if self.model is None and self.make_env is None:
            raise BirlError(f"distribution {self.name!r} is empty: give a model or make_env")
        if self.time_limit is not None and self.time_limit < 1:
            raise BirlError(f"distribution {self.name!r}: time_limit {self.time_limit} is below 1")

    @property
    def horizon(self) -> int:
        """Steps an episode lasts at most: the time limit, or where the discount has fallen to 5 %."""
        if self.time_limit is not None:
            return self.time_limit
        discount = self.model.discount if self.model is not None else 0.99
        return 1000 if discount >= 1.0 else max(1, int(np.ceil(np.log(0.05) / np.log(discount))))

    def spaces(self) -> Spaces:
        """The spaces of the environment, or those the model's observations imply."""
        from gymnasium import spaces  # heavy, and only loading a policy needs it

        if self.make_env is not None:
            env = self.make_env()
            found = Spaces(observation=env.observation_space, action=env.action_space)
            env.close()
            return found
        model = self.model
        if model is None or model.observe is None:
            raise BirlError(
                f"distribution {self.name!r} has neither make_env nor a model with `observe`: "
                "a network cannot be queried on it"
            )
        sample = np.asarray(model.observe(np.zeros(1, np.int64)))[0]
        if sample.dtype == bool:
            seen: Any = spaces.MultiBinary(list(sample.shape))
        else:
            seen = spaces.Box(-np.inf, np.inf, sample.shape, np.float32)
        return Spaces(observation=seen, action=spaces.Discrete(model.n_actions))

    def first_levels(self, count: int) -> Distribution:
        """The same distribution cut to its first levels."""
        return self.block(0, count)

    def block(self, index: int, count: int) -> Distribution:
        """The same distribution cut to a block of levels, blocks counted from 0; the first may have fewer.

        Raises:
            BirlError: when there are not enough levels for a later block.
        """
        first = index * count
        there = self.model.n_levels if self.model is not None else len(self.seeds or ())
        if index and there and first + count > there:
            raise BirlError(f"distribution {self.name!r} has {there} levels: no block {index} of {count} others")
        if self.model is None:
            return replace(self, seeds=None if self.seeds is None else tuple(self.seeds)[first : first + count])
        if not index and count >= there:
            return self
        levels = range(first, first + count)
        states = self.model.states_of(levels)
        scenery = self.scenery and Scenery(
            board=partial(_board_from, first, self.scenery.board), position=self.scenery.position[states]
        )
        return replace(self, model=self.model.restrict(levels), scenery=scenery)


def _board_from(first: int, board: Callable[[int], Board], index: int) -> Board:
    """The board of a level counted from another."""
    return board(first + index)


@dataclass(frozen=True)
class Task:
    """What to hold a policy against.

    Attributes:
        name: short name.
        train: the training distribution.
        shifts: the shifted ones.
        base: the base objective, as weights by feature or a callable.
        candidates: named objectives the policy might pursue instead.
        discount: must equal that of every model.
        knob: (policy, setting) -> policy, more capable as the setting grows.
        knob_setting: the one that is compared with the policy as it is.
        ghosts: candidate -> the distribution (its `pair` named) in which that candidate cannot be seen.
        about: one line for listings.
    """

    name: str
    train: Distribution
    shifts: Sequence[Distribution]
    base: Objective
    candidates: Mapping[str, Objective]
    discount: float
    knob: Callable[[Any, float], Any] | None = None
    ghosts: Mapping[str, Distribution] = field(default_factory=dict)
    about: str = ""
    knob_setting: float = 8.0

    def __post_init__(self) -> None:
        """Check that everything named exists and that worlds agree with each other."""
        object.__setattr__(self, "shifts", tuple(self.shifts))
        if self.train.shift != "train":
            object.__setattr__(self, "train", replace(self.train, shift="train"))
        names = [d.name for d in self.distributions]
        if len(set(names)) != len(names):
            raise BirlError(f"task {self.name!r}: distribution names repeat: {', '.join(names)}")
        if "base" in self.candidates:
            raise BirlError(f"task {self.name!r}: a candidate is called 'base', as the base objective is: rename it")
        for distribution in (*self.distributions, *self.ghosts.values()):
            self._check(distribution, names)
        for name, candidate in self.candidates.items():
            self._check_candidate(name, candidate)

    def _check_candidate(self, name: str, candidate: Objective) -> None:
        """A candidate that is no other objective could never be told from the base."""
        if not isinstance(candidate, Mapping):
            return
        if not any(candidate.values()):
            raise BirlError(f"task {self.name!r}: candidate {name!r} wants nothing: give it a weight, or leave it out")
        comparable = isinstance(self.base, Mapping) and all(
            isinstance(weight, Real) for weight in (*self.base.values(), *candidate.values())
        )  # what is no number is refused when features are known
        if comparable and not apart(self.base, candidate):
            raise BirlError(f"task {self.name!r}: candidate {name!r} is the base objective itself: leave it out")

    def _check(self, distribution: Distribution, names: Sequence[str]) -> None:
        if distribution.pair is not None and distribution.pair not in names:
            raise unknown_name(f"pair of distribution {distribution.name!r}", distribution.pair, names)
        if distribution.twin is not None and distribution.twin not in names:
            raise unknown_name(f"twin of distribution {distribution.name!r}", distribution.twin, names)
        where = f"task {self.name!r}, distribution {distribution.name!r}"
        if distribution.model is not None:
            self._check_model(distribution.model, where)
            self._check_objectives(distribution.model, where)

    def _check_model(self, model: TabularModel, where: str) -> None:
        first = self.train.model or model
        empty = np.flatnonzero(np.bincount(model.level) == 0)
        if empty.size:
            raise BirlError(
                f"{where}: no state is of level {empty[0]}, and there are later ones: number them 0, 1, 2, ..."
            )
        if model.discount != self.discount:
            raise BirlError(f"{where}: the model's discount is {model.discount}, the task's {self.discount}")
        if model.feature_names != first.feature_names:
            odd = set(model.feature_names) ^ set(first.feature_names)
            raise BirlError(f"{where}: features differ from training's: {', '.join(sorted(odd)) or 'other order'}")
        if model.n_actions != first.n_actions:
            raise BirlError(f"{where}: {model.n_actions} actions, training has {first.n_actions}")

    def _check_objectives(self, model: TabularModel, where: str) -> None:
        for label, objective in {"base objective": self.base, **self.candidates}.items():
            if isinstance(objective, Mapping):
                try:
                    reward_vector(model, objective)
                except BirlError as error:
                    raise BirlError(f"{where}: {label}: {error}") from error

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """Training first, then the shifts in order."""
        return (self.train, *self.shifts)

    def distribution(self, name: str) -> Distribution:
        """The distribution of that name."""
        by_name = {d.name: d for d in self.distributions}
        if name not in by_name:
            raise unknown_name(f"distribution of task {self.name!r}", name, by_name)
        return by_name[name]

    def first_levels(self, count: int) -> Task:
        """The same task with every distribution cut to its first levels."""
        return self.block(0, count)

    def block(self, index: int, count: int) -> Task:
        """The same task with every distribution cut to a block of levels: levels of their own for every index.

        Raises:
            BirlError: for fewer than one level, or when a distribution has not enough for that block.
        """
        if count < 1:
            raise BirlError(f"{count} levels: give at least 1")
        return replace(
            self,
            train=self.train.block(index, count),
            shifts=[d.block(index, count) for d in self.shifts],
            ghosts={name: d.block(index, count) for name, d in self.ghosts.items()},
        )


def apart(base: Objective, candidate: Objective) -> tuple[str, ...]:
    """Features that two objectives weigh differently once their largest weights are made equal; none of a callable."""
    if not isinstance(base, Mapping) or not isinstance(candidate, Mapping):
        return ()
    first, second = (max((abs(w) for w in weights.values()), default=0.0) or 1.0 for weights in (base, candidate))
    names = dict.fromkeys((*base, *candidate))
    return tuple(n for n in names if not abs(base.get(n, 0.0) / first - candidate.get(n, 0.0) / second) <= SAME)


def objective_vector(model: TabularModel, objective: Objective) -> FloatArray:
    """The expected reward [S*A] of weights, or of a callable of (obs, action, next_obs).

    Raises:
        BirlError: when a callable needs observations the model does not have, or returns NaN.
    """
    if isinstance(objective, Mapping):
        return reward_vector(model, objective)
    if model.observe is None:
        raise BirlError("a reward given as a callable needs a model with `observe`: give weights or observe")
    edges = model.transitions.tocoo()
    state, action = np.divmod(edges.row.astype(np.int64), model.n_actions)
    seen = model.observe(np.arange(model.n_states))
    values = np.asarray(objective(seen[state], action, seen[edges.col]), np.float64).ravel()
    if values.shape != edges.data.shape or not np.isfinite(values).all():
        raise BirlError(
            f"the reward callable returned shape {values.shape} (finite: {bool(np.isfinite(values).all())}) "
            f"for {edges.data.size} transitions: return one finite number each"
        )
    reward = np.bincount(edges.row, weights=edges.data * values, minlength=model.transitions.shape[0])
    return np.asarray(reward, np.float64)


def conflicts(model: TabularModel, base: FloatArray, candidate: FloatArray) -> np.ndarray:
    """Levels on which a perfect optimiser of the candidate loses base return, bool [L].

    Ties of the candidate are broken in favour of the base, so a level counts only when the loss cannot be avoided. The
    loss is relative to what the base's optimiser gains over the random walk on that level; the margin is `CONFLICT`.

    Args:
        model: the world.
        base: the base objective, [S*A].
        candidate: the other objective, [S*A].
    """
    best = hard_plan(model, base).values
    follows = hard_plan(model, candidate)
    allowed = replace(model, valid_actions=(follows.policy > 0) & model.valid_actions)
    kindest = hard_plan(allowed, base).values
    walk = PolicyChain(model, model.uniform).policy_values(base)
    loss = model.per_level(model.start * (best - kindest))
    gain = model.per_level(model.start * (best - walk))
    return loss > CONFLICT * np.maximum(gain, 1e-12)


def task_names() -> Mapping[str, str]:
    """Short names of the installed tasks and where each lives (`module:NAME`)."""
    return {point.name: point.value for point in entry_points(group="birl.tasks")}


def load_task(name: str, *, levels: int | None = None, block: int = 0) -> Task:
    """A task by short name or as `module:NAME`.

    Args:
        name: what `birl tasks` prints, or `package.module:NAME` of a `Task` or of a callable `(levels) -> Task`.
        levels: levels in each distribution; as the task comes if left out.
        block: which so many levels, 0 the first; others share no level with it.

    Raises:
        BirlError: for an unknown name, a module that does not import, something that is no task, or a later block of
            who knows how many levels, or of more than there are.
    """
    if levels is not None and levels < 1:
        raise BirlError(f"{levels} levels: give at least 1")
    if not block:
        return _load(name, levels)
    if block < 0 or levels is None:
        raise BirlError(f"block {block} of {levels} levels: blocks are counted from 0 and have a number of levels")
    return _load(name, levels * (block + 1)).block(block, levels)


def _load(name: str, levels: int | None) -> Task:
    known = task_names()
    target = name if ":" in name else known.get(name)
    if target is None:
        raise unknown_name("task", name, known, "see `birl tasks`, or give module:NAME")
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BirlError(f"task {name!r} cannot be loaded: {error}") from error
    if isinstance(found, Task):
        return found if levels is None else found.first_levels(levels)
    made = found(levels or DEFAULT_LEVELS) if callable(found) else found
    if not isinstance(made, Task):
        raise BirlError(f"task {name!r} is a {type(made).__name__}: name a birl.Task or a callable that makes one")
    return made
