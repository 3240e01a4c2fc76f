"""What a recovered reward depends on: how far each feature moves it, or how it goes along with a network's inputs.

Axes: N transitions, F features, G grid points, D inputs.
Source: Friedman 2001 (partial dependence), section 8.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from birl.irl import RewardEstimate
from birl.irl.base import BOUNDED, IDENTIFIED
from birl.report.plots.style import INK, MUTED, new_figure, style, tidy
from birl.report.words import clean
from birl.trajectories import Transitions
from birl.types import BirlError, FloatArray

__all__ = ["draw"]

SAMPLE = 500  # transitions averaged over
GRID = 21  # points of a curve
TRIED = 64  # inputs looked at: those that vary most
SHOWN = 9  # curves: those that move the reward most
PARTS = {"observation": "observations", "action": "actions", "next_observation": "next_observations"}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Curve:
    """The mean reward as one input takes one value after another.

    Attributes:
        name: of the input.
        grid: values of the input, [G].
        reward: [G].
        steps: whether the input is a choice among numbered actions.
    """

    name: str
    grid: FloatArray
    reward: FloatArray
    steps: bool = False

    @property
    def reach(self) -> float:
        """How far the reward moves."""
        return float(np.ptp(self.reward))


def draw(found: Mapping[str, RewardEstimate], seen: Transitions) -> Figure:
    """A panel of bars for linear rewards, then panels of curves for each network.

    Args:
        found: by name; with weights or networks.
        seen: transitions, as the policy made them.

    Raises:
        BirlError: for no transitions, a reward that is a table, or one that does not fit the transitions.
    """
    if not len(seen):
        raise BirlError("no transitions to see features on: roll out some episodes")
    tables = [name for name, estimate in found.items() if estimate.table is not None]
    if tables:
        raise BirlError(f"{tables[0]} is a table by state and action, which has no features: draw it with `level`")
    linear = {name: estimate for name, estimate in found.items() if estimate.weights}
    curves = {name: _curves(e, _sampled(seen)) for name, e in found.items() if e.network is not None}
    rows = [*([len(_features(linear))] if linear else []), *(6 * -(-len(c) // 3) for c in curves.values())]
    with style():
        drawn = new_figure(8.2, 1.1 + 0.34 * sum(rows))
        parts = drawn.subfigures(len(rows), 1, height_ratios=rows, squeeze=False)[:, 0]
        if linear:
            _bars(parts[0].subplots(), linear, seen)
        for part, (name, own) in zip(parts[bool(linear) :], curves.items(), strict=True):
            _panels(part, name, own)
        drawn.suptitle("What the reward depends on", x=0.01, ha="left", fontsize=11, fontweight="bold")
        return drawn


def _features(linear: Mapping[str, RewardEstimate]) -> Sequence[str]:
    return list(dict.fromkeys(name for estimate in linear.values() for name in estimate.weights))


def _bars(axes: Axes, linear: Mapping[str, RewardEstimate], seen: Transitions) -> None:
    """Weight times the feature's spread over the transitions, as a share of the largest; pale where not identified."""
    features, palette = _features(linear), sns.color_palette("colorblind", len(linear))
    height = 0.8 / len(linear)
    for i, (name, estimate) in enumerate(linear.items()):
        estimate.evaluate(seen)  # refuses transitions of another world
        spread = np.asarray(seen.features, np.float64).std(axis=0)
        moved = estimate.vector * spread
        share = moved / (np.abs(moved).max() or 1.0)
        half = np.zeros_like(share)
        if estimate.covariance is not None:
            half = 1.96 * np.sqrt(np.diag(estimate.covariance)) * spread / (np.abs(moved).max() or 1.0)
        at = np.array([features.index(f) for f in estimate.weights]) - 0.4 + height * (i + 0.5)
        for y, value, end, status in zip(at, share, half, estimate.status.values(), strict=True):
            sure = status == IDENTIFIED
            look: dict[str, Any] = {"color": palette[i], "alpha": 1.0 if sure else 0.3}
            axes.barh(y, value, height=0.9 * height, hatch="///" if status == BOUNDED else None, **look)
            if sure and end:
                axes.errorbar(value, y, xerr=end, color=INK, linewidth=1.1, capsize=2)
        axes.barh([np.nan], [np.nan], color=palette[i], label=clean(name))
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(range(len(features)), [clean(f) for f in features])
    axes.set_ylim(len(features) - 0.5, -0.5)
    axes.set_xlabel("weight x spread of the feature, share of the largest; pale: not identified, hatched: a bound only")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.3)
    axes.tick_params(axis="y", length=0)
    tidy(axes, hide=("left",))


