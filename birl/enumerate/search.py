"""Breadth-first search through an environment by stepping copies of it, with the checks that make the result a model.

A state is known by its key. A state met in two levels is stepped once, unless the key is the user's own: that may not
tell levels apart, so each level is searched alone.

Axes: S states, A actions, F features.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.enumerate.copies import choose_mould, shuffle_chance
from birl.enumerate.fingerprint import CLOCKS, fingerprint, state_key
from birl.enumerate.meaning import from_info
from birl.enumerate.reach import Found
from birl.types import BirlError

__all__ = ["Search", "environment_name", "explore"]

STATE_LIMIT = 200_000  # about 5 minutes of an environment that does 10,000 steps/s
REPEATS = 3  # times an action is taken again where a level begins: an even chance agrees with itself in 1 of 8
SAMPLE = 50  # late states looked at to say why there are so many


@dataclass(frozen=True, kw_only=True)
class Search:
    """How to search an environment.

    Attributes:
        state_limit: most distinct states, over all levels.
        check_every: in every so many states (and the first so many, and wherever a level begins) each action is taken
            again, with other random numbers; and on every so many returns to a known state its future is compared. 1
            checks all.
        share: whether a state met in two levels is one state; only where `key` tells levels apart, as the default does.
        copy: environment -> a copy in the same state; pickling or `copy.deepcopy` if left out.
        progress: called with (states expanded, states found) after each.
    """

    state_limit: int = STATE_LIMIT
    check_every: int = 10
    share: bool = False
    copy: Callable[[Any], Any] | None = None
    progress: Callable[[int, int], None] | None = None

    def __post_init__(self) -> None:
        """Refuse numbers below 1."""
        for name in ("state_limit", "check_every"):
            if getattr(self, name) < 1:
                raise BirlError(f"search: {name} is {getattr(self, name)}: give at least 1")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Outcome:
    """Where a step led: the state's code, and what was shown and told on the way."""

    code: tuple[Any, Hashable, bool]  # level (None where levels share states), key, ended
    ended: bool
    seen: NDArray[Any]
    told: list[float]

    def differs(self, other: _Outcome) -> str:
        """In what, or nothing."""
        if self.ended != other.ended:
            return "`terminated`"
        if not np.array_equal(self.seen, other.seen):
            return "the observation"
        return "the state" if self.code != other.code else "a feature" if self.told != other.told else ""


def explore(
    env: Any,
    seeds: Sequence[int],
    names: Sequence[str],
    *,
    key: Callable[[Any], Hashable] | None,
    search: Search,
) -> Found:
    """Every state that can be reached from the reset of any seed.

    Args:
        env: reset and copied, never stepped itself.
        seeds: one per level.
        names: features to read from `info`.
        key: environment -> its state; `state_key()` if left out.
        search: settings.

    Raises:
        BirlError: naming the environment, the seed, and what keeps it from being a model.
    """
    explorer = _Explorer(env, names, key, search)
    for level, seed in enumerate(seeds):
        explorer.begin(int(seed), level)
    explorer.run()
    explorer.compare_futures()
    return explorer.found()


