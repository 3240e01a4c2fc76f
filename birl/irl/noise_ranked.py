"""Noise-ranked episodes: more noise makes a policy worse at what it wants, so windows with less of it show more of it.

    P(i before j) = sigmoid(sum_i r - sum_j r)        i made with less noise, i and j of equal life                 (1)
    P(i before j) = sigmoid(sum_i r - sum_j r + c (lived_i - lived_j))        r of (1), any i and j                 (2)

The noise is mixed into the policy itself. Rewards are of states: named features where the world has them, otherwise a
small network of what is seen where a step leads. Features that the action itself changes (torque, say) are held at 0:
noise in actions disturbs those whatever is wanted. Where noise ends episodes, whatever fills a life looks good for
being lived among. So r is fitted to pairs of windows that live equally long and both end, or both do not (1). The
price c of being alive is fitted afterwards and reported beside r, not as part of it: nothing tells the worth of living
from the harm of noise. A price in one fit with r does not suffice: it is linear, and the steps that end lives differ.

Assumes that noise harms, and harms more the more there is of it. An agent that wants what random walks bring, or does
not care, is ranked by accident; the checks say whether there was anything to rank, not whether it was wanted.
Cannot tell: scale, worth of being alive or of ending, worth of actions, what noise does not disturb.

Axes: N windows, T steps of a window, F features, P pairs, D draws.
Source: Brown, Goo & Niekum 2019 (CoRL; arXiv 1907.03976), section 4; the Bradley-Terry loss is equation 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from birl.irl.action_features import depends_on_action
from birl.irl.base import AnyBehavior, Check, Identifiability, RewardEstimate
from birl.irl.linear import LinearFit, linear_estimate
from birl.irl.needs import sampled
from birl.irl.pairwise import bradley_terry, information
from birl.irl.provenance import provenance
from birl.irl.ranking import Ranking, ranking_checks, resampled_weights
from birl.irl.segments import Windows, cut, pairs
from birl.irl.window_network import earned, fit_windows
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray, IntArray

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
        survival: match windows by how long they live; False ranks any by any, as if living longer were wanted.
        steps: of training, of a network.
    """

    name: ClassVar[str] = "noise-ranked"
    needs: ClassVar[frozenset[str]] = frozenset({"policy", "simulator"})
    behavioral_model: ClassVar[str] = "worse at what it wants, the more noise is mixed in"
    cannot_identify: ClassVar[str] = (
        "scale, worth of being alive, of ending and of actions, what noise does not disturb"
    )
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
        held_out = windows.take(judge)
        data = _Data(
            train=windows.take(~judge),
            ranked=self._pairs(windows.take(~judge), rng),
            any_two=pairs(windows.take(~judge), self.pairs, rng),
            test=held_out,
            judged=pairs(held_out, max(1, self.pairs // HELD_OUT), rng),
            matched=pairs(held_out, max(1, self.pairs // HELD_OUT), rng, matched=True),
            of_actions=np.any([depends_on_action(b, rng) for b in rolled], axis=0),
        )
        if named and self.form != "network":
            return self._weights(behaviors, rolled[0].feature_names, data, rng)
        return self._network(behaviors, data, rng)

    def _pairs(self, train: Windows, rng: np.random.Generator) -> IntArray:
        found = pairs(train, self.pairs, rng, matched=self.survival)
        if not len(found):
            raise BirlError("noise-ranked: no two windows of different noise live equally long: give more episodes")
        return found

    def _weights(
        self, behaviors: Sequence[AnyBehavior], names: Sequence[str], data: _Data, rng: np.random.Generator
    ) -> RewardEstimate:
        train, ranked = data.train, data.ranked
        held = (self.survival & _as_alive(train)) | data.of_actions
        spread = train.sums.std(axis=0)
        scale, unit = np.where(spread > 0, spread, 1.0), np.outer(spread, spread) + (np.outer(spread, spread) == 0)
        x = np.where(held, 0.0, train.sums / scale)
        ahead = x[ranked[:, 0]] - x[ranked[:, 1]]
        w = bradley_terry(ahead, np.ones(len(ahead)), decay=self.decay)
        draws = resampled_weights(ahead, train.episode[ranked], w, decay=self.decay, draws=DRAWS, rng=rng)
        met = np.abs(train.sums).mean(axis=0)  # nothing is one-sided: noisy windows bring what the policy avoids
        c = self._price(data, x @ w)
        fit = LinearFit(
            weights=w / scale,
            own=met,
            walk=met,
            held=held,
            information=information(ahead, w) * unit,
            covariance=np.atleast_2d(np.cov(draws.T)) / unit,
            checks=[
                *data.judge(np.where(held, 0.0, data.test.sums / scale) @ w, c, rng),
                _state_check([name for name, out in zip(names, data.of_actions, strict=True) if out]),
            ],
            selector="smallest weights",
            nuisance={"survival": c},
        )
        return linear_estimate(self, behaviors, names, fit)

    def _network(self, behaviors: Sequence[AnyBehavior], data: _Data, rng: np.random.Generator) -> RewardEstimate:
        if not data.train.seen.shape[1]:
            raise BirlError("noise-ranked: distributions are seen in different shapes: fit them one by one")
        network = fit_windows(data.train, data.ranked, steps=self.steps, rng=rng)
        c = self._price(data, earned(network, data.train))
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in behaviors),
            weights={},
            status={},
            nuisance={"survival": c},
            log_likelihood=None,
            checks=tuple(data.judge(earned(network, data.test), c, rng)),
            identifiability=Identifiability(
                rank=None, nullity=None, null_directions=(), selector="a network trained with weight decay, mean 0"
            ),
            settings={key: str(value) for key, value in asdict(self).items()},
            network=network,
            provenance=provenance(behaviors, "torch"),
        )

    def _price(self, data: _Data, reward: FloatArray) -> float:
        """c of equation 2, of a window that is lived in full; 0 where any are ranked by any."""
        if not self.survival:
            return 0.0
        ahead = lambda x: x[data.any_two[:, 0]] - x[data.any_two[:, 1]]  # noqa: E731
        lived = ahead(data.train.alive)[:, None]
        return float(bradley_terry(lived, np.ones(len(lived)), decay=self.decay, known=ahead(reward))[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Data:
    """Windows that are fitted to and windows that judge, each with pairs of them, the less noisy one first."""

    train: Windows
    ranked: IntArray  # [P, 2], what the reward is fitted to
    any_two: IntArray  # [P, 2], whatever they live
    test: Windows
    judged: IntArray  # [P, 2], whatever they live
    matched: IntArray  # [P, 2], of equal life
    of_actions: np.ndarray  # features that the action itself changes, bool [F]

    def judge(self, reward: FloatArray, price: float, rng: np.random.Generator) -> list[Check]:
        """The checks, from what each held-out window earned, [N], and the price of being alive."""
        score = reward + price * self.test.alive
        ranking = Ranking(windows=self.test, pairs=self.judged, matched=self.matched, score=score, reward=reward)
        return ranking_checks(ranking, rng)


def _as_alive(windows: Windows) -> np.ndarray:
    """Features that are the same in every step, which only being alive brings, bool [F]."""
    each = windows.sums / windows.steps[:, None]
    return (np.ptp(each, axis=0) <= SAME * np.abs(each).max(axis=0)) & (np.abs(each).max(axis=0) > 0)


def _state_check(names: Sequence[str]) -> Check:
    return Check(
        name="state features",
        passed=not names,
        value=float(len(names)),
        limit=0.0,
        message="no feature depends on the action itself"
        if not names
        else f"{', '.join(names)} held at 0: noise changes what depends on the action itself; use form='network'",
    )
