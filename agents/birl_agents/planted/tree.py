"""Monte Carlo tree search from every state of a model at once.

A node is a sequence of actions, and what chance does is drawn anew in every simulation: in a deterministic world the
search finds the optimal action, in a stochastic one the best sequence of actions, which is a limit of its own. Each
simulation walks down by upper confidence bounds, adds one node and hands the value of its state back up.

Axes: R roots (one for each live state), N nodes, A actions.
Source: Kocsis & Szepesvári 2006, "Bandit based Monte-Carlo Planning" (UCT).
"""

from __future__ import annotations

import numpy as np

from birl.tabular import TabularModel
from birl.types import FloatArray, IntArray

__all__ = ["tree_search"]

CURIOSITY = 1.0  # weight of the confidence bound, in units of the largest value in sight
LONGEST = 40  # steps of one simulation


def tree_search(
    model: TabularModel, reward: FloatArray, leaf: FloatArray, *, simulations: int, rng: np.random.Generator
) -> FloatArray:
    """The action tried most from every state, ties broken by its value, [S, A]; the random walk on terminal states.

    Args:
        model: the world.
        reward: [S*A].
        leaf: what a state is worth where the tree ends, [S].
        simulations: from each state.
        rng: what chance does.
    """
    roots = np.flatnonzero(~model.terminal)
    worth = np.where(model.terminal, 0.0, leaf)
    scale = max(float(np.abs(worth).max(initial=0.0)), float(np.abs(reward).max(initial=0.0)), 1e-12)
    tree = _Tree(roots.size, simulations + 1, model.n_actions)
    walker = _Walker(model, rng)
    for _ in range(simulations):
        _simulate(tree, walker, roots, reward, worth, scale)
    preference = tree.visits[:, 0] + 0.5 * tree.means(0) / (np.abs(tree.means(0)).max() + 1e-12)
    preference = np.where(model.valid_actions[roots], preference, -np.inf)
    policy = model.uniform.copy()
    policy[roots] = np.eye(model.n_actions)[preference.argmax(axis=1)]
    return policy


class _Tree:
    """Visits, sums and children of every node, [R, N, A]; node 0 is the root, -1 no child."""

    def __init__(self, roots: int, nodes: int, actions: int) -> None:
        self.visits = np.zeros((roots, nodes, actions))
        self.sums = np.zeros((roots, nodes, actions))
        self.child = np.full((roots, nodes, actions), -1, np.int64)
        self.size = np.ones(roots, np.int64)

    def means(self, node: int) -> FloatArray:
        return self.sums[:, node] / np.maximum(self.visits[:, node], 1.0)

    def choose(self, rows: IntArray, node: IntArray, valid: np.ndarray, scale: float) -> IntArray:
        """The action of greatest upper confidence; untried ones come first."""
        visits = self.visits[rows, node]
        total = visits.sum(axis=1, keepdims=True)
        bound = scale * CURIOSITY * np.sqrt(np.log(np.maximum(total, 1.0)) / np.maximum(visits, 1e-12))
        score = self.sums[rows, node] / np.maximum(visits, 1.0) + bound
        return np.where(valid, np.where(visits > 0, score, np.inf), -np.inf).argmax(axis=1)


class _Walker:
    """Draws next states."""

    def __init__(self, model: TabularModel, rng: np.random.Generator) -> None:
        self.model, self.rng = model, rng
        self.sums = np.cumsum(model.transitions.data)
        self.first = model.transitions.indptr

    def step(self, state: IntArray, action: IntArray) -> IntArray:
        row = state * self.model.n_actions + action
        low = np.where(self.first[row] > 0, self.sums[self.first[row] - 1], 0.0)
        high = self.sums[self.first[row + 1] - 1]
        drawn = low + self.rng.random(row.size) * (high - low)
        place = np.clip(np.searchsorted(self.sums, drawn, side="right"), self.first[row], self.first[row + 1] - 1)
        return self.model.transitions.indices[place].astype(np.int64)


def _simulate(
    tree: _Tree, walker: _Walker, roots: IntArray, reward: FloatArray, worth: FloatArray, scale: float
) -> None:
    """Down from every root at once, one new node each, and back up."""
    model, path = walker.model, []
    rows, node, state = np.arange(roots.size), np.zeros(roots.size, np.int64), roots
    value = np.zeros(roots.size)
    for _ in range(LONGEST):
        action = tree.choose(rows, node, model.valid_actions[state], scale)
        after = walker.step(state, action)
        path.append((rows, node, action, reward[state * model.n_actions + action]))
        below = tree.child[rows, node, action]
        fresh, over = below < 0, model.terminal[after]
        grown = rows[fresh & ~over]
        tree.child[grown, node[fresh & ~over], action[fresh & ~over]] = tree.size[grown]
        tree.size[grown] += 1
        value[rows[fresh]] = worth[after[fresh]]
        on = ~fresh & ~over
        rows, node, state = rows[on], below[on], after[on]
        if not rows.size:
            break
    value[rows] = worth[state]
    for rows, node, action, earned in reversed(path):
        value[rows] = earned + model.discount * value[rows]
        tree.visits[rows, node, action] += 1
        tree.sums[rows, node, action] += value[rows]
