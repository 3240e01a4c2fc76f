"""STARC estimated from a coverage sample: shaping is projected out within a stated class of potentials.

    MIN  c_m = R_m + g Phi(s'_m) - Phi(s),  Phi the potential for which E_{S'} c is smallest               (1)
    VAL  c_m = q_m - E_A q_m,  q_m = R_m + g V(s'_m),  V(s) = E_A E_{S'} [R + g V(S')]                      (2)

for each repeat m of an action. The smallest E c is not the smallest c: squaring what one next state gave would also
fit potentials to noise, so (1) is solved from products across repeats (`forms`), and so are the norms. V solves (2) on
the potentials' span (least squares temporal differences); where the coverage is far from the random walk's it may be a
poor value, though shaping within the class cancels all the same. What a potential outside the class adds stays: all of
it in MIN, its difference between next states in VAL.

Both are fitted on the other clusters than those they are used on, where the class says anything about states it has not
seen. Potentials are 0 in terminal states.

Axes: N states, K actions tried, M repeats, P potentials, R = M replicates.
Source: Skalse et al. 2024 (arXiv 2309.15257), definitions 5 and 6; Bradtke & Barto 1996 for (2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from birl.distance.forms import Forms
from birl.distance.potentials import PotentialClass, RandomFourier
from birl.distance.samples import CoverageSample
from birl.distance.valued import StepReward, values
from birl.types import BirlError, FloatArray, IntArray

__all__ = ["StarcMin", "StarcVal"]

RANK = 1e-10  # of the largest eigenvalue: what is below is rounding
SIGNAL = 0.02  # share of a potential's shaping that must not be chance for it to be fitted


@dataclass(frozen=True, kw_only=True)
class StarcMin:
    """Equation (1).

    Attributes:
        potentials: the class of Phi.
        folds: Phi is fitted on all folds of clusters but the one it is used on; 1 to fit on all.
    """

    name: ClassVar[str] = "starc-min"

    potentials: PotentialClass = field(default_factory=RandomFourier)
    folds: int = 5

    def forms(self, sample: CoverageSample, rewards: Mapping[str, StepReward]) -> Forms:
        """The forms of all rewards, [M, N*K, rewards]."""
        shaped, weights = _shaped(sample, rewards, self.potentials), sample.pair_weights

        def equations(rows: IntArray) -> FloatArray:
            """Within and across repeats: X'WX, X'WX, X'Wr."""
            steps, paid, w = [x[rows] for x in shaped.shaping], shaped.rewards[:, rows], weights[rows]
            own = np.sum([_product(x, x, w) for x in steps], axis=0)
            got = np.sum([_product(x, r, w) for x, r in zip(steps, paid, strict=True)], axis=0)
            many, total = len(steps), sum(steps[1:], start=steps[0])
            if many == 1:
                return np.concatenate([own, own, got], axis=1)
            across = [_product(total, total, w) - own, _product(total, paid.sum(axis=0), w) - got]
            return np.concatenate([own / many, *(x / (many * (many - 1)) for x in across)], axis=1)

        def solve(found: FloatArray) -> FloatArray:
            own, across, got = np.split(found, [len(found), 2 * len(found)], axis=1)
            return -_inverse(own, across) @ got

        fold = _folds(sample, self.folds, self.potentials)
        found = _residuals(sample, shaped, fold, equations, solve)
        return Forms(values=found, scale=shaped.scale, potentials=str(self.potentials), shrinks=True)


