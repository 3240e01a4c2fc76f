"""Observations as the network's input, the way Stable-Baselines3 flattens them.

Axes: B a batch, N numbers a network takes in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.checkpoint.recipe import refusal

__all__ = ["Encoding", "encoding"]


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How one observation space is flattened.

    Attributes:
        width: N.
        encode: observations [B, ...] -> float32 [B, N].
        shape: of one observation, for messages.
    """

    width: int
    encode: Callable[[Any], NDArray[np.float32]]
    shape: tuple[int, ...]


def encoding(path: Path, space: Any) -> Encoding:
    """Box and MultiBinary are flattened, Discrete and MultiDiscrete one-hot.

    Raises:
        BirlError: for spaces a plain MlpPolicy does not take as they are (images are scaled and transposed).
    """
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        sizes, shape = np.array([space.n]), ()
    elif isinstance(space, spaces.MultiDiscrete):
        sizes, shape = np.asarray(space.nvec).ravel(), space.shape
    elif isinstance(space, spaces.Box | spaces.MultiBinary):
        if isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 3:
            raise refusal(path, f"the observations are images {space.shape}")
        width = int(np.prod(space.shape))
        return Encoding(width=width, encode=lambda seen: _flat(seen, width), shape=tuple(space.shape))
    else:
        raise refusal(path, f"the observations are a {type(space).__name__} space")
    return Encoding(width=int(sizes.sum()), encode=lambda seen: _one_hot(seen, sizes), shape=tuple(shape))


def _flat(observations: Any, width: int) -> NDArray[np.float32]:
    return np.asarray(observations, np.float32).reshape(-1, width)


def _one_hot(observations: Any, sizes: NDArray[Any]) -> NDArray[np.float32]:
    chosen = np.asarray(observations, np.int64).reshape(-1, sizes.size)
    return np.concatenate([np.eye(size, dtype=np.float32)[chosen[:, i]] for i, size in enumerate(sizes)], axis=1)
