"""Check what goes into a kernel, once, before the loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from darkbelle.errors import KernelInputError
from darkbelle.vectors import Column, FourVector

__all__ = ["Indices", "checked_columns", "checked_offsets", "checked_vector", "common_size"]

Indices = NDArray[np.int64]


def checked_columns(name: str, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return columns as contiguous float64 arrays of one length.

    NaN and infinity pass: they come out as NaN, and whoever fills a histogram counts them.

    Raises
    ------
    KernelInputError
        A column is not one-dimensional and numeric, or lengths differ.
    """
    arrays = []
    for column in columns:
        array = np.asarray(column)
        if array.ndim != 1 or array.dtype.kind not in "fiu":
            raise KernelInputError(
                f"{name} must be one-dimensional numeric columns, got shape {array.shape} and type "
                f"{array.dtype}; take one leaf at a time with ak.to_numpy"
            )
        arrays.append(np.ascontiguousarray(array, dtype=np.float64))
    sizes = {array.size for array in arrays}
    if len(sizes) > 1:
        raise KernelInputError(f"{name} must be columns of one length, got {sorted(sizes)}")
    return tuple(arrays)


def checked_vector(name: str, vector: FourVector) -> FourVector:
    """Return a four-vector whose columns a kernel can loop over."""
    return FourVector(*checked_columns(name, vector))


def common_size(**vectors: FourVector) -> int:
    """Return the common length of vectors, those of length one being the same in all events.

    Raises
    ------
    KernelInputError
        Lengths differ.
    """
    sizes = {name: vector.energy.size for name, vector in vectors.items()}
    size = next((s for s in sizes.values() if s != 1), 1)
    wrong = {name: s for name, s in sizes.items() if s not in (size, 1)}
    if wrong:
        raise KernelInputError(f"vectors must have {size} events, or 1 for all of them, got {wrong}")
    return size


def checked_offsets(offsets: Indices, size: int) -> Indices:
    """Return offsets of events into columns of a size, as a contiguous int64 array.

    Raises
    ------
    KernelInputError
        They do not start at 0, fall, or do not end at the size.
    """
    array = np.asarray(offsets)
    whole = array.ndim == 1 and array.size > 0 and array.dtype.kind in "iu"
    if not whole or array[0] != 0 or array[-1] != size or np.any(np.diff(array) < 0):
        raise KernelInputError(
            f"offsets of events must be whole numbers that rise from 0 to the {size} particles, got {array}"
        )
    return np.ascontiguousarray(array, dtype=np.int64)
