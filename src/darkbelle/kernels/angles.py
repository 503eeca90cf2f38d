"""Angles between momenta."""

from __future__ import annotations

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.vectors import Column, FourVector

__all__ = ["opening_angle", "transverse_opening_angle"]


def opening_angle(a: FourVector, b: FourVector) -> Column:
    r"""Return the angle between momenta, :math:`\mathrm{atan2}(|\vec a\times\vec b|, \vec a\cdot\vec b)`.

    Precise at all angles, where the arc cosine loses half its digits near 0 and π.

    Parameters
    ----------
    a, b
        Shapes (n,) or (1,), GeV, in one frame.

    Returns
    -------
    Column
        Shape (n,), rad, in [0, π]; 0 where a momentum vanishes.
    """
    a, b, out = _prepared(a, b)
    _opening_angle(a, b, out)
    return out


def transverse_opening_angle(a: FourVector, b: FourVector) -> Column:
    """Return the angle between momenta projected onto the plane transverse to the lab z axis.

    Parameters
    ----------
    a, b
        Shapes (n,) or (1,), GeV, lab.

    Returns
    -------
    Column
        Shape (n,), rad, in [0, π]; 0 where a transverse momentum vanishes.
    """
    a, b, out = _prepared(a, b)
    _transverse_opening_angle(a, b, out)
    return out


def _prepared(a: FourVector, b: FourVector) -> tuple[FourVector, FourVector, Column]:
    a, b = checked_vector("a", a), checked_vector("b", b)
    return a, b, np.empty(common_size(a=a, b=b))


@kernel
def _opening_angle(a: FourVector, b: FourVector, out: Column) -> None:
    one_a = a.energy.size == 1
    one_b = b.energy.size == 1
    for i in range(out.size):
        j = 0 if one_a else i
        k = 0 if one_b else i
        cx = a.py[j] * b.pz[k] - a.pz[j] * b.py[k]
        cy = a.pz[j] * b.px[k] - a.px[j] * b.pz[k]
        cz = a.px[j] * b.py[k] - a.py[j] * b.px[k]
        dot = a.px[j] * b.px[k] + a.py[j] * b.py[k] + a.pz[j] * b.pz[k]
        out[i] = np.arctan2(np.sqrt(cx * cx + cy * cy + cz * cz), dot)


@kernel
def _transverse_opening_angle(a: FourVector, b: FourVector, out: Column) -> None:
    one_a = a.energy.size == 1
    one_b = b.energy.size == 1
    for i in range(out.size):
        j = 0 if one_a else i
        k = 0 if one_b else i
        cross = a.px[j] * b.py[k] - a.py[j] * b.px[k]
        dot = a.px[j] * b.px[k] + a.py[j] * b.py[k]
        out[i] = np.abs(np.arctan2(cross, dot))
