"""Max-margin: a reward under which the policy's choices are best by as much as can be.

Assumes that in every state the most probable action is the best one for what the policy does next; how probable the
others are is not used. So it needs no temperature, is untouched by zero probabilities, and stands beside the methods
that read sizes off log pi: where they disagree, sizes were an artefact.
Cannot tell: the size of anything, only signs and ratios within a range, which `status` and `provenance` report.
R = 0 explains every policy and is never excluded; the answer is the middle of the set, the reward of greatest margin.

Axes: S states, A actions, F features.
Source: Ng & Russell 2000 (ICML), section 3; Ratliff, Bagnell & Zinkevich 2006 (ICML; slack); Metelli et al. 2021 (ICML;
the feasible set as the answer).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from birl.behavior import Behavior
from birl.irl.assemble import with_likelihood
from birl.irl.base import BOUNDED, HELD, IDENTIFIED, UNIDENTIFIED, AnyBehavior, Check, RewardEstimate
from birl.irl.choices import most_probable
from birl.irl.common import adaptation_check, identifiability, neutral_constants, random_share, shared_features
from birl.irl.feasible_set import DECISIVE, EMPTY, FeasibleSet, Width
from birl.irl.needs import exact
from birl.tabular import RewardLike, TabularModel, hard_plan
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["MaxMargin"]

EXCEPTIONS = 0.05  # share of decisions against the answer above which it does not explain the policy
DITHERS = 0.05  # mean probability off the most probable action above which the policy is not greedy
REWARDS, COVERAGES = ("features", "state", "state-action"), ("visited", "all")
CHEAPEST = 1.25  # below this price nearly every decision may be an exception
BOX = 1.0 - 1e-3  # a weight that can come nearer to 1 than this is bounded by the box only


@dataclass(frozen=True, kw_only=True)
class MaxMargin:
    """Settings of the max-margin fit.

    Attributes:
        reward: what the reward is made of: the named `features`, or a value for each `state` or `state-action`.
        price: where no reward explains every choice, the margin that it costs to make exceptions of all of them; halved
            until some reward has a margin, and stated.
        greedy: let the policy take its most probable action always, before its choices are judged. False lets it go on
            as it does: then one that dithers holds small and accidental differences against its own choices.
        coverage: the choices that count: `visited`, as often as they are met and levels alike, or `all`, each alike.
    """

    name: ClassVar[str] = "max-margin"
    needs: ClassVar[frozenset[str]] = frozenset({"model"})
    behavioral_model: ClassVar[str] = "greedy: the most probable action is the best"
    cannot_identify: ClassVar[str] = "sizes (only signs and ranges of ratios), potential shaping, R = 0"
    source: ClassVar[str] = "Ng & Russell 2000; Metelli et al. 2021"

    reward: Literal["features", "state", "state-action"] = "features"
    price: float = 10.0
    greedy: bool = True
    coverage: Literal["visited", "all"] = "visited"

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.reward not in REWARDS:
            raise unknown_name("reward", self.reward, REWARDS)
        if self.coverage not in COVERAGES:
            raise unknown_name("coverage", self.coverage, COVERAGES)
        if self.price < CHEAPEST:
            raise BirlError(f"max-margin: price {self.price:g}: at 1 exceptions are free, give {CHEAPEST} or more")

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
            behaviors: one per distribution, of one task; a single one where the reward is by state.
            rng: not used: the answer is a linear program's.
            candidates: not used.
            start: not used.

        Raises:
            BirlError: when behaviours do not share features, or the solver does not finish.
        """
        seen = exact(behaviors, self)
        known = [self._seen(b) for b in seen]
        shared_features(known)
        held = neutral_constants(known)
        whole = self._set(known, held if self.reward == "features" else None)
        chosen, price = self._consistent(whole)
        checks = (
            _zero_check(chosen),
            _exception_check(whole, chosen, price),
            _greedy_check(seen, self.greedy),
            adaptation_check(seen),
        )
        bare = RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in known),
            weights={},
            status={},
            nuisance={},
            log_likelihood=None,
            checks=tuple(c for c in checks if c is not None),
            identifiability=identifiability(
                chosen.information,
                chosen.names,
                held=~chosen.free,
                selector="centre of the largest ball in the unit box, least sum of |w|",
            ),
            settings={key: str(value) for key, value in asdict(self).items()},
        )
        estimate = self._named(bare, chosen, held) if self.reward == "features" else self._table(bare, chosen, known[0])
        plans = [hard_plan(b.model, estimate.on(b.model)).policy for b in seen]
        estimate = replace(estimate, nuisance={"eps": random_share(seen, plans)})
        return with_likelihood(seen, [self.predict(estimate, b.model) for b in seen], estimate)

    def set_of(self, behaviors: Sequence[AnyBehavior]) -> FeasibleSet:
        """The rewards that explain all the behaviours, exceptions left out where there is no other way."""
        known = [self._seen(b) for b in exact(behaviors, self)]
        shared_features(known)
        return self._consistent(self._set(known, None))[0]

    def predict(self, estimate: RewardEstimate, model: TabularModel) -> FloatArray:
        """The optimal policy of the estimate, ties kept, its share of random actions mixed in, [S, A]."""
        eps = estimate.nuisance["eps"]
        return (1.0 - eps) * hard_plan(model, estimate.on(model)).policy + eps * model.uniform

    def _seen(self, behavior: Behavior) -> Behavior:
        if not self.greedy:
            return behavior
        best = most_probable(behavior)
        return replace(behavior, policy=best / best.sum(axis=1, keepdims=True))

    def _set(self, behaviors: Sequence[Behavior], held: np.ndarray | None) -> FeasibleSet:
        return FeasibleSet.of(behaviors, reward=self.reward, coverage=self.coverage, held=held)

    def _consistent(self, whole: FeasibleSet) -> tuple[FeasibleSet, float | None]:
        """A set with a margin where there is one, and the price that exceptions had; None where there are none."""
        chosen, price = whole, self.price
        while chosen.radius <= EMPTY and price >= CHEAPEST:
            chosen, price = whole.without(whole.exceptions(price)), price / 2
        return chosen, None if chosen is whole else 2 * price

    def _named(self, bare: RewardEstimate, chosen: FeasibleSet, held: np.ndarray) -> RewardEstimate:
        widths = {name: chosen.width({name: 1.0}) for name in chosen.names}
        status = {n: HELD if h else _status(widths[n], chosen) for n, h in zip(chosen.names, held, strict=True)}
        return replace(
            bare,
            weights=dict(zip(chosen.names, chosen.centre.tolist(), strict=True)),
            status=status,
            upper={name: widths[name].high for name, kind in status.items() if kind == BOUNDED},
            provenance={
                f"{name} over decisive rewards": f"{widths[name].low:.3g} to {widths[name].high:.3g}"
                for name, kind in status.items()
                if kind != HELD
            },
        )

    def _table(self, bare: RewardEstimate, chosen: FeasibleSet, behavior: Behavior) -> RewardEstimate:
        shape = behavior.policy.shape
        centre = chosen.centre if self.reward == "state-action" else np.repeat(chosen.centre, shape[1])
        return replace(bare, table=np.where(behavior.model.live, centre, 0.0).reshape(shape))


