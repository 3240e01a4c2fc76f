"""EPIC: the Pearson distance of rewards after their shaping has been averaged away.

    C(s, a, s') = R(s, a, s') + g m(s') - m(s),   m(s) = E_{A ~ uniform, T ~ D_S} R(s, A, T)          (1)
    d = sqrt((1 - rho(C_a, C_b)) / 2) = 1/2 || standardised C_a - standardised C_b ||                (2)

The constant - g E m(S) of the paper does not move a correlation and is left out. D_S is uniform over the states; in a
world with terminal states it is uniform over those, where potentials are 0: so (1) removes every potential that is 0
there, and nothing else (a reward for every step is not shaping where episodes end).

(1) asks for the reward of transitions that cannot happen. A reward by state and action answers with its value; one
known on possible transitions only has no EPIC distance, unless each action leads to one state. Shaping that was added
by state and action stays, and so does an S'-redistribution: use STARC for those.

Axes: S states, A actions, E stored transitions, K rewards.
Source: Gleave et al. 2021 (arXiv 2006.13900), definitions 4.1 to 4.3.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from birl.distance.base import Distance, half_distance
from birl.distance.coverage import CoverageLike, as_coverage, edge_weights
from birl.distance.rewards import Reward, RewardSource, as_reward
from birl.tabular import TabularModel
from birl.types import BirlError, FloatArray

__all__ = ["centred", "epic", "epic_columns", "off_dynamics"]

TABLE_LIMIT = 10_000_000  # most entries of a table over S x A x S'


def epic(model: TabularModel, a: RewardSource, b: RewardSource, *, coverage: CoverageLike = None) -> Distance:
    """The EPIC distance of two rewards.

    Args:
        model: the world.
        a: a reward: weights by feature, [S*A], [S, A, S'], or a value for each stored transition.
        b: the other.
        coverage: `feasible` (the default: all state-action pairs alike, next states by the dynamics), weights [S*A], or
            `uniform` (every next state alike, the published choice; it also weighs what never happens, and can call
            opposite rewards close).

    Raises:
        BirlError: for rewards or coverage that do not fit the model; for `uniform` above ten million triples.
    """
    one, two = as_reward(model, a, "a"), as_reward(model, b, "b")
    everywhere = isinstance(coverage, str) and coverage == "uniform"
    about = _everywhere(model) if everywhere else _along(model, coverage)
    if unknown := off_dynamics(about, one, two):
        return unknown
    if everywhere:
        weights = np.repeat(model.live / model.live.sum(), model.n_states) / model.n_states
        forms = [_table_form(model, reward).ravel() for reward in (one, two)]
    else:
        weights = edge_weights(model, as_coverage(model, coverage))
        forms = [_edge_form(model, reward) for reward in (one, two)]
    return half_distance(centred(forms[0], weights), centred(forms[1], weights), weights, about)


def off_dynamics(about: Distance, one: Reward, two: Reward) -> Distance | None:
    """The undefined distance of rewards that say nothing about what cannot happen; None where both do."""
    unknown = [name for name, reward in (("a", one), ("b", two)) if not reward.knows_the_impossible]
    if not unknown:
        return None
    who = f"{' and '.join(unknown)} {'has' if len(unknown) == 1 else 'have'} no values"
    return replace(about, reason=f"{who} for transitions that cannot happen, which {about.metric} asks for: use starc")


def centred(form: FloatArray, weights: FloatArray) -> FloatArray:
    """The form minus its weighted mean; weights sum to 1."""
    return form - weights @ form


def epic_columns(model: TabularModel, columns: FloatArray) -> FloatArray:
    """Equation (1) for rewards by state and action [S*A, K] on the stored transitions, [E, K]."""
    row, arrival = model.elimination.row, model.transitions.indices
    per_state = columns.reshape(model.n_states, model.n_actions, -1)
    mean = np.einsum("sa,sak->sk", np.where(model.terminal[:, None], 0.0, model.uniform), per_state)  # m
    departed = columns - np.repeat(mean, model.n_actions, axis=0)
    return departed[row] + model.discount * mean[arrival]


def _along(model: TabularModel, coverage: CoverageLike) -> Distance:
    where = as_coverage(model, coverage)
    return Distance(
        metric="epic", coverage=where.name, supported=where.supported, policy="uniform", discount=model.discount
    )


def _everywhere(model: TabularModel) -> Distance:
    size = model.live.size * model.n_states
    if size > TABLE_LIMIT:
        raise BirlError(
            f"coverage 'uniform' needs {size:,} state-action-state triples (limit {TABLE_LIMIT:,}): use 'feasible'"
        )
    supported = (model.transitions.data > 0).sum() / (model.live.sum() * model.n_states)
    return Distance(
        metric="epic", coverage="uniform", supported=float(supported), policy="uniform", discount=model.discount
    )


def _means(model: TabularModel, reward: Reward) -> FloatArray:
    """m of equation (1), [S]."""
    if reward.table is None:
        asked = reward.pairs.reshape(model.n_states, model.n_actions)
    else:
        rest = model.terminal if model.terminal.any() else np.ones(model.n_states, bool)
        asked = reward.table[:, :, rest].mean(axis=2)
    return np.where(model.terminal, 0.0, (model.uniform * asked).sum(axis=1))


def _edge_form(model: TabularModel, reward: Reward) -> FloatArray:
    mean, row = _means(model, reward), model.elimination.row
    return reward.edges + model.discount * mean[model.transitions.indices] - mean[row // model.n_actions]


def _table_form(model: TabularModel, reward: Reward) -> FloatArray:
    mean = _means(model, reward)
    shape = (model.n_states, model.n_actions, model.n_states)
    by_pair = reward.pairs.reshape(model.n_states, model.n_actions, 1)
    table = np.broadcast_to(by_pair, shape) if reward.table is None else reward.table
    return table + model.discount * mean - mean[:, None, None]
