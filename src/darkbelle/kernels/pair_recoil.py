"""The recoil of a pair of particles, and how it lies to them: all in one pass over the events."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.kernels.boosts import boost_to_rest_frame
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.kernels.recoil import electron_beam
from darkbelle.vectors import Column, FourVector

__all__ = ["PairRecoil", "pair_recoil"]


class PairRecoil(NamedTuple):
    r"""The recoil of a pair in each event, shape (n,).

    ``mass_squared`` in GeV²; ``theta_cm`` in rad, see `recoil_theta_cm`; ``cos_theta`` in the lab.
    Momenta in GeV, CM: of the pair transverse to the collision axis, of the recoil transverse to the
    particle that is faster and to the one that is slower in the CM, and the largest that a recoil of
    this mass can have, :math:`(s - M^2_\mathrm{recoil})/2\sqrt s`, against a massless pair. Of the
    particles themselves, in the lab: momenta, cosines of the polar angles, and the cosine of the angle
    between them in the plane transverse to z.
    """

    mass_squared: Column
    theta_cm: Column
    cos_theta: Column
    pair_transverse: Column
    transverse_to_fast: Column
    transverse_to_slow: Column
    largest_momentum: Column
    momentum_a: Column
    momentum_b: Column
    cos_theta_a: Column
    cos_theta_b: Column
    cos_transverse_opening: Column


def pair_recoil(a: FourVector, b: FourVector, beam: FourVector) -> PairRecoil:
    r"""Return the recoil :math:`P_\mathrm{beams} - p_a - p_b` and how it lies to the pair.

    The same as `recoil_mass_squared`, `recoil_theta_cm`, `boost_to_rest_frame` and
    `momentum_transverse_to` one after the other, several times as fast.

    Parameters
    ----------
    a, b
        Shapes (n,), GeV, lab. Of equally fast ones ``a`` counts as the faster.
    beam
        Total four-momentum of the beams, shape (n,) or (1,), GeV, lab.

    Returns
    -------
    PairRecoil
        NaN where an input is, and for what is not defined where a momentum vanishes.
    """
    a, b, beam = checked_vector("a", a), checked_vector("b", b), checked_vector("beam", beam)
    size = common_size(a=a, b=b, beam=beam)
    electron_cm = boost_to_rest_frame(electron_beam(beam), beam)
    out = PairRecoil(*(np.empty(size) for _ in PairRecoil._fields))
    _pair_recoil(a, b, beam, electron_cm, out)
    return out


@kernel
def _pair_recoil(
    a: FourVector, b: FourVector, beam: FourVector, electron_cm: FourVector, out: PairRecoil
) -> None:
    one_a = a.energy.size == 1
    one_b = b.energy.size == 1
    one_beam = beam.energy.size == 1
    for i in range(out.theta_cm.size):
        j = 0 if one_a else i
        k = 0 if one_b else i
        f = 0 if one_beam else i
        fx, fy, fz, fe = beam.px[f], beam.py[f], beam.pz[f], beam.energy[f]
        px, py, pz = fx - a.px[j] - b.px[k], fy - a.py[j] - b.py[k], fz - a.pz[j] - b.pz[k]
        energy = fe - a.energy[j] - b.energy[k]
        momentum = np.sqrt(px * px + py * py + pz * pz)
        out.mass_squared[i] = (energy - momentum) * (energy + momentum)
        out.cos_theta[i] = pz / momentum

        mass = np.sqrt(fe * fe - fx * fx - fy * fy - fz * fz)
        out.largest_momentum[i] = (mass * mass - out.mass_squared[i]) / (2 * mass)
        ea = (a.energy[j] * fe - a.px[j] * fx - a.py[j] * fy - a.pz[j] * fz) / mass
        shift = (a.energy[j] + ea) / (fe + mass)
        ax, ay, az = a.px[j] - fx * shift, a.py[j] - fy * shift, a.pz[j] - fz * shift
        eb = (b.energy[k] * fe - b.px[k] * fx - b.py[k] * fy - b.pz[k] * fz) / mass
        shift = (b.energy[k] + eb) / (fe + mass)
        bx, by, bz = b.px[k] - fx * shift, b.py[k] - fy * shift, b.pz[k] - fz * shift
        rx, ry, rz = -ax - bx, -ay - by, -az - bz

        zx, zy, zz = electron_cm.px[f], electron_cm.py[f], electron_cm.pz[f]
        cx, cy, cz = ry * zz - rz * zy, rz * zx - rx * zz, rx * zy - ry * zx
        cross = np.sqrt(cx * cx + cy * cy + cz * cz)
        out.theta_cm[i] = np.arctan2(cross, rx * zx + ry * zy + rz * zz)
        out.pair_transverse[i] = cross / np.sqrt(zx * zx + zy * zy + zz * zz)

        # recoil × a = a × b up to the sign, and so is recoil × b
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        normal = np.sqrt(nx * nx + ny * ny + nz * nz)
        to_a = normal / np.sqrt(ax * ax + ay * ay + az * az)
        to_b = normal / np.sqrt(bx * bx + by * by + bz * bz)
        a_is_faster = ea >= eb
        out.transverse_to_fast[i] = to_a if a_is_faster else to_b
        out.transverse_to_slow[i] = to_b if a_is_faster else to_a

        square_a = a.px[j] * a.px[j] + a.py[j] * a.py[j]
        square_b = b.px[k] * b.px[k] + b.py[k] * b.py[k]
        dot = a.px[j] * b.px[k] + a.py[j] * b.py[k]
        out.cos_transverse_opening[i] = dot / np.sqrt(square_a * square_b)
        out.momentum_a[i] = np.sqrt(square_a + a.pz[j] * a.pz[j])
        out.momentum_b[i] = np.sqrt(square_b + b.pz[k] * b.pz[k])
        out.cos_theta_a[i] = a.pz[j] / out.momentum_a[i]
        out.cos_theta_b[i] = b.pz[k] / out.momentum_b[i]
