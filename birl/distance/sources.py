"""Where rewards of worlds without an exact model are compared: states drawn from a named source.

- `occupancy`: where the policy goes, weighed as its discounted return weighs them;
- `random-walk`: where uniformly random actions lead, weighed the same way;
- `uniform`: every state-action pair of an exact model alike, what exact distances call `feasible`.

States of one level are no independent draws, so each is kept with its cluster: its level where there are enough of them
to resample, otherwise its episode; of `uniform`, one of many groups, each spread over all states as the whole is.

Axes: N states drawn, C clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from birl.sampled import SampledBehavior, walk
from birl.simulator import ModelSimulator, Places
from birl.types import BirlError, FloatArray, IntArray, unknown_name

__all__ = ["FEWEST", "SOURCES", "Roots", "Source", "draw_roots"]

GROUPS = 200  # of states drawn singly
FEWEST = 8  # clusters below which resampling them says nothing

Source = Literal["occupancy", "random-walk", "uniform"]
SOURCES: tuple[Source, ...] = ("occupancy", "random-walk", "uniform")


@dataclass(frozen=True, kw_only=True, eq=False)
class Roots:
    """States that rewards are compared in, none of them terminal.

    Attributes:
        places: the states, [N]; a state may come up more than once.
        cluster: which of C clusters each belongs to, int [N].
        unit: what a cluster is: `levels`, `episodes` or `groups of states`.
        pool: how often each state stands for a next state that need not be able to follow, [N]; sums to 1.
        coverage: the source and the distribution, as a reader would say it.
    """

    places: Places
    cluster: IntArray
    unit: str
    pool: FloatArray
    coverage: str


def draw_roots(
    behavior: SampledBehavior, states: int, source: Source, *, episodes: int, rng: np.random.Generator
) -> Roots:
    """States of a source, all with the same weight.

    Args:
        behavior: with a simulator; with a policy too, but for `uniform`.
        states: N.
        source: one of `SOURCES`.
        episodes: rolled out to draw from; `uniform` needs none.
        rng: drives everything.

    Raises:
        BirlError: for an unknown source, `uniform` without an exact model, no policy, or too few clusters.
    """
    if states < FEWEST:
        raise BirlError(f"coverage: {states} states are too few to compare rewards in: give at least {FEWEST}")
    if source == "uniform":
        return _anywhere(behavior, states, rng)
    if source not in SOURCES:
        raise unknown_name("coverage source", source, SOURCES)
    seen = walk(behavior, episodes, rng=rng, noise=1.0 if source == "random-walk" else 0.0)
    chosen = _systematic(behavior.discount**seen.time, states, rng)
    unit, cluster = _clusters(seen.places.level[chosen], seen.episode[chosen])
    name = "occupancy" if source == "occupancy" else "random walk"
    return _enough(
        Roots(
            places=seen.places.take(chosen),
            cluster=cluster,
            unit=unit,
            pool=np.full(states, 1.0 / states),
            coverage=f"{name} in {behavior.distribution}",
        )
    )


def _anywhere(behavior: SampledBehavior, states: int, rng: np.random.Generator) -> Roots:
    simulator = behavior.simulator
    if not isinstance(simulator, ModelSimulator):
        raise BirlError(
            f"coverage 'uniform': the states of {behavior.distribution!r} cannot be listed: use 'random-walk'"
        )
    model = simulator.model
    pairs = model.live.reshape(model.n_states, model.n_actions).sum(axis=1).astype(np.float64)
    chosen = _systematic(np.where(model.terminal, 0.0, pairs), states, rng)
    places, alike = simulator.at(chosen), 1.0 / pairs[chosen]  # EPIC's next states: states alike, not pairs
    unit, cluster = _clusters(places.level, None)
    return _enough(
        Roots(
            places=places,
            cluster=cluster,
            unit=unit,
            pool=alike / alike.sum(),
            coverage=f"feasible in {behavior.distribution}",
        )
    )


def _systematic(weights: FloatArray, count: int, rng: np.random.Generator) -> IntArray:
    """Indices drawn in proportion to weights at equal steps of their running sum: less noise than independent draws."""
    running = np.cumsum(weights)
    marks = (np.arange(count) + rng.random()) / count * running[-1]
    return np.minimum(np.searchsorted(running, marks, side="right"), weights.size - 1)


def _clusters(level: IntArray, episode: IntArray | None) -> tuple[str, IntArray]:
    levels, of_level = np.unique(level, return_inverse=True)
    if levels.size >= FEWEST:
        return "levels", of_level.ravel()
    if episode is None:
        return "groups of states", np.arange(level.size) % min(GROUPS, level.size)
    return "episodes", np.unique(episode, return_inverse=True)[1].ravel()


def _enough(roots: Roots) -> Roots:
    count = int(roots.cluster.max()) + 1
    if count < FEWEST:
        raise BirlError(
            f"coverage: {count} {roots.unit} are too few for an interval: give at least {FEWEST} levels or episodes"
        )
    return roots
