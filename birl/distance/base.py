"""What every reward distance shares: its answer, and the distance of two canonical forms.

Axes: N places where canonical forms are compared (state-action pairs or transitions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from birl.types import BirlError, FloatArray, Interval

__all__ = ["NO_PREFERENCE", "Distance", "half_distance", "no_preference"]

NO_PREFERENCE = 1e-9  # canonical norm, relative to the largest reward, that is rounding and no preference


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How far apart two rewards are, and under what.

    Attributes:
        metric: name of the metric, with its canonical form.
        value: the distance, 0 (the same preferences) to 1 (opposite ones); None where it is undefined.
        interval: its interval, where draws of the rewards were compared.
        reason: why the value is None.
        coverage: name of the weighting of state-action pairs or transitions.
        supported: share of the coverage given that lies on what can happen, in [0, 1]; only `epic` uses the rest.
        norm: what measures canonical forms.
        policy: the policy a canonical form is taken under.
        discount: per step.
    """

    metric: str
    value: float | None = None
    interval: Interval | None = None
    reason: str = ""
    coverage: str = "feasible"
    supported: float = 1.0
    norm: str = "L2"
    policy: str = "none"
    discount: float

    def __float__(self) -> float:
        """The value.

        Raises:
            BirlError: where it is undefined, with the reason.
        """
        if self.value is None:
            raise BirlError(f"{self.metric} is undefined: {self.reason}")
        return self.value


def half_distance(x: FloatArray, y: FloatArray, weights: FloatArray, about: Distance) -> Distance:
    """d = 1/2 || x / n(x) - y / n(y) || with n(x)^2 = sum w x^2.

    Args:
        x: canonical form of a reward whose largest magnitude is 1, [N].
        y: the same of the other, [N].
        weights: coverage, sums to 1, [N].
        about: what to fill the value into.
    """
    root = np.sqrt(weights)
    forms = {"a": root * x, "b": root * y}
    norms = {name: float(np.linalg.norm(form)) for name, form in forms.items()}
    idle = [name for name, norm in norms.items() if norm <= NO_PREFERENCE]
    if idle:
        return no_preference(about, idle)
    apart = 0.5 * np.linalg.norm(forms["a"] / norms["a"] - forms["b"] / norms["b"])
    return replace(about, value=min(float(apart), 1.0))


def no_preference(about: Distance, idle: list[str]) -> Distance:
    """The undefined distance from rewards that express no preference."""
    verb = "expresses" if len(idle) == 1 else "express"
    place = f" on {about.coverage} coverage" if about.coverage else ""
    return replace(about, value=None, reason=f"{' and '.join(idle)} {verb} no preference{place}: every policy is alike")
