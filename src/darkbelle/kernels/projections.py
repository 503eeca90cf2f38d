"""Momentum along an axis and transverse to it."""

from __future__ import annotations

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.vectors import Column, FourVector

__all__ = ["momentum_along", "momentum_transverse_to"]


def momentum_transverse_to(vectors: FourVector, axis: FourVector) -> Column:
    r"""Return the momentum transverse to the direction of another, :math:`|\vec p\times\vec a|/|\vec a|`.

    Parameters
    ----------
    vectors, axis
        Shapes (n,) or (1,), GeV, in one frame.

    Returns
    -------
    Column
        Shape (n,), GeV, not negative; NaN where the axis has no momentum.
    """
    vectors, axis, out = _prepared(vectors, axis)
    _momentum_transverse_to(vectors, axis, out)
    return out


def momentum_along(vectors: FourVector, axis: FourVector) -> Column:
    r"""Return the component of the momentum along another, :math:`\vec p\cdot\vec a/|\vec a|`.

    Parameters
    ----------
    vectors, axis
        Shapes (n,) or (1,), GeV, in one frame.

    Returns
    -------
    Column
        Shape (n,), GeV, signed; NaN where the axis has no momentum.
    """
    vectors, axis, out = _prepared(vectors, axis)
    _momentum_along(vectors, axis, out)
    return out


def _prepared(vectors: FourVector, axis: FourVector) -> tuple[FourVector, FourVector, Column]:
    vectors, axis = checked_vector("vectors", vectors), checked_vector("axis", axis)
    return vectors, axis, np.empty(common_size(vectors=vectors, axis=axis))


@kernel
def _momentum_transverse_to(vectors: FourVector, axis: FourVector, out: Column) -> None:
    one_vector = vectors.energy.size == 1
    one_axis = axis.energy.size == 1
    for i in range(out.size):
        v = 0 if one_vector else i
        a = 0 if one_axis else i
        ax, ay, az = axis.px[a], axis.py[a], axis.pz[a]
        cx = vectors.py[v] * az - vectors.pz[v] * ay
        cy = vectors.pz[v] * ax - vectors.px[v] * az
        cz = vectors.px[v] * ay - vectors.py[v] * ax
        out[i] = np.sqrt((cx * cx + cy * cy + cz * cz) / (ax * ax + ay * ay + az * az))


@kernel
def _momentum_along(vectors: FourVector, axis: FourVector, out: Column) -> None:
    one_vector = vectors.energy.size == 1
    one_axis = axis.energy.size == 1
    for i in range(out.size):
        v = 0 if one_vector else i
        a = 0 if one_axis else i
        ax, ay, az = axis.px[a], axis.py[a], axis.pz[a]
        dot = vectors.px[v] * ax + vectors.py[v] * ay + vectors.pz[v] * az
        out[i] = dot / np.sqrt(ax * ax + ay * ay + az * az)
