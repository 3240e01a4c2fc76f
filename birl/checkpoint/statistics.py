"""VecNormalize: the running mean and variance a policy's observations were divided by while it was trained.

    o' = clip((o - mean) / sqrt(var + epsilon), -clip, clip)

Without them a policy trained behind VecNormalize sees numbers it never saw.
Source: stable_baselines3.common.vec_env.VecNormalize.normalize_obs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.checkpoint.encoding import is_image
from birl.checkpoint.inert import Record, as_array, read_pickle
from birl.types import BirlError, FloatArray

__all__ = ["Statistics", "read_statistics"]

KIND = "stable_baselines3.common.vec_env.vec_normalize.VecNormalize"


@dataclass(frozen=True, kw_only=True, eq=False)
class Statistics:
    """How observations were normalised.

    Attributes:
        mean: of the observations, in their shape.
        var: variance, in the same shape, not negative.
        epsilon: added to the variance, above 0.
        clip: largest magnitude that gets through, above 0.
    """

    mean: FloatArray
    var: FloatArray
    epsilon: float
    clip: float

    def __call__(self, observations: Any) -> NDArray[np.float32]:
        """Normalised observations, [B, ...]."""
        z = (np.asarray(observations) - self.mean) / np.sqrt(self.var + self.epsilon)
        return np.clip(z, -self.clip, self.clip).astype(np.float32)

    def space(self, original: Any) -> Any:
        """What the policy behind them sees: bytes of images become bounded numbers, any other box stays itself."""
        from gymnasium import spaces

        if not is_image(original):
            return original
        return spaces.Box(-self.clip, self.clip, original.shape, np.float32)


def read_statistics(path: Path, space: Any) -> Statistics | None:
    """The statistics in a file VecNormalize saved, or None where it left observations alone; nothing in it runs.

    Raises:
        BirlError: for another file, for statistics of observations with several parts, or of another shape.
    """
    saved = read_pickle(path)
    if not isinstance(saved, Record) or saved.qualified != KIND or not isinstance(saved.state, dict):
        raise BirlError(f"{path} holds no VecNormalize: name the file it saved, or none (--vecnormalize none)")
    state = saved.state
    if not state.get("norm_obs", True):
        return None
    running = state.get("obs_rms")
    if isinstance(running, dict):
        raise BirlError(
            f"{path} normalises observations part by part ({', '.join(map(str, running))[:80]}): unsupported"
        )
    try:
        found = Statistics(
            mean=as_array(_field(running, "mean")),
            var=as_array(_field(running, "var")),
            epsilon=float(as_array(_field(saved, "epsilon"))),
            clip=float(as_array(_field(saved, "clip_obs"))),
        )
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise BirlError(f"{path}: its statistics cannot be read ({error}): save them again") from error
    _check(path, found, tuple(getattr(space, "shape", None) or ()))
    return found


def _field(record: Any, name: str) -> Any:
    if not isinstance(record, Record) or not isinstance(record.state, dict) or name not in record.state:
        raise ValueError(f"there is no {name}")
    return record.state[name]


def _check(path: Path, found: Statistics, shape: tuple[int, ...]) -> None:
    if found.mean.shape != shape or found.var.shape != shape:
        raise BirlError(
            f"{path} does not fit: its mean has shape {found.mean.shape}, the observations have {shape}: "
            "name the statistics saved with this policy, or none (--vecnormalize none)"
        )
    finite = np.isfinite(found.mean).all() and np.isfinite(found.var).all()
    if not finite or (found.var < 0).any() or not found.epsilon > 0 or not found.clip > 0:
        raise BirlError(f"{path}: its mean and variance are no statistics (NaN, infinite or negative): save them again")
