"""Outcomes: which event comes first, exactly, for a policy and for the random walk.

A network that dithers on its way can look aimless action by action and still end where it wants to. So every
distribution is also read at the level of what happens: run the policy's chain for the world's time limit and add up the
probability of each first event; "nothing" is an outcome too.

Axes: S states, A actions, F features, L levels, O events.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from birl.tabular import TabularModel
from birl.types import FloatArray, IntArray

__all__ = ["NOTHING", "Events", "Outcomes", "find_events", "first_events", "outcomes"]

NOTHING = "nothing"
MAX_EVENTS = 64
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Events:
    """What can happen in a world.

    Attributes:
        names: O names.
        features: features that event o brings, without constant ones, [O, F].
        rate: probability of each event at (s, a), CSR [S*A, O].
        ending: whether the episode ends exactly when an event happens.
    """

    names: tuple[str, ...]
    features: FloatArray
    rate: sp.csr_matrix
    ending: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcomes:
    """Shares of first events, level by level.

    Attributes:
        events: the events; column O of the shares is `NOTHING`.
        share: the policy's, [L, O + 1]; rows sum to 1.
        walk: the random walk's, [L, O + 1].
        distance: fewest steps from the start to the event, [L, O]; inf where it cannot be reached.
        horizon: steps after which an episode counts as `NOTHING`.
    """

    events: Events
    share: FloatArray
    walk: FloatArray
    distance: FloatArray
    horizon: int

    @property
    def names(self) -> tuple[str, ...]:
        """Event names and `NOTHING`, as the columns of the shares."""
        return (*self.events.names, NOTHING)

    def restrict(self, levels: IntArray) -> Outcomes:
        """The rows of some levels; `events.rate` keeps the rows of the whole model."""
        return replace(self, share=self.share[levels], walk=self.walk[levels], distance=self.distance[levels])


def constant_features(model: TabularModel) -> np.ndarray:
    """Features with one value on every live state and action (`step`), up to rounding, bool [F]."""
    live = (model.valid_actions & ~model.terminal[:, None]).ravel()
    rows = sp.csr_matrix(model.features[live])
    low, high = rows.min(axis=0).toarray().ravel(), rows.max(axis=0).toarray().ravel()
    return np.isclose(low, high, rtol=ROUNDING, atol=0.0) & (high != 0)


def find_events(model: TabularModel) -> Events | str:
    """The events of a world, or the reason why it does not resolve into events.

    A feature is an event where its values are probabilities and at most one can happen at a time. Otherwise each
    distinct combination of features is one event (kind and colour counted separately), if they are few.
    """
    constant = constant_features(model)
    columns = np.flatnonzero(~constant & (model.features.count_nonzero(axis=0) > 0))
    if not columns.size:
        return "no feature of this model ever changes: there are no events"
    rate = sp.csr_matrix(model.features[:, columns])
    sums = np.asarray(rate.sum(axis=1)).ravel()
    phi = np.zeros((columns.size, model.n_features))
    phi[np.arange(columns.size), columns] = 1.0
    names = tuple(model.feature_names[int(c)] for c in columns)
    if rate.data.min() < 0 or sums.max() > 1 + ROUNDING:
        rows = np.flatnonzero(sums if rate.data.min() >= 0 else np.diff(rate.indptr))
        patterns, which = np.unique(rate[rows].toarray().round(9), axis=0, return_inverse=True)
        if len(patterns) > MAX_EVENTS:
            return f"features take {len(patterns)} different values together (limit {MAX_EVENTS}): not events"
        names = tuple("+".join(_counted(names[i], p[i]) for i in np.flatnonzero(p)) for p in patterns)
        phi = patterns @ phi
        rate = sp.csr_matrix((np.ones(rows.size), (rows, which.ravel())), shape=(sums.size, len(patterns)))
        sums = np.asarray(rate.sum(axis=1)).ravel()
    ends = model.transitions @ model.terminal.astype(np.float64)
    ending = bool(np.abs(sums - ends).max() <= 1e-6)
    if not ending and np.abs(rate.data - 1.0).max() > ROUNDING:
        return "events happen by chance and do not end the episode: the first one is not determined"
    return Events(names=names, features=phi, rate=rate, ending=ending)


def _counted(name: str, count: float) -> str:
    """`dirty` or, where it happens not just once, `3 dirty`."""
    return name if count == 1.0 else f"{count:g} {name}"


def first_events(model: TabularModel, events: Events, policy: FloatArray, *, horizon: int) -> FloatArray:
    """Probability of each first event within the horizon, and of none, [L, O + 1]."""
    n_states, n_events = model.n_states, len(events.names)
    weights = policy.ravel()
    going_on = weights if events.ending else weights * (1.0 - np.asarray(events.rate.sum(axis=1)).ravel())
    per_state = sp.csr_matrix(
        (going_on, np.arange(weights.size), np.arange(n_states + 1) * model.n_actions),
        shape=(n_states, weights.size),
    )
    forward = sp.csr_matrix((per_state @ model.transitions).T)
    now = model.start / np.maximum(model.level_starts[model.level], np.finfo(float).tiny)
    visits = np.zeros(n_states)
    for _ in range(horizon):
        visits += now
        now = forward @ now
    happens = sp.diags_array((visits[:, None] * policy).ravel()) @ events.rate
    member = sp.csr_matrix(
        (np.ones(weights.size), (np.repeat(model.level, model.n_actions), np.arange(weights.size))),
        shape=(model.n_levels, weights.size),
    )
    shares = np.empty((model.n_levels, n_events + 1))
    shares[:, :-1] = sp.csr_matrix(member @ happens).toarray()
    shares[:, -1] = np.maximum(0.0, 1.0 - shares[:, :-1].sum(axis=1))
    return shares


def distances(model: TabularModel, events: Events) -> FloatArray:
    """Fewest steps from each level's start to each event, [L, O]; mean over starts, inf where none reaches it."""
    n_states, n_actions = model.n_states, model.n_actions
    rows = np.repeat(np.arange(n_states), n_actions)
    happens = sp.csr_matrix((np.ones(rows.size), (rows, np.arange(rows.size))), shape=(n_states, rows.size))
    quiet = (np.asarray(events.rate.sum(axis=1)).ravel() < 1 - ROUNDING) & model.valid_actions.ravel()
    steps = sp.csr_matrix(happens @ sp.diags_array(quiet.astype(float)) @ model.transitions)
    reached = sp.csr_matrix(happens @ events.rate).toarray() > 0
    first = np.where(reached, 1.0, np.inf)
    frontier, count = reached, 1
    while frontier.any():
        count += 1
        frontier = (steps @ frontier.astype(np.float64) > 0) & ~reached
        first[frontier] = count
        reached = reached | frontier
    mass = model.start[:, None] * np.isfinite(first)
    total = np.stack([model.per_level(column) for column in (mass * np.where(reached, first, 0.0)).T], axis=1)
    weight = np.stack([model.per_level(column) for column in mass.T], axis=1)
    return np.divide(total, weight, out=np.full_like(total, np.inf), where=weight > 0)


def outcomes(model: TabularModel, policy: FloatArray, *, horizon: int) -> Outcomes | str:
    """Outcomes of a policy [S, A] beside the random walk's, or the reason why there are none."""
    events = find_events(model)
    if isinstance(events, str):
        return events
    if _foregone(model, events):
        return "the same event comes first whatever is done: what comes first says nothing"
    return Outcomes(
        events=events,
        share=first_events(model, events, policy, horizon=horizon),
        walk=first_events(model, events, model.uniform, horizon=horizon),
        distance=distances(model, events),
        horizon=horizon,
    )


def _foregone(model: TabularModel, events: Events) -> bool:
    """Whether in every start state every valid action brings the same event: a feature that is there from the start."""
    starts = np.flatnonzero(model.start > 0)
    at = starts[:, None] * model.n_actions + np.arange(model.n_actions)
    valid = model.valid_actions[starts]
    rate = events.rate[at.ravel()].toarray().reshape(*at.shape, -1)
    any_valid = rate[np.arange(starts.size), valid.argmax(axis=1)][:, None]
    same = np.abs(rate - any_valid).max(axis=2) <= ROUNDING
    return bool((same | ~valid).all() and np.abs(any_valid.sum(axis=2) - 1.0).max() <= ROUNDING)
