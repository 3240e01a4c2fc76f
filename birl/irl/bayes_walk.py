"""Hamiltonian Monte Carlo that follows a guide and asks the density only where it arrives.

A chain turns around the guide's Gaussian exactly and is kicked by the guide's hinges, in steps so short that it keeps
the guide's energy. The density is asked for once a move, at its end, and the acceptance test makes draws right however
wrong the guide is: the motion is reversible and keeps volumes whatever the kicks. A good guide has nearly every move of
a quarter turn accepted, and draws are then nearly independent; with a bad one turns become shorter.

Axes: C chains, N draws, K parameters.
Source: Neal 2011 (Handbook of Markov Chain Monte Carlo, chapter 5); Shahbaba, Lan, Johnson & Neal 2014 (Statistics and
Computing 24; arXiv 1106.5941), section 3.1 (splitting off the Gaussian of the mode); Rasmussen 2003 (Bayesian
Statistics 7; the guide).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from birl.irl.bayes_guide import Gaussian, Guide, LogDensity, Seen
from birl.types import FloatArray

__all__ = ["Effort", "Walk", "walk"]

TURN, JITTER = math.pi / 2, 0.2  # a quarter turn forgets where it began; its length varies by this share
STEP = TURN / 8  # between kicks
SHORT, SHORTER = 0.2, 1 / 3  # moves that go only so far: they leave narrow places that no long move gets out of
ENOUGH, PLENTY = 0.65, 0.85  # moves accepted, below which turns get shorter and above which longer
STUCK = 0.1  # likewise, by one chain: too few
FINER = 1.5
LOOKS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)  # of the warm-up: when the guide is fitted anew
REFITS = (0.2, 0.5)  # of the warm-up: between these the Gaussian is fitted anew where the guide is refused
PSEUDO = 1.0  # draws a parameter that the Gaussian before counts for
SPREAD = 1.5  # chains begin this much wider than the Gaussian


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How far to walk.

    Attributes:
        chains: C, each from its own place.
        draws: N of each, after the warm-up.
        warm_up: moves of each that fit the guide, all chains together, and are thrown away.
        jobs: processes that the chains are shared among after the warm-up; draws do not depend on how many.
    """

    chains: int
    draws: int
    warm_up: int
    jobs: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """Where the chains went.

    Attributes:
        draws: [C, N, K].
        accepted: share of the kept moves that were accepted.
        turn: how far a move goes, in quarter turns.
        asked: how often the density was asked for, warm-up included.
        missing: kept moves refused because there was no density.
    """

    draws: FloatArray
    accepted: float
    turn: float
    asked: int
    missing: int


