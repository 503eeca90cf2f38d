r"""Helices through a point: their parameters at the z axis with derivatives, and where two of them cross.

Parameters :math:`(d_0, \varphi_0, \omega, z_0, \tan\lambda)` in cm, rad and 1/cm, with the signs of basf2:
the perigee is at :math:`(d_0 \sin\varphi_0, -d_0 \cos\varphi_0, z_0)`, :math:`\omega` has the sign of the
charge, and :math:`\mathrm d\varphi/\mathrm ds = -\omega` along the transverse arc s.
"""

from __future__ import annotations

import numpy as np

from darkbelle.kernels.compilation import kernel
from darkbelle.vectors import Column

__all__ = ["arc_to_point", "circle_crossings", "perigee_at"]

STRAIGHTEST = 1e-7  # 1/cm, 45 TeV: where circles cross is asked of none that is straighter


@kernel
def perigee_at(point: Column, direction: Column, expected: Column, jacobian: Column) -> None:
    r"""Write the parameters of the helix through a point, and their derivatives.

    With :math:`\Delta_\perp = x \sin\varphi - y \cos\varphi` and
    :math:`\Delta_\parallel = x \cos\varphi + y \sin\varphi`, the centre of the circle, times ω, is
    :math:`U\,(\cos\delta\,e_\perp + \sin\delta\,e_\parallel)` for
    :math:`U \cos\delta = 1 + \omega\Delta_\perp` and :math:`U \sin\delta = \omega\Delta_\parallel`. Then
    :math:`d_0 = (U-1)/\omega`, :math:`\varphi_0 = \varphi + \delta`, :math:`s = \delta/\omega`.

    Parameters
    ----------
    point
        x, y, z in cm.
    direction
        φ at the point, ω, tan λ.
    expected
        Shape (5,), written.
    jacobian
        Shape (5, 6), written: derivatives by x, y, z, φ, ω, tan λ.

    References
    ----------
    P. Billoir and S. Qian, Nucl. Instrum. Meth. A 311 (1992) 139, for the expansion.
    """
    x, y, z = point[0], point[1], point[2]
    phi, omega, slope = direction[0], direction[1], direction[2]
    sine, cosine = np.sin(phi), np.cos(phi)
    across, along = x * sine - y * cosine, x * cosine + y * sine
    to_centre = np.sqrt((1 + omega * across) ** 2 + (omega * along) ** 2)
    sin_turn, cos_turn = omega * along / to_centre, (1 + omega * across) / to_centre
    turn = np.arctan2(omega * along, 1 + omega * across)
    arc = turn / omega if omega != 0 else along
    square = x * x + y * y
    d0 = (2 * across + omega * square) / (1 + to_centre)
    arc_by_omega = (along / to_centre**2 - arc) / omega if omega != 0 else -along * across
    expected[0] = d0
    expected[1] = phi + turn
    expected[2] = omega
    expected[3] = z - slope * arc
    expected[4] = slope
    # by ∆⊥ and ∆∥, then by x, y and φ
    d0_by = cos_turn, sin_turn
    arc_by = -sin_turn / to_centre, cos_turn / to_centre
    jacobian[:] = 0.0
    jacobian[0, 0] = d0_by[0] * sine + d0_by[1] * cosine
    jacobian[0, 1] = -d0_by[0] * cosine + d0_by[1] * sine
    jacobian[0, 3] = d0_by[0] * along - d0_by[1] * across
    jacobian[0, 4] = (square - d0 * (across * cos_turn + along * sin_turn)) / (1 + to_centre)
    arc_by_x = arc_by[0] * sine + arc_by[1] * cosine
    arc_by_y = -arc_by[0] * cosine + arc_by[1] * sine
    arc_by_phi = arc_by[0] * along - arc_by[1] * across
    jacobian[1, 0], jacobian[1, 1], jacobian[1, 3] = omega * arc_by_x, omega * arc_by_y, cos_turn / to_centre
    jacobian[1, 4] = along / to_centre**2
    jacobian[2, 4] = 1.0
    jacobian[3, 0], jacobian[3, 1], jacobian[3, 2] = -slope * arc_by_x, -slope * arc_by_y, 1.0
    jacobian[3, 3], jacobian[3, 4], jacobian[3, 5] = -slope * arc_by_phi, -slope * arc_by_omega, -arc
    jacobian[4, 5] = 1.0


@kernel
def arc_to_point(helix: Column, x: float, y: float) -> float:
    """Return the transverse arc in cm of a helix from its perigee to nearest (x, y), within half a turn."""
    d0, phi, omega = helix[0], helix[1], helix[2]
    sine, cosine = np.sin(phi), np.cos(phi)
    across, along = x * sine - y * cosine - d0, x * cosine + y * sine
    # seen from the centre, times ω: the perigee lies at −e⊥ there
    turn = np.arctan2(omega * along, 1 - omega * across)
    arc: float = turn / omega if omega != 0 else along
    return arc


@kernel
def circle_crossings(first: Column, second: Column, points: Column) -> None:
    """Write the two points where the circles of two helices cross, or twice where they are nearest.

    Parameters
    ----------
    first, second
        Parameters, shape (5,).
    points
        Shape (2, 2), written: x and y in cm.
    """
    radius_1 = 1 / max(abs(first[2]), STRAIGHTEST)
    radius_2 = 1 / max(abs(second[2]), STRAIGHTEST)
    signed_1 = first[0] + (radius_1 if first[2] >= 0 else -radius_1)
    signed_2 = second[0] + (radius_2 if second[2] >= 0 else -radius_2)
    x1, y1 = signed_1 * np.sin(first[1]), -signed_1 * np.cos(first[1])
    dx, dy = signed_2 * np.sin(second[1]) - x1, -signed_2 * np.cos(second[1]) - y1
    distance = max(np.sqrt(dx * dx + dy * dy), 1e-12)
    ux, uy = dx / distance, dy / distance
    if distance >= radius_1 + radius_2:  # side by side
        along, across = (radius_1 + distance - radius_2) / 2, 0.0
    elif distance <= abs(radius_1 - radius_2):  # one in the other
        sign = 1.0 if radius_1 >= radius_2 else -1.0
        along, across = sign * (radius_1 + sign * distance + radius_2) / 2, 0.0
    else:
        along = (distance + (radius_1 - radius_2) * (radius_1 + radius_2) / distance) / 2
        across = np.sqrt(max((radius_1 - along) * (radius_1 + along), 0.0))
    points[0, 0], points[0, 1] = x1 + along * ux - across * uy, y1 + along * uy + across * ux
    points[1, 0], points[1, 1] = x1 + along * ux + across * uy, y1 + along * uy - across * ux
