"""What recoils against the visible particles: mass², momentum, and polar angle in the CM."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels import libm
from darkbelle.kernels.boosts import boost_to_rest_frame
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.vectors import Column, FourVector

__all__ = ["Recoil", "electron_beam", "recoil", "recoil_mass_squared", "recoil_theta_cm"]


class Recoil(NamedTuple):
    """The recoil of each event, shape (n,).

    ``mass_squared`` in GeV², negative values kept; ``momentum`` and ``energy`` in GeV, lab;
    ``theta`` and ``phi`` in rad, lab; ``theta_cm`` in rad, CM, see `recoil_theta_cm`.
    """

    mass_squared: Column
    momentum: Column
    energy: Column
    theta: Column
    phi: Column
    theta_cm: Column


def recoil(visible: FourVector, beam: FourVector) -> Recoil:
    r"""Return the recoil :math:`P_\mathrm{beams} - p_\mathrm{visible}`.

    Parameters
    ----------
    visible
        Sum of the visible four-momenta, shape (n,), GeV, lab.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.
    """
    difference = beam.minus(checked_vector("visible", visible))
    transverse = np.hypot(difference.px, difference.py)
    return Recoil(
        mass_squared=recoil_mass_squared(visible, beam),
        momentum=np.hypot(transverse, difference.pz),
        energy=difference.energy,
        theta=libm.arctan2(transverse, difference.pz),
        phi=libm.arctan2(difference.py, difference.px),
        theta_cm=recoil_theta_cm(visible, beam),
    )


def recoil_mass_squared(visible: FourVector, beam: FourVector) -> Column:
    r"""Return :math:`M^2_\mathrm{recoil} = (P_\mathrm{beams} - p_\mathrm{visible})^2`.

    Written as :math:`(E-|p|)(E+|p|)` of the recoil, which keeps the digits that the difference of
    squares loses near zero mass.

    Parameters
    ----------
    visible
        Sum of the visible four-momenta, shape (n,) or (1,), GeV, lab.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.

    Returns
    -------
    Column
        Shape (n,), GeV², negative where resolution makes it so.

    References
    ----------
    Belle II, Phys. Rev. Lett. 124, 141801 (2020), arXiv:1912.11276.

    >>> beam = FourVector.single(0.0, 0.0, 0.0, 10.0)
    >>> recoil_mass_squared(FourVector.single(0.0, 0.0, 3.0, 5.0), beam)
    array([16.])
    """
    visible, beam = checked_vector("visible", visible), checked_vector("beam", beam)
    out = np.empty(common_size(visible=visible, beam=beam))
    _recoil_mass_squared(visible, beam, out)
    return out


@kernel
def _recoil_mass_squared(visible: FourVector, beam: FourVector, out: Column) -> None:
    one_visible = visible.energy.size == 1
    one_beam = beam.energy.size == 1
    for i in range(out.size):
        v = 0 if one_visible else i
        b = 0 if one_beam else i
        px = beam.px[b] - visible.px[v]
        py = beam.py[b] - visible.py[v]
        pz = beam.pz[b] - visible.pz[v]
        energy = beam.energy[b] - visible.energy[v]
        momentum = np.sqrt(px * px + py * py + pz * pz)
        out[i] = (energy - momentum) * (energy + momentum)


def recoil_theta_cm(visible: FourVector, beam: FourVector) -> Column:
    r"""Return :math:`\theta^*_\mathrm{recoil}`, the polar angle of the recoil in the CM.

    The axis is the direction of the electron beam as seen in the CM. It follows from the total
    four-momentum :math:`P` alone, as both beams are taken massless and cross under equal angles
    :math:`a` to the z axis: :math:`\sin a = P_\mathrm{T}/E` and
    :math:`E_{e^-} = (E + P_z/\cos a)/2`. Older basf2 releases measure θ* to the lab's z axis instead.

    Parameters
    ----------
    visible
        Sum of the visible four-momenta, shape (n,) or (1,), GeV, lab.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.

    Returns
    -------
    Column
        Shape (n,), rad, in [0, π]; for a recoil without CM momentum 0.
    """
    visible, beam = checked_vector("visible", visible), checked_vector("beam", beam)
    out = np.empty(common_size(visible=visible, beam=beam))
    electron = boost_to_rest_frame(electron_beam(beam), beam)
    in_cm = boost_to_rest_frame(visible, beam)
    _angle_of_opposite(in_cm, electron, out)
    return out


def electron_beam(beam: FourVector) -> FourVector:
    """Return the electron beam's four-momentum, lab, GeV, from the total one; see `recoil_theta_cm`."""
    transverse = np.hypot(beam.px, beam.py)
    cosine = np.sqrt(1.0 - (transverse / beam.energy) ** 2)
    energy = (beam.energy + beam.pz / cosine) / 2
    share = energy / beam.energy
    return FourVector(beam.px * share, beam.py * share, energy * cosine, energy)


@kernel
def _angle_of_opposite(vectors: FourVector, axis: FourVector, out: Column) -> None:
    one_vector = vectors.energy.size == 1
    one_axis = axis.energy.size == 1
    for i in range(out.size):
        v = 0 if one_vector else i
        a = 0 if one_axis else i
        ax, ay, az = axis.px[a], axis.py[a], axis.pz[a]
        x, y, z = -vectors.px[v], -vectors.py[v], -vectors.pz[v]
        cx, cy, cz = y * az - z * ay, z * ax - x * az, x * ay - y * ax
        out[i] = np.arctan2(np.sqrt(cx * cx + cy * cy + cz * cz), x * ax + y * ay + z * az)
