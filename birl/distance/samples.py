"""A coverage sample: the steps that reward distances are estimated from where there is no exact model.

From each of N states, K actions are tried, M next states drawn for each: that is what STARC needs. EPIC and DARD also
ask what can be done in the next states: `Ahead`, drawn on demand, in two independent replicates, so that products of
canonical forms have no bias from their own noise. A sample carries no reward and is used for any number of them.

Axes: N states, K actions tried, M repeats, G replicates, L canonical actions, C clusters, A numbered actions, J pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from birl.simulator import Actions
from birl.trajectories import Transitions
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["REPLICATES", "Ahead", "Branching", "CoverageSample", "mixture", "taken", "with_pool"]

REPLICATES = 2
POOL = 8  # next states that EPIC asks about whether or not they can follow, for each cluster and replicate


@dataclass(frozen=True, kw_only=True)
class Branching:
    """How much is tried in each state.

    Attributes:
        actions: tried in each state where actions are vectors; numbered ones are all tried.
        repeats: next states drawn for each; None for 1 where nothing is left to chance, otherwise 3.
        ahead: actions tried in each next state (all, where they are numbered), which DARD and EPIC on features need; 0
            for none.
        chosen: how coverage weighs actions: `any` alike, or as the `policy` does.
        episodes: rolled out to find the states in.
    """

    actions: int = 8
    repeats: int | None = None
    ahead: int = 0
    chosen: Literal["any", "policy"] = "any"
    episodes: int = 64

    def __post_init__(self) -> None:
        """Refuse counts that cannot be drawn."""
        for name, least in (("actions", 1), ("repeats", 1), ("ahead", 0), ("episodes", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise BirlError(f"branching: {name} is {value}: give at least {least}")
        if self.chosen not in ("any", "policy"):
            raise BirlError(f"branching: chosen is {self.chosen!r}: use 'any' or 'policy'")


@dataclass(frozen=True, kw_only=True, eq=False)
class Ahead:
    """What canonical actions lead to, from a state, from where a tried action led, and from where they led themselves.

    The same actions are taken in all three, so that shaping cancels action by action.

    Attributes:
        here: from each state, [N*G*L].
        there: from the first next state of each action tried, [N*K*G*L].
        beyond: from where `here` led, [N*G*L].
        here_weights: of the actions in the state, [N, G, L]; sum to 1 over L.
        there_weights: of the actions in the next state, [N, K, G, L]; 0 where it is terminal.
        beyond_alive: whether the action can be taken where `here` led, bool [N, G, L].
    """

    here: Transitions
    there: Transitions
    beyond: Transitions
    here_weights: FloatArray
    there_weights: FloatArray
    beyond_alive: np.ndarray

    @property
    def replicates(self) -> int:
        """G."""
        return self.here_weights.shape[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class CoverageSample:
    """Steps from states of a named source, for any number of rewards.

    Attributes:
        coverage: the source, as a reader would say it.
        discount: per step.
        feature_names: F names of what `steps.features` holds.
        actions: what can be done.
        unit: what a cluster is: `levels`, `episodes` or `groups of states`.
        cluster: which of C clusters each state belongs to, int [N].
        weights: of the states, [N]; sum to 1.
        chosen: weight of each action tried, [N, K]; sums to 1 over K.
        uniform: weight of each under the random walk, [N, K]; of vectors, under what drew them.
        walker: the policy `uniform` stands for.
        repeats: M.
        steps: [N*K*M], the last axis fastest.
        valid_after: numbered actions that are valid after the first of each repeats, [N, K, A]; None for vectors.
        pool_weights: how often each state stands for a next state that need not be able to follow, [N]; sums to 1.
        pool: states that EPIC takes for next states: indices, [C, 2, J].
        pool_actions: an action for each, [C, 2, J, D]; None where actions are numbered.
        ahead: what can be done next, where it was asked for.
    """

    coverage: str
    discount: float
    feature_names: tuple[str, ...]
    actions: Actions
    unit: str
    cluster: IntArray
    weights: FloatArray
    chosen: FloatArray
    uniform: FloatArray
    walker: str
    repeats: int
    steps: Transitions
    valid_after: np.ndarray | None
    pool_weights: FloatArray
    pool: IntArray = field(default_factory=lambda: np.zeros((0, REPLICATES, POOL), np.int64))
    pool_actions: Any = None
    ahead: Ahead | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, K, M)."""
        return (*self.chosen.shape, self.repeats)

    @property
    def clusters(self) -> int:
        """C."""
        return int(self.cluster.max()) + 1

    @cached_property
    def first(self) -> Transitions:
        """The first of each action's repeats, [N*K]."""
        return taken(self.steps, np.arange(0, len(self.steps), self.repeats))

    @cached_property
    def here(self) -> Any:
        """Observations of the states, [N, ...]."""
        _, tried, repeats = self.shape
        return np.asarray(self.steps.observations)[:: tried * repeats]

    @cached_property
    def pair_weights(self) -> FloatArray:
        """Coverage of each action tried, [N*K]; sums to 1."""
        return (self.weights[:, None] * self.chosen).ravel()

    @cached_property
    def pair_cluster(self) -> IntArray:
        """Cluster of each action tried, [N*K]."""
        return np.repeat(self.cluster, self.shape[1])


