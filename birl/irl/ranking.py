"""How far a ranking by noise can be trusted: on other episodes, among windows that live equally long, over all noise.

Axes: N windows, P pairs, D draws, K parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from birl.irl.base import Check
from birl.irl.pairwise import accuracy, bradley_terry
from birl.irl.segments import Windows
from birl.stats import percentile_interval
from birl.types import FloatArray, IntArray, Interval

__all__ = ["Ranking", "rank_correlation", "ranking_checks", "resampled_weights"]

CHANCE = 0.5
DRAWS = 200  # of the bootstrap of shares
ONE_SIDED = 1.645  # normal quantile of 95 %, for rank correlations


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Windows of episodes that nothing was fitted to, with their scores.

    Attributes:
        windows: N of them.
        pairs: the less noisy one first, [P, 2].
        matched: the same of windows that live equally long, [Q, 2].
        score: of each window, what being alive is worth included, [N].
        reward: the same without it, [N].
    """

    windows: Windows
    pairs: IntArray
    matched: IntArray
    score: FloatArray
    reward: FloatArray


def resampled_weights(
    ahead: FloatArray, episode: IntArray, theta: FloatArray, *, decay: float, rng: np.random.Generator, draws: int
) -> FloatArray:
    """Weights on resampled episodes, [D, K].

    Args:
        ahead: differences of pairs, [P, K].
        episode: which two episodes each pair is of, [P, 2].
        theta: weights on all of them, [K].
        decay: as they were fitted with.
        rng: picks episodes.
        draws: D.
    """
    found = []
    for weight in _weights(episode, draws, rng):
        found.append(bradley_terry(ahead, weight, decay=decay, start=theta) if weight.any() else theta)
    return np.array(found)


def _weights(episode: IntArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """How often each draw has each pair, when episodes are drawn with replacement, [D, P]."""
    known, index = np.unique(episode, return_inverse=True)
    index = index.reshape(episode.shape)
    times = rng.multinomial(known.size, np.full(known.size, 1.0 / known.size), size=draws)
    return (times[:, index[:, 0]] * times[:, index[:, 1]]).astype(np.float64)


def ranking_checks(ranking: Ranking, rng: np.random.Generator) -> list[Check]:
    """Whether there was anything to rank, whether it is more than living longer, and whether noise does harm."""
    return [_accuracy_check(ranking, rng), _survival_check(ranking, rng), _degradation_check(ranking)]


def _share(ranking: Ranking, pairs: IntArray, score: FloatArray, rng: np.random.Generator) -> Interval | None:
    """Share of pairs ranked right, with an interval over episodes; None without pairs."""
    if not len(pairs):
        return None
    margin = score[pairs[:, 0]] - score[pairs[:, 1]]
    weights = _weights(ranking.windows.episode[pairs], DRAWS, rng)
    draws = np.array([accuracy(margin, w) for w in weights if w.any()])
    value = accuracy(margin, np.ones(len(margin)))
    return percentile_interval(value, draws) if draws.size else None


def _accuracy_check(ranking: Ranking, rng: np.random.Generator) -> Check:
    share = _share(ranking, ranking.pairs, ranking.score, rng)
    fine = share is not None and share.low > CHANCE
    return Check(
        name="ranking",
        passed=fine,
        value=None if share is None else share.value,
        limit=CHANCE,
        message=f"{share} of held-out pairs are ranked by noise as the reward ranks them"
        + ("" if fine else f" (limit {CHANCE}): noise changes nothing that the reward can see; give more episodes"),
    )


def _survival_check(ranking: Ranking, rng: np.random.Generator) -> Check:
    share = _share(ranking, ranking.matched, ranking.reward, rng)
    fine = share is not None and share.low > CHANCE
    told = f"of {len(ranking.matched)} held-out pairs that live equally long, {share} are ranked right"
    return Check(
        name="survival control",
        passed=fine,
        value=None if share is None else share.value,
        limit=CHANCE,
        message=told
        + ("" if fine else f" (limit {CHANCE}): beyond living longer nothing is known; give more episodes"),
    )


def _degradation_check(ranking: Ranking) -> Check:
    levels = np.unique(ranking.windows.noise)
    means = np.array([ranking.score[ranking.windows.noise == eps].mean() for eps in levels])
    found = rank_correlation(levels, means)
    limit = -ONE_SIDED / np.sqrt(max(levels.size - 1, 1))
    fine = found is not None and bool(found <= limit)
    told = "undefined" if found is None else f"{found:.3g}"
    return Check(
        name="degradation",
        passed=fine,
        value=found,
        limit=float(limit),
        message=f"rank correlation of noise and held-out score over {levels.size} levels is {told}"
        + ("" if fine else f" (limit {limit:.2g}): noise does not degrade the policy, so its ranking says nothing"),
    )


def rank_correlation(a: Sequence[float] | FloatArray, b: Sequence[float] | FloatArray) -> float | None:
    """Spearman's, with mean ranks of ties; None where either never changes."""
    ranks = [_ranks(np.asarray(x, np.float64)) for x in (a, b)]
    spread = [r.std() for r in ranks]
    if min(spread) == 0:
        return None
    centred = [r - r.mean() for r in ranks]
    return float((centred[0] * centred[1]).mean() / (spread[0] * spread[1]))


def _ranks(values: FloatArray) -> FloatArray:
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2.0)[index]