@dataclass(frozen=True, kw_only=True)
class StarcVal:
    """Equation (2).

    Attributes:
        potentials: the span V is looked for in.
        folds: V is fitted on all folds of clusters but the one it is used on; 1 to fit on all.
    """

    name: ClassVar[str] = "starc-val"

    potentials: PotentialClass = field(default_factory=RandomFourier)
    folds: int = 5

    def forms(self, sample: CoverageSample, rewards: Mapping[str, StepReward]) -> Forms:
        """The forms of all rewards, [M, N*K, rewards]."""
        shaped = _shaped(sample, rewards, self.potentials)
        state = np.repeat(np.arange(len(sample.weights)), sample.shape[1])
        walk = (sample.weights[:, None] * sample.uniform).ravel()

        def equations(rows: IntArray) -> FloatArray:
            """Phi'W Phi, Phi'WX, Phi'Wr."""
            here, w = shaped.here[state[rows]], walk[rows]
            moved = np.mean([_product(here, x[rows], w) for x in shaped.shaping], axis=0)
            earned = _product(here, shaped.rewards[:, rows].mean(axis=0), w)
            return np.concatenate([_product(here, here, w), moved, earned], axis=1)

        def solve(found: FloatArray) -> FloatArray:
            own, moved, earned = np.split(found, [len(found), 2 * len(found)], axis=1)
            span = _whitened(own)
            return -span @ np.linalg.pinv(span.T @ moved @ span, rcond=RANK) @ (span.T @ earned)

        fold = _folds(sample, self.folds, self.potentials)
        found = _residuals(sample, shaped, fold, equations, solve).reshape(sample.repeats, *sample.uniform.shape, -1)
        found -= np.einsum("nk,mnkr->mnr", sample.uniform, found)[:, :, None]
        found = found.reshape(shaped.rewards.shape)
        return Forms(values=found, scale=shaped.scale, policy=sample.walker, potentials=str(self.potentials))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shaped:
    """Rewards and potentials on the sample.

    Attributes:
        here: potentials of the states, [N, P].
        shaping: g Phi(s'_m) - Phi(s) of each potential, M times [N*K, P].
        rewards: divided by their scale, [M, N*K, rewards].
        scale: largest magnitude of each reward, [rewards].
    """

    here: Any
    shaping: tuple[Any, ...]
    rewards: FloatArray
    scale: FloatArray


def _shaped(sample: CoverageSample, rewards: Mapping[str, StepReward], potentials: PotentialClass) -> _Shaped:
    (count, tried, repeats), steps = sample.shape, sample.steps
    paid = np.stack([values(sample, r, steps, n) for n, r in rewards.items()], axis=1)
    scale = np.abs(paid).max(axis=0)
    basis = potentials.basis(np.concatenate([sample.here, steps.next_observations]), count)
    here, after = basis(sample.here), basis(steps.next_observations)
    alive = ~np.asarray(steps.terminal)
    after = sp.diags_array(alive.astype(np.float64)) @ after if sp.issparse(after) else after * alive[:, None]
    after = sp.csr_matrix(after) if sp.issparse(after) else after
    before = here[np.repeat(np.arange(count), tried)]
    return _Shaped(
        here=here,
        shaping=tuple(sample.discount * after[m::repeats] - before for m in range(repeats)),
        rewards=(paid / np.where(scale > 0, scale, 1.0)).reshape(count * tried, repeats, -1).transpose(1, 0, 2),
        scale=scale,
    )


def _folds(sample: CoverageSample, folds: int, potentials: PotentialClass) -> IntArray:
    """The fold of each state, [N]; one for all where nothing carries over."""
    if folds < 1:
        raise BirlError(f"starc: {folds} folds: give at least 1")
    return sample.cluster % (min(folds, sample.clusters) if potentials.generalises else 1)


def _residuals(
    sample: CoverageSample,
    shaped: _Shaped,
    fold: IntArray,
    equations: Callable[[IntArray], FloatArray],
    solve: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """R_m + X_m @ potential, the potential solved from the equations of the other folds, [M, N*K, rewards]."""
    found = np.array(shaped.rewards)
    rows = [np.flatnonzero(np.repeat(fold == one, sample.shape[1])) for one in range(int(fold.max()) + 1)]
    parts = [equations(one) for one in rows]
    whole = np.sum(parts, axis=0)
    for used, part in zip(rows, parts, strict=True):
        potential = solve(whole - part if len(rows) > 1 else whole)
        for m, shaping in enumerate(shaped.shaping):
            found[m, used] += shaping[used] @ potential
    return found


def _inverse(own: FloatArray, across: FloatArray) -> FloatArray:
    """The inverse of `across` where it is more than rounding and more than noise, [P, P]."""
    span = _whitened(own)
    share, directions = np.linalg.eigh(span.T @ across @ span)
    kept = share > SIGNAL
    root = span @ directions[:, kept] / np.sqrt(share[kept])
    return root @ root.T


def _whitened(gram: FloatArray) -> FloatArray:
    """Directions in which the Gram matrix is 1, [P, rank]; columns are brought to one length first."""
    size = np.sqrt(np.maximum(np.diag(gram), 0.0))
    unit = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    size, directions = np.linalg.eigh(unit[:, None] * gram * unit)
    kept = size > RANK * max(float(size[-1]), np.finfo(float).tiny)
    return unit[:, None] * directions[:, kept] / np.sqrt(size[kept])


def _product(left: Any, right: Any, weights: FloatArray) -> FloatArray:
    """left' W right, dense."""
    weighed = sp.diags_array(weights) @ left if sp.issparse(left) else left * weights[:, None]
    found = weighed.T @ right
    return found.toarray() if sp.issparse(found) else np.asarray(found)
