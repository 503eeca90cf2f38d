r"""Decays X → τ−τ+ with spins: of a vector as its production polarised it, of a scalar or pseudoscalar.

The amplitude of a vector on its mass shell, summed over its polarisations, is the emission current of
`darkbelle.simulation.amplitudes.zprime` with :math:`\bar u(\tau)\gamma v(\tau)` in the place of the
polarisation; that of a scalar or pseudoscalar is :math:`\bar u\,\Gamma\,v` whatever its production.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.simulation.amplitudes.dirac import (
    Momentum,
    antiparticle_column,
    current,
    particle_row,
    product,
)
from darkbelle.simulation.amplitudes.scalar import times_vertex
from darkbelle.simulation.amplitudes.spin_density import add_correlation
from darkbelle.simulation.amplitudes.zprime import current_squares, emission_current
from darkbelle.vectors import Column, FourVector

__all__ = ["VectorDecays", "scalar_decay_correlation", "vector_decays"]


class VectorDecays(NamedTuple):
    r"""What a decay of a vector boson weighs, and its spins.

    share
        :math:`\sum|M|^2` over the largest that any direction of the τ could give, at most 1, shape (n,).
    correlation
        The matrix R of :math:`1+R_{ij}s^-_is^+_j`, shape (n, 3, 3), along the axes of the momenta.
    """

    share: Column
    correlation: Column


def vector_decays(
    muon: FourVector, antimuon: FourVector, minus: FourVector, plus: FourVector, mass: float
) -> VectorDecays:
    """Return the weights and spins of decays to τ pairs of vectors that muon pairs radiated.

    Parameters
    ----------
    muon, antimuon, minus, plus
        Four-momenta of the muons and of the τ, in the rest frame of the γ*, beams along z, GeV, shape (n,).
    mass
        Of the vector, GeV.
    """
    vectors = [checked_vector(name, v) for name, v in zip("abcd", (muon, antimuon, minus, plus), strict=True)]
    size = common_size(muon=muon, antimuon=antimuon, minus=minus, plus=plus)
    summed, correlation = np.zeros(size), np.zeros((size, 3, 3))
    _fill_vector(vectors[0], vectors[1], vectors[2], vectors[3], (MUON_MASS, TAU_MASS), summed, correlation)
    # Σ J_i J_j* = 8 (E² δ_ij − p_i p_j) at rest, so no polarisation gives more than 8 E² = 2 M²
    most = 2.0 * mass**2 * current_squares(muon, antimuon, minus.plus(plus), mass).transverse
    return VectorDecays(summed / most, correlation / summed[:, None, None])


def scalar_decay_correlation(minus: FourVector, plus: FourVector, *, pseudoscalar: bool) -> Column:
    """Return the matrix R for decays of a scalar or pseudoscalar to τ pairs, shape (n, 3, 3).

    In the rest frame of the pair, z along the τ−, it is diag(1, 1, −1) and diag(−1, −1, −1).
    """
    minus, plus = checked_vector("minus", minus), checked_vector("plus", plus)
    size = common_size(minus=minus, plus=plus)
    summed, correlation = np.zeros(size), np.zeros((size, 3, 3))
    _fill_scalar(minus, plus, TAU_MASS, pseudoscalar, summed, correlation)
    return correlation / summed[:, None, None]


@kernel
def _fill_vector(
    muon: FourVector,
    antimuon: FourVector,
    minus: FourVector,
    plus: FourVector,
    masses: tuple[float, float],
    summed: Column,
    correlation: Column,
) -> None:
    muon_mass, tau_mass = masses
    amplitudes = np.empty((4, 2), dtype=np.complex128)
    for i in range(summed.size):
        p, q = _momentum(muon, i), _momentum(antimuon, i)
        t, u = _momentum(minus, i), _momentum(plus, i)
        k = (t[0] + u[0], t[1] + u[1], t[2] + u[2], t[3] + u[3])
        for spins in range(4):
            row = particle_row(p, muon_mass, spins & 1)
            column = antiparticle_column(q, muon_mass, spins >> 1)
            for taus in range(4):
                decay = current(
                    particle_row(t, tau_mass, taus >> 1), antiparticle_column(u, tau_mass, taus & 1)
                )
                h = emission_current(row, p, column, q, k, decay, muon_mass)
                amplitudes[taus, 0], amplitudes[taus, 1] = h[1], h[2]
            for across in range(2):
                summed[i] += add_correlation(
                    amplitudes[0, across],
                    amplitudes[1, across],
                    amplitudes[2, across],
                    amplitudes[3, across],
                    correlation[i],
                )


@kernel
def _fill_scalar(
    minus: FourVector, plus: FourVector, mass: float, pseudoscalar: bool, summed: Column, correlation: Column
) -> None:
    amplitudes = np.empty(4, dtype=np.complex128)
    for i in range(summed.size):
        t, u = _momentum(minus, i), _momentum(plus, i)
        for taus in range(4):
            row = particle_row(t, mass, taus >> 1)
            column = times_vertex(antiparticle_column(u, mass, taus & 1), pseudoscalar)
            amplitudes[taus] = product(row, column)
        summed[i] = add_correlation(
            amplitudes[0], amplitudes[1], amplitudes[2], amplitudes[3], correlation[i]
        )


@kernel
def _momentum(vector: FourVector, i: int) -> Momentum:
    return (vector.energy[i], vector.px[i], vector.py[i], vector.pz[i])
