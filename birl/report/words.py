"""Numbers and names as a reader meets them."""

from __future__ import annotations

from birl.irl.base import BOUNDED, HELD, UNIDENTIFIED, RewardEstimate
from birl.scorecard import Scene
from birl.types import Interval

__all__ = ["NONE", "NO_MEANING", "clean", "ending", "interval", "number", "share", "weight"]

NONE = "-"
NO_MEANING = (
    "this card shows what was seen and recovered, and gives no verdict: that takes a method which predicts actions, "
    "such as mce or boltzmann"
)


def clean(text: str) -> str:
    """One line that is safe to print: names come from files, and a file may hold control characters."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def ending(scene: Scene) -> str:
    """How an episode ended, and after how many steps."""
    steps = max(0, len(scene.path) - 1)
    return ", ".join(filter(None, (clean(scene.outcome), f"{steps} step{'s' * (steps != 1)}")))


def number(value: float) -> str:
    """A number with about three digits; an exact 0 is `0`, what rounds to 0 is `0.00`."""
    size = abs(value)
    if value == 0:
        return "0"
    if size >= 1e6:
        return f"{value:.1e}"
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{value:.{digits}f}".replace("-0.00", "0.00")


def interval(found: Interval | None) -> str:
    """A value and its ends."""
    if found is None:
        return NONE
    return f"{number(found.value)} [{number(found.low)}, {number(found.high)}]"


def share(value: float) -> str:
    """A share of one in whole percent; what is there but small stays visible."""
    percent = 100 * value
    if 0 < percent < 1:
        return "<1 %"
    return ">99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def weight(estimate: RewardEstimate, feature: str) -> str:
    """A recovered weight with its interval; a bound as `<= x`; `0*` where held; `-` where nothing is known."""
    status = estimate.status.get(feature, UNIDENTIFIED)
    if status == UNIDENTIFIED:
        return NONE
    if status == HELD:
        return "0*"
    found = estimate.intervals.get(feature)
    if status == BOUNDED:
        bound = found.high if found else estimate.weights[feature]
        return f"<= {number(bound)}" if found or bound else "avoided"
    return interval(found) if found else number(estimate.weights[feature])
