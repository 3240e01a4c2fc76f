"""The whole story in one function: observe a policy, recover what it pursues, hold that against the intended thing."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from birl.diagnosis import Thresholds
from birl.episodes import look
from birl.in_features import in_model_features
from birl.irl import ESTIMATORS, SCORED, Estimator
from birl.planned_score import score_planned
from birl.recovery import Progress
from birl.sampled_score import EPISODES as SAMPLED_EPISODES
from birl.sampled_score import SampledSettings, score_sampled
from birl.scorecard import PolicyRecord, Scorecard
from birl.stats import generator
from birl.task import Task
from birl.types import BirlError, unknown_name

__all__ = ["Scorecard", "score"]

PACKAGES = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")


def score(  # noqa: PLR0913 - the front door: one keyword for each thing a user may set
    policy: Any,
    task: Task,
    *,
    seed: int = 0,
    methods: Sequence[str | Estimator] | None = None,
    levels: int | None = None,
    episodes: int | None = None,
    pool: Sequence[Any] = (),
    deterministic: bool = False,
    draws: int = 200,
    source: str | None = None,
    sha256: str | None = None,
    thresholds: Thresholds | None = None,
    progress: Progress | None = None,
) -> Scorecard:
    """What a policy's behaviour optimises on a task's distributions, beside the base objective and the candidates.

    Args:
        policy: a `Policy`, or anything `as_policy` adapts; or only episodes, as a mapping of distributions' names to
            sequences of `Trajectory`.
        task: where a distribution is an environment without a model, nothing can be planned: what only planning could
            say is then undefined (`birl.sampled_score`).
        seed: of the bootstrap over levels and of the episodes shown; the same seed gives the same card.
        methods: names from `birl.irl.ESTIMATORS`, or methods with settings of their own; those of `birl.irl.SCORED` if
            left out.
        levels: use only this many levels of each distribution.
        episodes: roll the policy out so many times on each distribution and look at nothing else; a policy that can
            only be rolled out (one with a memory) is, `birl.episodes.EPISODES` times if this is left out, and every
            policy is in an environment without a model, `birl.sampled_score.EPISODES` times.
        pool: policies that may earn more than this one, for environments without a model: returns are held against the
            best of them.
        deterministic: score the policy's most probable actions instead of the policy as it is.
        draws: bootstrap draws over levels.
        source: what to call the policy on the card.
        sha256: of the file it came from.
        thresholds: margins of the diagnosis.
        progress: called with (stage, done, total) as the work goes on.

    Raises:
        BirlError: for unknown methods, a policy or episodes that do not fit the task, and too few of either.
    """
    if draws < 2:
        raise BirlError(f"{draws} draws: give at least 2; 200 are usual")
    tell = progress or (lambda stage, done, total: None)
    rng = generator(seed)
    estimators = _estimators(methods)
    if isinstance(policy, Mapping) and (levels is not None or episodes is not None or deterministic):
        raise BirlError("episodes are given, so nothing is rolled out: leave out levels=, episodes= and deterministic=")
    if levels is not None:
        task = task.first_levels(levels)
    kind = "episodes" if isinstance(policy, Mapping) else type(policy).__name__
    record = PolicyRecord(source=source or kind, kind=kind, deterministic=deterministic, sha256=sha256)
    if all(d.model is not None for d in task.distributions):
        if pool:
            raise BirlError("pool= is for environments without a model: here the best return is planned, leave it out")
        looked = look(policy, in_model_features(task), episodes=episodes, seed=seed, deterministic=deterministic)
        how: Any = {"draws": draws, "thresholds": thresholds, "rng": rng}
        card = score_planned(looked, estimators, record=record, tell=tell, **how)
    else:
        others = () if methods is None else tuple(estimators.values())
        settings = SampledSettings(
            episodes=SAMPLED_EPISODES if episodes is None else episodes,
            seed=seed,
            deterministic=deterministic,
            draws=draws,
            pool=tuple(pool),
            others=others,
            thresholds=thresholds,
        )
        card = score_sampled(policy, task, settings, record=record, tell=tell)
        estimators = {} if methods is None else estimators
    asked = {"seed": seed, "draws": draws, "methods": ",".join(estimators), "deterministic": deterministic}
    return replace(card, settings={**asked, **card.settings}, versions=_versions())


def _estimators(methods: Sequence[str | Estimator] | None) -> Mapping[str, Estimator]:
    asked = list(SCORED) if methods is None else list(methods)
    found: dict[str, Estimator] = {}
    for method in asked:
        if isinstance(method, str) and method not in ESTIMATORS:
            raise unknown_name("method", method, ESTIMATORS, "see `birl methods`")
        estimator = ESTIMATORS[method] if isinstance(method, str) else method
        if found.get(estimator.name, estimator) != estimator:
            raise BirlError(f"method {estimator.name!r} is given twice with different settings: give it once")
        found[estimator.name] = estimator
    if not found:
        raise BirlError("no method to recover rewards with: name at least one, or leave methods out")
    return found


def _versions() -> Mapping[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
