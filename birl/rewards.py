"""What a policy pursues, and nothing more: rewards recovered by several methods, with no verdict on them.

Works for worlds with an exact model and for those that are environments only; a policy with memory is rolled out and,
where there is a model, counted.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

from birl.agreement import Agreement, agreement
from birl.behavior import Behavior, observe, rollouts
from birl.counted import from_trajectories
from birl.irl import ESTIMATORS, RewardEstimate
from birl.irl.base import AnyBehavior
from birl.irl.storage import plain
from birl.policy import TabularPolicy, as_policy
from birl.sampled import watch
from birl.scorecard import PolicyRecord
from birl.stats import generator
from birl.task import Distribution, Task, objective_vector
from birl.types import BirlError, DiscretePolicy, FloatArray, unknown_name

__all__ = ["Asked", "Rewards", "recover_rewards"]

FORMAT = 1
PACKAGES = ("birl", "numpy", "scipy", "torch", "gymnasium", "stable-baselines3")

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to recover.

    Attributes:
        methods: names from `birl.irl.ESTIMATORS`.
        distributions: names from the task; all of them if empty.
        episodes: rolled out on each distribution, for methods that need episodes.
        seed: of rollouts and of methods that draw.
        deterministic: whether the policy's likeliest action is taken.
    """

    methods: tuple[str, ...]
    distributions: tuple[str, ...] = ()
    episodes: int = 50
    seed: int = 0
    deterministic: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Rewards:
    """What was recovered.

    Attributes:
        policy: whose behaviour it is.
        task: where.
        estimates: method -> the reward of all distributions together.
        failed: method -> why it has none.
        behaviors: what they were fitted to.
        distributions: where those were seen.
        objectives: the base and the candidates, by name; None for those that are functions.
        agreements: distribution with a model -> every pair of methods compared there.
        settings: what was asked.
        versions: of the packages involved.
    """

    policy: PolicyRecord
    task: str
    estimates: Mapping[str, RewardEstimate]
    failed: Mapping[str, str]
    behaviors: tuple[AnyBehavior, ...]
    distributions: tuple[Distribution, ...]
    objectives: Mapping[str, Mapping[str, float] | None]
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Everything but arrays as JSON text (an estimate's own file holds those); the same rewards, the same bytes."""
        told = {
            "format": FORMAT,
            "policy": asdict(self.policy),
            "task": self.task,
            "estimates": {name: plain(estimate) for name, estimate in self.estimates.items()},
            "failed": dict(self.failed),
            "agreements": {name: asdict(found) for name, found in self.agreements.items()},
            "settings": dict(self.settings),
            "versions": dict(self.versions),
        }
        return json.dumps(told, indent=1) + "\n"


def recover_rewards(
    policy: Any,
    task: Task,
    asked: Asked,
    *,
    source: str | None = None,
    sha256: str | None = None,
    progress: Tell | None = None,
) -> Rewards:
    """Recover rewards from a policy's behaviour on a task; a method that does not apply is reported beside the others.

    Args:
        policy: what `as_policy` adapts.
        task: with exact models, environments, or both.
        asked: methods, distributions, episodes, seed.
        source: what to call the policy.
        sha256: of the file it came from.
        progress: called with (stage, done, total).

    Raises:
        BirlError: for unknown names, behaviour that cannot be had, or when no method applies.
    """
    tell = progress or (lambda stage, done, total: None)
    for name in asked.methods:
        if name not in ESTIMATORS:
            raise unknown_name("method", name, ESTIMATORS, "see `birl methods`")
    generator(asked.seed)  # refuses a negative one
    where = [task.distribution(name) for name in asked.distributions] or list(task.distributions)
    behaviors = []
    for i, distribution in enumerate(where):
        tell("observe", i, len(where))
        behaviors.append(_behavior(policy, distribution, task, asked, np.random.default_rng([asked.seed, i])))
    found, failed = _fitted(asked, behaviors, task, tell)
    if not found:
        raise BirlError("no method applies: " + "; ".join(failed.values()))
    return Rewards(
        policy=PolicyRecord(
            source=source or type(policy).__name__,
            kind=type(policy).__name__,
            deterministic=asked.deterministic,
            sha256=sha256,
        ),
        task=task.name,
        estimates=found,
        failed=failed,
        behaviors=tuple(behaviors),
        distributions=tuple(where),
        objectives={name: _weights(o) for name, o in {"base": task.base, **task.candidates}.items()},
        agreements=_agreements(found, behaviors, task, asked, tell),
        settings=asdict(asked),
        versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    )


def _behavior(
    policy: Any, distribution: Distribution, task: Task, asked: Asked, rng: np.random.Generator
) -> AnyBehavior:
    how = {"episodes": asked.episodes, "rng": rng, "deterministic": asked.deterministic}
    if distribution.model is None:
        return watch(policy, distribution, discount=task.discount, **how)
    known = policy if isinstance(policy, TabularPolicy) else as_policy(policy, n_actions=distribution.model.n_actions)
    if isinstance(known, TabularPolicy | DiscretePolicy) and not getattr(known, "stateful", False):
        return observe(known, distribution, **how)
    return from_trajectories(rollouts(known, distribution, **how), distribution)


def _fitted(
    asked: Asked, behaviors: list[AnyBehavior], task: Task, tell: Tell
) -> tuple[dict[str, RewardEstimate], dict[str, str]]:
    """Estimates, and reasons why there is none, by method."""
    candidates: dict[str, Any] = {
        name: weights
        for name, objective in {"base": task.base, **task.candidates}.items()
        if (weights := _weights(objective)) is not None
    }
    found, failed = {}, {}
    for i, name in enumerate(dict.fromkeys(asked.methods)):
        tell(f"recover: {name}", i, len(asked.methods))
        rng = np.random.default_rng([asked.seed, len(behaviors), *name.encode()])  # whatever else is asked for
        try:
            found[name] = ESTIMATORS[name].fit(behaviors, rng=rng, candidates=candidates)
        except BirlError as error:
            failed[name] = str(error)
    return found, failed


def _agreements(
    estimates: Mapping[str, RewardEstimate], behaviors: list[AnyBehavior], task: Task, asked: Asked, tell: Tell
) -> Mapping[str, Agreement]:
    """Every pair of methods, on each distribution that has a model, weighed by the policy's visits."""
    if len(estimates) < 2:
        return {}
    exact = [b for b in behaviors if isinstance(b, Behavior)]
    found = {}
    for i, b in enumerate(exact):
        tell("compare methods", i, len(exact))
        objectives = {name: objective_vector(b.model, o) for name, o in task.candidates.items()}
        found[b.distribution] = agreement(
            estimates,
            b.model,
            base=objective_vector(b.model, task.base),
            candidates=objectives,
            coverage=_visits(b),
            rng=np.random.default_rng([asked.seed, i]),
        )
    return found


def _visits(behavior: Behavior) -> FloatArray:
    return (behavior.occupancy[:, None] * behavior.policy).ravel()


def _weights(objective: Any) -> Mapping[str, float] | None:
    return {name: float(w) for name, w in objective.items()} if isinstance(objective, Mapping) else None
