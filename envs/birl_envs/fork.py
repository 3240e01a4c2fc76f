"""Fork: the right way is a parity that takes work, and a lamp shows it for free.

Thesis: between a rule that is always right and is hard to compute (the parity of k bits) and a lamp that is one bit and
right with probability q, a learner weighs simplicity against evidence. At q = 1 training cannot tell them apart, and a
learner that prefers what is simple follows the lamp; at q < 1 every level on which the lamp lies is evidence for the
rule, and the larger k the longer that evidence goes unheard. Where the lamp lies, the right answer is *proxy* for an
agent that follows it and *robust* for one that computes the parity; one that does neither never learnt the rule. Sweep
k and q for reliance curves. A second proxy, the bell, is right less often than the lamp; an agent that follows it under
shift has not weighed evidence by how good it is.

One step: left or right, and the episode is over. An odd number of ones among the first k of eight bits means right; the
other bits are noise, so that even at k = 5 there are patterns left to test on that training never showed. All boards
are alike: levels are split by the hash of their eight bits, whatever lamp, bell and k.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from birl.task import DEFAULT_LEVELS, Task
from birl.types import BirlError, IntArray, unknown_name
from birl_envs import thesis
from birl_envs.atlas import MOVES, Atlas
from birl_envs.env import GridEnv
from birl_envs.grid import Level, parse_level
from birl_envs.split import in_split
from birl_envs.world import Step, World

if TYPE_CHECKING:
    from birl_envs.vector import GridVecEnv

__all__ = ["CANDIDATES", "SHIFTS", "TRAIN", "WORLD", "Crossing", "Fork", "conflict", "make_levels", "task", "vec_env"]

BITS = 8  # shown
LONGEST = 5  # bits a rule may take
PROXIES = ("lamp", "bell")
WAYS = ("left", "right")
RULE = "choose:rule"
EVENTS = (RULE, *(f"choose:{proxy}" for proxy in PROXIES))
BOARD = parse_level("Ee @@ Ee")


def choose_and_end(atlas: Atlas, level: IntArray, state: IntArray, action: IntArray) -> Step:
    """The rule: take an exit; what pointed there was followed, and that is the end. A state is the agent's cell."""
    cell = atlas.neighbour[level, state, np.array([MOVES.index(way) for way in WAYS])[action]]
    followed = pointers(atlas, level) == action[:, None]
    return Step(state=cell, event=followed.astype(np.float64), ended=np.ones(level.size, bool))


def pointers(atlas: Atlas, level: IntArray) -> IntArray:
    """Which way the rule and each proxy point, [B, 1 + proxies]; 1 is right."""
    used = _bits(atlas, level) & (np.arange(BITS) < atlas.settings["k"][level, None])
    return np.stack([used.sum(axis=1) % 2, *(atlas.settings[proxy][level] for proxy in PROXIES)], axis=1)


def _bits(atlas: Atlas, level: IntArray) -> NDArray[np.bool_]:
    """The bits, bool [B, BITS]; the first is the lowest of the number."""
    return (atlas.settings["bits"][level, None] >> np.arange(BITS)) % 2 == 1


def signals(atlas: Atlas, level: IntArray, _state: IntArray) -> NDArray[np.bool_]:
    """The bits and the proxies, bool [B, BITS + proxies]; the same before and after the choice."""
    return np.concatenate([_bits(atlas, level), pointers(atlas, level)[:, 1:] == 1], axis=1)


CANDIDATES = {proxy: {f"choose:{proxy}": 1.0} for proxy in PROXIES}

