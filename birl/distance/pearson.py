"""EPIC and DARD estimated from a coverage sample.

    EPIC  C(s, a, s') = R(s, a, s') + g m(s') - m(s) - g E m(T),  m(s) = E_{A uniform, T} R(s, A, T)       (1)
    DARD  C(s, a, s') = R(s, a, s') + E [g R(s', A, S'') - R(s, A, S') - g R(S', A, S'')]                  (2)

as the exact ones define them, then the Pearson distance over the steps of the sample. T is one of the sample's own
states (a terminal one, where there are any), the same few for all terms of one cluster: so potential shaping cancels
exactly however few they are, and the cluster bootstrap sees their noise. Where coverage is not uniform, T differs from
the exact metric's, which is uniform over all states.

A reward by features has no value on steps that were not made: its m(s) is over the steps of the random walk, and its
R(S', A, S'') is what A brings in S'. Both need a sample drawn with `ahead`. Rewards that depend on state and action
alone are answered alike in either way. Neither metric removes an S'-redistribution: use STARC for those.

Axes: N states, K actions tried, G replicates, L canonical actions, A numbered actions, C clusters, J pool, B states.
Source: Gleave et al. 2021 (arXiv 2006.13900), definitions 4.1 to 4.3, appendix A.1 for the shared sample; Wulfe et al.
2022 (arXiv 2201.10081), definition 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from birl.distance.forms import Forms
from birl.distance.samples import REPLICATES, Ahead, CoverageSample
from birl.distance.valued import StepReward, by_feature, values
from birl.trajectories import Transitions
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["Dard", "Epic"]

CHUNK = 100_000  # steps a reward is asked about at once


@dataclass(frozen=True, kw_only=True)
class Epic:
    """Equation (1)."""

    name: ClassVar[str] = "epic"

    def forms(self, sample: CoverageSample, rewards: Mapping[str, StepReward]) -> Forms:
        """The forms of all rewards on the first step of each action tried, [2, N*K, rewards].

        Raises:
            BirlError: for a reward by features on a sample without `ahead`.
        """
        return _stacked(sample, rewards, self._form)

    def _form(self, sample: CoverageSample, reward: StepReward, called: str) -> FloatArray:
        """C of one reward, [2, N*K]."""
        tried = sample.shape[1]
        if by_feature(reward):
            ahead = _needed(sample, self.name)
            here, there = _means_here(sample, ahead, reward, called), _means_there(sample, ahead, reward, called)
            rest = np.zeros((1, 1))
        else:
            asked = _Asked(sample=sample, reward=reward, called=called)
            here, there, rest = asked.states(), asked.arrivals(), asked.pool()[:, sample.pair_cluster]
        own = values(sample, reward, sample.first, called)
        return own + sample.discount * there - np.repeat(here, tried, axis=1) - sample.discount * rest


@dataclass(frozen=True, kw_only=True)
class Dard:
    """Equation (2)."""

    name: ClassVar[str] = "dard"

    def forms(self, sample: CoverageSample, rewards: Mapping[str, StepReward]) -> Forms:
        """The forms of all rewards on the first step of each action tried, [G, N*K, rewards].

        Raises:
            BirlError: on a sample without `ahead`.
        """
        return _stacked(sample, rewards, self._form)

    def _form(self, sample: CoverageSample, reward: StepReward, called: str) -> FloatArray:
        """C of one reward, [G, N*K]."""
        ahead, tried = _needed(sample, self.name), sample.shape[1]
        own = values(sample, reward, sample.first, called)
        here, there = _means_here(sample, ahead, reward, called), _means_there(sample, ahead, reward, called)
        across = _means_across(sample, ahead, reward, called)
        return own + sample.discount * there - np.repeat(here, tried, axis=1) - sample.discount * across


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """m(s) of equation (1) for a reward that can be asked about any step.

    Attributes:
        sample: where the pool of next states and actions is.
        reward: evaluated.
        called: its name in errors.
    """

    sample: CoverageSample
    reward: StepReward
    called: str

    def states(self) -> FloatArray:
        """m of the states, [2, N]."""
        return self._means(self.sample.here, self.sample.uniform, self.sample.cluster)

    def arrivals(self) -> FloatArray:
        """m of where the tried actions first led, [2, N*K]; 0 where it is terminal."""
        sample = self.sample
        found = self._means(sample.first.next_observations, self._valid_after(), sample.pair_cluster)
        return np.where(sample.first.terminal, 0.0, found)

    def pool(self) -> FloatArray:
        """Mean of m over the pool of each cluster, [2, C]; 0 where the pool is of terminal states."""
        sample, (clusters, two, size) = self.sample, self.sample.pool.shape
        if self._ended():
            return np.zeros((two, clusters))
        index = sample.pool.ravel()
        found = self._means(sample.here[index], sample.uniform[index], np.repeat(np.arange(clusters), two * size))
        own = found.reshape(two, clusters, two, size)
        return np.stack([own[r, :, r].mean(axis=1) for r in range(two)])

    def _ended(self) -> bool:
        return bool(np.asarray(self.sample.first.terminal).any())

    def _valid_after(self) -> FloatArray:
        valid = self.sample.valid_after
        if valid is None:
            return np.ones((len(self.sample.first), 1))
        flat = valid.reshape(-1, valid.shape[-1])
        return flat / np.maximum(flat.sum(axis=1, keepdims=True), 1)

    def _means(self, seen: Any, uniform: FloatArray, cluster: IntArray) -> FloatArray:
        """m of some states, [2, B], a chunk of steps at a time."""
        many = self.sample.pool.shape[2] * (self.sample.actions.count or 1)
        size = max(1, CHUNK // (REPLICATES * many))
        parts = [slice(i, i + size) for i in range(0, len(cluster), size)]
        return np.concatenate([self._chunk(seen[p], uniform[p], cluster[p]) for p in parts], axis=1)

    def _chunk(self, seen: Any, uniform: FloatArray, cluster: IntArray) -> FloatArray:
        sample, count, numbered = self.sample, len(cluster), self.sample.actions.count
        pool = sample.pool[cluster]  # [B, 2, J]
        source = sample.first.next_observations if self._ended() else sample.here
        if numbered is None:
            actions = sample.pool_actions[cluster].reshape(pool.size, -1)
        else:
            pool = np.repeat(pool[:, :, None], numbered, axis=2)  # [B, 2, A, J]
            actions = np.broadcast_to(np.arange(numbered)[:, None], pool.shape).reshape(-1)
        steps = Transitions(
            observations=np.repeat(seen, pool.size // count, axis=0),
            actions=actions,
            next_observations=np.asarray(source)[pool.ravel()],
            terminal=np.full(pool.size, self._ended()),
        )
        found = values(sample, self.reward, steps, self.called).reshape(pool.shape).mean(axis=-1)
        return found.T if numbered is None else np.einsum("ba,bra->rb", uniform, found)


def _means_here(sample: CoverageSample, ahead: Ahead, reward: StepReward, called: str) -> FloatArray:
    """E R(s, A, S'), [G, N]."""
    found = values(sample, reward, ahead.here, called).reshape(ahead.here_weights.shape)
    return (ahead.here_weights * found).sum(axis=2).T


def _means_there(sample: CoverageSample, ahead: Ahead, reward: StepReward, called: str) -> FloatArray:
    """E R(s', A, S''), [G, N*K]; 0 where s' is terminal."""
    found = values(sample, reward, ahead.there, called).reshape(ahead.there_weights.shape)
    return (ahead.there_weights * found).sum(axis=3).reshape(-1, ahead.replicates).T


def _means_across(sample: CoverageSample, ahead: Ahead, reward: StepReward, called: str) -> FloatArray:
    """E R(S', A, S''), [G, N*K]: S' from the state, S'' from where the tried action led."""
    shape = ahead.there_weights.shape  # [N, K, G, L]
    weights = ahead.here_weights * ahead.beyond_alive
    if by_feature(reward):
        found = values(sample, reward, ahead.beyond, called).reshape(weights.shape)
        return np.repeat((weights * found).sum(axis=2).T, shape[1], axis=1)
    onto = np.broadcast_to(np.arange(weights.size).reshape(weights.shape)[:, None], shape).ravel()
    found = np.concatenate(
        [
            values(sample, reward, _crossed(ahead, onto[i : i + CHUNK], slice(i, i + CHUNK)), called)
            for i in range(0, onto.size, CHUNK)
        ]
    )
    return (weights[:, None] * found.reshape(shape)).sum(axis=3).reshape(-1, shape[2]).T


def _crossed(ahead: Ahead, onto: IntArray, part: slice) -> Transitions:
    """Steps (S', A, S''), most of which never happen."""
    return Transitions(
        observations=np.asarray(ahead.here.next_observations)[onto],
        actions=np.asarray(ahead.here.actions)[onto],
        next_observations=np.asarray(ahead.there.next_observations)[part],
        terminal=np.asarray(ahead.there.terminal)[part],
    )


def _needed(sample: CoverageSample, metric: str) -> Ahead:
    if sample.ahead is None:
        raise BirlError(
            f"{metric} needs what can be done next: draw the sample with Branching(ahead=4), or use starc-min"
        )
    return sample.ahead


def _stacked(sample: CoverageSample, rewards: Mapping[str, StepReward], form: Any) -> Forms:
    """One form after another, each divided by the largest magnitude of its reward."""
    scale = np.array([np.abs(values(sample, r, sample.steps, n)).max() for n, r in rewards.items()])
    found = [form(sample, r, n) for n, r in rewards.items()]
    replicates = max(len(f) for f in found)
    stacked = np.stack([np.broadcast_to(f, (replicates, f.shape[1])) for f in found], axis=2)
    return Forms(values=stacked / np.where(scale > 0, scale, 1.0), scale=scale, centred=True, policy="uniform")
