"""The face of the calorimeter: where particles hit it, as seen from the origin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels import libm
from darkbelle.simulation.detector.helix import arc_to_radius, arc_to_z, perigee, point_after
from darkbelle.simulation.detector.parameters import Calorimeter, DetectorParameters
from darkbelle.simulation.detector.particles import Charged
from darkbelle.simulation.detector.records import Flags
from darkbelle.vectors import Column, FourVector

__all__ = ["Impact", "impact", "in_calorimeter", "photon_impact", "points_on_face"]


class Impact(NamedTuple):
    """Where particles hit the face of the calorimeter: direction from the origin in rad, or not at all."""

    theta: Column
    phi: Column
    hits: Flags


def in_calorimeter(theta: Column, calorimeter: Calorimeter) -> Flags:
    """Return which directions point to crystals, not to the gaps between barrel and end caps."""
    degrees = np.rad2deg(theta)
    inside = np.zeros(theta.shape, dtype=np.bool_)
    for low, high in (calorimeter.forward, calorimeter.barrel, calorimeter.backward):
        inside |= (degrees > low) & (degrees < high)
    return inside


def impact(charged: Charged, detector: DetectorParameters) -> Impact:
    """Return where charged particles hit the calorimeter; those that curl up before do not."""
    face = detector.calorimeter
    charge, curvature = charged.charge, charged.curvature(detector.drift_chamber.magnetic_field)
    at = perigee((charged.x, charged.y, charged.z), charge, curvature, charged.phi, charged.cotangent)
    to_barrel = arc_to_radius(curvature, face.radius, at.d0 * charge)
    arc = np.minimum(to_barrel, arc_to_z(charged.cotangent, at.z0, face.forward_z, face.backward_z))
    # a curler that needs more than half a circle to the end plane does not get there in time
    arrives = arc < np.pi * curvature
    dx, dy, dz, _ = point_after(np.where(arrives, arc, 0.0), charge, curvature, at.phi, charged.cotangent)
    x, y = at.d0 * libm.sin(at.phi) + dx, dy - at.d0 * libm.cos(at.phi)
    theta = libm.arctan2(np.hypot(x, y), at.z0 + dz)
    return Impact(theta, libm.arctan2(y, x), arrives & in_calorimeter(theta, face))


def photon_impact(
    momenta: FourVector, birth: tuple[Column, Column, Column], calorimeter: Calorimeter
) -> tuple[Column, Column]:
    """Return θ and φ of the point on the face that photons born at ``birth`` (cm) hit."""
    x, y, z = birth
    px, py, pz = momenta.px / momenta.energy, momenta.py / momenta.energy, momenta.pz / momenta.energy
    transverse = np.maximum(px * px + py * py, 1e-18)
    along = x * px + y * py
    inside = np.maximum(calorimeter.radius**2 - x * x - y * y, 0.0)
    to_barrel = (np.sqrt(along**2 + transverse * inside) - along) / transverse
    way = np.minimum(to_barrel, arc_to_z(pz, z, calorimeter.forward_z, calorimeter.backward_z))
    x, y, z = x + way * px, y + way * py, z + way * pz
    return libm.arctan2(np.hypot(x, y), z), libm.arctan2(y, x)


def points_on_face(theta: Column, phi: Column, calorimeter: Calorimeter) -> Column:
    """Return points on the face of the calorimeter, shape (n, 3), cm."""
    sine, cosine = libm.sin(theta), libm.cos(theta)
    plane = np.where(cosine > 0, calorimeter.forward_z, calorimeter.backward_z)
    with np.errstate(divide="ignore"):
        distance = np.minimum(calorimeter.radius / sine, plane / cosine)
    return np.column_stack([sine * libm.cos(phi), sine * libm.sin(phi), cosine]) * distance[:, None]
