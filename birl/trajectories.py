"""Episodes: sampled in an exact model, all at once, or played in an environment; to and from imitation.

Axes: S states, A actions, T steps.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray, IntArray

__all__ = [
    "Stepper",
    "Trajectory",
    "Transitions",
    "act_out",
    "edges",
    "from_imitation",
    "play",
    "sample_episodes",
    "to_imitation",
    "transitions",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """One episode.

    Attributes:
        observations: [T + 1, ...].
        actions: [T, ...].
        terminal: whether it ended by itself rather than at a time limit.
        states: model states, int [T + 1], where there is a model.
        features: of each step, [T, F], where the world names features.
    """

    observations: Any
    actions: Any
    terminal: bool
    states: Any = None
    features: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Transitions:
    """Single steps: what a reward is evaluated on.

    Attributes:
        observations: before the step, [N, ...].
        actions: [N, ...].
        next_observations: after it, [N, ...].
        terminal: whether the episode ended by itself with it, bool [N].
        features: [N, F], where the world names features.
    """

    observations: Any
    actions: Any
    next_observations: Any
    terminal: Any
    features: Any = None

    def __len__(self) -> int:
        """N."""
        return len(self.actions)


def transitions(trajectories: Sequence[Trajectory]) -> Transitions:
    """The steps of all episodes, one after another."""
    if not trajectories:
        raise BirlError("no trajectories: give at least one")
    known = all(t.features is not None for t in trajectories)
    return Transitions(
        observations=np.concatenate([np.asarray(t.observations)[:-1] for t in trajectories]),
        actions=np.concatenate([np.asarray(t.actions) for t in trajectories]),
        next_observations=np.concatenate([np.asarray(t.observations)[1:] for t in trajectories]),
        terminal=np.concatenate([_ends(t) for t in trajectories]),
        features=np.concatenate([np.asarray(t.features) for t in trajectories]) if known else None,
    )


def edges(model: TabularModel) -> Transitions:
    """Every transition that a model stores, in CSR order, with the expected features of its state and action.

    Raises:
        BirlError: for a model without `observe`.
    """
    if model.observe is None:
        raise BirlError("the model has no `observe`, so a reward of observations has no value in it: give observe=")
    rows, after = model.elimination.row, model.transitions.indices
    state, action = np.divmod(rows, model.n_actions)
    seen = np.asarray(model.observe(np.arange(model.n_states)))
    return Transitions(
        observations=seen[state],
        actions=action,
        next_observations=seen[after],
        terminal=model.terminal[after],
        features=model.features[rows].toarray(),
    )


def _ends(trajectory: Trajectory) -> np.ndarray:
    ends = np.zeros(len(trajectory.actions), bool)
    ends[-1:] = trajectory.terminal
    return ends


def sample_episodes(
    model: TabularModel,
    table: FloatArray,
    episodes: int,
    *,
    horizon: int,
    rng: np.random.Generator,
    starts: IntArray | None = None,
) -> tuple[Trajectory, ...]:
    """Episodes of a policy [S, A] in a model, all at once; `states` is always there.

    Args:
        model: where.
        table: the policy.
        episodes: how many.
        horizon: steps at most.
        rng: drives everything.
        starts: states they begin in, [episodes]; drawn from the model's start if left out.
    """
    step = Stepper(model)
    states = np.empty((horizon + 1, episodes), np.int64)
    actions = np.empty((horizon, episodes), np.int64)
    states[0] = rng.choice(model.n_states, size=episodes, p=model.start) if starts is None else starts
    cumulative = table.cumsum(axis=1)
    for t in range(horizon):
        draw = rng.random(episodes) * cumulative[states[t], -1]
        actions[t] = (cumulative[states[t]] <= draw[:, None]).sum(axis=1)
        states[t + 1] = np.where(model.terminal[states[t]], states[t], step(states[t], actions[t], rng))
    return tuple(_episode(model, states[:, i], actions[:, i]) for i in range(episodes))


def act_out(  # noqa: PLR0913 - `sample_episodes` for a policy that has no table
    model: TabularModel,
    policy: Any,
    episodes: int,
    *,
    horizon: int,
    rng: np.random.Generator,
    deterministic: bool,
    starts: IntArray | None = None,
) -> tuple[Trajectory, ...]:
    """Episodes of a policy that acts on observations, all at once: for one with memory, which has no table.

    Args:
        model: where.
        policy: has `act`.
        episodes: how many.
        horizon: steps at most.
        rng: drives everything.
        deterministic: take its likeliest actions.
        starts: states they begin in, [episodes]; drawn from the model's start if left out.

    Raises:
        BirlError: for a model without `observe`, or an action the model does not allow.
    """
    if model.observe is None:
        raise BirlError("the model has no `observe`, so a policy with memory cannot act in it: give observe=")
    step = Stepper(model)
    states = np.empty((horizon + 1, episodes), np.int64)
    actions = np.empty((horizon, episodes), np.int64)
    states[0] = rng.choice(model.n_states, size=episodes, p=model.start) if starts is None else starts
    policy.reset()
    for t in range(horizon):
        actions[t] = policy.act(model.observe(states[t]), rng=rng, deterministic=deterministic)
        stray = ~(model.valid_actions[states[t], actions[t]] | model.terminal[states[t]])
        if stray.any():
            state, action = states[t][stray][0], actions[t][stray][0]
            raise BirlError(f"the policy takes action {action} in state {state}, which the model does not allow")
        states[t + 1] = np.where(model.terminal[states[t]], states[t], step(states[t], actions[t], rng))
    return tuple(_episode(model, states[:, i], actions[:, i]) for i in range(episodes))


def _episode(model: TabularModel, states: IntArray, actions: IntArray) -> Trajectory:
    ended = np.flatnonzero(model.terminal[states])
    length = int(ended[0]) if ended.size else actions.size
    path = states[: length + 1]
    seen = path if model.observe is None else model.observe(path)
    rows = path[:-1] * model.n_actions + actions[:length]
    return Trajectory(
        observations=seen,
        actions=actions[:length],
        terminal=bool(ended.size),
        states=path,
        features=model.features[rows].toarray(),
    )


class Stepper:
    """Draws next states from the CSR rows of a model by inverting their running sums."""

    def __init__(self, model: TabularModel) -> None:
        self.model = model
        self.running = np.concatenate([[0.0], np.cumsum(model.transitions.data)])

    def __call__(self, states: IntArray, actions: IntArray, rng: np.random.Generator) -> IntArray:
        """Where one action in each state leads, [B]."""
        joint = self.model.transitions
        rows = states * self.model.n_actions + actions
        first, last = joint.indptr[rows], joint.indptr[rows + 1]
        low, high = self.running[first], self.running[last]
        at = np.searchsorted(self.running, low + rng.random(rows.size) * (high - low), side="right") - 1
        at = np.clip(at, first, np.maximum(last - 1, first))
        return np.where(last > first, joint.indices[np.minimum(at, joint.nnz - 1)], states)


def play(
    env: Any, policy: Any, *, seed: int, horizon: int, rng: np.random.Generator, deterministic: bool
) -> Trajectory:
    """One episode of a policy in a Gymnasium environment, reset with `seed`; memory starts empty."""
    seen, told = env.reset(seed=seed)
    if getattr(policy, "stateful", False):
        policy.reset()
    observations, actions, terminal = [seen], [], False
    for _ in range(horizon):
        masks = _masks(env, told) if getattr(policy, "maskable", False) else {}
        action = policy.act(np.asarray(seen)[None], rng=rng, deterministic=deterministic, **masks)[0]
        seen, _, terminal, truncated, told = env.step(action)
        observations.append(seen)
        actions.append(action)
        if terminal or truncated:
            break
    return Trajectory(observations=np.asarray(observations), actions=np.asarray(actions), terminal=bool(terminal))


def _masks(env: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """Which actions are allowed now, as sb3-contrib asks for it (`env.action_masks()`) or as `info` has it."""
    for name in ("action_masks", "action_mask"):  # sb3-contrib's name in info, Gymnasium's
        if name in told:
            return {"action_masks": np.asarray(told[name])[None]}
    try:
        return {"action_masks": np.asarray(env.get_wrapper_attr("action_masks")())[None]}
    except AttributeError:
        warnings.warn(
            f"{env}: no action_masks() and no mask in info: the policy was trained with masks and acts without",
            stacklevel=3,
        )
        return {}


def to_imitation(trajectories: Sequence[Trajectory]) -> list[Any]:
    """The same episodes as imitation's `Trajectory` (extra `imitation`)."""
    try:
        from imitation.data.types import Trajectory as Theirs  # an extra
    except ImportError as error:
        raise BirlError("imitation is not installed: pip install 'birl[imitation]'") from error
    return [
        Theirs(obs=np.asarray(t.observations), acts=np.asarray(t.actions), infos=None, terminal=t.terminal)
        for t in trajectories
    ]


def from_imitation(trajectories: Sequence[Any]) -> tuple[Trajectory, ...]:
    """Episodes from imitation's `Trajectory`; rewards, if any, are left behind."""
    return tuple(
        Trajectory(observations=np.asarray(t.obs), actions=np.asarray(t.acts), terminal=bool(t.terminal))
        for t in trajectories
    )