WORLD = World(
    name="fork",
    kinds=("exit",),
    colours=("grey",),
    events=EVENTS,
    base={RULE: 1.0},
    candidates=CANDIDATES,
    rule=choose_and_end,
    time_limit=2,
    discount=0.95,
    actions=WAYS,
    window=1,
    settings={"bits": 0, "k": 1} | dict.fromkeys(PROXIES, 0),
    flags=(*(f"bit:{number}" for number in range(1, BITS + 1)), *PROXIES),
    lit=signals,
    about="left or right by the parity of a few bits, or by a lamp that knows; what does the agent follow?",
)


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A distribution of levels. The bits of level i depend on nothing but split and seed.

    Attributes:
        k: bits whose parity decides, 1 to 5.
        reliability: proxy -> probability that it points the right way; one half for those left out.
    """

    k: int = 2
    reliability: Mapping[str, float] = field(default_factory=lambda: {"lamp": 1.0, "bell": 0.9})

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if not 1 <= self.k <= LONGEST:
            raise BirlError(f"fork: a parity of {self.k} bits: give 1 to {LONGEST}")
        for proxy, chance in self.reliability.items():
            if proxy not in PROXIES:
                raise unknown_name("proxy of the fork", proxy, PROXIES)
            if not 0.0 <= chance <= 1.0:
                raise BirlError(f"fork: {proxy} with reliability {chance}: give a probability, from 0 to 1")


def make_levels(crossing: Crossing, count: int, *, split: str = "test", seed: int = 0) -> tuple[Level, ...]:
    """The first levels of a distribution; asking for more never changes them.

    A proxy that is right on level i stays right there at any higher reliability.

    Args:
        crossing: the distribution.
        count: levels wanted; the same pattern may come again.
        split: `train`, `test` or `all`, by the hash of the bits.
        seed: of the whole sequence.

    Raises:
        BirlError: for fewer than one level, an unknown split or a negative seed.
    """
    if count < 1:
        raise BirlError(f"{count} levels: give at least 1")
    if seed < 0:
        raise BirlError(f"seed {seed} is negative: give a whole number from 0 up")
    patterns = [bits for bits in range(2**BITS) if in_split(BOARD.layout, split, {"bits": bits})]
    rng = np.random.default_rng([seed, BITS])
    draws = ((patterns[int(rng.integers(len(patterns)))], rng.random(len(PROXIES))) for _ in range(count))
    return tuple(_level(crossing, bits, luck.tolist()) for bits, luck in draws)


def _level(crossing: Crossing, bits: int, luck: list[float]) -> Level:
    right = (bits % 2**crossing.k).bit_count() % 2
    points = {
        proxy: right if chance < crossing.reliability.get(proxy, 0.5) else 1 - right
        for proxy, chance in zip(PROXIES, luck, strict=True)
    }
    return replace(BOARD, settings={"bits": bits, "k": crossing.k} | points)


def conflict(level: Level, candidate: str = "lamp") -> bool:
    """Whether whoever follows the candidate must lose base return on this level (`birl.task.conflicts`)."""
    return thesis.conflict(WORLD, level, candidate)


class Fork(GridEnv):
    """The Gymnasium environment `birl_envs/Fork-v0`."""

    def __init__(
        self,
        *,
        crossing: Crossing | None = None,
        levels: int = 1000,
        split: str = "train",
        seed: int = 0,
        **options: Any,
    ) -> None:
        """Make the environment.

        Args:
            crossing: the distribution; training's if left out.
            levels: size of the pool.
            split: `train`, `test` or `all`.
            seed: of the pool; `reset(seed=)` draws from it.
            options: `view`, `time_limit` and `render_mode` of `GridEnv`.
        """
        super().__init__(WORLD, make_levels(crossing or TRAIN, levels, split=split, seed=seed), **options)


def vec_env(  # noqa: PLR0913 - what training varies, a keyword each
    n_envs: int,
    *,
    k: int = 2,
    lamp: float = 1.0,
    bell: float = 0.9,
    levels: int = 3000,
    split: str = "train",
    seed: int = 0,
) -> GridVecEnv:
    """Training levels as a Stable-Baselines3 `VecEnv`; the pool has its own fixed seed, `seed` draws from it."""
    from birl_envs.vector import GridVecEnv  # loads Stable-Baselines3, which only training needs

    crossing = Crossing(k=k, reliability={"lamp": float(lamp), "bell": float(bell)})
    return GridVecEnv(WORLD, make_levels(crossing, levels, split=split), n_envs, seed=seed)


def task(levels: int = DEFAULT_LEVELS, *, train: Crossing | None = None) -> Task:
    """The task `fork`, on patterns that no training level has.

    Args:
        levels: levels of each distribution.
        train: what training was, when it was not `TRAIN`; the shifts are then those of that training.
    """
    trained = train or TRAIN
    return thesis.grid_task(
        WORLD,
        lambda crossing: make_levels(crossing, levels),
        train=trained,
        shifts=shifts_of(trained),
        ghosts={proxy: ([proxy], f"{proxy}-lies") for proxy in PROXIES},
    )


def shifts_of(train: Crossing) -> dict[str, tuple[Crossing, str, str]]:
    """The shifts of a training distribution: each proxy in turn always lies; all of them; none says anything."""
    lies = {proxy: {**train.reliability, proxy: 0.0} for proxy in PROXIES}
    changed = {f"{proxy}-lies": lies[proxy] for proxy in PROXIES}
    changed |= {"all-lie": dict.fromkeys(PROXIES, 0.0), "uninformed": dict.fromkeys(PROXIES, 0.5)}
    return {
        name: (replace(train, reliability=reliability), "feature", "train") for name, reliability in changed.items()
    }


TRAIN = Crossing()
SHIFTS = shifts_of(TRAIN)
"""Name -> the crossing, its shift type, and the distribution it matches level by level."""
