"""How much of a verdict hangs on choices that nothing in the data decides: every defensible combination, scored.

Inverse reinforcement learning needs a model of rationality, a prior and a discount before it says anything, and
behaviour does not give them (Armstrong & Mindermann 2018). So the same policy is scored under each combination, and
all the answers are shown in order of size, with the choices that made them: a specification curve. A model that
predicts decisions on levels it was not fitted to worse than the random walk does is no model of this policy: its answer
is left out, and said to be.

Source: Simonsohn, Simmons & Nelson 2020 (Nature Human Behaviour 4), "Specification curve analysis".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from birl.behavior import Behavior, observe
from birl.diagnosis import Thresholds, Verdict
from birl.irl import ESTIMATORS
from birl.policy import TabularPolicy
from birl.recovery import Progress
from birl.score import score
from birl.task import Distribution, Task
from birl.types import BirlError, Interval, unknown_name

__all__ = ["Choice", "SpecificationCurve", "Specified", "specification_curve"]

METHODS = ("mce", "boltzmann", "successor-logit", "inverse-bellman")
CARRIES = (*METHODS, "bayesian")  # predict actions and can be drawn from; bayesian takes minutes for each
PRIORS = (0.1, 1.0, 10.0)
HORIZONS = (0.5, 1.0, 2.0)
DRAWS = 60


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One combination.

    Attributes:
        method: of inverse reinforcement learning, and with it the model of rationality.
        prior: strength of the sparse prior, as a multiple of the method's own; None for a method without one.
        discount: taken to be the policy's.
    """

    method: str
    prior: float | None
    discount: float


@dataclass(frozen=True, kw_only=True)
class Specified:
    """What one combination says.

    Attributes:
        choice: the combination.
        verdict: what is called; undetermined where nothing is, or there is a reason against it.
        probabilities: of every verdict.
        share: the leading candidate's part of the objective beside the base, 0 none to 1 all; None where undefined.
        distance: largest distance between base and joint objective on any shift; None where undefined.
        held_out: mean log-likelihood of a decision on levels that were not fitted.
        reason: why there is no answer, where there is none: it does not apply, or is no model of the policy.
    """

    choice: Choice
    verdict: Verdict
    probabilities: Mapping[Verdict, float]
    share: Interval | None
    distance: Interval | None
    held_out: float | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SpecificationCurve:
    """Every combination's answer.

    Attributes:
        task: its name.
        policy: where the policy came from.
        candidate: the candidate whose part is shown; empty where the task names none.
        discount: the task's own.
        random_walk: its mean log-likelihood of a decision; who predicts worse is left out.
        rows: one for each combination.
        settings: levels, draws, seed.
    """

    task: str
    policy: str
    candidate: str
    discount: float
    random_walk: float
    rows: tuple[Specified, ...]
    settings: Mapping[str, int]

    @property
    def verdicts(self) -> Mapping[Verdict, int]:
        """How many of the combinations that give an answer call each verdict, most first."""
        return dict(Counter(row.verdict for row in self.rows if not row.reason).most_common())

    def to_json(self) -> str:
        """As JSON text; the same curve gives the same bytes."""
        from cattrs.preconf.json import make_converter  # writing only

        return json.dumps(make_converter().unstructure(self), indent=1) + "\n"