def _status(width: Width, chosen: FeasibleSet) -> str:
    """Identified where decisive rewards agree on the sign, bounded where the data keep it from being the largest."""
    if chosen.radius <= EMPTY:
        return UNIDENTIFIED
    if width.sign:
        return IDENTIFIED
    return BOUNDED if width.high < BOX else UNIDENTIFIED


def _zero_check(chosen: FeasibleSet) -> Check:
    return Check(
        name="zero reward",
        passed=chosen.radius > EMPTY,
        value=chosen.radius,
        limit=EMPTY,
        required=True,
        message=f"R = 0 is in the set, as it always is; the greatest margin of another reward is {chosen.radius:.3g}"
        + (
            f", and statuses are over rewards with at least {DECISIVE:g} of it"
            if chosen.radius > EMPTY
            else ": no other makes the choices strictly better, add features or distributions"
        ),
    )


def _exception_check(whole: FeasibleSet, chosen: FeasibleSet, price: float | None) -> Check:
    if chosen.radius <= EMPTY:
        against, told = 1.0, "no reward explains the choices, whatever is left out"
    else:
        against = whole.choices.share(whole.against(chosen.centre))
        told = f"{against:.3g} of all decisions go against the answer"
        told += "" if price is None else f" (slack at a price of {price:g})"
        told += f", the margin is {chosen.radius:.3g}"
    passed = against <= EXCEPTIONS
    return Check(
        name="exceptions",
        passed=passed,
        value=against,
        limit=EXCEPTIONS,
        message=told + ("" if passed else f" (limit {EXCEPTIONS}): the policy is not greedy for any such reward"),
    )


def _greedy_check(behaviors: Sequence[Behavior], forced: bool) -> Check:
    shares = [1.0 - np.where(most_probable(b), b.policy, 0.0).sum(axis=1) for b in behaviors]
    total = sum(float(b.occupancy.sum()) for b in behaviors)
    off = sum(float(b.occupancy @ share) for b, share in zip(behaviors, shares, strict=True)) / max(total, 1e-12)
    passed = off <= DITHERS
    return Check(
        name="greedy",
        passed=passed,
        value=off,
        limit=DITHERS,
        message=f"{off:.3g} of all actions are not the most probable one"
        + (", and count as if they were" if forced and off > 0 else "")
        + ("" if passed else f" (limit {DITHERS}): hold a method beside it that uses how probable they are"),
    )
