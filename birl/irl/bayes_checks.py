"""Whether draws can be trusted: R-hat and effective sample sizes, by ArviZ.

Axes: C chains, N draws, K parameters.
Source: Vehtari, Gelman, Simpson, Carpenter & Buerkner 2021 (Bayesian Analysis 16; arXiv 1903.08008).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from birl.behavior import Behavior
from birl.irl.base import Check
from birl.irl.bayes_evidence import worth
from birl.irl.bayes_walk import Walk
from birl.types import FloatArray

__all__ = ["draw_checks", "evidence_check", "refusal_check"]

R_HAT, EFFECTIVE = 1.01, 400.0  # Vehtari et al. 2021, sections 4.1 and 4.4, for four chains
TAILS = (0.05, 0.95)  # quantiles whose draws must be many too


def draw_checks(draws: FloatArray, names: Sequence[str]) -> tuple[Check, Check]:
    """R-hat of the worst parameter and the smallest effective sample size.

    Args:
        draws: [C, N, K].
        names: the K parameters.
    """
    # imports scipy.stats, nearly a second
    from arviz_stats.base.array import array_stats

    rhat = np.atleast_1d(array_stats.rhat(draws, chain_axis=0, draw_axis=1))
    bulk = np.atleast_1d(array_stats.ess(draws, chain_axis=0, draw_axis=1))
    tail = np.atleast_1d(array_stats.ess(draws, chain_axis=0, draw_axis=1, method="tail", prob=TAILS))
    return _r_hat(rhat, names), _effective(np.minimum(bulk, tail), names)


def _r_hat(rhat: FloatArray, names: Sequence[str]) -> Check:
    worst = int(np.argmax(np.nan_to_num(rhat, nan=np.inf)))
    value = float(rhat[worst])
    passed = bool(value <= R_HAT)
    return Check(
        name="R-hat",
        passed=passed,
        value=value if np.isfinite(value) else None,
        limit=R_HAT,
        message=f"R-hat is at most {value:.4g}, of {names[worst]}"
        + ("" if passed else f" (limit {R_HAT}): the chains have not met: raise draws and warm_up"),
    )


def _effective(effective: FloatArray, names: Sequence[str]) -> Check:
    worst = int(np.argmin(np.nan_to_num(effective, nan=-np.inf)))
    value = float(effective[worst])
    passed = bool(value >= EFFECTIVE)
    return Check(
        name="effective draws",
        passed=passed,
        value=value if np.isfinite(value) else None,
        limit=EFFECTIVE,
        message=f"{value:.0f} effective draws at least, of {names[worst]}"
        + ("" if passed else f" (limit {EFFECTIVE:g}): means and quantiles are rough: raise draws"),
    )


def evidence_check(behaviors: Sequence[Behavior], episodes: float) -> Check:
    """States how much the behaviour was made to count for; the posterior is as narrow as this says."""
    known = any(worth(b, episodes) == episodes for b in behaviors)
    counts = ", ".join(f"{b.distribution} {worth(b, episodes):g}" for b in behaviors)
    return Check(
        name="evidence",
        passed=True,
        value=float(sum(worth(b, episodes) for b in behaviors)),
        message=f"behaviour counts for this many episodes: {counts}"
        + ("; of a known policy that is a choice: set `episodes`" if known else ""),
    )


def refusal_check(walk: Walk) -> Check:
    """Whether moves went where rewards have no values."""
    return Check(
        name="values exist",
        passed=walk.missing == 0,
        value=float(walk.missing),
        limit=0.0,
        message=f"{walk.missing} moves led where planning has no finite values"
        + ("" if walk.missing == 0 else ": the prior ends there; lower the discount below 1, or narrow the prior"),
    )
