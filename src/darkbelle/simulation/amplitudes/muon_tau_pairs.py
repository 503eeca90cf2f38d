r"""The tree-level amplitude of e+e− → μ−μ+τ−τ+ by photons, with the spins of the τ.

The six diagrams of `darkbelle.simulation.amplitudes.four_muons` with two kinds of leptons, so without
their exchange: τ pairs radiated by the muons, muon pairs radiated by the τ, both radiated by the electron
line. Exchange of a Z is left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.simulation.amplitudes.dirac import Momentum, antiparticle_column, particle_row
from darkbelle.simulation.amplitudes.four_muons import annihilating, paired_amplitudes
from darkbelle.simulation.amplitudes.spin_density import add_correlation
from darkbelle.vectors import Column, FourVector

__all__ = ["MuonTauSquare", "muon_tau_square"]


class MuonTauSquare(NamedTuple):
    r"""Spin sums, each of shape (n, …).

    squared
        :math:`\sum|\mathcal M|^2/e^8` over all spins, beams' included, GeV⁻⁴.
    correlation
        The matrix R of :math:`1+R_{ij}s^-_is^+_j`, shape (n, 3, 3), along the axes of the momenta.
    """

    squared: Column
    correlation: Column


def muon_tau_square(
    muon: FourVector, antimuon: FourVector, minus: FourVector, plus: FourVector
) -> MuonTauSquare:
    """Return the squared amplitude and the correlation of the spins of the τ.

    Parameters
    ----------
    muon, antimuon, minus, plus
        Outgoing four-momenta of muons and τ in the rest frame of the collision, beams along ±z, GeV,
        shape (n,).
    """
    vectors = [checked_vector(name, v) for name, v in zip("abcd", (muon, antimuon, minus, plus), strict=True)]
    size = common_size(muon=muon, antimuon=antimuon, minus=minus, plus=plus)
    squared, correlation = np.zeros(size), np.zeros((size, 3, 3))
    _fill(vectors[0], vectors[1], vectors[2], vectors[3], (MUON_MASS, TAU_MASS), squared, correlation)
    return MuonTauSquare(squared, correlation / squared[:, None, None])


@kernel
def _fill(
    muon: FourVector,
    antimuon: FourVector,
    minus: FourVector,
    plus: FourVector,
    masses: tuple[float, float],
    squared: Column,
    correlation: Column,
) -> None:
    amplitudes = np.empty((4, 2), dtype=np.complex128)
    for i in range(squared.size):
        p, q = _momentum(muon, i), _momentum(antimuon, i)
        t, u = _momentum(minus, i), _momentum(plus, i)
        energy = 0.5 * (p[0] + q[0] + t[0] + u[0])
        electron = (energy, 0.0, 0.0, energy)
        beams = annihilating(electron)
        for spins in range(4):
            row, column = particle_row(p, masses[0], spins & 1), antiparticle_column(q, masses[0], spins >> 1)
            for taus in range(4):
                rows = row, particle_row(t, masses[1], taus >> 1)
                columns = column, antiparticle_column(u, masses[1], taus & 1)
                pair = paired_amplitudes(rows, (p, t), columns, (q, u), electron, beams, masses)
                amplitudes[taus, 0], amplitudes[taus, 1] = pair
            for helicity in range(2):
                squared[i] += add_correlation(
                    amplitudes[0, helicity],
                    amplitudes[1, helicity],
                    amplitudes[2, helicity],
                    amplitudes[3, helicity],
                    correlation[i],
                )


@kernel
def _momentum(vector: FourVector, i: int) -> Momentum:
    return (vector.energy[i], vector.px[i], vector.py[i], vector.pz[i])
