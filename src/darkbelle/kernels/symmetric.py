"""Inverses of small symmetric matrices, for kernels that fit.

LAPACK's call for a 5 × 5 matrix costs more than the arithmetic, and raises where these say no.
"""

from __future__ import annotations

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = ["invert"]


@kernel
def invert(matrix: Column, inverse: Column) -> bool:
    """Write the inverse of a symmetric positive definite matrix, by Cholesky's decomposition.

    Parameters
    ----------
    matrix
        Shape (n, n); its lower triangle is read, and overwritten with the factor.
    inverse
        Shape (n, n), written.

    Returns
    -------
    bool
        False if the matrix is not positive definite, or has NaN: then ``inverse`` says nothing.
    """
    size = matrix.shape[0]
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i != j:
                matrix[i, j] = total / matrix[j, j]
            elif total > 0:
                matrix[i, i] = np.sqrt(total)
            else:
                return False
    # the factor's inverse in place: L L⁻¹ = 1 solved row by row
    for i in range(size):
        matrix[i, i] = 1 / matrix[i, i]
        for j in range(i):
            total = 0.0
            for k in range(j, i):
                total -= matrix[i, k] * matrix[k, j]
            matrix[i, j] = total * matrix[i, i]
    for i in range(size):
        for j in range(i + 1):
            total = 0.0
            for k in range(i, size):
                total += matrix[k, i] * matrix[k, j]
            inverse[i, j] = total
            inverse[j, i] = total
    return True
