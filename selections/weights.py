"""Event weights on a grid, so that their sums are exact in any order."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from darkbelle.errors import NtupleError
from darkbelle.vectors import Column

__all__ = ["GRID", "event_weights", "on_grid"]

GRID: Final = 2.0**-16


def on_grid(weights: ArrayLike) -> Column:
    """Return weights rounded to multiples of 2⁻¹⁶, an error of at most 8e-6.

    Sums of such numbers are exact in float64 up to 2³⁷, and so do not depend on how events are
    chunked or in which order chunks are merged. Sums of their squares are exact up to 2²¹ in a bin,
    and for weights that are integers, as unsampled ntuples have them, up to 2⁵³.

    Parameters
    ----------
    weights
        Shape (n,), any floating type.

    Raises
    ------
    NtupleError
        A weight is NaN or infinite.

    >>> on_grid([1.0, 0.1]) / GRID
    array([65536.,  6554.])
    """
    values = np.asarray(weights, dtype=np.float64)
    broken = np.count_nonzero(~np.isfinite(values))
    if broken:
        raise NtupleError(
            f"event weights must be finite, got {broken} NaN or infinite of {values.size}; "
            "check the column __weight__ and the corrections that are applied"
        )
    rounded: Column = np.rint(values / GRID) * GRID
    return rounded


def event_weights(size: int, *factors: NDArray[np.floating] | None) -> Column:
    """Return the product of the factors on the grid, shape (size,); a factor of None is left out."""
    product = np.ones(size)
    for factor in factors:
        if factor is not None:
            product *= factor
    return on_grid(product)
