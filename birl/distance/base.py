"""What every reward distance shares: its answer, and the distance of two canonical forms.

Axes: N places where canonical forms are compared (state-action pairs or transitions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from birl.types import BirlError, FloatArray, Interval, unknown_name

__all__ = ["NORMS", "NO_PREFERENCE", "Distance", "Norm", "half_distance", "length", "no_preference"]

NO_PREFERENCE = 1e-9  # canonical norm, relative to the largest reward, that is rounding and no preference

Norm = Literal["L1", "L2", "Linf"]
NORMS: tuple[Norm, ...] = ("L1", "L2", "Linf")


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How far apart two rewards are, and under what.

    Attributes:
        metric: name of the metric, with its canonical form.
        value: the distance, 0 (the same preferences) to 1 (opposite ones); None where it is undefined.
        interval: its interval, where levels were resampled or draws of the rewards compared.
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
    """d = 1/2 || x / n(x) - y / n(y) ||, in the norm n that `about` names.

    Args:
        x: canonical form of a reward whose largest magnitude is 1, [N].
        y: the same of the other, [N].
        weights: coverage, sums to 1, [N].
        about: what to fill the value into.
    """
    forms = {"a": x, "b": y}
    norms = {name: length(form, weights, about.norm) for name, form in forms.items()}
    idle = [name for name, norm in norms.items() if norm <= NO_PREFERENCE]
    if idle:
        return no_preference(about, idle)
    apart = 0.5 * length(forms["a"] / norms["a"] - forms["b"] / norms["b"], weights, about.norm)
    return replace(about, value=min(apart, 1.0))


def length(form: FloatArray, weights: FloatArray, norm: str) -> float:
    """sum w |x| (`L1`), the root of sum w x^2 (`L2`), or the largest |x| that has weight (`Linf`).

    Raises:
        BirlError: for another norm.
    """
    if norm == "L2":
        return float(np.linalg.norm(np.sqrt(weights) * form))
    if norm == "L1":
        return float(weights @ np.abs(form))
    if norm == "Linf":
        return float(np.abs(form[weights > 0.0]).max(initial=0.0))
    raise unknown_name("norm", norm, NORMS)


def no_preference(about: Distance, idle: list[str]) -> Distance:
    """The undefined distance from rewards that express no preference."""
    verb = "expresses" if len(idle) == 1 else "express"
    place = f" on {about.coverage} coverage" if about.coverage else ""
    return replace(about, value=None, reason=f"{' and '.join(idle)} {verb} no preference{place}: every policy is alike")
