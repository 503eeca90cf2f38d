r"""The tree-level amplitude of e−e+ → μ−μ+γ with massive muons, from both initial and final state.

.. math:: M = e^3\left[\frac{I_\mu\,\bar u(p_-)\gamma^\mu v(p_+)}{s'} +
              \frac{\bar v(k_2)\gamma_\mu u(k_1)\,H^\mu}{s}\right],

.. math:: I^\mu = \bar v(k_2)\left[\gamma^\mu\,\frac{\not k_1-\not k+m_e}{(k_1-k)^2-m_e^2}\,\not\epsilon^*
          + \not\epsilon^*\,\frac{\not k-\not k_2+m_e}{(k-k_2)^2-m_e^2}\,\gamma^\mu\right]u(k_1),

with :math:`H^\mu` the muons' current that radiates, and :math:`s'` the squared mass of the muons. The
beams are taken as massless, which is right for photons at angles far above :math:`m_e/E`.
"""

from __future__ import annotations

import numpy as np

from darkbelle.constants import MUON_MASS
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.simulation.amplitudes.dirac import (
    Momentum,
    Spinor,
    Vector,
    add,
    antiparticle_column,
    antiparticle_row,
    current,
    dot,
    particle_column,
    particle_row,
    row_times_slash,
    scale,
    slash_times_column,
    square,
)
from darkbelle.simulation.amplitudes.zprime import emission_current
from darkbelle.vectors import Column, FourVector

__all__ = ["spin_sum"]


def spin_sum(muon: FourVector, antimuon: FourVector, photon: FourVector) -> Column:
    r"""Return :math:`\sum|M|^2/e^6` over all spins, beams' included, GeV⁻², shape (n,).

    Parameters
    ----------
    muon, antimuon, photon
        Outgoing four-momenta, GeV, shape (n,), in the CM frame with the electron beam along +z. The
        beams' momenta follow from their sum.
    """
    muon, antimuon, photon = (
        checked_vector(name, vector)
        for name, vector in (("muon", muon), ("antimuon", antimuon), ("photon", photon))
    )
    sums = np.empty(common_size(muon=muon, antimuon=antimuon, photon=photon))
    _sum_spins(muon, antimuon, photon, sums)
    return sums


@kernel
def _sum_spins(muon: FourVector, antimuon: FourVector, photon: FourVector, sums: Column) -> None:
    for i in range(sums.size):
        p, q, k = _momentum(muon, i), _momentum(antimuon, i), _momentum(photon, i)
        beam = (p[0] + q[0] + k[0]) / 2.0
        k1, k2 = (beam, 0.0, 0.0, beam), (beam, 0.0, 0.0, -beam)
        s = 4.0 * beam * beam
        pair = add(p, q)
        reduced = dot(pair, pair)
        total = 0.0
        for index in range(2):
            polarisation = _polarisation(k, index)
            for beam_spin in range(2):
                # massless beams annihilate with opposite helicities; moving along −z, that is the
                # same component of spin along z in this basis
                incoming = particle_column(k1, 0.0, beam_spin)
                annihilated = antiparticle_row(k2, 0.0, 1 - beam_spin)
                beams = current(annihilated, incoming)
                radiating = _absorption_current(annihilated, k2, incoming, k1, k, polarisation)
                for spins in range(4):
                    row = particle_row(p, MUON_MASS, spins & 1)
                    column = antiparticle_column(q, MUON_MASS, spins >> 1)
                    final = emission_current(row, p, column, q, k, polarisation, MUON_MASS)
                    amplitude = dot(radiating, current(row, column)) / reduced + dot(beams, final) / s
                    total += square(amplitude)
        sums[i] = total


@kernel
def _absorption_current(
    row: Spinor, k2: Momentum, column: Spinor, k1: Momentum, k: Momentum, polarisation: Vector
) -> Vector:
    """Return the current of massless beams, of which one radiates before they annihilate."""
    from_electron = -1.0 / (2.0 * dot(k1, k))
    from_positron = -1.0 / (2.0 * dot(k2, k))
    minus_k = scale(k, -1.0)
    dressed = slash_times_column(add(k1, minus_k), slash_times_column(polarisation, column))
    other = row_times_slash(row_times_slash(row, polarisation), add(k, scale(k2, -1.0)))
    return add(scale(current(row, dressed), from_electron), scale(current(other, column), from_positron))


@kernel
def _polarisation(k: Momentum, index: int) -> Momentum:
    """Return one of two linear polarisations: in the plane of the photon and z, or across it."""
    across = np.sqrt(k[1] * k[1] + k[2] * k[2])
    cos_phi, sin_phi = k[1] / across, k[2] / across
    if index == 0:
        return (0.0, -sin_phi, cos_phi, 0.0)
    return (0.0, k[3] / k[0] * cos_phi, k[3] / k[0] * sin_phi, -across / k[0])


@kernel
def _momentum(vector: FourVector, i: int) -> Momentum:
    return (vector.energy[i], vector.px[i], vector.py[i], vector.pz[i])
