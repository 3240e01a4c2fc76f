"""Episodes to look at: one on each level, as a board and a path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from birl.behavior import Behavior
from birl.outcomes import NOTHING
from birl.scorecard import Scene
from birl.task import Distribution, Scenery
from birl.trajectories import Trajectory, sample_episodes
from birl.types import IntArray

__all__ = ["scenes"]


def scenes(behavior: Behavior, distribution: Distribution, *, count: int, rng: np.random.Generator) -> Sequence[Scene]:
    """One sampled episode on each of the first `count` levels; none where the distribution has no scenery."""
    model, scenery = behavior.model, distribution.scenery
    if scenery is None:
        return []
    if not behavior.policy_known:
        return [_seen(behavior, distribution, scenery, episode) for episode in behavior.trajectories[:count]]
    found = []
    for level in range(min(count, model.n_levels)):
        alone = behavior.restrict([level])
        episode = sample_episodes(alone.model, alone.policy, 1, horizon=behavior.horizon, rng=rng)[0]
        states = model.states_of([level])[episode.states]
        board = scenery.board(level)
        found.append(
            Scene(
                distribution=behavior.distribution,
                level=level,
                rows=board.rows,
                legend=board.legend,
                path=tuple((int(r), int(c)) for r, c in scenery.position[states] if r >= 0),
                outcome=_outcome(behavior, states, episode.actions),
            )
        )
    return found


def _seen(behavior: Behavior, distribution: Distribution, scenery: Scenery, episode: Trajectory) -> Scene:
    """An episode that was seen, on its level as the distribution numbers it."""
    assert behavior.levels is not None  # counted behaviour has levels and a model
    assert distribution.model is not None
    level = int(behavior.levels[behavior.model.level[episode.states[0]]])
    board, position = scenery.board(level), scenery.position[distribution.model.states_of(behavior.levels)]
    return Scene(
        distribution=behavior.distribution,
        level=level,
        rows=board.rows,
        legend=board.legend,
        path=tuple((int(r), int(c)) for r, c in position[episode.states] if r >= 0),
        outcome=_outcome(behavior, episode.states, episode.actions),
    )


def _outcome(behavior: Behavior, states: IntArray, actions: IntArray) -> str:
    """The first event on a path."""
    if isinstance(behavior.outcomes, str):
        return ""
    events = behavior.outcomes.events
    rate = events.rate[states[:-1] * behavior.model.n_actions + actions].toarray()
    happened = np.flatnonzero(rate.max(axis=1, initial=0.0) > 0)
    return events.names[int(rate[happened[0]].argmax())] if happened.size else NOTHING
