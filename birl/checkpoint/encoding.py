"""Observations as the network's input, the way Stable-Baselines3 prepares them.

Axes: B a batch, N numbers a network takes in, C channels, H and W rows and columns of an image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from birl.checkpoint.recipe import refusal

__all__ = ["Encoding", "encoding", "is_image"]

BRIGHTEST = 255


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How one observation space is prepared.

    Attributes:
        encode: observations [B, ...] -> float32 [B, *prepared].
        prepared: shape of one prepared observation: (N,), or (C, H, W) for a network with eyes.
        shape: of one observation, for messages.
    """

    encode: Callable[[Any], NDArray[np.float32]]
    prepared: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def width(self) -> int:
        """Numbers in one prepared observation."""
        return int(np.prod(self.prepared))


def encoding(path: Path, space: Any, *, normalize_images: bool = True, flat: bool = True) -> Encoding:
    """Images get their channels first and lie in [0, 1]; Box and MultiBinary are flattened, others one-hot.

    Args:
        path: the file, for messages.
        space: the observation space.
        normalize_images: whether images are divided by 255.
        flat: whether images are flattened too.

    Raises:
        BirlError: for spaces in several parts, which the library's plain policies do not take.
    """
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        return _one_hot(np.array([space.n]), ())
    if isinstance(space, spaces.MultiDiscrete):
        return _one_hot(np.asarray(space.nvec).ravel(), tuple(space.shape))
    if isinstance(space, spaces.Box) and len(space.shape) == 3 and (is_image(space) or not flat):
        return _image(space, normalize_images=normalize_images, flat=flat)
    if isinstance(space, spaces.Box | spaces.MultiBinary) and flat:
        width = int(np.prod(space.shape))
        return Encoding(encode=lambda seen: _flat(seen, width), prepared=(width,), shape=tuple(space.shape))
    what = "no images" if isinstance(space, spaces.Box | spaces.MultiBinary) else f"a {type(space).__name__} space"
    raise refusal(path, f"the observations are {what}")


def is_image(space: Any) -> bool:
    """Whether the library takes a box for an image: three axes of bytes from 0 to 255."""
    bytes_ = space.dtype == np.uint8 and len(space.shape) == 3
    return bool(bytes_ and (space.low == 0).all() and (space.high == BRIGHTEST).all())


def _image(space: Any, *, normalize_images: bool, flat: bool) -> Encoding:
    """The least of the three axes holds the channels; the library moves it to the front of true images only."""
    bytes_ = is_image(space)
    move = bytes_ and int(np.argmin(space.shape)) != 0
    rows, columns, channels = space.shape
    prepared = (channels, rows, columns) if move else tuple(space.shape)
    scale = np.float32(BRIGHTEST if bytes_ and normalize_images else 1)

    def encode(observations: Any) -> NDArray[np.float32]:
        seen = np.asarray(observations).reshape(-1, *space.shape)
        seen = (seen.transpose(0, 3, 1, 2) if move else seen).astype(np.float32) / scale
        return seen.reshape(len(seen), -1) if flat else np.ascontiguousarray(seen)

    return Encoding(encode=encode, prepared=(int(np.prod(prepared)),) if flat else prepared, shape=tuple(space.shape))


def _flat(observations: Any, width: int) -> NDArray[np.float32]:
    return np.asarray(observations, np.float32).reshape(-1, width)


def _one_hot(sizes: NDArray[Any], shape: tuple[int, ...]) -> Encoding:
    def encode(observations: Any) -> NDArray[np.float32]:
        chosen = np.asarray(observations, np.int64).reshape(-1, sizes.size)
        return np.concatenate([np.eye(size, dtype=np.float32)[chosen[:, i]] for i, size in enumerate(sizes)], axis=1)

    return Encoding(encode=encode, prepared=(int(sizes.sum()),), shape=shape)