def walk(
    density: LogDensity,
    near: Gaussian,
    effort: Effort,
    rng: np.random.Generator,
) -> Walk:
    """Draw from a density.

    Args:
        density: what to draw from; several processes need one that can be pickled.
        near: a Gaussian it resembles.
        effort: how many chains and draws; each chain has a random stream of its own.
        rng: all randomness.
    """
    streams = rng.spawn(effort.chains)
    first = SPREAD * np.stack([s.normal(size=near.mean.size) for s in streams])
    team = _Team(density, Guide.plain(near), first, streams)
    turn = _warm(team, effort.warm_up, rng)
    kept = _shared(team, turn, effort.draws, min(effort.jobs, effort.chains))
    return Walk(
        draws=np.concatenate([k.draws for k in kept]),
        accepted=float(np.concatenate([k.accepted for k in kept]).mean()),
        turn=turn / TURN,
        asked=effort.chains * (1 + effort.warm_up + effort.draws),
        missing=sum(k.missing for k in kept),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kept:
    """What some chains bring home: draws [C, N, K], chances of acceptance [C, N], and moves to nowhere."""

    draws: FloatArray
    accepted: FloatArray
    missing: int


def _shared(team: _Team, turn: float, draws: int, jobs: int) -> list[_Kept]:
    """The kept moves, of some chains in each process."""
    if jobs == 1:
        return [_keep(team, turn, draws)]
    from joblib import Parallel, delayed  # with several processes only

    first = np.linspace(0, len(team.z), jobs + 1).astype(int)
    parts = [team.part(slice(i, j)) for i, j in pairwise(first)]
    run: Any = Parallel(n_jobs=jobs)(delayed(_keep)(part, turn, draws) for part in parts)
    return list(run)


def _keep(team: _Team, turn: float, draws: int) -> _Kept:
    kept, accepted = np.empty((len(team.z), draws, team.z.shape[1])), np.empty((len(team.z), draws))
    team.missing = 0
    for i in range(draws):
        accepted[:, i] = team.move(turn)
        kept[:, i] = team.theta
    return _Kept(draws=kept, accepted=accepted, missing=team.missing)


def _warm(team: _Team, moves: int, rng: np.random.Generator) -> float:
    """Walk until guide and turn fit; returns the latter.

    Where hinges cannot make up for it, the Gaussian of the mode is not what the posterior is nearly: then the mean and
    the covariance of where the chains have been take its place.
    """
    turn, near = TURN, team.guide.near
    looks = sorted({math.ceil(share * moves) for share in LOOKS} - {0})
    seen, been = [team.look(team.theta)], []
    team.potential = -seen[0].value
    for first, last in pairwise((0, *looks)):
        accepted = []
        for _ in range(first, last):
            accepted.append(team.move(turn))
            seen.append(team.last)
            been.append(team.theta)
        share = np.mean(accepted)
        few = bool(share < ENOUGH or np.mean(accepted, axis=0).min() < STUCK)
        if few and REFITS[0] * moves <= last <= REFITS[1] * moves:
            near = _refitted(near, np.concatenate(been[len(been) // 2 :]))
        turn = turn / FINER if few else min(TURN, turn * FINER) if share > PLENTY else turn
        team.follow(Guide.fitted(near, Seen.of(seen), rng))
    return turn


def _refitted(near: Gaussian, been: FloatArray) -> Gaussian:
    """The Gaussian of some points [N, K], drawn a little towards the one there was."""
    share = len(been) / (len(been) + PSEUDO * been.shape[1])
    covariance = share * np.cov(been.T) + (1 - share) * near.factor @ near.factor.T
    return replace(near, mean=been.mean(axis=0), factor=np.asarray(np.linalg.cholesky(covariance), np.float64))


class _Team:
    """Chains that ask for the density together. Nothing in one depends on the others.

    Attributes:
        guide: what they follow.
        z: where they are, in units of its Gaussian, [C, K].
        streams: the random numbers of each.
        potential: minus the log density, [C]; not known before it is told.
        last: what was seen in the last move.
        asked: how often the density was asked for.
        missing: moves that led where there is none.
    """

    def __init__(
        self, density: LogDensity, guide: Guide, z: FloatArray, streams: Sequence[np.random.Generator]
    ) -> None:
        self.density, self.guide, self.z, self.streams = density, guide, z, streams
        self.potential = np.full(len(z), np.inf)
        self.asked = self.missing = 0

    @property
    def theta(self) -> FloatArray:
        """Where they are, [C, K]."""
        return self.guide.near.place(self.z)

    def part(self, some: slice) -> _Team:
        """Some of the chains, as a team of their own."""
        team = _Team(self.density, self.guide, self.z[some], self.streams[some])
        team.potential = self.potential[some]
        return team

    def look(self, theta: FloatArray) -> Seen:
        """The density at [C, K]."""
        value, gradient = self.density(theta)
        self.asked += len(theta)
        return Seen(theta=theta, value=value, gradient=gradient)

    def follow(self, guide: Guide) -> None:
        """Another guide, from here on."""
        self.z, self.guide = guide.near.standard(self.theta), guide

    def move(self, turn: float) -> FloatArray:
        """One move of every chain; returns the probability of acceptance of each, [C]."""
        push = np.stack([s.normal(size=self.z.shape[1]) for s in self.streams])
        length, short, luck = np.stack([s.random(3) for s in self.streams]).T
        z, p = self._along(push, turn * (1 + JITTER * (2 * length - 1)) * np.where(short < SHORT, SHORTER, 1.0), turn)
        self.last = self.look(self.guide.near.place(z))
        self.missing += int(np.isinf(self.last.value).sum())
        before = self.potential + 0.5 * (push**2).sum(axis=1)
        after = 0.5 * (p**2).sum(axis=1) - self.last.value
        with np.errstate(invalid="ignore"):  # a chain that begins where there is no density goes anywhere
            chance = np.where(np.isinf(before), 1.0, np.exp(np.minimum(0.0, before - after)))
        taken = luck < chance
        self.z = np.where(taken[:, None], z, self.z)
        self.potential = np.where(taken, -self.last.value, self.potential)
        return chance

    def _along(self, p: FloatArray, angle: FloatArray, turn: float) -> tuple[FloatArray, FloatArray]:
        """Where chains end that follow the guide through angles [C], pushed by p: place and momentum, [C, K] each."""
        steps, z, kick = math.ceil(turn / STEP), self.z, self.guide.kick(self.z)
        angle = angle[:, None] / steps
        for _ in range(steps):
            p = p + 0.5 * angle * kick
            z, p = z * np.cos(angle) + p * np.sin(angle), p * np.cos(angle) - z * np.sin(angle)
            kick = self.guide.kick(z)
            p = p + 0.5 * angle * kick
        return z, p
