r"""The tree-level amplitude of e−e+ → e−e+ l−l+ through two space-like photons.

Each beam particle emits a photon of momentum :math:`q_i` with the current :math:`j_i^\mu`, and both
photons make the leptons, muons or τ:

.. math:: M = \frac{e^4}{q_1^2 q_2^2}\, j_{1\mu}\, j_{2\nu}\,
          \bar u(p_-)\left[\gamma^\mu\frac{\not p_- - \not q_1 + m}{(p_- - q_1)^2-m^2}\gamma^\nu
          + \gamma^\nu\frac{\not q_1 - \not p_+ + m}{(q_1 - p_+)^2-m^2}\gamma^\mu\right]v(p_+).

Leptons radiated by the electrons, and annihilation, are other diagrams.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from darkbelle.constants import ELECTRON_MASS, FINE_STRUCTURE, MUON_MASS
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.simulation.amplitudes.dirac import (
    Momentum,
    Spinor,
    Vector,
    antiparticle_column,
    antiparticle_row,
    current,
    dot,
    particle_column,
    particle_row,
)
from darkbelle.simulation.amplitudes.spin_density import add_correlation
from darkbelle.simulation.amplitudes.zprime import emission_current
from darkbelle.vectors import Column, FourVector

__all__ = ["TwoPhotonMomenta", "spin_correlation", "squared_amplitude"]

COUPLING = (4.0 * math.pi * FINE_STRUCTURE) ** 4


class TwoPhotonMomenta(NamedTuple):
    """All four-momenta of e−e+ → e−e+ l−l+, GeV, in the CM frame with the electron beam along +z.

    The photons' are given apart, because as a difference they would be lost to rounding where a beam
    particle goes on nearly undeflected.
    """

    electron_beam: FourVector
    positron_beam: FourVector
    electron: FourVector
    positron: FourVector
    electron_photon: FourVector
    positron_photon: FourVector
    lepton: FourVector
    antilepton: FourVector


def squared_amplitude(
    momenta: TwoPhotonMomenta, photon_virtualities: tuple[Column, Column], mass: float = MUON_MASS
) -> Column:
    r"""Return :math:`|M|^2`, averaged over the beams' spins and summed over the others', GeV⁻⁴, shape (n,).

    Parameters
    ----------
    momenta
        Shape (n,) or (1,), on their mass shells.
    photon_virtualities
        :math:`Q^2 = -q^2` of both photons, GeV², shape (n,).
    mass
        Of the leptons, GeV.
    """
    sums, _ = _summed(momenta, mass)
    return COUPLING / 4.0 * sums / (photon_virtualities[0] * photon_virtualities[1]) ** 2


def spin_correlation(momenta: TwoPhotonMomenta, mass: float) -> Column:
    """Return the matrix R of the leptons' spins along the axes of the momenta, shape (n, 3, 3)."""
    sums, correlation = _summed(momenta, mass)
    return correlation / sums[:, None, None]


def _summed(momenta: TwoPhotonMomenta, mass: float) -> tuple[Column, Column]:
    checked = TwoPhotonMomenta(
        *(checked_vector(name, v) for name, v in zip(momenta._fields, momenta, strict=True))
    )
    size = common_size(**checked._asdict())
    full = TwoPhotonMomenta(
        *(FourVector(*(np.ascontiguousarray(np.broadcast_to(c, size)) for c in v)) for v in checked)
    )
    sums, correlation = np.zeros(size), np.zeros((size, 3, 3))
    _sum_spins(full, mass, sums, correlation)
    return sums, correlation


@kernel
def _sum_spins(momenta: TwoPhotonMomenta, mass: float, sums: Column, correlation: Column) -> None:
    amplitudes = np.empty((4, 4), dtype=np.complex128)
    for i in range(sums.size):
        p1, p2 = _momentum(momenta.electron_beam, i), _momentum(momenta.positron_beam, i)
        k1, k2 = _momentum(momenta.electron, i), _momentum(momenta.positron, i)
        q1, q2 = _momentum(momenta.electron_photon, i), _momentum(momenta.positron_photon, i)
        p, q = _momentum(momenta.lepton, i), _momentum(momenta.antilepton, i)
        minus_q1 = (-q1[0], -q1[1], -q1[2], -q1[3])
        for electrons in range(4):
            before = particle_column(p1, ELECTRON_MASS, electrons & 1)
            after = particle_row(k1, ELECTRON_MASS, electrons >> 1)
            j1 = _gauged(after, before, q1)
            for leptons in range(4):
                row = particle_row(p, mass, leptons >> 1)
                column = antiparticle_column(q, mass, leptons & 1)
                h = emission_current(row, p, column, q, minus_q1, j1, mass)
                for positrons in range(4):
                    annihilated = antiparticle_row(p2, ELECTRON_MASS, positrons & 1)
                    created = antiparticle_column(k2, ELECTRON_MASS, positrons >> 1)
                    amplitudes[leptons, positrons] = dot(h, _gauged(annihilated, created, q2))
            for positrons in range(4):
                sums[i] += add_correlation(
                    amplitudes[0, positrons],
                    amplitudes[1, positrons],
                    amplitudes[2, positrons],
                    amplitudes[3, positrons],
                    correlation[i],
                )


@kernel
def _gauged(row: Spinor, column: Spinor, q: Momentum) -> Vector:
    """Return the current less a multiple of q that takes its time component away.

    Nothing changes, for the muons' current is conserved; but what would cancel among large numbers
    at small Q² is gone.
    """
    j = current(row, column)
    ratio = j[0] / q[0]
    return (0.0 * ratio, j[1] - ratio * q[1], j[2] - ratio * q[2], j[3] - ratio * q[3])


@kernel
def _momentum(vector: FourVector, i: int) -> Momentum:
    return (vector.energy[i], vector.px[i], vector.py[i], vector.pz[i])
