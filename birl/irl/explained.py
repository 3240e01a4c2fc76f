"""How much of some rewards other things explain: least squares on features, or a network on what was seen and done.

Axes: N rows, F features, C clusters, D inputs.
Source: Liang & Zeger 1986 (clustered covariance).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from birl.irl.base import Check
from birl.irl.common import NULL, sandwich
from birl.irl.implied import Implied
from birl.irl.network import RewardNetwork
from birl.irl.training import Standard, train_network
from birl.types import FloatArray

__all__ = ["Line", "explained_check", "least_squares", "regress"]

ENOUGH = 0.5  # share of the variance below which most of the reward is something else
HELD_OUT = 4  # one cluster in so many judges a network
HIDDEN = (64, 64)
STEPS, RATE, BATCH = 600, 3e-3, 128


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """Rewards as a sum of features, distributions weighing equally.

    Attributes:
        weights: [F]; the shortest of equals.
        square: mean products of features, [F, F].
        covariance: of the weights, by cluster, [F, F]; None with a single cluster.
        explained: R^2, at most 1; 1 where the reward never changes and is met.
        residual: root mean square of what is left, in units of reward.
        clusters: how many there were.
    """

    weights: FloatArray
    square: FloatArray
    covariance: FloatArray | None
    explained: float
    residual: float
    clusters: Check


def least_squares(found: Sequence[Implied], names: Sequence[str]) -> Line:
    """The weights under which rewards come nearest, each distribution's rows weighed by their coverage.

    Args:
        found: one for each distribution.
        names: of the distributions.
    """
    square = np.mean([f.features.T @ (f.weight[:, None] * f.features) for f in found], axis=0)
    cross = np.mean([f.features.T @ (f.weight * f.reward) for f in found], axis=0)
    scale = np.sqrt(np.where(np.diag(square) > 0, np.diag(square), 1.0))
    weights = np.linalg.pinv(square / np.outer(scale, scale), rcond=NULL, hermitian=True) @ (cross / scale) / scale
    errors = [f.reward - f.features @ weights for f in found]
    scores = {n: _scores(f, e) / len(found) for n, f, e in zip(names, found, errors, strict=True)}
    fewest = min(len(score) for score in scores.values())
    covariance = sandwich({n: s / scale for n, s in scores.items()}, square / np.outer(scale, scale), scale > 0)
    residual = float(np.mean([f.weight @ e**2 for f, e in zip(found, errors, strict=True)]))
    return Line(
        weights=weights,
        square=square,
        covariance=covariance / np.outer(scale, scale) if fewest > 1 else None,
        explained=_share(found, residual),
        residual=float(np.sqrt(residual)),
        clusters=Check(
            name="clusters",
            passed=fewest > 1,
            value=float(fewest),
            limit=2.0,
            message=f"the uncertainty comes from {fewest} levels or episodes"
            + ("" if fewest > 1 else " (limit 2), so no weight has an interval: give more levels"),
        ),
    )


def _scores(found: Implied, error: FloatArray) -> FloatArray:
    """Each cluster's part of the normal equations, [C, F]."""
    _, index = np.unique(found.cluster, return_inverse=True)
    total = np.zeros((int(index.max()) + 1, found.features.shape[1]))
    np.add.at(total, index, (found.weight * error)[:, None] * found.features)
    return total


def _share(found: Sequence[Implied], left: float) -> float:
    mean = float(np.mean([f.weight @ f.reward for f in found]))
    total = float(np.mean([f.weight @ (f.reward - mean) ** 2 for f in found]))
    if total <= np.finfo(float).eps * (1.0 + mean**2):
        return 1.0 if left <= np.finfo(float).eps * (1.0 + mean**2) else 0.0
    return 1.0 - left / total


def explained_check(share: float, where: str) -> Check:
    """Whether the form of the answer holds most of the reward."""
    fine = share >= ENOUGH
    return Check(
        name="explained",
        passed=fine,
        value=share,
        limit=ENOUGH,
        message=f"{share:.2g} of the variance of the implied reward on {where} is explained"
        + ("" if fine else f" (limit {ENOUGH}): the rest is the critic's error, or features are missing"),
    )


def regress(found: Sequence[Implied], n_actions: int | None, rng: np.random.Generator) -> tuple[RewardNetwork, float]:
    """A network of observation and action that comes near the rewards, and its R^2 on clusters it did not see.

    Args:
        found: from episodes.
        n_actions: actions are numbers below this; None where they are vectors.
        rng: picks clusters and rows, and seeds the network.
    """
    x = np.concatenate([_inputs(f, n_actions) for f in found])
    y = np.concatenate([f.reward for f in found])
    judge = np.concatenate([_picked(f, rng) for f in found])
    standard, centre, spread = Standard(x[~judge]), float(y[~judge].mean()), float(y[~judge].std()) or 1.0
    rows, target = standard(x[~judge]), (y[~judge] - centre) / spread

    def loss(network: Callable[[FloatArray], Any]) -> Any:
        import torch  # brought by the trainer

        some = rng.integers(len(rows), size=min(BATCH, len(rows)))
        return ((network(rows[some]) - torch.from_numpy(target[some].astype(np.float32))) ** 2).mean()

    layers = train_network(x.shape[1], loss, hidden=HIDDEN, steps=STEPS, rate=RATE, rng=rng)
    (weight, bias), gain = layers[-1], spread
    network = RewardNetwork(
        inputs=("observation", "action"),
        layers=(*layers[:-1], (weight, bias + centre / spread)),
        n_actions=n_actions,
        shift=standard.shift,
        scale=standard.scale,
        gain=gain,
    )
    inner = standard(x[judge])
    for weight, bias in network.layers[:-1]:
        inner = np.maximum(inner @ weight.T + bias, 0.0)
    guess = gain * (inner @ network.layers[-1][0].T + network.layers[-1][1])[:, 0]
    variance = float(y[judge].var())
    return network, 1.0 - float(((y[judge] - guess) ** 2).mean()) / variance if variance > 0 else 0.0


def _inputs(found: Implied, n_actions: int | None) -> FloatArray:
    seen = np.asarray(found.observations, np.float64).reshape(len(found.reward), -1)
    acts = np.asarray(found.actions)
    done = acts.reshape(len(seen), -1) if n_actions is None else np.eye(n_actions)[acts.astype(np.int64).ravel()]
    return np.concatenate([seen, done], axis=1)


def _picked(found: Implied, rng: np.random.Generator) -> np.ndarray:
    """Rows of one cluster in four, bool [N]."""
    clusters = np.unique(found.cluster)
    chosen = rng.permutation(clusters)[: max(1, clusters.size // HELD_OUT)]
    return np.isin(found.cluster, chosen)