def _sampled(seen: Transitions) -> Transitions:
    """Every so many of the transitions."""
    at = np.linspace(0, len(seen) - 1, min(SAMPLE, len(seen))).astype(np.int64)
    return Transitions(
        observations=np.asarray(seen.observations)[at],
        actions=np.asarray(seen.actions)[at],
        next_observations=np.asarray(seen.next_observations)[at],
        terminal=np.asarray(seen.terminal)[at],
    )


def _curves(estimate: RewardEstimate, seen: Transitions) -> Sequence[_Curve]:
    """The inputs that move the reward most, the strongest first."""
    network = estimate.network
    assert network is not None
    found: list[_Curve] = []
    for part in network.inputs:
        if part == "action" and network.n_actions is not None:
            found.append(_by_action(estimate, seen, network.n_actions))
        elif part in PARTS:
            found += _by_column(estimate, seen, part)
    return sorted(found, key=lambda curve: -curve.reach)[:SHOWN]


def _by_action(estimate: RewardEstimate, seen: Transitions, count: int) -> _Curve:
    means = [estimate.evaluate(replace(seen, actions=np.full(len(seen), a))).mean() for a in range(count)]
    return _Curve(name="action", grid=np.arange(count, dtype=np.float64), reward=np.array(means), steps=True)


def _by_column(estimate: RewardEstimate, seen: Transitions, part: str) -> Iterable[_Curve]:
    values = np.asarray(getattr(seen, PARTS[part]), np.float64)
    flat = values.reshape(len(seen), -1)
    busiest = np.argsort(-flat.std(axis=0), kind="stable")[:TRIED]
    for j in np.sort(busiest[flat.std(axis=0)[busiest] > 0]):
        low, high = np.quantile(flat[:, j], [0.05, 0.95])
        grid = np.linspace(float(low), float(high), GRID)
        means = []
        for value in grid:
            changed = flat.copy()
            changed[:, j] = value
            means.append(estimate.evaluate(replace(seen, **{PARTS[part]: changed.reshape(values.shape)})).mean())
        yield _Curve(name=f"{part.replace('_', ' ')} {j}", grid=grid, reward=np.array(means))


def _panels(part: Any, name: str, curves: Sequence[_Curve]) -> None:
    if not curves:
        raise BirlError(f"{name}: no input of its network varies over these transitions: roll out more episodes")
    rows = -(-len(curves) // 3)
    grid = part.subplots(rows, 3, sharey=True, squeeze=False)
    part.suptitle(f"{clean(name)}: mean reward as one input changes", fontsize=9.5)
    shade = sns.color_palette("colorblind")[0]
    for axes, curve in zip(grid.ravel(), curves, strict=False):
        if curve.steps:
            axes.plot(curve.grid, curve.reward, "o", color=shade)
            axes.set_xticks(curve.grid)
        else:
            axes.plot(curve.grid, curve.reward, color=shade)
        axes.set_xlabel(curve.name, fontsize=8.5)
        axes.yaxis.grid(True)
        tidy(axes)
    for axes in grid.ravel()[len(curves) :]:
        axes.set_visible(False)
