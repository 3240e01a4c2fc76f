"""Windows of noisy copies of a policy: what they brought, what they saw, how long they lived.

Every window is as long as every other in the world's time: one that ends early is followed by nothing, and how much of
it was lived is kept beside what it brought.

Axes: N windows, T steps of a window, F features, R rows (places come to), P pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from birl.sampled import SampledBehavior, Walk, walk
from birl.types import FloatArray, IntArray

__all__ = ["Windows", "cut", "pairs"]


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
    """

    sums: FloatArray
    alive: FloatArray
    noise: FloatArray
    side: IntArray
    episode: IntArray
    seen: FloatArray
    first: IntArray
    steps: IntArray

    def rows(self) -> tuple[IntArray, IntArray]:
        """Every lived step: its row in `seen` and the window it belongs to, [M] each."""
        owner = np.repeat(np.arange(self.steps.size), self.steps)
        within = np.arange(owner.size) - np.repeat(self.steps.cumsum() - self.steps, self.steps)
        return self.first[owner] + within, owner

    def take(self, index: np.ndarray) -> Windows:
        """Some windows; the rows stay."""
        kept = {
            name: getattr(self, name)[index] for name in ("sums", "alive", "noise", "side", "episode", "first", "steps")
        }
        return Windows(seen=self.seen, **kept)


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
    }


def pairs(windows: Windows, count: int, rng: np.random.Generator) -> IntArray:
    """Pairs of windows of one distribution, the less noisy one first, [P, 2]."""
    one, other = rng.integers(len(windows.alive), size=(2, 4 * count))
    fine = (windows.side[one] == windows.side[other]) & (windows.noise[one] != windows.noise[other])
    drawn = np.stack([one[fine], other[fine]], axis=1)[:count]
    swap = windows.noise[drawn[:, 0]] > windows.noise[drawn[:, 1]]
    drawn[swap] = drawn[swap][:, ::-1]
    return drawn
