"""Figures of recovered rewards; the plotting libraries are loaded when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from birl.files import write_whole
from birl.irl import RewardEstimate
from birl.report.figures import as_png
from birl.report.recovered import weighty
from birl.rewards import Rewards
from birl.task import Distribution
from birl.trajectories import Transitions, transitions
from birl.types import BirlError, unknown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["REWARD_FIGURES", "Place", "reward_figure", "write_reward_figures"]

REWARD_FIGURES = ("weights", "level", "features")


@dataclass(frozen=True, kw_only=True)
class Place:
    """The level that a reward is drawn over.

    Attributes:
        distribution: has a model and scenery.
        level: which one.
        over: what stands for a state: the `max` over its valid actions, or their `mean`.
    """

    distribution: Distribution
    level: int = 0
    over: str = "max"


def reward_figure(
    estimates: RewardEstimate | Mapping[str, RewardEstimate],
    kind: str = "weights",
    *,
    objectives: Mapping[str, Mapping[str, float] | None] | None = None,
    place: Place | Distribution | None = None,
    seen: Transitions | None = None,
) -> Figure:
    """A figure of one recovered reward, or of several side by side.

    Args:
        estimates: one, or several by name.
        kind: `weights` (with intervals; bounds and what is not identified are marked), `level` (a colour for every
            cell of a level), or `features` (how much each feature moves the reward; of networks, how the reward goes
            along with each input).
        objectives: for `weights`, what named objectives pay, to be drawn beside; `base` sets the scale.
        place: for `level`, where.
        seen: for `features`, transitions as the policy made them.

    Raises:
        BirlError: for an unknown kind, or estimates and worlds that have nothing to draw in it.
    """
    found = {estimates.method: estimates} if isinstance(estimates, RewardEstimate) else dict(estimates)
    if kind not in REWARD_FIGURES:
        raise unknown_name("figure of a reward", kind, REWARD_FIGURES)
    if not found:
        raise BirlError("no estimate to draw: give at least one")
    if kind == "weights":
        return _weights(found, objectives or {})
    if kind == "level":
        return _level(found, place)
    from birl.report.plots.reward_features import draw

    if seen is None:
        raise BirlError("features are drawn over transitions: give seen=birl.trajectories.transitions(episodes)")
    return draw(found, seen)


def _weights(found: Mapping[str, RewardEstimate], objectives: Mapping[str, Mapping[str, float] | None]) -> Figure:
    from birl.report.plots.weights import compare

    without = [name for name, estimate in found.items() if not estimate.weights]
    if without:
        raise BirlError(f"{without[0]} has no weights by feature: draw it with `level` or `features`")
    known = [weights for weights in objectives.values() if weights is not None]
    return compare(weighty(found, known), found, objectives, title="Recovered weights")


def _level(found: Mapping[str, RewardEstimate], place: Place | Distribution | None) -> Figure:
    from birl.report.plots.reward_level import draw

    if place is None:
        raise BirlError("a level of which distribution: give place=birl.report.Place(distribution=...)")
    where = Place(distribution=place) if isinstance(place, Distribution) else place
    return draw(found, where.distribution, level=where.level, over=where.over)


def write_reward_figures(found: Rewards, folder: str | Path) -> Sequence[Path]:
    """Write every figure there is something to show in, as PNG; all are drawn before the first is written.

    Returns:
        The files written.

    Raises:
        BirlError: when there is nothing to draw, or a file cannot be written.
    """
    drawn = {name: as_png(one) for name, one in _drawn(found).items()}
    if not drawn:
        raise BirlError(f"{found.policy.source}: these rewards have nothing to draw")
    paths = [Path(folder) / f"{name}.png" for name in drawn]
    for path, content in zip(paths, drawn.values(), strict=True):
        write_whole(path, content)
    return paths


def _drawn(found: Rewards) -> Mapping[str, Figure]:
    figures = {}
    linear = {name: estimate for name, estimate in found.estimates.items() if estimate.weights}
    if linear:
        figures["weights"] = reward_figure(linear, "weights", objectives=found.objectives)
    for where in found.distributions:
        if where.model is not None and where.scenery is not None:
            figures[f"level-{where.name}"] = reward_figure(found.estimates, "level", place=where)
    episodes = [t for b in found.behaviors for t in b.trajectories]
    smooth = {name: estimate for name, estimate in found.estimates.items() if estimate.table is None}
    if smooth and episodes:
        figures["features"] = reward_figure(smooth, "features", seen=transitions(episodes))
    return figures
