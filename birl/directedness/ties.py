"""Ties: what an objective cannot be asked to explain.

Between two equally short paths an objective is indifferent, and a network still takes one. So the most that any
objective could explain of a policy is the policy averaged over the actions its objective ties.

Axes: S states, A actions.
"""

from __future__ import annotations

import numpy as np

from birl.types import FloatArray

__all__ = ["tied_average"]

TIE = 1e-6  # action values that differ by less, relative to the largest difference between values, are tied


def tied_average(policy: FloatArray, q: FloatArray) -> FloatArray:
    """The policy [S, A] averaged within each state over actions of equal value.

    Args:
        policy: pi(a | s).
        q: optimal action values of the objective, [S, A]; -inf on invalid actions.
    """
    finite = np.isfinite(q)
    spread = float(q[finite].max(initial=0.0) - q[finite].min(initial=0.0))
    values = np.where(finite, q, -1.0 - 2.0 * abs(spread) + q[finite].min(initial=0.0))
    tied = np.abs(values[:, :, None] - values[:, None, :]) <= TIE * spread + np.finfo(float).tiny  # [S, A, A]
    return np.einsum("sab,sb->sa", tied, policy) / tied.sum(axis=2)
