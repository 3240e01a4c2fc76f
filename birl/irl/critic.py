"""What the network believes: the reward under which its own action values are right.

White box, for value-based policies (DQN, QR-DQN, SAC, TQC, TD3). It is reported beside the objective that behaviour
shows and never mixed with it: a critic is trained where the policy went and extrapolates elsewhere, so rewards are
weighed by the visits of a slightly noisy copy of the policy. Where the world names features, weights are the least
squares of the implied rewards on them, and R^2 says how much of the belief they are; otherwise it is a table (in a
model) or a network fitted to episodes.

Assumes that the critic solves its Bellman equation. What training has not yet propagated, the errors of its network,
and rewards normalised in training are all in the answer.
Cannot tell: true rewards where the policy never went; the price of entropy apart from reward where it is not known.

Axes: S states, A actions, N rows, F features, C clusters.
Source: equations in `birl.irl.implied`; the inverse Bellman operator is that of Garg et al. 2021 (arXiv 2106.12142),
section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import AnyBehavior, Check, Identifiability, RewardEstimate
from birl.irl.explained import explained_check, least_squares, regress
from birl.irl.implied import Implied, critic_in, discount_of, implied_in_model, implied_on_episodes
from birl.irl.linear import LinearFit, linear_estimate
from birl.irl.needs import sampled
from birl.irl.network import RewardNetwork
from birl.irl.provenance import provenance
from birl.tabular import RewardLike
from birl.types import BirlError, FloatArray

__all__ = ["Critic"]

Checks = Sequence[Check | None]
FORMS = ("auto", "features", "table", "network")
SAME = 1e-9  # discounts that differ by less are the same


@dataclass(frozen=True, kw_only=True)
class Critic:
    """Settings of the critic's reward.

    Attributes:
        form: "features" for weights, "table" for one exact world, "network" for episodes; "auto" takes the first of
            these that the behaviour allows.
        noise: share of random actions in the copy of the policy whose visits weigh the rewards, in [0, 1].
        episodes: of that copy, without a model.
        draws: actions drawn to value a place, where actions are vectors.
    """

    name: ClassVar[str] = "critic"
    needs: ClassVar[frozenset[str]] = frozenset({"policy", "simulator", "critic"})
    behavioral_model: ClassVar[str] = "none: the reward that makes the network's own action values right"
    cannot_identify: ClassVar[str] = "rewards where the policy never went, errors of the network from its beliefs"
    source: ClassVar[str] = "Mnih et al. 2015; Haarnoja et al. 2018; Garg et al. 2021"

    form: str = "auto"
    noise: float = 0.1
    episodes: int = 100
    draws: int = 8

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        if self.form not in FORMS:
            raise BirlError(f"critic: form {self.form!r}: use one of {', '.join(FORMS)}")
        if not 0.0 <= self.noise <= 1.0 or self.episodes < 2 or self.draws < 1:
            raise BirlError("critic: give noise in [0, 1], episodes from 2, draws from 1")

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
            behaviors: one per distribution, of one task; of a policy with a critic.
            rng: draws episodes and starts of networks; that of seed 0 if left out.
            candidates: not used: the equation has one solution.
            start: not used, for the same reason.

        Raises:
            BirlError: for a policy without a critic, or a form the behaviours do not allow.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        names = sampled(behaviors, self, rng=rng)[0].feature_names
        form = self._form(behaviors, names)
        found = [self._implied(b, rng) for b in behaviors]
        checks = [_discount_check(behaviors), _temperature_check(behaviors)]
        if form == "features":
            return self._weights(behaviors, names, found, checks)
        if form == "table":
            return self._table(behaviors[0], found[0], checks)
        return self._network(behaviors, found, checks, rng)

    def _form(self, behaviors: Sequence[AnyBehavior], names: Sequence[str]) -> str:
        in_model = all(isinstance(b, Behavior) for b in behaviors)
        can = {
            "features": bool(names),
            "table": in_model and len(behaviors) == 1,
            "network": not any(isinstance(b, Behavior) for b in behaviors),
        }
        form = next((f for f in FORMS[1:] if can[f]), "table") if self.form == "auto" else self.form
        if not can[form]:
            wants = {
                "features": "a world that names its features",
                "table": "one exact model",
                "network": "behaviour that was rolled out (birl.sampled.as_sampled)",
            }
            raise BirlError(f"critic: form {form!r} needs {wants[form]}: choose another form")
        return form

    def _implied(self, behavior: AnyBehavior, rng: np.random.Generator) -> Implied:
        if isinstance(behavior, Behavior):
            return implied_in_model(behavior, noise=self.noise)
        return implied_on_episodes(behavior, episodes=self.episodes, noise=self.noise, draws=self.draws, rng=rng)

    def _weights(
        self,
        behaviors: Sequence[AnyBehavior],
        names: Sequence[str],
        found: Sequence[Implied],
        checks: Checks,
    ) -> RewardEstimate:
        line = least_squares(found, [b.distribution for b in behaviors])
        fit = LinearFit(
            weights=line.weights,
            own=np.diag(line.square),
            walk=np.diag(line.square),  # nothing counts as avoided: the network says what it believes of it
            held=np.zeros(len(names), bool),
            information=line.square,
            covariance=line.covariance,
            checks=[*checks, explained_check(line.explained, "visited steps"), line.clusters],
            selector="least squares on the features, least change from 0",
            nuisance={"discount": discount_of(behaviors[0]), "R2": line.explained, "residual": line.residual},
            provenance={"form": "weights by least squares on the features"},
        )
        return linear_estimate(self, behaviors, names, fit)

    def _table(self, behavior: AnyBehavior, found: Implied, checks: Checks) -> RewardEstimate:
        assert isinstance(behavior, Behavior)
        table = found.reward.reshape(behavior.model.n_states, behavior.model.n_actions)
        return self._unnamed([behavior], checks, table=table, form="table of the exact model")

    def _network(
        self,
        behaviors: Sequence[AnyBehavior],
        found: Sequence[Implied],
        checks: Checks,
        rng: np.random.Generator,
    ) -> RewardEstimate:
        network, explained = regress(found, sampled(behaviors, self, rng=rng)[0].actions.count, rng)
        return self._unnamed(
            behaviors,
            [*checks, explained_check(explained, "steps held out")],
            network=network,
            form="network fitted to episodes",
            explained=explained,
        )

    def _unnamed(
        self,
        behaviors: Sequence[AnyBehavior],
        checks: Checks,
        *,
        form: str,
        table: FloatArray | None = None,
        network: RewardNetwork | None = None,
        explained: float | None = None,
    ) -> RewardEstimate:
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in behaviors),
            weights={},
            status={},
            nuisance={"discount": discount_of(behaviors[0])} | ({} if explained is None else {"R2": explained}),
            log_likelihood=None,
            checks=tuple(c for c in checks if c is not None),
            identifiability=Identifiability(rank=None, nullity=0, null_directions=(), selector="the critic itself"),
            settings={key: str(value) for key, value in asdict(self).items()},
            table=table,
            network=network,
            provenance={**provenance(behaviors), "form": form},
        )


def _discount_check(behaviors: Sequence[AnyBehavior]) -> Check:
    told = critic_in(behaviors[0]).discount
    first = behaviors[0]
    task = first.model.discount if isinstance(first, Behavior) else first.discount
    if told is None:
        message = (
            f"the checkpoint does not say its discount: the task's {task:g} is taken, and rewards shift if it lies"
        )
        return Check(name="discount", passed=False, message=message)
    same = abs(told - task) <= SAME
    return Check(
        name="discount",
        passed=same,
        value=told,
        limit=task,
        message=f"the critic was trained with discount {told:g}"
        + ("" if same else f", the task has {task:g}: the critic's is used; compare rewards in a task with that one"),
    )


def _temperature_check(behaviors: Sequence[AnyBehavior]) -> Check | None:
    critic = critic_in(behaviors[0])
    if critic.numbered:
        return None
    known = critic.temperature is not None
    said = (
        f"an action's entropy was priced at {critic.temperature:.3g}" if known else "the price of entropy is not known"
    )
    remedy = "" if known else ": it is taken as 0; load the whole checkpoint, not the policy alone"
    return Check(name="price of entropy", passed=known, message=said + remedy)
