"""What AIRL's adversary would end with, read off the policy: log pi split into reward and shaping in closed form.

Assumes pi(a|s) = exp(Q - V) / n(s) near what the policy does. AIRL trains a discriminator, whose optimum is
f = g + gamma h' - h = log pi, against a learner; with the policy at hand f is known, and splitting it is a regression.
Four forms of it:

- `successor`: h is the value of the policy itself, so that the log-policy is linear in the weights alone: what each
  choice brings when the policy goes on from it, against how likely it is;
- `order`: the same, but only which of two choices is likelier counts, which is all that greedy policies tell;
- `paths`: the policy's own actions, several in a row, against a random one held as long: which of the two is the
  policy's, a discriminator whose h is the value of the policy; densities are not asked for;
- `joint`: h is a random layer fitted together with the reward, from single steps: cheap, and only as good as log pi is
  a soft value everywhere.

On exact models nothing is sampled, and h is the value of the policy in every form. Where the world names no features
the reward is a network of one random layer over observations, whose last layer is fitted.
Cannot tell: potential shaping within the span of the features, the scale apart from the temperature. Network policies
over vectors are no soft values: the share of the log-policy that is explained is reported, and small.

Axes: S states, A actions, F features, P places, K choices in each.
Source: Fu, Luo & Levine 2018 (arXiv 1710.11248), appendix A; the split is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import numpy as np

from birl.behavior import Behavior
from birl.irl.assemble import with_likelihood
from birl.irl.base import AnyBehavior, Identifiability, RewardEstimate
from birl.irl.common import feature_status, random_share
from birl.irl.linear import LinearFit, linear_estimate
from birl.irl.log_policy_checks import checks_of, held_out
from birl.irl.log_policy_exact import exact_material
from birl.irl.log_policy_fit import Choices, Fitted, explained, least_squares, order_fit
from birl.irl.log_policy_material import Material
from birl.irl.log_policy_sampled import Plan, sampled_material
from birl.irl.needs import exact, sampled
from birl.irl.network import RewardNetwork
from birl.irl.provenance import provenance
from birl.tabular import RewardLike, TabularModel, soft_plan
from birl.types import BirlError, FloatArray, unknown_name

__all__ = ["PolicyAIRL"]

FORMS = ("auto", "successor", "paths", "order", "joint")
REWARDS = ("auto", "features", "network")
RIDGES = (1e-6, 1e-4, 1e-2, 1.0)  # of a random layer, relative to its information; held-out clusters choose


@dataclass(frozen=True, kw_only=True)
class PolicyAIRL:
    """Settings of the regression of the log-policy.

    Attributes:
        form: `successor`, `paths`, `order` or `joint`; `auto` is `paths` where actions are vectors, else `successor`.
        reward: weights of the world's `features`, a `network` over observations, or `auto`: features where there are.
        places: visited in each distribution; on exact models every state counts.
        choices: drawn from the policy in each place, where actions are vectors; numbered ones are all asked for.
        wide: share of vectors that come from the random walk; None for half of them with `paths`, else none.
        noises: shares of random actions of the copies of the policy whose episodes lead to the places.
        episodes: of each copy.
        steps: a choice is followed at most.
        path: actions in a row, drawn from the policy, that make one choice over vectors; in worlds of chance it is one.
        greedy: follow choices without the policy's noise; None for: where actions are vectors.
        width: of the random layer of a network, and of the shaping of `joint`.
    """

    name: ClassVar[str] = "policy-airl"
    needs: ClassVar[frozenset[str]] = frozenset({"policy", "simulator"})
    behavioral_model: ClassVar[str] = "soft-optimal (maximum causal entropy), near what the policy does"
    cannot_identify: ClassVar[str] = "potential shaping within the features, scale apart from temperature"
    source: ClassVar[str] = "Fu, Luo & Levine 2018 (arXiv 1710.11248), appendix A; the split is ours"

    form: str = "auto"
    reward: str = "auto"
    places: int = 120
    choices: int = 6
    wide: float | None = None
    noises: tuple[float, ...] = (0.0, 0.3)
    episodes: int = 10
    steps: int = 100
    path: int = 20
    greedy: bool | None = None
    width: int = 64

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        for what, said, known in (("form", self.form, FORMS), ("reward", self.reward, REWARDS)):
            if said not in known:
                raise unknown_name(f"{what} of policy-airl", said, known)
        for name in ("places", "choices", "episodes", "steps", "width"):
            if getattr(self, name) < 2:
                raise BirlError(f"policy-airl: {name} is {getattr(self, name)}: give at least 2")
        if self.wide is not None and not 0.0 <= self.wide < 1.0:
            raise BirlError(f"policy-airl: wide is {self.wide}: give a share below 1")
        if self.path < 1:
            raise BirlError(f"policy-airl: path is {self.path}: give at least 1")
        if not self.noises or min(self.noises) < 0 or max(self.noises) > 1:
            raise BirlError(f"policy-airl: noises {self.noises}: give shares of random actions, from 0 to 1")

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
            rng: visits places, draws choices and layers; seed 0 if left out. Weights of exact models need none.
            candidates: not used: the fit is closed.
            start: not used, for the same reason.

        Raises:
            BirlError: when behaviours do not share features, or a policy has no probabilities.
        """
        return self.split(behaviors, self.gathered(behaviors, rng=rng))

    def gathered(self, behaviors: Sequence[AnyBehavior], *, rng: np.random.Generator | None = None) -> Material:
        """What the log-policy is regressed on; arguments and errors are those of `fit`."""
        rng = np.random.default_rng(0) if rng is None else rng
        if all(isinstance(b, Behavior) for b in behaviors):
            width = self.width if self.reward == "network" else None
            return exact_material(exact(behaviors, self), noise=max(self.noises), width=width, rng=rng)
        seen = sampled(behaviors, self, rng=rng)
        return sampled_material(seen, self._plan(behaviors, self._form(behaviors)), rng=rng)

    def split(self, behaviors: Sequence[AnyBehavior], material: Material) -> RewardEstimate:
        """The reward of what was gathered from these behaviours."""
        form = self._form(behaviors)
        models = [b for b in behaviors if isinstance(b, Behavior)]
        models = models if len(models) == len(behaviors) else []
        solve = _solver(form, material)
        fitted = solve(material.choices)
        checks = (*material.checks, *checks_of(material.choices, solve, fitted, sizes=form != "paths"))
        if material.layer is not None:
            estimate = self._network(behaviors, material, fitted)
        else:
            estimate = self._weights(behaviors, models, material, fitted)
        return replace(estimate, checks=checks, provenance=provenance(behaviors))

    def predict(self, estimate: RewardEstimate, model: TabularModel) -> FloatArray:
        """The soft-optimal policy of the estimate, its share of random actions mixed in, [S, A]."""
        eps = estimate.nuisance.get("eps", 0.0)
        reward = estimate.on(model)
        if estimate.network is not None:  # by transition: its mean over what may come next
            joint = model.transitions
            expected = np.bincount(model.elimination.row, weights=joint.data * reward, minlength=joint.shape[0])
            reward = np.asarray(expected, np.float64)
        return (1.0 - eps) * soft_plan(model, reward).policy + eps * model.uniform

    def _form(self, behaviors: Sequence[AnyBehavior]) -> str:
        """The form that `auto` stands for.

        Raises:
            BirlError: for `paths` where actions are numbers.
        """
        numbered = any(isinstance(b, Behavior) or b.actions.count is not None for b in behaviors)
        if self.form == "paths" and numbered:
            raise BirlError("policy-airl: paths are of actions that are vectors: set form='successor' or 'order'")
        return ("successor" if numbered else "paths") if self.form == "auto" else self.form

    def _plan(self, behaviors: Sequence[AnyBehavior], form: str) -> Plan:
        named = all(b.model.feature_names if isinstance(b, Behavior) else b.feature_names for b in behaviors)
        if self.reward == "features" and not named:
            raise BirlError(
                "policy-airl: the world names no features: give the distribution features= and feature_names=, or "
                "set reward='network'"
            )
        return Plan(
            places=self.places,
            choices=self.choices,
            wide=(0.5 if form == "paths" else 0.0) if self.wide is None else self.wide,
            episodes=self.episodes,
            noises=self.noises,
            steps=self.steps,
            path=self.path,
            own=form == "paths",
            greedy=self.greedy,
            joint=form == "joint",
            width=self.width,
            network=self.reward == "network" or not named,
        )

    def _weights(
        self, behaviors: Sequence[AnyBehavior], models: Sequence[Behavior], material: Material, fitted: Fitted
    ) -> RewardEstimate:
        names, size = material.names, len(material.names)
        fit = LinearFit(
            weights=fitted.weights[:size],
            own=material.own,
            walk=material.walk,
            held=material.held,
            information=fitted.information[:size, :size],
            covariance=fitted.covariance[:size, :size],
            checks=(),
            selector="least change from 0",
        )
        estimate = linear_estimate(self, behaviors, names, fit)
        if not models:
            return estimate
        plans = [soft_plan(b.model, b.model.features @ estimate.vector).policy for b in models]
        eps = random_share(models, plans)
        tables = [(1.0 - eps) * plan + eps * b.model.uniform for b, plan in zip(models, plans, strict=True)]
        status = feature_status(names, models, fit.information, material.held)
        return with_likelihood(models, tables, replace(estimate, status=status, nuisance={"eps": eps}))

    def _network(self, behaviors: Sequence[AnyBehavior], material: Material, fitted: Fitted) -> RewardEstimate:
        layer, size = material.layer, self.width
        assert layer is not None
        network = RewardNetwork(
            inputs=("observation",),
            layers=((layer.weight, layer.bias), (fitted.weights[None, :size], np.zeros(1))),
            activation="tanh",
            shift=layer.shift,
            scale=layer.scale,
        )
        return RewardEstimate(
            method=self.name,
            behavioral_model=self.behavioral_model,
            distributions=tuple(b.distribution for b in behaviors),
            weights={},
            status={},
            nuisance={},
            log_likelihood=None,
            checks=(),
            identifiability=Identifiability(
                rank=None, nullity=None, null_directions=(), selector="smallest last layer that explains as much"
            ),
            settings={key: str(value) for key, value in asdict(self).items()},
            network=network,
        )


def _solver(form: str, material: Material) -> Callable[[Choices], Fitted]:
    """How equations are solved: by order, or by least squares with the ridge that explains held-out clusters best."""
    if form in ("order", "paths"):
        return lambda choices: order_fit(choices, rescaled=form == "order")
    solvers = [_ridged(np.where(material.random, ridge, 0.0)) for ridge in RIDGES]
    if not material.random.any():
        return solvers[0]
    told = [held_out(material.choices, solve, explained) for solve in solvers]
    return solvers[int(np.argmax([-np.inf if share is None else share for share in told]))]


def _ridged(ridge: FloatArray) -> Callable[[Choices], Fitted]:
    return lambda choices: least_squares(choices, ridge=ridge)
