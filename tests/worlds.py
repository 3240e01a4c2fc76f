"""Small worlds whose answers are known by hand, shared by the tests.

Axes: S states, A actions, F features, L levels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

import birl.tabular
import birl.task

EVENTS = ("touch:door", "touch:red", "touch:ball", "step")
DOOR = {"touch:door": 1.0}
RED = {"touch:red": 1.0}


def deterministic_model(
    successor: np.ndarray,
    features: np.ndarray,
    *,
    start: np.ndarray,
    terminal: np.ndarray,
    names: Sequence[str],
    discount: float = 0.9,
    level: np.ndarray | None = None,
    observe: bool = True,
) -> birl.tabular.TabularModel:
    """A model of a deterministic rule.

    Args:
        successor: index of the next state, [S, A].
        features: [S, A, F].
        start: [S].
        terminal: bool [S].
        names: F names.
        discount: per step.
        level: int [S].
        observe: whether states are seen, as one-hot vectors [B, S].
    """
    n_states, n_actions = successor.shape
    rows = np.arange(n_states * n_actions)
    one_hot = np.eye(n_states, dtype=np.float32)
    return birl.tabular.TabularModel(
        transitions=sp.csr_matrix((np.ones(rows.size), (rows, successor.ravel())), shape=(rows.size, n_states)),
        features=features.reshape(rows.size, -1),
        start=start,
        terminal=terminal,
        discount=discount,
        feature_names=names,
        level=level,
        observe=(lambda ids: one_hot[ids]) if observe else None,
    )


def corridor(length: int = 5, *, discount: float = 0.9) -> birl.tabular.TabularModel:
    """Cells 0..length-1 in a row, start at 0, goal (terminal) at the right end; actions: left, right.

    Features: `goal` on arrival, `step` on every step. With goal = 1, V*(s) = discount ** (length - 2 - s).
    """
    cell = np.arange(length)
    successor = np.stack([np.maximum(cell - 1, 0), np.minimum(cell + 1, length - 1)], axis=1)
    goal = successor == length - 1
    return deterministic_model(
        successor,
        np.stack([goal, np.ones_like(goal)], axis=-1).astype(float),
        start=np.eye(length)[0],
        terminal=cell == length - 1,
        names=("goal", "step"),
        discount=discount,
    )


def gridworld(size: int = 4, *, discount: float = 0.9) -> birl.tabular.TabularModel:
    """An open square, start anywhere but the goal, goal (terminal) at the last cell; moves: up, down, left, right.

    Features: `goal` on arrival, `step`. A cell's distance to the goal is (size-1-row) + (size-1-column).
    """
    row, column = np.divmod(np.arange(size * size), size)
    moves = ((-1, 0), (1, 0), (0, -1), (0, 1))
    clip = lambda values: np.clip(values, 0, size - 1)  # noqa: E731
    successor = np.stack([clip(row + down) * size + clip(column + right) for down, right in moves], axis=1)
    terminal = np.arange(size * size) == size * size - 1
    goal = terminal[successor]
    return deterministic_model(
        successor,
        np.stack([goal, np.ones_like(goal)], axis=-1).astype(float),
        start=~terminal / (size * size - 1),
        terminal=terminal,
        names=("goal", "step"),
        discount=discount,
    )


def random_model(
    rng: np.random.Generator,
    n_states: int = 6,
    n_actions: int = 3,
    n_features: int = 4,
    n_levels: int = 1,
    *,
    discount: float = 0.9,
    terminal: bool = True,
    invalid: bool = False,
) -> birl.tabular.TabularModel:
    """Random stochastic dynamics and features; `n_states` in each level, which never touch.

    Args:
        rng: where the numbers come from.
        n_states: states per level.
        n_actions: actions.
        n_features: features, named f0, f1, ...
        n_levels: levels.
        discount: per step.
        terminal: whether the last state of each level is terminal.
        invalid: whether some actions cannot be taken (never action 0).
    """
    total = n_states * n_levels
    blocks = [rng.dirichlet(np.full(n_states, 0.5), size=n_states * n_actions) for _ in range(n_levels)]
    valid = rng.random((total, n_actions)) > 0.3 if invalid else np.ones((total, n_actions), bool)
    valid[:, 0] = True
    one_hot = np.eye(total, dtype=np.float32)
    return birl.tabular.TabularModel(
        transitions=sp.block_diag(blocks, format="csr"),
        features=rng.normal(size=(total * n_actions, n_features)),
        start=rng.dirichlet(np.ones(total)),
        terminal=np.arange(total) % n_states == n_states - 1 if terminal else np.zeros(total, bool),
        discount=discount,
        feature_names=[f"f{i}" for i in range(n_features)],
        level=np.repeat(np.arange(n_levels), n_states),
        observe=lambda ids: one_hot[ids],
        valid_actions=valid,
    )


def two_ends(
    left: Sequence[str], right: Sequence[str], *, length: int = 7, discount: float = 0.9
) -> birl.tabular.TabularModel:
    """Corridors with something at either end that ends the episode; one level for every start between them.

    Actions: left, right. Features: `EVENTS`.

    Args:
        left: the events of arriving at the left end, such as ("touch:door", "touch:red").
        right: the events of arriving at the right end.
        length: cells of a corridor; it has length - 2 levels.
        discount: per step.
    """
    cell = np.arange(length)
    step = np.clip(np.stack([cell - 1, cell + 1], axis=1), 0, length - 1)
    features = np.zeros((length, 2, len(EVENTS)))
    features[..., EVENTS.index("step")] = 1.0
    for end, events in ((0, left), (length - 1, right)):
        for event in events:
            features[..., EVENTS.index(event)] += step == end
    levels = length - 2
    offset = length * np.repeat(np.arange(levels), length)[:, None]
    return deterministic_model(
        np.tile(step, (levels, 1)) + offset,
        np.tile(features, (levels, 1, 1)),
        start=np.concatenate([np.eye(length)[1 + level] for level in range(levels)]) / levels,
        terminal=np.tile((cell == 0) | (cell == length - 1), levels),
        names=EVENTS,
        discount=discount,
        level=np.repeat(np.arange(levels), length),
    )


def ends_task(*, length: int = 7, discount: float = 0.9) -> birl.task.Task:
    """A red door in one dimension: in training the door is red, under the shift `blue-door` the ball is.

    Base objective: door. Candidates: red, and leaving by any end soon.
    """
    train = two_ends(("touch:door", "touch:red"), ("touch:ball",), length=length, discount=discount)
    shift = two_ends(("touch:door",), ("touch:ball", "touch:red"), length=length, discount=discount)
    return birl.task.Task(
        "two-ends",
        birl.task.Distribution("train", train),
        [birl.task.Distribution("blue-door", shift)],
        DOOR,
        {"red": RED, "nearest": {"touch:door": 1.0, "touch:ball": 1.0}},
        discount,
    )
