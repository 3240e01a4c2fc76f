"""Classes of potentials that shaping is taken out of where states cannot be listed.

Axes: B states, D numbers of an observation, P potentials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import scipy.sparse as sp

from birl.types import BirlError, FloatArray

__all__ = ["Basis", "OneHot", "PotentialClass", "RandomFourier"]

Basis = Callable[[Any], Any]
"""Observations [B, ...] -> the value of each potential, [B, P], dense or sparse."""

FEW = 32  # numbers of an observation up to which linear potentials are worth their noise
STATES_EACH = 8  # for every cosine
MOST = 3000  # distinct states above which one-hot potentials are refused: their normal equations are dense


class PotentialClass(Protocol):
    """A linear class of potentials.

    Attributes:
        generalises: whether a potential fitted in some states says something about others.
    """

    generalises: ClassVar[bool]

    def __str__(self) -> str:
        """The class in a few words."""
        ...

    def basis(self, observations: Any, count: int) -> Basis:
        """Potentials fit for some observations, the first `count` of which are the states compared."""
        ...


@dataclass(frozen=True, kw_only=True)
class OneHot:
    """Any potential: one number for each distinct observation. For worlds with few states that are all told apart."""

    generalises: ClassVar[bool] = False

    def __str__(self) -> str:
        """The class in a few words."""
        return "any potential"

    def basis(self, observations: Any, count: int) -> Basis:
        """One potential for each distinct observation.

        Raises:
            BirlError: for more than 3,000 of them.
        """
        del count
        keys = np.unique(_rows(observations))
        if keys.size > MOST:
            raise BirlError(
                f"one-hot potentials: {keys.size:,} distinct states (limit {MOST:,}): use RandomFourier potentials"
            )

        def basis(seen: Any) -> Any:
            rows = _rows(seen)
            return sp.csr_matrix(
                (np.ones(rows.size), (np.arange(rows.size), np.searchsorted(keys, rows))), shape=(rows.size, keys.size)
            )

        return basis


@dataclass(frozen=True, kw_only=True)
class RandomFourier:
    """Smooth potentials: sums of random cosines of a Gaussian kernel's spectrum, with the linear ones and a constant.

    The kernel's width is the median distance between states (in standard deviations of each number), times half, one
    and two, a third of the cosines each. There is at most one cosine for every eight states, and linear potentials are
    left out of observations of more than 32 numbers.

    Attributes:
        count: of cosines.
        seed: of their frequencies.

    Source: Rahimi & Recht 2007, Random features for large-scale kernel machines, section 3.
    """

    generalises: ClassVar[bool] = True

    count: int = 240
    seed: int = 0

    def __str__(self) -> str:
        """The class in a few words."""
        return f"smooth, up to {self.count} random cosines"

    def basis(self, observations: Any, count: int) -> Basis:
        """Cosines of the observations, standardised as the states compared are."""
        states = _numbers(observations[:count])
        centre, spread = states.mean(axis=0), states.std(axis=0)
        kept = spread > 1e-9 * (1.0 + np.abs(centre))
        centre, spread = centre[kept], spread[kept]
        rng = np.random.default_rng(self.seed)
        standard = (states[:, kept] - centre) / spread
        pairs = rng.integers(len(states), size=(2, 2000))
        width = float(np.median(np.linalg.norm(standard[pairs[0]] - standard[pairs[1]], axis=1))) or 1.0
        cosines = min(self.count, count // STATES_EACH)
        widths = width * np.resize([0.5, 1.0, 2.0], cosines)
        waves = rng.normal(size=(spread.size, cosines)) / widths
        phase = rng.uniform(0, 2 * np.pi, size=cosines)
        linear = spread.size <= FEW

        def basis(seen: Any) -> FloatArray:
            x = (_numbers(seen)[:, kept] - centre) / spread
            return np.concatenate(
                [np.ones((len(x), 1)), x[:, : spread.size * linear], np.cos(x @ waves + phase)], axis=1
            )

        return basis


def _numbers(observations: Any) -> FloatArray:
    seen = np.asarray(observations, np.float64)
    return seen.reshape(len(seen), -1)


def _rows(observations: Any) -> Any:
    """Each observation as one value that compares and sorts."""
    seen = np.asarray(observations)
    flat = np.ascontiguousarray(seen.reshape(len(seen), -1))
    return flat.ravel() if flat.shape[1] == 1 else flat.view([("", f"V{flat.dtype.itemsize * flat.shape[1]}")]).ravel()
