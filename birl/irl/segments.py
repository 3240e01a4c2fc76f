"""Windows of noisy copies of a policy: what they brought, what they saw, how long they lived.

Every window is as long as every other in the world's time: one that ends early is followed by nothing, and how much of
it was lived is kept beside what it brought.

Axes: N windows, T steps of a window, F features, R rows (places come to), P pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from birl.sampled import SampledBehavior, Walk, walk
from birl.types import FloatArray, IntArray

__all__ = ["Windows", "cut", "pairs"]

DRAWN = 4  # tries for every pair that is wanted; some are of one level of noise


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Windows of all distributions and noise levels.

    Attributes:
        sums: features summed over each, [N, F].
        alive: share of its steps that were lived, [N], in (0, 1].
        noise: share of random actions it was made with, [N].
        side: which distribution it is of, [N].
        episode: which episode it is of, all different, [N].
        seen: what was seen where each step led, flattened, [R, D].
        first: first row of each window in `seen`, [N].
        steps: lived steps, [N]: rows first .. first + steps - 1.
        ended: whether the episode ended by itself within it, bool [N].
    """

    sums: FloatArray
    alive: FloatArray
    noise: FloatArray
    side: IntArray
    episode: IntArray
    seen: FloatArray
    first: IntArray
    steps: IntArray
    ended: np.ndarray

    def rows(self) -> tuple[IntArray, IntArray]:
        """Every lived step: its row in `seen` and the window it belongs to, [M] each."""
        owner = np.repeat(np.arange(self.steps.size), self.steps)
        within = np.arange(owner.size) - np.repeat(self.steps.cumsum() - self.steps, self.steps)
        return self.first[owner] + within, owner

    def take(self, index: np.ndarray) -> Windows:
        """Some windows; the rows stay."""
        apart = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name != "seen"}
        return Windows(seen=self.seen, **apart)


def cut(
    behaviors: Sequence[SampledBehavior],
    noise: Sequence[float],
    *,
    episodes: int,
    length: int,
    each: int,
    rng: np.random.Generator,
) -> Windows:
    """Windows at random times of episodes at every level of noise.

    Args:
        behaviors: with policies and simulators.
        noise: shares of random actions.
        episodes: of each distribution and level.
        length: T; less where no episode can last that long.
        each: windows of every episode.
        rng: drives everything.

    Raises:
        BirlError: when distributions are seen in different shapes.
    """
    parts, rows, before = [], 0, 0
    for side, behavior in enumerate(behaviors):
        span = min(length, behavior.horizon)
        for eps in noise:
            part = _of_walk(walk(behavior, episodes, rng=rng, noise=eps), span, each, rng)
            shift = {"episode": part["episode"] + before, "first": part["first"] + rows}
            size = len(part["alive"])
            parts.append({**part, **shift, "noise": np.full(size, eps), "side": np.full(size, side)})
            rows, before = rows + len(part["seen"]), before + episodes
    widths = sorted({part["seen"].shape[1] for part in parts})
    if len(widths) > 1:  # features are still comparable, what is seen is not
        parts = [{**part, "seen": np.zeros((len(part["seen"]), 0))} for part in parts]
    return Windows(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _of_walk(seen: Walk, span: int, each: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Windows that begin while the episode is alive; of one cut by a time limit, none reaches over its end."""
    found, begins, sizes = np.unique(seen.episode, return_index=True, return_counts=True)
    ended = seen.after.terminal[begins + sizes - 1]
    latest = np.where(ended, sizes - 1, np.maximum(sizes - span, 0))
    start = (rng.random((each, found.size)) * (latest + 1)).astype(np.int64)
    steps = np.minimum(span, sizes - start).ravel()
    first = (begins + start).ravel()
    total = np.concatenate([np.zeros((1, seen.features.shape[1])), np.cumsum(seen.features, axis=0)])
    return {
        "sums": total[first + steps] - total[first],
        "alive": steps / span,
        "episode": np.tile(found, each),
        "seen": np.asarray(seen.after.observations, np.float64).reshape(len(seen.episode), -1),
        "first": first,
        "steps": steps,
        "ended": np.tile(ended, each) & (start.ravel() + steps == np.tile(sizes, each)),
    }


def pairs(windows: Windows, count: int, rng: np.random.Generator, *, matched: bool = False) -> IntArray:
    """Pairs of windows of one distribution, the less noisy one first, [P, 2]; P is at most `count`, and may be 0.

    Args:
        windows: N of them.
        count: how many are wanted.
        rng: draws them.
        matched: only windows that live equally long and both end, or both do not.
    """
    kind = windows.side
    if matched:
        kind = (kind * (int(windows.steps.max()) + 1) + windows.steps) * 2 + windows.ended
    order = np.argsort(kind, kind="stable")
    _, begin, size = np.unique(kind[order], return_index=True, return_counts=True)
    one = rng.integers(len(kind), size=DRAWN * count)  # a place in the order, and another one of the same kind
    group = np.searchsorted(begin, one, side="right") - 1
    other = begin[group] + (rng.random(one.size) * size[group]).astype(np.int64)
    drawn = np.stack([order[one], order[other]], axis=1)
    drawn = drawn[windows.noise[drawn[:, 0]] != windows.noise[drawn[:, 1]]][:count]
    swap = windows.noise[drawn[:, 0]] > windows.noise[drawn[:, 1]]
    drawn[swap] = drawn[swap][:, ::-1]
    return drawn