class _Explorer:
    """A search under way; its lists grow by one entry for each state found."""

    def __init__(self, env: Any, names: Sequence[str], key: Callable[[Any], Hashable] | None, search: Search) -> None:
        self.env, self.names, self.search = env, names, search
        self.key, self.shared = key or state_key(), key is None or search.share
        self.name = environment_name(env)
        self.actions = range(int(env.action_space.n))
        self.mould: Callable[[Any], Callable[[], Any]] | None = None
        self.index: dict[Hashable, int] = {}
        self.states: list[_Outcome] = []  # as first met
        self.origin: list[tuple[int, int]] = []  # seed and level under which it was
        self.roots: list[int] = []
        self.successor: dict[int, list[int]] = {}
        self.told: dict[int, list[list[float]]] = {}
        self.queue: deque[tuple[int, Callable[[], Any]]] = deque()
        self.futures: list[tuple[int, list[_Outcome]]] = []
        self.late: deque[Any] = deque(maxlen=SAMPLE)
        self.returns = self.checks = 0

    def begin(self, seed: int, level: int) -> None:
        """The state a seed begins in; resetting twice must give it twice."""
        where = f"environment {self.name!r}, seed {seed}"
        once, twice = (self._look(self.env, self.env.reset(seed=seed)[0], level, where) for _ in range(2))
        if problem := once.differs(twice):
            raise BirlError(f"{where}: two resets differ in {problem}: draw levels from self.np_random only")
        if self.mould is None:
            self.mould = choose_mould(self.env, self.key, self.search.copy, where)
        self.roots.append(self._arrive(twice, self.env, (seed, level)))

    def run(self) -> None:
        """Expand states in the order found."""
        while self.queue:
            state, cast = self.queue.popleft()
            self._expand(state, cast)
            if self.search.progress is not None:
                self.search.progress(len(self.told), len(self.states))

    def _expand(self, state: int, cast: Callable[[], Any]) -> None:
        copies = [cast() for _ in self.actions]
        outcomes = [self._step(env, state, action) for action, env in zip(self.actions, copies, strict=True)]
        self.told[state] = [outcome.told for outcome in outcomes]
        every = self.search.check_every
        if state < every or state % every == 0 or state in self.roots:
            self._repeat(state, cast, outcomes)
        self.successor[state] = [
            self._arrive(outcome, env, self.origin[state]) for outcome, env in zip(outcomes, copies, strict=True)
        ]

    def _arrive(self, outcome: _Outcome, env: Any, origin: tuple[int, int]) -> int:
        """The index of the state a step led to: a new one, or one met before."""
        state = self.index.setdefault(outcome.code, len(self.states))
        if state == len(self.states):
            self.states.append(outcome)
            self.origin.append(origin)
            self.late.append(env)
            self._refuse_too_many(state)
            if not outcome.ended:
                self.queue.append((state, self.mould(env)))  # type: ignore[misc] - chosen at the first reset
        else:
            self._return(outcome, env, state)
        return state

    def _return(self, outcome: _Outcome, env: Any, state: int) -> None:
        """What is shown must not depend on the way there; nor, on a sample, what follows."""
        if not np.array_equal(outcome.seen, self.states[state].seen):
            raise BirlError(
                f"{self._where(state)}: two ways to one state show different observations: what is shown depends on "
                "something the key leaves out, such as a clock: give key="
            )
        self.returns += 1
        if self.returns % self.search.check_every == 0 and not outcome.ended:
            cast = self.mould(env)  # type: ignore[misc]
            self.futures.append((state, [self._step(cast(), state, action) for action in self.actions]))

    def _step(self, env: Any, state: int, action: int) -> _Outcome:
        where = self._where(state)
        try:
            seen, _, terminated, _, info = env.step(action)
        except Exception as error:  # whatever an environment raises
            raise BirlError(f"{where}: step({action}) raised {type(error).__name__}: {error}") from error
        told = from_info(info, self.names, where)
        return self._look(env, seen, self.origin[state][1], where, ended=bool(terminated), told=told)

    def _look(
        self, env: Any, seen: Any, level: int, where: str, *, ended: bool = False, told: Sequence[float] = ()
    ) -> _Outcome:
        shown = np.asarray(seen) if not isinstance(seen, dict | tuple | str) else None
        if shown is None or shown.dtype == object:
            raise BirlError(
                f"{where}: observations are of type {type(seen).__name__}, not arrays: wrap the environment, for "
                "instance in gymnasium.wrappers.FlattenObservation"
            )
        try:
            code = (None if self.shared else level, self.key(env), ended)
            hash(code)
        except (BirlError, TypeError) as error:
            raise BirlError(f"{where}: its state has no hash: {error}") from error
        return _Outcome(code=code, ended=ended, seen=shown.copy(), told=list(told))

    def _repeat(self, state: int, cast: Callable[[], Any], outcomes: Sequence[_Outcome]) -> None:
        """Every action once more, with other random numbers: the same must happen."""
        scope, _, _ = before = self.states[state].code
        for _ in range(REPEATS if state < self.search.check_every or state in self.roots else 1):
            self.checks += 1
            env = cast()
            if (scope, self.key(env), False) != before:
                raise BirlError(
                    f"{self._where(state)}: stepping one copy changed another: they share what should be their own: "
                    "give search=Search(copy=...) that copies all of it"
                )
            again = self.mould(shuffle_chance(env, seed=self.checks))  # type: ignore[misc]
            for action, first in zip(self.actions, outcomes, strict=True):
                if problem := first.differs(self._step(again(), state, action)):
                    raise BirlError(
                        f"{self._where(state)}: action {action} taken twice in one state differs in {problem}: it is "
                        "stochastic, or keeps state outside itself: enumerate_env needs a deterministic environment"
                    )

    def compare_futures(self) -> None:
        """What follows a return to a known state must be what followed it the first time."""
        for state, outcomes in self.futures:
            followed = [self.states[after] for after in self.successor[state]]
            for action, (one, told, other) in enumerate(zip(followed, self.told[state], outcomes, strict=True)):
                if one.differs(replace(other, told=one.told)) or told != other.told:
                    raise BirlError(
                        f"{self._where(state)}: action {action} has different results on two returns to one state: "
                        "the key leaves out something that matters (a step counter in use?): give key="
                    )

    def _refuse_too_many(self, state: int) -> None:
        if state < self.search.state_limit:
            return
        many = f"more than {self.search.state_limit:,} states can be reached"
        raise BirlError(
            f"{self._where(state)}: {many}{self._restless()}: take fewer seeds or a smaller level, leave out what "
            "does not matter (key=state_key(CLOCKS | {name})), or raise search=Search(state_limit=...)"
        )

    def _restless(self) -> str:
        """Attributes of late states by how many values they take: the likeliest culprits."""
        values: dict[str, set[Hashable]] = {}
        for env in self.late:
            for name, value in vars(env.unwrapped).items():
                if name.lstrip("_") not in CLOCKS:
                    values.setdefault(name, set()).add(fingerprint(value, CLOCKS))
        busiest = sorted(values, key=lambda name: -len(values[name]))[:3]
        told = ", ".join(f"{name} {len(values[name])}" for name in busiest if len(values[name]) > 1)
        return f" (of the last {len(self.late)}, different values of {told})" if told else ""

    def _where(self, state: int) -> str:
        return f"environment {self.name!r}, seed {self.origin[min(state, len(self.origin) - 1)][0]}"

    def found(self) -> Found:
        """The lists as arrays."""
        n_states, n_actions = len(self.states), len(self.actions)
        stay, nothing = [[i] * n_actions for i in range(n_states)], [[0.0] * len(self.names)] * n_actions
        told = [self.told.get(i, nothing) for i in range(n_states)]
        return Found(
            roots=np.array(self.roots, np.int64),
            successor=np.array([self.successor.get(i, stay[i]) for i in range(n_states)], np.int64),
            ended=np.array([state.ended for state in self.states]),
            seen=np.stack([state.seen for state in self.states]),
            told=np.array(told, np.float64).reshape(n_states * n_actions, len(self.names)),
            seed=np.array([seed for seed, _ in self.origin], np.int64),
        )


def environment_name(env: Any) -> str:
    """Its registered id, or its class."""
    return getattr(getattr(env.unwrapped, "spec", None), "id", None) or type(env.unwrapped).__name__
