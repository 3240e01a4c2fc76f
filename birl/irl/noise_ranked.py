"""Noise-ranked episodes: more noise makes a policy worse at what it wants, so windows with less of it show more of it.

    P(i before j) = sigmoid(sum_i r - sum_j r + c (lived_i - lived_j))        where i was made with less noise

The noise is mixed into the policy itself. Rewards are of states: named features where the world has them, otherwise a
small network of what is seen where a step leads. Windows are equally long in the world's time, and the constant c is
the price of being alive: where noise ends episodes, every state would otherwise look good for being lived in. c is no
reward, because nothing tells the worth of living from the harm of noise.

Assumes that noise harms, and harms more the more there is of it. An agent that wants what random walks bring, or does
not care, is ranked by accident; the checks say whether there was anything to rank, not whether it was wanted.
Cannot tell: scale, worth of being alive, worth of actions, what noise does not disturb.

Axes: N windows, T steps of a window, F features, P pairs, K parameters (the F weights, then c), D draws.
Source: Brown, Goo & Niekum 2019 (CoRL; arXiv 1907.03976), section 4; the Bradley-Terry loss is equation 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from birl.irl.base import AnyBehavior, Identifiability, RewardEstimate
from birl.irl.linear import LinearFit, linear_estimate
from birl.irl.needs import sampled
from birl.irl.pairwise import bradley_terry, information
from birl.irl.provenance import provenance
from birl.irl.ranking import Ranking, ranking_checks, resampled_weights
from birl.irl.segments import Windows, cut, pairs
from birl.irl.window_network import fit_windows
from birl.sampled import SampledBehavior
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray

__all__ = ["NoiseRanked"]

FORMS = ("auto", "features", "network")
DRAWS = 100  # of the bootstrap over episodes
SAME = 1e-9  # relative spread of a feature that counts as none
HELD_OUT = 4  # one episode in so many judges the ranking
NOISE = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class NoiseRanked:
    """Settings of the noise-ranked method.

    Attributes:
        form: "features" for weights, "network" for a function of what is seen; "auto" takes features where there are.
        noise: shares of random actions, rising, in [0, 1].
        episodes: of each distribution and level of noise.
        length: steps of a window at most.
        each: windows of every episode.
        pairs: that are ranked; a quarter as many, of other episodes, judge the ranking.
        decay: of the weights, on features scaled to windows of variance 1.
        survival: whether being alive has a price of its own.
        steps: of training, of a network.
    """

    name: ClassVar[str] = "noise-ranked"
    needs: ClassVar[frozenset[str]] = frozenset({"policy", "simulator"})
    behavioral_model: ClassVar[str] = "worse at what it wants, the more noise is mixed in"
    cannot_identify: ClassVar[str] = "scale, worth of being alive and of actions, what noise does not disturb"
    source: ClassVar[str] = "Brown, Goo & Niekum 2019"

    form: str = "auto"
    noise: tuple[float, ...] = NOISE
    episodes: int = 40
    length: int = 20
    each: int = 4
    pairs: int = 5000
    decay: float = 1e-3
    survival: bool = True
    steps: int = 600

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.form not in FORMS:
            raise BirlError(f"noise-ranked: form {self.form!r}: use one of {', '.join(FORMS)}")
        rising = len(self.noise) > 1 and all(a < b for a, b in pairwise(self.noise))
        if not rising or not all(0 <= share <= 1 for share in self.noise):
            raise BirlError(f"noise-ranked: noise {self.noise}: give at least two rising shares in [0, 1]")
        if self.episodes < HELD_OUT or self.decay <= 0:
            raise BirlError(f"noise-ranked: give episodes from {HELD_OUT} and decay above 0")
        if min(self.length, self.each, self.pairs, self.steps) < 1:
            raise BirlError("noise-ranked: give length, each, pairs and steps from 1")

    def fit(
        self,
        behaviors: Sequence[AnyBehavior],
        *,
        rng: np.random.Generator | None = None,
        candidates: Mapping[str, RewardLike] | None = None,
        start: FloatArray | None = None,
    ) -> RewardEstimate:
        """One reward for all the behaviours together.

        Args:
            behaviors: one per distribution, of one task.
            rng: draws episodes, windows, pairs and starts of networks; that of seed 0 if left out.
            candidates: not used.
            start: not used: the linear problem is concave, a network is trained from scratch.

        Raises:
            BirlError: without policy or simulator, or for features where the world names none.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        rolled = sampled(behaviors, self, rng=rng)
        named = bool(rolled[0].feature_names)
        if self.form == "features" and not named:
            raise BirlError(
                f"noise-ranked: distribution {rolled[0].distribution!r} names no features: give it features=, "
                "or use form='network'"
            )
        windows = cut(rolled, self.noise, episodes=self.episodes, length=self.length, each=self.each, rng=rng)
        judge = windows.episode % HELD_OUT == HELD_OUT - 1
        train, test = windows.take(~judge), windows.take(judge)
        ranked, judged = pairs(train, self.pairs, rng), pairs(test, max(1, self.pairs // HELD_OUT), rng)
        if named and self.form != "network":
            return self._weights(behaviors, rolled, (train, ranked), (test, judged), rng)
        return self._network(behaviors, (train, ranked), (test, judged), rng)

    def _weights(
        self,
        behaviors: Sequence[AnyBehavior],
        rolled: Sequence[SampledBehavior],
        trained: tuple[Windows, np.ndarray],
        judged: tuple[Windows, np.ndarray],
        rng: np.random.Generator,
    ) -> RewardEstimate:
        names = rolled[0].feature_names
        (train, ranked), (test, pairs_judged) = trained, judged
        spread = train.sums.std(axis=0)
        held = self.survival & _as_alive(train)
        scale = np.where(spread > 0, spread, 1.0)
        columns = lambda w: np.column_stack([np.where(held, 0.0, w.sums / scale), self.survival * w.alive])  # noqa: E731
        x = columns(train)
        ahead = x[ranked[:, 0]] - x[ranked[:, 1]]
        theta = bradley_terry(ahead, np.ones(len(ahead)), decay=self.decay)
        draws = resampled_weights(ahead, train.episode[ranked], theta, decay=self.decay, draws=DRAWS, rng=rng)
        info, unit = information(ahead, theta)[:-1, :-1], np.outer(scale, scale)
        x_test = columns(test)
        ranking = Ranking(windows=test, pairs=pairs_judged, score=x_test @ theta, reward=x_test[:, :-1] @ theta[:-1])
        met = np.abs(train.sums).mean(axis=0)  # nothing is one-sided: noisy windows bring what the policy avoids
        fit = LinearFit(
            weights=theta[:-1] / scale,
            own=met,
            walk=met,
            held=held,
            information=info * unit,
            covariance=np.atleast_2d(np.cov(draws[:, :-1].T)) / unit,
            checks=ranking_checks(ranking, rng),
            selector="smallest weights",
            nuisance={"survival": float(theta[-1])},
        )
        return linear_estimate(self, behaviors, names, fit)

    def _network(
        self,
        behaviors: Sequence[AnyBehavior],
        trained: tuple[Windows, np.ndarray],
        judged: tuple[Windows, np.ndarray],
        rng: np.random.Generator,
    ) -> RewardEstimate:
        (train, ranked), (test, pairs_judged) = trained, judged
        fitted = fit_windows(train, ranked, steps=self.steps, survival=self.survival, rng=rng)
        reward = fitted.reward(test)
        ranking = Ranking(windows=test, pairs=pairs_judged, score=reward + fitted.survival * test.alive, reward=reward)
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in behaviors),
            weights={},
            status={},
            nuisance={"survival": fitted.survival},
            log_likelihood=None,
            checks=tuple(ranking_checks(ranking, rng)),
            identifiability=Identifiability(
                rank=None, nullity=None, null_directions=(), selector="a network trained with weight decay, mean 0"
            ),
            settings={key: str(value) for key, value in asdict(self).items()},
            network=fitted.network,
            provenance=provenance(behaviors, "torch"),
        )


def _as_alive(windows: Windows) -> np.ndarray:
    """Features that are the same in every step, which only being alive brings, bool [F]."""
    each = windows.sums / windows.steps[:, None]
    return (np.ptp(each, axis=0) <= SAME * np.abs(each).max(axis=0)) & (np.abs(each).max(axis=0) > 0)
