"""Kinematics of three-body decays, mapped so that soft and collinear emission is sampled evenly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.kernels import libm
from darkbelle.vectors import Column, FourVector

__all__ = [
    "Dalitz",
    "dalitz_from_unit_square",
    "dalitz_jacobian",
    "rotated_randomly",
    "rotated_z_to",
    "three_body_momenta",
]


class Dalitz(NamedTuple):
    r"""Points of the Dalitz plane of q → a b c with equal masses m of a and b, mass M of c.

    All of shape (n,):

    beside_b
        :math:`(p_a+p_c)^2-m^2`, GeV²: the denominator of emission of c from a. In terms of energies
        in the rest frame it is :math:`s(1-x_b)` with :math:`x_b = 2E_b/\sqrt s`.
    beside_a
        :math:`(p_b+p_c)^2-m^2 = s(1-x_a)`, GeV².
    jacobian
        :math:`|\partial(x_a, x_b)/\partial(u, v)|`.
    """

    beside_b: Column
    beside_a: Column
    jacobian: Column


def dalitz_from_unit_square(
    u: Column, v: Column, s: float | Column, mass: float | Column, twin_mass: float
) -> Dalitz:
    """Map the unit square onto the Dalitz plane, evenly in the logarithms of both denominators.

    Parameters
    ----------
    u, v
        In [0, 1], shape (n,).
    s
        Squared mass of the decaying system, GeV², above the threshold; a number or shape (n,).
    mass
        Of the odd particle c, GeV, not 0; a number or shape (n,).
    twin_mass
        Of each of a and b, GeV.
    """
    lowest, highest = _range_beside_b(s, mass, twin_mass)
    beside_b = lowest * libm.power(highest / lowest, u)
    nearest, farthest = _range_beside_a(beside_b, s, mass, twin_mass)
    beside_a = nearest * libm.power(farthest / nearest, v)
    return Dalitz(beside_b, beside_a, dalitz_jacobian(beside_b, beside_a, s, mass, twin_mass))


def dalitz_jacobian(
    beside_b: Column, beside_a: Column, s: float | Column, mass: float | Column, twin_mass: float
) -> Column:
    """Return the Jacobian of `dalitz_from_unit_square` at points given by their denominators, GeV²."""
    lowest, highest = _range_beside_b(s, mass, twin_mass)
    nearest, farthest = _range_beside_a(beside_b, s, mass, twin_mass)
    lengths = libm.log(highest / lowest) * libm.log(farthest / nearest)
    jacobian: Column = beside_a * beside_b * lengths / (s * s)
    return jacobian


def _range_beside_b(
    s: float | Column, mass: float | Column, twin_mass: float
) -> tuple[float | Column, float | Column]:
    root_s = np.sqrt(s)
    return mass * mass + 2.0 * mass * twin_mass, root_s * (root_s - 2.0 * twin_mass)


def _range_beside_a(
    beside_b: Column, s: float | Column, mass: float | Column, twin_mass: float
) -> tuple[Column, Column]:
    """Return the ends of ``beside_a``, by the energies in the rest frame of a and c.

    Written such that nothing cancels at small masses.
    """
    root_s = np.sqrt(s)
    lowest, highest = _range_beside_b(s, mass, twin_mass)
    pair = beside_b + twin_mass * twin_mass  # squared mass of a and c
    above, below = np.maximum(0.0, beside_b - lowest), np.maximum(0.0, highest - beside_b)
    twice = 2.0 * np.sqrt(pair)
    energy_c = (beside_b + mass * mass) / twice
    energy_b = (s - pair - twin_mass * twin_mass) / twice
    momentum_c = np.sqrt(above * (pair - (mass - twin_mass) ** 2)) / twice
    momentum_b = np.sqrt(below * ((root_s + twin_mass) ** 2 - pair)) / twice
    product = energy_c * energy_b + momentum_c * momentum_b
    nearest = mass * mass + 2.0 * ((mass * energy_b) ** 2 + (twin_mass * momentum_c) ** 2) / product
    return nearest, mass * mass + 2.0 * product


def three_body_momenta(
    dalitz: Dalitz, s: float | Column, mass: float | Column, twin_mass: float
) -> tuple[FourVector, FourVector, FourVector]:
    """Return the momenta of a, b and c in the rest frame, GeV, in the plane y = 0 with a along z."""
    root_s = np.sqrt(s)
    energy_a = (s - dalitz.beside_a) / (2.0 * root_s)
    energy_b = (s - dalitz.beside_b) / (2.0 * root_s)
    p_a = np.sqrt(np.maximum(0.0, energy_a**2 - twin_mass**2))
    p_b = np.sqrt(np.maximum(0.0, energy_b**2 - twin_mass**2))
    p_c_squared = np.maximum(0.0, (root_s - energy_a - energy_b) ** 2 - mass**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (p_c_squared - p_a**2 - p_b**2) / (2.0 * p_a * p_b)
    cosine = np.clip(np.nan_to_num(cosine, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    x_b, z_b = p_b * np.sqrt(1.0 - cosine * cosine), p_b * cosine
    nil = np.zeros_like(p_a)
    a = FourVector.with_mass(nil, nil, p_a, twin_mass)
    b = FourVector.with_mass(x_b, nil, z_b, twin_mass)
    c = FourVector.with_mass(-x_b, nil, -p_a - z_b, mass)
    return a, b, c


def rotated_randomly(momenta: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return momenta with every event turned by its own random rotation.

    The rotations are uniform: unit quaternions from four normal numbers.

    Parameters
    ----------
    momenta
        Shape (n_particles, 4, n_events), the components px, py, pz, energy.
    rng
        Source of randomness.
    """
    quaternion = rng.normal(size=(4, momenta.shape[2]))
    w, x, y, z = quaternion / np.sqrt(np.sum(quaternion**2, axis=0))
    px, py, pz, energy = momenta.transpose(1, 0, 2)
    # p + 2 q × (q × p + w p) with q = (x, y, z)
    cx, cy, cz = y * pz - z * py + w * px, z * px - x * pz + w * py, x * py - y * px + w * pz
    turned = [
        px + 2.0 * (y * cz - z * cy),
        py + 2.0 * (z * cx - x * cz),
        pz + 2.0 * (x * cy - y * cx),
        energy,
    ]
    return np.stack(turned, axis=1)


def rotated_z_to(vectors: FourVector, axis: tuple[Column, Column, Column]) -> FourVector:
    """Return vectors turned by the smallest rotation that takes the z axis to another axis.

    Parameters
    ----------
    vectors
        Shape (n,).
    axis
        Components of a unit vector, not the negative z axis; shape (n,) or (1,).
    """
    px, py, pz, energy = vectors
    ax, ay, az = axis
    across = ax * px + ay * py
    shift = pz - across / (1.0 + az)  # Rodrigues' formula about z × axis
    return FourVector(px + ax * shift, py + ay * shift, az * pz - across, energy)
