"""The interquartile mean of runs, with an interval from a bootstrap stratified by task.

Steadier than the mean where a run goes astray, and less wasteful than the median. With two or three runs the interval
says how far those are apart, not where the next will be.

Axes: N runs.
Source: Agarwal et al. 2021 (arXiv 2108.13264), sections 4.2 and 4.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from birl.types import FloatArray, Interval

__all__ = ["interquartile_mean"]

RESAMPLES = 2000
CUT = 0.25  # of the runs, from each end


def interquartile_mean(strata: Sequence[FloatArray], *, level: float = 0.95) -> Interval | None:
    """The mean of the middle half of all runs, with a percentile interval; strata (tasks) are resampled by themselves.

    Of fewer than four runs nothing is cut. None without any run; without width where no stratum has two.

    Args:
        strata: runs of each task, [N] each; empty ones are passed over.
        level: coverage aimed at.
    """
    from scipy.stats import bootstrap, trim_mean  # heavy

    kept = [stratum for stratum in strata if stratum.size]
    if not kept:
        return None
    value = float(trim_mean(np.concatenate(kept), CUT))
    if all(np.ptp(stratum) == 0 for stratum in kept):
        return Interval(value=value, low=value, high=value, level=level)
    # a stratum of one run is the same in every resample, and `bootstrap` asks for two values
    doubled = [np.repeat(stratum, 2) if stratum.size == 1 else stratum for stratum in kept]
    single = [stratum.size == 1 for stratum in kept]

    def middle(*samples: FloatArray, axis: int = -1) -> FloatArray:
        cut = [sample[..., :1] if alone else sample for sample, alone in zip(samples, single, strict=True)]
        return np.asarray(trim_mean(np.concatenate(cut, axis=-1), CUT, axis=-1), np.float64)

    ends = bootstrap(
        doubled,
        middle,
        n_resamples=RESAMPLES,
        confidence_level=level,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Interval(value=value, low=float(ends.low), high=float(ends.high), level=level)
