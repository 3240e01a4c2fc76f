"""Inverse Bellman: the reward read off a policy in closed form, and the choice that has to be made to name one.

Assumes a policy that is exactly soft-optimal, or exactly Boltzmann in Q*, at the stated temperature. Then every
reward behind it is r = t log(n pi) + V - g P V for some V (t log(pi / max pi) for Boltzmann): linear, so nothing is
planned and nothing searched. `selector` says which of them is reported:

    features           linear in the named features, one for all distributions, by least squares over w and each V
    habit              V = 0: log pi itself
    mean-zero          nothing gained on average by the random walk, in any state
    anchor:A           nothing gained by action number A
    state-only         by state alone
    closest-to:NAME    nearest to a multiple of the candidate NAME, whatever V and scale

All but the first give a table. Several distributions make a table only where they are matched state by state (named as
`pair`, or shifted in their dynamics) and the policy adapts to them; then V differs and r is shared.
Cannot tell: shaping within what the selector leaves open, scale apart from temperature, a wrong discount. A per-state
table explains everything it was read off: "explains" is for held-out levels. A floor stands in for probabilities of 0.

Axes: S states, A actions, F features, L levels.
Source: Cao, Cohen & Szpruch 2021 (arXiv 2106.03498), theorems 1 and 2; Rolland et al. 2022 (arXiv 2209.11038); Fu, Luo
& Levine 2018 (arXiv 1710.11248), appendix A.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from birl.behavior import Behavior
from birl.irl.assemble import with_likelihood
from birl.irl.base import AnyBehavior, Check, Identifiability, RewardEstimate
from birl.irl.common import (
    adaptation_check,
    determinism_check,
    feature_status,
    identifiability,
    neutral_constants,
    sandwich,
    shared_features,
    step_check,
)
from birl.irl.log_policy import FLOOR, Rationality, floor_check, floored
from birl.irl.matched import Intersection, context_check, intersect
from birl.irl.needs import exact
from birl.irl.reward_set import Representative, RewardSet
from birl.tabular import RewardLike, TabularModel, hard_plan, soft_plan
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["InverseBellman"]

SELECTORS = ("features", "habit", "mean-zero", "anchor:A", "state-only", "closest-to:NAME")
FITS = 0.9  # share of log pi, shaping taken out, that the reward must account for
LOWER = 0.1  # the floor is made this much lower to see what it does


@dataclass(frozen=True, kw_only=True)
class InverseBellman:
    """Settings of the closed form.

    Attributes:
        selector: which of all rewards behind the policy: `features`, or one of the tables above.
        rationality: `soft` (soft-optimal) or `boltzmann` (in Q*).
        temperature: t; the reward is in its units.
        coverage: with `features`, whether decisions weigh as the policy makes them (`visited`, levels alike) or all
            alike (`all`). Without an error of fit the answer is the same.
        floor: probability that stands in for smaller ones.
    """

    name: ClassVar[str] = "inverse-bellman"
    needs: ClassVar[frozenset[str]] = frozenset({"model", "policy"})
    behavioral_model: ClassVar[str] = "soft-optimal or Boltzmann in Q*, exactly (closed form)"
    cannot_identify: ClassVar[str] = "potential shaping, scale apart from temperature, a wrong discount"
    source: ClassVar[str] = "Cao, Cohen & Szpruch 2021; Rolland et al. 2022"

    selector: str = "features"
    rationality: Rationality = "soft"
    temperature: float = 1.0
    coverage: Literal["visited", "all"] = "visited"
    floor: float = FLOOR

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        kind, _, given = self.selector.partition(":")
        asked = {s.partition(":")[0]: bool(s.partition(":")[2]) for s in SELECTORS}
        if kind not in asked or asked[kind] != bool(given) or (kind == "anchor" and not given.isdigit()):
            raise BirlError(f"inverse-bellman: selector {self.selector!r}: use one of {', '.join(SELECTORS)}")
        if self.rationality not in ("soft", "boltzmann"):
            raise unknown_name("rationality", self.rationality, ("soft", "boltzmann"))
        if self.coverage not in ("visited", "all"):
            raise unknown_name("coverage", self.coverage, ("visited", "all"))
        if self.temperature <= 0 or not 0 < self.floor < 1:
            raise BirlError("inverse-bellman: temperature must be above 0 and the floor between 0 and 1")

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
            behaviors: one per distribution, of one task; for a table of several, matched state by state.
            rng: not used: the answer is a closed form.
            candidates: named rewards; used by `closest-to:NAME` alone.
            start: not used, for the same reason.

        Raises:
            BirlError: for behaviours without a policy, without features in common, not matched where a table needs it,
                or of a policy that does not notice which context it is in.
        """
        known = exact(behaviors, self)
        shared_features(known)
        estimate = self._linear(known) if self.selector == "features" else self._table(known, candidates or {})
        plans = [self.predict(estimate, b.model) for b in known]
        return with_likelihood(known, plans, estimate)

    def predict(self, estimate: RewardEstimate, model: TabularModel) -> FloatArray:
        """The policy that the estimate's reward explains, [S, A]; a table's only in the model it was read off."""
        reward = estimate.on(model) / self.temperature
        if self.rationality == "soft":
            return soft_plan(model, reward).policy
        plan = hard_plan(model, reward)
        weight = np.exp(plan.q - plan.q.max(axis=1, keepdims=True))
        return weight / weight.sum(axis=1, keepdims=True)

    def set_of(self, behavior: Behavior) -> RewardSet:
        """Every reward behind one behaviour."""
        return RewardSet.of(
            behavior.model,
            behavior.policy,
            rationality=self.rationality,
            temperature=self.temperature,
            floor=self.floor,
        )

    # --- linear in features -------------------------------------------------------------------------------------------

    def _linear(self, behaviors: Sequence[Behavior]) -> RewardEstimate:
        names = shared_features(behaviors)
        held = neutral_constants(behaviors)
        left = [self._without_shaping(b) for b in behaviors]
        curvature = np.sum([part[:, :-1].T @ part[:, :-1] for part in left], axis=0)
        weights = np.zeros(len(names))
        stacked = np.concatenate(left)
        weights[~held] = np.linalg.lstsq(stacked[:, :-1][:, ~held], stacked[:, -1], rcond=None)[0]
        scores = {b.distribution: _scores(b, part, weights) for b, part in zip(behaviors, left, strict=True)}
        moved = self._with_lower_floor(behaviors, weights)
        checks = (
            _bellman_check("the features", _explained(stacked[:, -1], stacked[:, -1] - stacked[:, :-1] @ weights)),
            floor_check(behaviors, self.floor, moved),
            step_check(behaviors),
            determinism_check(behaviors),
            adaptation_check(behaviors),
        )
        selector = "features, least change from 0"
        return replace(
            self._bare(behaviors, checks, identifiability(curvature, names, held=held, selector=selector)),
            weights=dict(zip(names, weights.tolist(), strict=True)),
            status=feature_status(names, behaviors, curvature, held),
            covariance=sandwich(scores, curvature, ~held & (weights != 0)),
            scores=scores,
            curvature=curvature,
        )

    def _without_shaping(self, behavior: Behavior) -> FloatArray:
        """Features and log pi with V taken out, each row times the root of its weight, [S*A, F + 1]."""
        model, known = behavior.model, self.set_of(behavior)
        columns = np.column_stack([model.features.toarray(), known.particular])
        return known.remainder(columns, self._weights(behavior))

    def _weights(self, behavior: Behavior) -> FloatArray:
        model = behavior.model
        if self.coverage == "all":
            return model.live / max(int(model.live.sum()), 1)
        visits = behavior.occupancy * behavior.level_weights()[model.level]
        chosen = np.maximum(behavior.policy, self.floor)
        return np.where(model.live, (visits[:, None] * chosen).ravel(), 0.0)

    def _with_lower_floor(self, behaviors: Sequence[Behavior], answer: FloatArray) -> tuple[float, float] | None:
        """How the weights change with the floor."""
        if not floored(behaviors, self.floor):
            return None
        lower = replace(self, floor=LOWER * self.floor)
        stacked = np.concatenate([lower._without_shaping(b) for b in behaviors])
        free = answer != 0
        other = np.linalg.lstsq(stacked[:, :-1][:, free], stacked[:, -1], rcond=None)[0]
        return _change(answer[free], np.asarray(other, np.float64))

    # --- a table ------------------------------------------------------------------------------------------------------

    def _table(self, behaviors: Sequence[Behavior], candidates: Mapping[str, RewardLike]) -> RewardEstimate:
        joint = self._joint(behaviors)
        known = self.set_of(behaviors[0]) if joint is None else joint.rewards
        chosen = self._choose(known, candidates)
        lower = replace(self, floor=LOWER * self.floor)
        moved = None
        if floored(behaviors, self.floor):
            again = (
                lower.set_of(behaviors[0]) if joint is None else intersect([lower.set_of(b) for b in behaviors]).rewards
            )
            moved = _change(chosen.reward, self._choose(again, candidates).reward)
        checks = (
            floor_check(behaviors, self.floor, moved),
            determinism_check(behaviors),
            *(() if joint is None else (adaptation_check(behaviors), context_check(joint))),
            *(() if chosen.residual == 0.0 else (_bellman_check(f"{self.selector} rewards", chosen.explained),)),
        )
        nullity = known.nullity if chosen.selector != "state-only" else chosen.nullity
        model = behaviors[0].model
        size = int((~model.terminal).sum() if chosen.selector == "state-only" else model.live.sum())
        told = Identifiability(
            rank=None if nullity is None else size - nullity,
            nullity=nullity,
            null_directions=(),
            selector=self.selector,
        )
        extra = {name: value for name, value in (("gap", chosen.gap), ("scale", chosen.scale)) if value is not None}
        shape = behaviors[0].policy.shape
        return replace(self._bare(behaviors, checks, told), table=chosen.reward.reshape(shape), nuisance=extra)

    def _joint(self, behaviors: Sequence[Behavior]) -> Intersection | None:
        if len(behaviors) == 1:
            return None
        told = adaptation_check(behaviors)
        if told is None:
            raise BirlError(
                "inverse-bellman: the distributions are not matched state by state (a shift of dynamics, or pair=): "
                "fit a table of each alone, or tie them through named features (selector='features')"
            )
        if not told.passed:
            raise BirlError(
                f"inverse-bellman: {told.message}: a joint table would only name log pi; fit each alone, or tie them "
                "through named features (selector='features')"
            )
        return intersect([self.set_of(b) for b in behaviors])

    def _choose(self, known: RewardSet, candidates: Mapping[str, RewardLike]) -> Representative:
        kind, _, given = self.selector.partition(":")
        if kind == "closest-to":
            if given not in candidates:
                raise unknown_name("candidate", given, candidates, "give candidates= to fit")
            return known.closest_to(candidates[given])
        if kind == "anchor":
            return known.anchor(int(given))
        return {"habit": known.habit, "mean-zero": known.mean_zero, "state-only": known.state_only}[kind]()

    def _bare(
        self, behaviors: Sequence[Behavior], checks: Sequence[Check | None], told: Identifiability
    ) -> RewardEstimate:
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in behaviors),
            weights={},
            status={},
            nuisance={},
            log_likelihood=None,
            checks=tuple(c for c in checks if c is not None),
            identifiability=told,
            settings={key: str(value) for key, value in asdict(self).items()},
        )


