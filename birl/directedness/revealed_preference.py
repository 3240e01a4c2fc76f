"""Could any utility explain these choices? The axioms of revealed preference, how far they are missed, and by chance.

Choices from budget sets are explained by a utility exactly where they satisfy GARP (Afriat's theorem). How far they
miss it is the critical cost efficiency index: the share of every budget that would have to be thrown away for the rest
to be consistent. Whether the budgets could have caught anybody is Bronars' power: how often a chooser at random fails.
Without power, consistency says nothing.

Behaviour that is random is a distribution over bundles, so every quantity is a mean over draws of one bundle a menu,
and its interval comes from those draws and from resampling the menus. Fewer menus contradict each other less, so who
chooses is compared with choosers at random on the same number of menus.

Axes: T choices, G goods, B bundles of one choice, D draws.
Source: Afriat 1967; Varian 1982 (GARP); Varian 1990 (efficiency indices); Bronars 1987 (power); Tversky 1969 (weak
stochastic transitivity); Luce 1959 (independence of irrelevant alternatives).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from birl.stats import percentile_interval
from birl.types import BirlError, FloatArray, IntArray, Interval

__all__ = [
    "Choice",
    "RevealedPreference",
    "efficiency",
    "garp_violations",
    "independence",
    "intransitive_triads",
    "revealed_preference",
]

ROUNDING = 1e-9  # relative to the cost of a bundle
MOST_STEPS = 10_000  # purchases of the random chooser on one menu


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """What was on offer once, and what was chosen.

    Attributes:
        prices: of each good, [G]; inf where it is not on offer.
        budget: what could be spent.
        bundles: what was bought, whole goods or not, [B, G].
        probabilities: of each bundle, [B]; sums to 1.
    """

    prices: FloatArray
    budget: float
    bundles: FloatArray
    probabilities: FloatArray

    def __post_init__(self) -> None:
        """Refuse what nobody could have chosen."""
        if self.bundles.ndim != 2 or self.bundles.shape != (self.probabilities.size, self.prices.size):
            raise BirlError(
                f"choice: bundles {self.bundles.shape} for {self.probabilities.size} probabilities and "
                f"{self.prices.size} prices: give [B, G]"
            )
        if not (self.prices > 0).all() or abs(float(self.probabilities.sum()) - 1.0) > 1e-6:
            raise BirlError("choice: prices must be above 0 and probabilities sum to 1")
        worst = float(cost(self.prices, self.bundles).max())
        if worst > self.budget * (1 + ROUNDING):
            raise BirlError(f"choice: a bundle costs {worst:g} on a budget of {self.budget:g}: mend bundles or prices")


@dataclass(frozen=True, kw_only=True)
class RevealedPreference:
    """Whether choices hang together.

    Attributes:
        violations: share of pairs of choices that contradict each other under GARP.
        efficiency: critical cost efficiency index, 1 where a utility explains everything.
        consistent: share of draws without a violation.
        power: share of choosers at random who violate GARP on these menus (Bronars).
        random_efficiency: mean efficiency of choosers at random.
        better_than_random: share of choosers at random who are less efficient, ties counting half; None without power.
        reason: why it is None.
    """

    violations: Interval
    efficiency: Interval
    consistent: float
    power: float
    random_efficiency: float
    better_than_random: Interval | None
    reason: str = ""


def cost(prices: FloatArray, bundles: FloatArray) -> FloatArray:
    """What bundles cost, [B]; inf where one holds a good that is not on offer."""
    return np.where(bundles > 0, bundles * np.where(bundles > 0, prices, 0.0), 0.0).sum(axis=-1)


def revealed_preference(choices: Sequence[Choice], *, rng: np.random.Generator, draws: int = 200) -> RevealedPreference:
    """Test choices against GARP, and the menus against choosers at random.

    Args:
        choices: T of them, over the same goods.
        rng: drives draws of bundles, of menus and the choosers at random.
        draws: D.

    Raises:
        BirlError: for fewer than two choices, or different numbers of goods.
    """
    if len(choices) < 2 or len({c.prices.size for c in choices}) != 1:
        raise BirlError(f"revealed preference: {len(choices)} choices: give two or more over the same goods")
    prices, budgets = np.stack([c.prices for c in choices]), np.array([c.budget for c in choices])
    own, random = _chosen(choices, draws, rng), _at_random(prices, budgets, draws, rng)
    picks = rng.integers(len(choices), size=(draws, len(choices)))
    hits = [garp_violations(prices, x) for x in own]
    again = np.array([garp_violations(prices[k], x[k]).mean() for k, x in zip(picks, own, strict=True)])
    efficient, chance = (np.array([efficiency(prices, x) for x in side]) for side in (own, random))
    efficient_again, chance_again = (_on_some(prices, side, picks) for side in (own, random))
    caught = chance < 1.0
    return RevealedPreference(
        violations=_about(float(np.mean(hits)), again),
        efficiency=_about(float(efficient.mean()), efficient_again),
        consistent=float(np.mean([not hit.any() for hit in hits])),
        power=float(caught.mean()),
        random_efficiency=float(chance.mean()),
        better_than_random=_about(float(_beaten(efficient, chance).mean()), _beaten(efficient_again, chance_again))
        if caught.any()
        else None,
        reason="" if caught.any() else "these menus catch nobody: even choosers at random are consistent on them",
    )


def _on_some(prices: FloatArray, bundles: FloatArray, picks: IntArray) -> FloatArray:
    """Efficiency of each draw [D, T, G] on the menus it picks, [D]; a menu that is picked twice says nothing twice."""
    found = [(prices[k], x[k]) for k, x in zip(map(np.unique, picks), bundles, strict=True)]
    return np.array([efficiency(offered, taken) for offered, taken in found])


def _about(value: float, again: FloatArray) -> Interval:
    """The interval of a share on all menus: the spread over resampled ones, put where the value is.

    Resampled menus are fewer, and contradict each other less.
    """
    return percentile_interval(value, np.clip(value + again - again.mean(), 0.0, 1.0))


def garp_violations(prices: FloatArray, bundles: FloatArray, *, efficiency: float = 1.0) -> NDArray[np.bool_]:
    """Pairs (t, s) where t is revealed preferred to s, and s strictly to t directly, bool [T, T].

    Args:
        prices: of each choice, [T, G].
        bundles: chosen, [T, G].
        efficiency: share of every expenditure that counts.
    """
    return _contradictions(_spending(prices, bundles), efficiency)


def _spending(prices: FloatArray, bundles: FloatArray) -> FloatArray:
    """What each bundle costs at each choice's prices, [t, s]; inf where it holds a good that is not on offer."""
    offered = np.isfinite(prices)
    there = np.where(offered, prices, 0.0) @ bundles.T
    return np.where((~offered).astype(np.float64) @ (bundles > 0).T > 0, np.inf, there)


