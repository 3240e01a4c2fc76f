"""SAC experts (`continuous_experts.py`) in their worlds, and how far a recovered reward is from what they were paid.

Pendulum's reward is linear in the squares of angle, speed and torque; that of point-goal, with doors of either colour,
in events. Distances are estimated on what can happen, whatever is done, from states of the random walk (in point-goal,
where such a walk hardly ever comes to an event, from states of the expert): EPIC and STARC-MIN, 0 the same preferences,
1 opposite ones. Either may be undefined; the reason is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from birl_envs import point_goal
from birl_envs.classic import pendulum
from continuous_experts import CACHE, expert
from scipy.stats import spearmanr, t

from birl.distance.drawing import cover
from birl.distance.estimate import estimate
from birl.distance.samples import Branching, CoverageSample
from birl.distance.sources import Source
from birl.irl import RewardEstimate
from birl.sampled import SampledBehavior, watch
from birl.task import Distribution
from birl.types import FloatArray

__all__ = ["METRICS", "STATES", "Case", "apart", "case", "over_seeds", "told_of"]

METRICS = ("epic", "starc-min")
STATES = {"Pendulum-v1": 400, "point-goal": 1200}  # that distances are estimated in
SOURCE: dict[str, Source] = {"Pendulum-v1": "random-walk", "point-goal": "occupancy"}
TRIED = Branching(actions=4, ahead=4, episodes=40)


@dataclass(frozen=True, kw_only=True)
class Case:
    """An expert to recover a reward from.

    Attributes:
        behavior: the expert, where it was trained, on other levels.
        truth: weights of the features, as it was paid.
        sample: what distances are estimated on.
        temperature: SAC's own, at the end of training.
    """

    behavior: SampledBehavior
    truth: Mapping[str, float]
    sample: CoverageSample
    temperature: float


def case(world: str, seed: int, *, episodes: int = 1, draw: int = 0, folder: Path = CACHE) -> Case:
    """The expert of a seed in its world, watched for some episodes; another draw watches others."""
    from stable_baselines3 import SAC

    rng, found = np.random.default_rng([seed, draw] if draw else seed), expert(world, seed, folder)
    where, truth = _pendulum() if world == "Pendulum-v1" else _point_goal()
    model = SAC.load(found.path, device="cpu")
    behavior = watch(model, where, episodes=episodes, rng=rng, discount=found.discount)
    sample = cover(behavior, STATES[world], source=SOURCE[world], branching=TRIED, rng=rng)
    return Case(behavior=behavior, truth=truth, sample=sample, temperature=found.temperature)


def _pendulum() -> tuple[Distribution, Mapping[str, float]]:
    where = replace(pendulum().train, features=_squares, feature_names=("angle", "speed", "torque"))
    return where, {"angle": -1.0, "speed": -0.1, "torque": -0.001}


def _point_goal() -> tuple[Distribution, Mapping[str, float]]:
    where = next(d for d in point_goal.task().shifts if d.name == "half-red")
    return where, {**dict.fromkeys(point_goal.FEATURES, 0.0), **point_goal.BASE}


def _squares(obs: Any, action: Any, _next_obs: Any) -> FloatArray:
    """Squared angle, speed and torque of the pendulum, [B, 3]."""
    seen = np.atleast_2d(np.asarray(obs, np.float64))
    torque = np.clip(np.asarray(action, np.float64).reshape(len(seen), -1)[:, 0], -2.0, 2.0)
    return np.stack([np.arctan2(seen[:, 1], seen[:, 0]) ** 2, seen[:, 2] ** 2, torque**2], axis=1)


def apart(where: Case, found: RewardEstimate) -> dict[str, Any]:
    """How far a reward is from the truth.

    Each metric with its interval or the reason why it has no value; `cosine` of the weights, each times the spread of
    its feature; `spearman` of rewards; `scale`: how long the recovered weights are beside the true ones divided by
    SAC's own temperature, 1 where the density says that.
    """
    told: dict[str, Any] = {}
    for metric in METRICS:
        got = estimate(metric, where.sample, where.truth, found)
        told[metric] = got.value
        told[f"{metric} interval"] = None if got.interval is None else [got.interval.low, got.interval.high]
        if got.value is None:
            told[f"{metric} undefined"] = got.reason
    steps, base = where.sample.steps, np.array(list(where.truth.values()))
    paid, recovered = steps.features @ base, found.evaluate(steps)
    ranked: Any = spearmanr(paid, recovered) if np.ptp(recovered) > 0 else None
    told["spearman"] = None if ranked is None else float(ranked.statistic)
    if found.weights:
        spread = steps.features.std(axis=0)
        ours, base = spread * found.vector, spread * base
        size = float(np.linalg.norm(ours) * np.linalg.norm(base))
        told["cosine"] = float(ours @ base) / size if size > 0 else None
        told["scale"] = float(ours @ base / (base @ base)) * where.temperature
    return told


def over_seeds(values: Sequence[float | None]) -> dict[str, Any] | None:
    """Mean, largest and 95 % interval (Student's t) of what is defined, and of how many; None where nothing is."""
    known = np.array([v for v in values if v is not None], np.float64)
    if not known.size:
        return None
    mean = float(known.mean())
    told: dict[str, Any] = {"mean": mean, "largest": float(known.max()), "seeds": int(known.size)}
    if known.size > 1:
        half = float(t.ppf(0.975, known.size - 1) * known.std(ddof=1) / np.sqrt(known.size))
        told["interval"] = [mean - half, mean + half]
    return told


def told_of(versions: Mapping[str, str]) -> str:
    """Versions as a line."""
    return "With " + ", ".join(f"{name} {number}" for name, number in versions.items()) + "; one thread."