def _scores(behavior: Behavior, left: FloatArray, weights: FloatArray) -> FloatArray:
    """Each level's part of the gradient of half the squared error, [L, F]."""
    model = behavior.model
    missed = left[:, -1] - left[:, :-1] @ weights
    per_state = (left[:, :-1] * missed[:, None]).reshape(model.n_states, model.n_actions, -1).sum(axis=1)
    return np.stack([model.per_level(column) for column in per_state.T], axis=1)


def _change(answer: FloatArray, other: FloatArray) -> tuple[float, float]:
    """Relative size, and cosine, of another answer."""
    sizes = max(float(np.linalg.norm(answer)), 1e-300), max(float(np.linalg.norm(other)), 1e-300)
    return sizes[1] / sizes[0], float(answer @ other) / (sizes[0] * sizes[1])


def _explained(wanted: FloatArray, missed: FloatArray) -> float:
    """Share of a sum of squares; 1 where there is nothing to explain."""
    total = float(wanted @ wanted)
    return 1.0 - float(missed @ missed) / total if total > 0 else 1.0


def _bellman_check(what: str, explained: float) -> Check:
    """Whether a reward that is no member of the set comes near enough to it."""
    passed = explained >= FITS
    return Check(
        name="Bellman equation",
        passed=passed,
        value=explained,
        limit=FITS,
        message=f"{what} account for {explained:.3f} of log pi once shaping is taken out"
        + ("" if passed else f" (limit {FITS}): the policy is not of this kind, or the reward needs more than that"),
    )