def _contradictions(spent: FloatArray, efficiency: float) -> NDArray[np.bool_]:
    """GARP: no bundle may be strictly preferred to one from which a chain of preferences leads back to it.

    Chains lead back and forth exactly within a strongly connected component of the relation "could have been had".
    """
    own = efficiency * np.diag(spent)[:, None]
    slack = ROUNDING * np.maximum(own, 1.0)
    _, component = connected_components(sp.csr_matrix(own >= spent - slack), directed=True, connection="strong")
    strictly = own > spent + slack
    return (component[:, None] == component) & strictly.T


def efficiency(prices: FloatArray, bundles: FloatArray) -> float:
    """The critical cost efficiency index: the largest share of expenditures at which no violation is left, in [0, 1].

    It can only lie where one bundle's cost is a share of another's expenditure, so it is found exactly by bisection.
    """
    spent = _spending(prices, bundles)
    own = np.diag(spent)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where((own > 0) & np.isfinite(spent), spent / own, 2.0)
    steps = np.unique(np.concatenate([[0.0, 1.0], ratios[ratios < 1.0]]).round(12))
    if not _contradictions(spent, 1.0).any():
        return 1.0
    low, high = 0, steps.size - 1  # consistent just below steps[low], not at 1
    while high - low > 1:
        middle = (low + high) // 2
        between = (steps[middle - 1] + steps[middle]) / 2
        if _contradictions(spent, between).any():
            high = middle
        else:
            low = middle
    return float(steps[low]) if low else 0.0


def _chosen(choices: Sequence[Choice], draws: int, rng: np.random.Generator) -> FloatArray:
    """One bundle of each choice for every draw, [D, T, G]."""
    found = [c.bundles[rng.choice(len(c.probabilities), size=draws, p=c.probabilities)] for c in choices]
    return np.stack(found, axis=1)


def _at_random(prices: FloatArray, budgets: FloatArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Buy one good after another, each that can still be paid for as likely as the others, [D, T, G]."""
    bundles = np.zeros((draws, *prices.shape))
    left = np.broadcast_to(budgets, bundles.shape[:2]).copy()
    for _ in range(MOST_STEPS):
        within = prices <= left[..., None] * (1 + ROUNDING)
        buying = within.any(axis=2)
        if not buying.any():
            return bundles
        good = np.where(within, rng.random(within.shape), -1.0).argmax(axis=2)
        d, t = np.nonzero(buying)
        bundles[d, t, good[d, t]] += 1.0
        left[d, t] -= prices[t, good[d, t]]
    raise BirlError(f"revealed preference: a budget of {budgets.max():g} buys over {MOST_STEPS} goods: rescale it")


def _beaten(own: FloatArray, chance: FloatArray) -> FloatArray:
    """Share of random choosers below each draw, ties counting half, [D]."""
    ordered = np.sort(chance)
    below = np.searchsorted(ordered, own, side="left") + np.searchsorted(ordered, own, side="right")
    return below / (2.0 * chance.size)


def intransitive_triads(preference: FloatArray) -> tuple[int, int]:
    """Triples of goods whose pairwise choices run in a circle, and triples there are.

    A triple violates weak stochastic transitivity where i is chosen over j and j over k at least half of the time, but
    k over i more than half of it. Pairs that were never offered (NaN) leave their triples out.

    Args:
        preference: P(i chosen from {i, j}), [G, G].
    """
    known = ~np.isnan(preference)
    circles = triples = 0
    for i, j, k in permutations(range(len(preference)), 3):
        if i != min(i, j, k) or not (known[i, j] and known[j, k] and known[k, i]):
            continue  # the smallest first: each direction round a triple once
        triples += j < k
        circles += bool(preference[i, j] >= 0.5 and preference[j, k] >= 0.5 and preference[k, i] > 0.5)
    return circles, triples


def independence(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """How far an added option changes the choice among the old ones: total variation, 0 under Luce's axiom.

    Args:
        before: option -> how often it was chosen.
        after: the same with options added; only the old ones are compared, as shares of each other.

    Raises:
        BirlError: when none of the old options is ever chosen in one of the two.
    """
    old = np.array([before[name] for name in before], np.float64)
    new = np.array([after.get(name, 0.0) for name in before], np.float64)
    if old.sum() <= 0 or new.sum() <= 0:
        raise BirlError("independence: none of the options is ever chosen: there is nothing to compare")
    return float(np.abs(old / old.sum() - new / new.sum()).sum() / 2)
