"""The exact maximum of a quadratic minus a weighted sum of absolute values.

Axes: K parameters.
Source: Lee, Battle, Raina & Ng 2007 (NeurIPS; "Efficient sparse coding algorithms"), algorithm 1 (feature-sign search).
"""

from __future__ import annotations

import numpy as np

from birl.types import FloatArray

__all__ = ["sparse_maximum"]

MAX_ROUNDS = 200  # each round fixes a pattern of signs; a handful of weights settle in a few
SLACK = 1e-12  # slope beyond the price that counts as leaving 0, relative to the largest slope


def sparse_maximum(curvature: FloatArray, slope: FloatArray, price: FloatArray, start: FloatArray) -> FloatArray:
    """argmax_x slope.x - x'Hx/2 - price.|x|.

    Args:
        curvature: H, positive definite, [K, K].
        slope: gradient at x = 0, [K].
        price: at least 0, [K].
        start: x to begin from, [K]; near the answer it saves rounds, never changes it.
    """
    x = start.copy()
    signs = np.where(price > 0, np.sign(x), 1.0)
    slack = SLACK * (1.0 + float(np.abs(slope).max(initial=0.0)))
    for _ in range(MAX_ROUNDS):
        x, signs, settled = _solve_signs(curvature, slope, price, x, signs)
        if not settled:
            continue
        pull = slope - curvature @ x
        excess = np.where(signs == 0, np.abs(pull) - price, -np.inf)
        entering = int(np.argmax(excess))
        if excess[entering] <= slack:
            break
        signs[entering] = np.sign(pull[entering])
    return x


def _solve_signs(
    curvature: FloatArray, slope: FloatArray, price: FloatArray, x: FloatArray, signs: FloatArray
) -> tuple[FloatArray, FloatArray, bool]:
    """Maximise with the signs held; stop at the best point on the way where a weight reaches 0."""
    active = np.flatnonzero(signs)
    aim = x.copy()
    paid = np.where(price[active] > 0, price[active] * signs[active], 0.0)
    aim[active] = np.linalg.solve(curvature[np.ix_(active, active)], slope[active] - paid)
    crossing = active[(price[active] > 0) & (aim[active] * signs[active] < 0)]
    if not crossing.size:
        return aim, signs, True
    shares = np.append(np.clip(x[crossing] / (x[crossing] - aim[crossing]), 0.0, 1.0), 1.0)
    worth = [_worth(curvature, slope, price, x + share * (aim - x)) for share in shares]
    best = int(np.argmax(worth))
    x = x + shares[best] * (aim - x)
    if best < crossing.size:
        x[crossing[best]] = 0.0
    kept = np.where(price > 0, np.where(signs != 0, np.sign(x), 0.0), 1.0)
    return x, kept, False


def _worth(curvature: FloatArray, slope: FloatArray, price: FloatArray, x: FloatArray) -> float:
    return float(slope @ x - x @ curvature @ x / 2 - price @ np.abs(x))
