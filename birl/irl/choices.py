"""What a policy's choices gain over their alternatives, as rows that are linear in the reward.

Axes: S states, A actions, F features, N alternatives, M ties, U distinct rows.
Source: Ng & Russell 2000 (ICML), section 3; Barreto et al. 2017 (arXiv 1606.05312), equation 3 (successor features).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from birl.behavior import Behavior
from birl.tabular import PolicyChain, TabularModel
from birl.types import FloatArray, IntArray, unknown_name

__all__ = ["Choices", "Distinct", "choices", "distinct", "most_probable", "parametrised"]

TIED = 1e-9  # probabilities that differ by less, relative to the larger, are a tie
SAME = 1e-10  # alternatives whose features differ by less, relative to the largest, are the same to any reward
ROUND = 10  # digits of a unit row: equal alternatives become one, and the order of states leaves no trace
MET = 1e-12  # expected visits below which a state counts as never met


@dataclass(frozen=True, kw_only=True, eq=False)
class Choices:
    """Choices against alternatives.

    Attributes:
        gains: psi(s, a*) - psi(s, a) for each alternative a, [N, F]; alternatives that no reward tells apart are left
            out.
        state: the state of each, numbered through all behaviours, [N].
        weight: how often its decision is met, of all, [N]; behaviours and their levels weigh the same.
        ties: the same difference for actions chosen as often, which must be 0, [M, F].
        tie_weight: [M].
    """

    gains: FloatArray
    state: IntArray
    weight: FloatArray
    ties: FloatArray
    tie_weight: FloatArray

    def masked(self, free: np.ndarray) -> Choices:
        """With the parameters that are not free, bool [F], counting nothing."""
        return self._kept(self.gains * free, self.ties * free, np.ones(len(self.gains) + len(self.ties), bool))

    def without(self, exceptions: np.ndarray) -> Choices:
        """Without some alternatives and ties, bool [N + M]."""
        return self._kept(self.gains, self.ties, ~exceptions)

    def share(self, chosen: np.ndarray) -> float:
        """Share of all decisions that some alternatives and ties, bool [N + M], make up."""
        weight = np.concatenate([self.weight, self.tie_weight])
        return float(weight[chosen].sum() / max(float(weight.sum()), MET))

    def _kept(self, gains: FloatArray, ties: FloatArray, kept: np.ndarray) -> Choices:
        first = kept[: len(gains)] & _told_apart(gains)
        second = kept[len(gains) :] & _told_apart(ties)
        return Choices(
            gains=gains[first],
            state=self.state[first],
            weight=self.weight[first],
            ties=ties[second],
            tie_weight=self.tie_weight[second],
        )


def choices(behaviors: Sequence[Behavior], models: Sequence[TabularModel], *, coverage: str) -> Choices:
    """The choices of some behaviours.

    Args:
        behaviors: one per distribution.
        models: the same worlds, through the features the reward is made of.
        coverage: `visited`: decisions count as often as they are met; `all`: every state alike, met or not.
    """
    parts, offset = [], 0
    for b, model in zip(behaviors, models, strict=True):
        parts.append(_own(b, model, coverage, offset, 1.0 / len(behaviors)))
        offset += model.n_states
    return Choices(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def parametrised(model: TabularModel, reward: str) -> TabularModel:
    """The same world with the parameters of a reward as its features.

    Args:
        model: the world.
        reward: `features` (as they are), `state` or `state-action` (one for each).

    Raises:
        BirlError: for another name.
    """
    if reward == "features":
        return model
    states, rows = np.arange(model.n_states), np.arange(model.live.size)
    if reward == "state":
        phi = sp.csr_matrix((np.ones(rows.size), (rows, rows // model.n_actions)), shape=(rows.size, states.size))
        return replace(model, features=phi, feature_names=[f"state {s}" for s in states])
    if reward == "state-action":
        names = [f"state {row // model.n_actions}, action {row % model.n_actions}" for row in rows]
        return replace(model, features=sp.eye_array(rows.size, format="csr"), feature_names=names)
    raise unknown_name("reward", reward, ("features", "state", "state-action"))


def most_probable(behavior: Behavior) -> np.ndarray:
    """The actions that are chosen most often in each state, ties kept, bool [S, A]."""
    pi = np.where(behavior.model.valid_actions, behavior.policy, -1.0)
    return pi >= pi.max(axis=1, keepdims=True) * (1.0 - TIED)


@dataclass(frozen=True, kw_only=True, eq=False)
class Distinct:
    """Rows of length 1, each once, in an order that is theirs alone.

    Attributes:
        rows: [U, F].
        weight: of all that became one, [U].
        which: the place of each original row, int [N].
    """

    rows: FloatArray
    weight: FloatArray
    which: IntArray


def distinct(gains: FloatArray, weight: FloatArray) -> Distinct:
    """The different directions among some rows, none of them 0."""
    unit = gains / np.linalg.norm(gains, axis=1)[:, None]
    rows, which = np.unique(unit.round(ROUND) + 0.0, axis=0, return_inverse=True)  # + 0.0: -0.0 would sort apart
    total = np.bincount(which.ravel(), weights=weight, minlength=len(rows))
    return Distinct(rows=rows, weight=np.asarray(total, np.float64), which=which.ravel())


def _own(behavior: Behavior, model: TabularModel, coverage: str, offset: int, share: float) -> Choices:
    n_states, n_actions = model.n_states, model.n_actions
    psi = PolicyChain(model, behavior.policy).successor_features().reshape(n_states, n_actions, -1)
    best = most_probable(behavior)
    first = best.argmax(axis=1)
    states = np.arange(n_states)
    gain = (psi[states, first][:, None] - psi).reshape(n_states * n_actions, -1)
    gain[np.abs(gain).max(axis=1) <= SAME * np.abs(psi).max(initial=1.0)] = 0.0
    visits = behavior.occupancy * behavior.level_weights()[model.level]
    met = (visits > MET) if coverage == "visited" else ~model.terminal
    weight = np.where(met, visits if coverage == "visited" else 1.0, 0.0)
    weight = share * weight / max(float(weight.sum()), MET) / np.maximum(model.valid_counts - 1, 1)
    alternative = model.live.reshape(n_states, n_actions) & met[:, None]
    alternative[states, first] = False
    row_weight, row_state = np.repeat(weight, n_actions), np.repeat(states, n_actions)
    other, tied = ((alternative & kind).ravel() & _told_apart(gain) for kind in (~best, best))
    return Choices(
        gains=gain[other],
        state=row_state[other] + offset,
        weight=row_weight[other],
        ties=gain[tied],
        tie_weight=row_weight[tied],
    )


def _told_apart(rows: FloatArray) -> np.ndarray:
    return (rows != 0.0).any(axis=1)
