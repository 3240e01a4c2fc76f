"""Behaviour counted from episodes alone, in a world whose model is known: when there is no policy to ask.

Axes: S states, A actions, L levels, O events, N steps, E episodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from birl.behavior import Behavior
from birl.outcomes import Outcomes, outcomes
from birl.tabular import TabularModel
from birl.task import Distribution
from birl.trajectories import Trajectory
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["from_trajectories"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Steps:
    """All steps of all episodes, by the numbers of a model."""

    states: IntArray  # [N]
    actions: IntArray  # [N]
    time: IntArray  # [N]
    first: IntArray  # [E], where each episode starts
    last: IntArray  # [E], row s * A + a of its last step
    terminal: np.ndarray  # [E]
    episode: IntArray  # [N]


def from_trajectories(trajectories: Sequence[Trajectory], distribution: Distribution) -> Behavior:
    """Behaviour as episodes show it: shares of actions where the policy was seen, nothing where it was not.

    Only the levels that were met are kept. Methods weigh states by how often they were met, so the uniform row of a
    state that was not carries no weight; `policy_known` is False.

    Args:
        trajectories: episodes; their `states` are used, or traced from observations and actions.
        distribution: must have a model.

    Raises:
        BirlError: without a model or an episode, for episodes that the model cannot produce, or that several of its
            states would explain.
    """
    model = distribution.model
    if model is None:
        raise BirlError(f"distribution {distribution.name!r} has no model to count in: give one (birl.TabularModel)")
    trajectories = [t for t in trajectories if len(t.actions)]  # one that ends where it begins shows no choice
    if not trajectories:
        raise BirlError(f"distribution {distribution.name!r}: no episode has a step: give some that have")
    where = f"distribution {distribution.name!r}"
    looks = None if all(t.states is not None for t in trajectories) else _looks(model, where)
    paths = [_states(t, model, looks, f"{where}, episode {i}") for i, t in enumerate(trajectories)]
    _check_steps(trajectories, paths, model, where)
    met = np.unique(np.concatenate([model.level[path] for path in paths]))
    kept = model.states_of(met)
    number = np.full(model.n_states, -1)
    number[kept] = np.arange(kept.size)
    steps = _steps(trajectories, [number[path] for path in paths], model.n_actions)
    start = np.bincount(steps.first, minlength=kept.size) / len(trajectories)
    small = replace(model.restrict(met), start=start)
    visits, policy = _counts(small, steps, len(trajectories))
    return Behavior(
        distribution=distribution.name,
        shift=distribution.shift,
        pair=distribution.pair,
        model=small,
        policy=policy,
        deterministic=False,
        horizon=distribution.horizon,
        occupancy=visits,
        outcomes=_outcomes(small, steps, policy, distribution.horizon),
        trajectories=tuple(replace(t, states=number[p]) for t, p in zip(trajectories, paths, strict=True)),
        policy_known=False,
        levels=met,
    )


def _steps(trajectories: Sequence[Trajectory], paths: Sequence[IntArray], n_actions: int) -> _Steps:
    lengths = np.array([len(t.actions) for t in trajectories])
    actions = np.concatenate([np.asarray(t.actions, np.int64).ravel() for t in trajectories])
    states = np.concatenate([path[:n] for path, n in zip(paths, lengths, strict=True)])
    ends = lengths.cumsum() - 1
    return _Steps(
        states=states,
        actions=actions,
        time=np.concatenate([np.arange(n) for n in lengths]),
        first=np.array([path[0] for path in paths]),
        last=states[ends] * n_actions + actions[ends],
        terminal=np.array([t.terminal for t in trajectories]),
        episode=np.repeat(np.arange(lengths.size), lengths),
    )


def _counts(model: TabularModel, steps: _Steps, episodes: int) -> tuple[FloatArray, FloatArray]:
    """Discounted visits an episode, [S], and shares of actions, [S, A]; uniform where nothing was seen."""
    weight = model.discount**steps.time / episodes
    rows = steps.states * model.n_actions + steps.actions
    pairs = np.bincount(rows, weights=weight, minlength=model.n_states * model.n_actions)
    pairs = pairs.reshape(model.n_states, model.n_actions)
    visits = pairs.sum(axis=1)
    seen = visits > 0
    policy = np.where(seen[:, None], pairs / np.where(seen, visits, 1.0)[:, None], model.uniform)
    return visits, policy


def _outcomes(model: TabularModel, steps: _Steps, policy: FloatArray, horizon: int) -> Outcomes | str:
    """Shares of first events as they were counted; what the random walk and distances say comes from the model."""
    found = outcomes(model, policy, horizon=horizon)
    if isinstance(found, str):
        return found
    n_events = len(found.events.names)
    happened = np.full(steps.first.size, n_events)
    rate = found.events.rate
    if found.events.ending:
        ended = np.flatnonzero(steps.terminal)
        happened[ended] = np.asarray(rate[steps.last[ended]].argmax(axis=1)).ravel()
    else:
        rows = rate[steps.states * model.n_actions + steps.actions]
        hits = np.flatnonzero(np.asarray(rows.sum(axis=1)).ravel() > 0)[::-1]  # the first one is written last
        happened[steps.episode[hits]] = np.asarray(rows[hits].argmax(axis=1)).ravel()
    level = model.level[steps.first]
    count = np.zeros_like(found.share)
    np.add.at(count, (level, happened), 1.0)
    total = count.sum(axis=1, keepdims=True)
    return replace(found, share=np.where(total > 0, count / np.maximum(total, 1.0), found.share))


@dataclass(frozen=True, kw_only=True)
class _Looks:
    """Which states look how."""

    states: Mapping[bytes, IntArray]
    dtype: np.dtype[Any]

    def like(self, seen: Any) -> IntArray:
        return self.states.get(np.ascontiguousarray(np.asarray(seen, self.dtype)).tobytes(), np.zeros(0, np.int64))


def _looks(model: TabularModel, where: str) -> _Looks:
    if model.observe is None:
        raise BirlError(f"{where}: no states, and the model has no `observe` to find them: give states")
    shown = np.asarray(model.observe(np.arange(model.n_states)))
    found: dict[bytes, list[int]] = {}
    for state, row in enumerate(shown):
        found.setdefault(np.ascontiguousarray(row).tobytes(), []).append(state)
    return _Looks(states={look: np.array(states, np.int64) for look, states in found.items()}, dtype=shown.dtype)


def _states(trajectory: Trajectory, model: TabularModel, looks: _Looks | None, where: str) -> IntArray:
    """The model's states along an episode, [T + 1]."""
    actions = _actions(trajectory, model, where)
    if trajectory.states is None:
        assert looks is not None
        path = _traced(trajectory, actions, model, looks, where)
    else:
        path = np.asarray(trajectory.states, np.int64)
        if path.shape != (actions.size + 1,) or path.min() < 0 or path.max() >= model.n_states:
            raise BirlError(f"{where}: states do not fit the model: give T + 1 numbers below {model.n_states}")
    if trajectory.terminal and not model.terminal[path[-1]]:
        raise BirlError(
            f"{where}: it is marked as ended by itself in state {path[-1]}, where the model goes on: "
            "say terminal=False of an episode that was cut"
        )
    return path


