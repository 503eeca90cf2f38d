"""Unit vectors as rows of shape (n, 3): made, normalised, turned."""

from __future__ import annotations

import numpy as np

from darkbelle.kernels import libm
from darkbelle.vectors import Column

__all__ = ["at_angle", "rotation_between", "unit"]


def unit(vectors: Column) -> Column:
    """Return vectors of length 1; z where there is no direction."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > 0.0, vectors, (0.0, 0.0, 1.0)) / np.where(length > 0.0, length, 1.0)


def at_angle(axis: Column, cosine: Column, azimuth: Column) -> Column:
    """Return unit vectors at an angle to unit vectors.

    Parameters
    ----------
    axis
        Shape (n, 3).
    cosine
        Of the angle, shape (n,).
    azimuth
        About the axis from a direction that is arbitrary, rad, shape (n,): uniform for random ones.
    """
    least = np.eye(3)[np.argmin(np.abs(axis), axis=1)]
    first = unit(np.cross(axis, least))
    second = np.cross(axis, first)
    sine = np.sqrt(np.maximum(0.0, 1.0 - cosine**2))
    across = libm.cos(azimuth)[:, None] * first + libm.sin(azimuth)[:, None] * second
    return cosine[:, None] * axis + sine[:, None] * across


def rotation_between(start: Column, end: Column) -> Column:
    """Return matrices of shape (n, 3, 3) that turn unit vectors onto others, not their opposites.

    Two half turns: about the start, which leaves it in place, then about the bisector of both.
    """
    bisector = unit(start + end)
    # not by BLAS, which adds otherwise on other processors
    rotation: Column = np.einsum("nij,njk->nik", _half_turn(bisector), _half_turn(start))
    return rotation


def _half_turn(axis: Column) -> Column:
    return 2.0 * axis[:, :, None] * axis[:, None, :] - np.eye(3)