def specification_curve(  # noqa: PLR0913 - one keyword for each thing a user may set
    policy: Any,
    task: Task,
    *,
    methods: Sequence[str] = METHODS,
    priors: Sequence[float] = PRIORS,
    horizons: Sequence[float] = HORIZONS,
    levels: int | None = 40,
    seed: int = 0,
    draws: int = DRAWS,
    thresholds: Thresholds | None = None,
    jobs: int = 1,
    source: str | None = None,
    progress: Progress | None = None,
) -> SpecificationCurve:
    """Score a policy under every method, with a weaker and a stronger prior, a shorter and a longer horizon.

    The base objective keeps its weights; with another discount its optimum is another, and is planned anew.

    Args:
        policy: a `Policy`, or anything `as_policy` adapts.
        task: every distribution needs an exact model.
        methods: names from `CARRIES`: methods that predict actions, with draws.
        priors: multiples of each method's own; a method without one is scored once in their place.
        horizons: multiples of the task's effective horizon, 1 / (1 - discount).
        levels: of each distribution; all of them if None.
        seed: of the bootstrap over levels.
        draws: of it.
        thresholds: margins of the diagnosis.
        jobs: processes; the answer does not depend on how many.
        source: what to call the policy.
        progress: called with (stage, done, total) as the work goes on.

    Raises:
        BirlError: for an unknown method, one that cannot carry a verdict, a policy that does not fit, and a
            distribution without a model.
    """
    from joblib import Parallel, delayed  # with many processes only

    _check(methods)
    task = task if levels is None else task.first_levels(levels)
    seen = [observe(policy, d) for d in (*task.distributions, *task.ghosts.values())]
    tables = TabularPolicy({b.distribution: b.policy for b in seen})
    walk = _random_walk(seen[: len(task.distributions)])
    longest = 1.0 / (1.0 - task.discount) if task.discount < 1 else None
    discounts = [task.discount] if longest is None else [max(0.0, 1.0 - 1.0 / (h * longest)) for h in horizons]
    choices = [
        Choice(method=m, prior=p, discount=d)
        for m in methods
        for p, d in product(priors if isinstance(getattr(ESTIMATORS[m], "prior", None), float) else [None], discounts)
    ]
    tell = progress or (lambda stage, done, total: None)
    run: Any = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_specified)(tables, task, choice, walk, {"seed": seed, "draws": draws, "thresholds": thresholds})
        for choice in choices
    )
    rows = []
    for i, row in enumerate(run):
        tell("specifications", i + 1, len(choices))
        rows.append(row)
    return SpecificationCurve(
        task=task.name,
        policy=source or type(policy).__name__,
        candidate=_leading(task),
        discount=task.discount,
        random_walk=walk,
        rows=tuple(rows),
        settings={"seed": seed, "draws": draws, "levels": max(_levels(d) for d in task.distributions)},
    )


def _check(methods: Sequence[str]) -> None:
    for name in methods:
        if name not in ESTIMATORS:
            raise unknown_name("method", name, ESTIMATORS, "see `birl methods`")
        if name not in CARRIES:
            raise BirlError(f"method {name!r} cannot carry a verdict: use {', '.join(CARRIES)}")
    if not methods:
        raise BirlError(f"no method to specify: name at least one of {', '.join(METHODS)}")


def _levels(d: Distribution) -> int:
    return d.model.n_levels if d.model is not None else 0


def _leading(task: Task) -> str:
    """The candidate that is shown: the first."""
    return next(iter(task.candidates), "")


def _random_walk(behaviors: Sequence[Behavior]) -> float:
    """Its mean log-likelihood of a decision, levels and distributions weighing equally."""
    return float(np.mean([b.model.level_starts @ b.log_likelihood(b.model.uniform) for b in behaviors]))


def _specified(
    policy: TabularPolicy, task: Task, choice: Choice, random_walk: float, how: Mapping[str, Any]
) -> Specified:
    """The answer of one combination; one that does not apply, or is no model of the policy, says so."""
    method: Any = ESTIMATORS[choice.method]
    if choice.prior is not None:
        method = replace(method, prior=choice.prior * method.prior)
    try:
        card = score(
            policy,
            _discounted(task, choice.discount),
            methods=[method],
            **how,
        )
    except BirlError as error:
        return _no_answer(choice, str(error))
    held_out = card.held_out.get(choice.method)
    if held_out is not None and held_out < random_walk:
        worse = f"it predicts unseen decisions ({held_out:.2f}) worse than the random walk does ({random_walk:.2f})"
        return _no_answer(choice, f"{worse}: no model of this policy", held_out)
    assert card.evidence is not None  # the method predicts actions
    assert card.diagnosis is not None
    away = [i for name, i in card.evidence.distance.items() if name != task.train.name]
    return Specified(
        choice=choice,
        verdict=card.diagnosis.verdict,
        probabilities=card.diagnosis.probabilities,
        share=card.evidence.candidate_share.get(_leading(task)),
        distance=max(away, key=lambda i: i.value, default=None),
        held_out=held_out,
    )


def _no_answer(choice: Choice, reason: str, held_out: float | None = None) -> Specified:
    return Specified(
        choice=choice,
        verdict=Verdict.UNDETERMINED,
        probabilities={},
        share=None,
        distance=None,
        held_out=held_out,
        reason=reason,
    )


def _discounted(task: Task, discount: float) -> Task:
    """The task with another discount in every model."""
    if discount == task.discount:
        return task

    def again(d: Distribution) -> Distribution:
        return d if d.model is None else replace(d, model=replace(d.model, discount=discount))

    return replace(
        task,
        train=again(task.train),
        shifts=tuple(map(again, task.shifts)),
        ghosts={name: again(d) for name, d in task.ghosts.items()},
        discount=discount,
    )
