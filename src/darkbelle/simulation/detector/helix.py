r"""The path of a charged particle in the solenoid: a helix along the lab's z axis.

In the transverse plane it is a circle of radius :math:`R = p_\mathrm{T}/(0.3\,B)`; a positive particle
turns clockwise seen from +z. Arc lengths are transverse, :math:`s = L\sin\theta`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.constants import SPEED_OF_LIGHT
from darkbelle.kernels import libm
from darkbelle.vectors import Column

__all__ = ["Perigee", "arc_to_radius", "arc_to_z", "curvature_radius", "perigee", "point_after"]


def curvature_radius(transverse_momentum: Column, magnetic_field: float) -> Column:
    """Return the radius of the circle in cm, of a unit charge with pT in GeV in a field in T.

    A pT of 0.28 GeV in 1.5 T makes a circle of 124.5 cm diameter, that of Belle II's calorimeter.

    >>> (2 * curvature_radius(np.array([0.28]), 1.5)).round(1)
    array([124.5])
    """
    # 1 GeV/c is c·1e-9 T m: 100 for cm, and the speed of light here is in cm/ns
    return transverse_momentum / (magnetic_field * SPEED_OF_LIGHT * 1e-4)


def arc_to_radius(curvature: Column, radius: float | Column, d0: float | Column = 0.0) -> Column:
    """Return the arc from the perigee to a cylinder of ``radius``, cm; infinite if it curls before.

    Parameters
    ----------
    curvature
        Radius of the circle, cm.
    radius
        Of the cylinder around the z axis, cm.
    d0
        Of the helix, cm, times its charge.
    """
    with np.errstate(invalid="ignore"):
        chord = np.sqrt((radius - d0) * (radius + d0) / (1 + d0 / curvature))
        ratio = chord / (2 * curvature)
        return np.where(ratio <= 1, 2 * curvature * libm.arcsin(np.minimum(ratio, 1.0)), np.inf)


def arc_to_z(cotangent: Column, z: Column, forward: float, backward: float) -> Column:
    """Return the arc from ``z`` to the end plane on the particle's way, cm; infinite if none.

    Parameters
    ----------
    cotangent
        Of the polar angle.
    z
        Start, cm.
    forward, backward
        Positions of the planes, cm.
    """
    plane = np.where(cotangent > 0, forward, backward)
    with np.errstate(divide="ignore", invalid="ignore"):
        arc = (plane - z) / cotangent
    return np.where(np.isfinite(arc), np.maximum(arc, 0.0), np.inf)


def point_after(
    arc: Column, charge: Column, curvature: Column, phi: Column, cotangent: Column
) -> tuple[Column, Column, Column, Column]:
    """Return displacement x, y, z (cm) and direction φ (rad) after an arc, from direction ``phi``."""
    turned = phi - charge * arc / curvature
    chord = 2 * curvature * libm.sin(arc / (2 * curvature))
    middle = phi - charge * arc / (2 * curvature)
    return chord * libm.cos(middle), chord * libm.sin(middle), arc * cotangent, turned


class Perigee(NamedTuple):
    """Point of closest approach to the z axis: signed d0 and z0 in cm, direction φ0 in rad.

    d0 has the sign of the angular momentum around the axis, as in basf2.
    """

    d0: Column
    z0: Column
    phi: Column


def perigee(
    position: tuple[Column, Column, Column],
    charge: Column,
    curvature: Column,
    phi: Column,
    cotangent: Column,
) -> Perigee:
    """Return where the helix through ``position`` (cm) with direction ``phi`` is nearest to the axis.

    >>> one = np.ones(1)
    >>> at = perigee((0 * one, 0.1 * one, 0 * one), one, 100 * one, 0 * one, 0 * one)
    >>> at.d0.round(6), at.phi.round(6)
    (array([-0.1]), array([0.]))
    """
    x, y, z = position
    to_centre_x = charge * curvature * libm.sin(phi)
    to_centre_y = -charge * curvature * libm.cos(phi)
    centre_x, centre_y = x + to_centre_x, y + to_centre_y
    distance = np.hypot(centre_x, centre_y)
    # R − |c| without losing the digits: (R² − c²)/(R + c), where R² − c² = −r² − 2 r·(c − r)
    difference = -(x * x + y * y + 2 * (x * to_centre_x + y * to_centre_y))
    d0 = -charge * difference / (curvature + distance)
    # on a circle traversed clockwise the direction is ahead of the centre's by 90°
    at_perigee = libm.arctan2(charge * centre_x, -charge * centre_y)
    back = np.remainder(at_perigee - phi + np.pi, 2 * np.pi) - np.pi
    z0 = z - charge * curvature * back * cotangent
    return Perigee(d0, z0, at_perigee)