def mixture(samples: Sequence[CoverageSample], shares: Sequence[float] | None = None) -> CoverageSample:
    """Several samples as one coverage; clusters stay apart.

    A pooled distance hides a shift between distributions: report one for each as well.

    Args:
        samples: of worlds with the same actions, features and discount, drawn with the same branching.
        shares: weight of each; equal if left out.

    Raises:
        BirlError: for samples that do not fit together, or shares that are no weights.
    """
    given = np.ones(len(samples)) if shares is None else np.asarray(shares, np.float64)
    if not samples or given.shape != (len(samples),) or not (given >= 0).all() or not 0 < given.sum() < np.inf:
        raise BirlError(f"mixture: shares {given.tolist()} of {len(samples)} samples: give one weight, from 0 up, each")
    one = samples[0]
    for other in samples[1:]:
        if _kind(one) != _kind(other):
            raise BirlError(
                f"mixture: {one.coverage!r} and {other.coverage!r} differ in actions, features, discount or branching"
            )
    share = given / given.sum()
    offset = np.cumsum([0, *(s.clusters for s in samples)])
    stacked = {
        name: np.concatenate([getattr(s, name) for s in samples])
        for name in ("chosen", "uniform", "valid_after")
        if getattr(one, name) is not None
    }
    units = {s.unit for s in samples}
    mixed = replace(
        one,
        **stacked,
        coverage=" and ".join(f"{part:.0%} {s.coverage}" for part, s in zip(share, samples, strict=True)),
        unit=units.pop() if len(units) == 1 else "clusters",
        cluster=np.concatenate([s.cluster + o for s, o in zip(samples, offset[:-1], strict=True)]),
        weights=np.concatenate([part * s.weights for part, s in zip(share, samples, strict=True)]),
        pool_weights=np.concatenate([part * s.pool_weights for part, s in zip(share, samples, strict=True)]),
        steps=_joined([s.steps for s in samples]),
        ahead=_joined_ahead([s.ahead for s in samples if s.ahead is not None]),
    )
    return with_pool(mixed, np.random.default_rng(0))


def taken(seen: Transitions, index: Any) -> Transitions:
    """Some of the steps."""
    return Transitions(
        observations=np.asarray(seen.observations)[index],
        actions=np.asarray(seen.actions)[index],
        next_observations=np.asarray(seen.next_observations)[index],
        terminal=np.asarray(seen.terminal)[index],
        features=None if seen.features is None else np.asarray(seen.features)[index],
    )


def with_pool(sample: CoverageSample, rng: np.random.Generator) -> CoverageSample:
    """Draw the states EPIC takes for next states: terminal arrivals where there are any, otherwise the states."""
    shape = (sample.clusters, REPLICATES, POOL)
    ended = np.flatnonzero(sample.first.terminal)
    if ended.size:
        pool = rng.choice(ended, size=shape)
    else:
        pool = rng.choice(len(sample.weights), size=shape, p=sample.pool_weights)
    vectors = None if sample.actions.count is not None else sample.actions.draw(pool.size, rng).reshape(*shape, -1)
    return replace(sample, pool=pool, pool_actions=vectors)


def _joined(parts: Sequence[Transitions]) -> Transitions:
    return Transitions(
        observations=np.concatenate([p.observations for p in parts]),
        actions=np.concatenate([p.actions for p in parts]),
        next_observations=np.concatenate([p.next_observations for p in parts]),
        terminal=np.concatenate([p.terminal for p in parts]),
        features=np.concatenate([p.features for p in parts]),
    )


def _kind(sample: CoverageSample) -> tuple[Any, ...]:
    """What samples of one mixture have in common."""
    ahead = None if sample.ahead is None else sample.ahead.here_weights.shape[1:]
    return sample.discount, sample.feature_names, sample.walker, sample.shape[1:], ahead


def _joined_ahead(parts: Sequence[Ahead]) -> Ahead | None:
    if not parts:
        return None
    return Ahead(
        here=_joined([p.here for p in parts]),
        there=_joined([p.there for p in parts]),
        beyond=_joined([p.beyond for p in parts]),
        here_weights=np.concatenate([p.here_weights for p in parts]),
        there_weights=np.concatenate([p.there_weights for p in parts]),
        beyond_alive=np.concatenate([p.beyond_alive for p in parts]),
    )