def _check_steps(
    trajectories: Sequence[Trajectory], paths: Sequence[IntArray], model: TabularModel, where: str
) -> None:
    """All steps of all episodes against the model, at once."""
    steps = _steps(trajectories, paths, model.n_actions)
    after = np.concatenate([path[1:] for path in paths])
    chance = np.asarray(model.transitions[steps.states * model.n_actions + steps.actions, after]).ravel()
    if (chance > 0).all():
        return
    bad = int(np.flatnonzero(chance <= 0)[0])
    raise BirlError(
        f"{where}, episode {steps.episode[bad]}: step {steps.time[bad]}, action {steps.actions[bad]} from state "
        f"{steps.states[bad]} to {after[bad]}, never happens in the model: is it of this distribution?"
    )


def _actions(trajectory: Trajectory, model: TabularModel, where: str) -> IntArray:
    actions = np.asarray(trajectory.actions)
    numbers = actions.ravel().astype(np.int64)
    if len(actions) != numbers.size or (actions.ravel() != numbers).any():
        raise BirlError(f"{where}: actions {actions.shape}: give one whole number a step")
    if numbers.min() < 0 or numbers.max() >= model.n_actions:
        raise BirlError(f"{where}: an action outside 0 to {model.n_actions - 1}: is it of this distribution?")
    return numbers


def _traced(trajectory: Trajectory, actions: IntArray, model: TabularModel, known: _Looks, where: str) -> IntArray:
    """The only states that explain what was seen and done: possible ones forwards, then backwards."""
    looks = [known.like(seen) for seen in trajectory.observations]
    if len(looks) != actions.size + 1:
        raise BirlError(f"{where}: {len(looks)} observations for {actions.size} actions: give T + 1 and T")
    for t, look in enumerate(looks):
        if not look.size:
            raise BirlError(f"{where}: no state of the model looks like observation {t}: is it of this distribution?")
    joint, n_actions = model.transitions, model.n_actions
    possible = [looks[0][model.start[looks[0]] > 0]]
    for action, look in zip(actions, looks[1:], strict=True):
        after = joint[possible[-1] * n_actions + action].indices if possible[-1].size else possible[-1]
        possible.append(np.intersect1d(after, look))
    for t in range(actions.size - 1, -1, -1):
        rows = joint[possible[t] * n_actions + actions[t]]
        leads = np.asarray(rows[:, possible[t + 1]].sum(axis=1)).ravel() > 0
        possible[t] = possible[t][leads]
    if any(p.size == 0 for p in possible):
        raise BirlError(f"{where}: the model cannot produce it: is it of this distribution?")
    if any(p.size > 1 for p in possible):
        raise BirlError(f"{where}: several states of the model explain it: give the episode's states")
    return np.concatenate(possible)
