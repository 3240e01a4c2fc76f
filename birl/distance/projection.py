"""What is left of a reward once the potential shaping nearest to it is taken out.

    x = argmin || r - B x ||_D,  residual r - B x                                                    (1)

B has a column for each state that is not terminal: what its potential adds to each place where rewards are compared.
Potentials that no covered place touches stay where they are.

Axes: N places (state-action pairs or transitions), P potentials, K rewards.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from birl.types import FloatArray

__all__ = ["unshaped"]

RIDGE = 1e-10  # keeps potentials that no covered place touches where they are; the refinements undo it elsewhere
REFINEMENTS = 2


def unshaped(columns: FloatArray, shaping: sp.csr_matrix, weights: FloatArray) -> FloatArray:
    """The residuals of equation (1), from one factorisation.

    Args:
        columns: rewards, [N, K].
        shaping: B, [N, P].
        weights: coverage, [N].

    Returns:
        [N, K], 0 off coverage.
    """
    kept = np.flatnonzero(weights > 0.0)
    covered, root = shaping[kept], np.sqrt(weights[kept])[:, None]
    data = covered.data * np.repeat(root[:, 0], np.diff(covered.indptr))
    size = np.sqrt(np.bincount(covered.indices, weights=data**2, minlength=covered.shape[1]))
    scale = np.divide(1.0, size, out=np.ones_like(size), where=size > 0.0)  # columns of length 1: well conditioned
    scaled = sp.csr_matrix((data * scale[covered.indices], covered.indices, covered.indptr), shape=covered.shape)
    across = scaled.T.tocsr()
    normal = sp.csc_matrix(across @ scaled + RIDGE * sp.eye_array(size.size, format="csr"))
    factor = splu(normal, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    wanted, potential = root * columns[kept], np.zeros((size.size, columns.shape[1]))
    for _ in range(1 + REFINEMENTS):
        potential += factor.solve(across @ (wanted - scaled @ potential))
    left = np.zeros_like(columns)
    left[kept] = columns[kept] - covered @ (scale[:, None] * potential)
    return left
