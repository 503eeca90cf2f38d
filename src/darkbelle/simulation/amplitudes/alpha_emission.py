r"""The tree-level amplitude of τ → lαγ at rest, with the spin of the τ and all masses.

On its mass shell the derivative coupling of α is :math:`\bar l\,(a+b\gamma_5)\,\tau`, as in
`darkbelle.simulation.lepton_alpha`; it stays so beside a photon, for both leptons have one charge. Without
the electric charge,

.. math:: H^\mu = \bar u(l)\left[\gamma^\mu\,\frac{\not l+\not k+m_l}{2\,l\cdot k}\,(a+b\gamma_5)
          - (a+b\gamma_5)\,\frac{\not p-\not k+m_\tau}{2\,p\cdot k}\,\gamma^\mu\right] u(p),

and :math:`k_\mu H^\mu = 0`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from darkbelle.constants import TAU_MASS
from darkbelle.kernels.compilation import kernel
from darkbelle.kernels.inputs import checked_vector, common_size
from darkbelle.simulation.amplitudes.dirac import (
    Momentum,
    Spinor,
    add,
    current,
    dot,
    particle_column,
    particle_row,
    row_times_slash,
    scale,
    slash_times_column,
    square,
)
from darkbelle.vectors import Column, FourVector

__all__ = ["EmissionSquares", "emission_squares"]


class EmissionSquares(NamedTuple):
    r"""The squared amplitude and what it says of the spin, shape (n,) and (n, 3).

    summed
        :math:`-\sum H_\mu H^{\mu*}` over the spins of both leptons, 1 (no dimension).
    polarimeter
        :math:`\vec h` of :math:`1+\vec s\cdot\vec h` for a τ− of spin s.
    """

    summed: Column
    polarimeter: Column


def emission_squares(
    lepton: FourVector,
    photon: FourVector,
    lepton_mass: float,
    couplings: tuple[float, float],
    tau_mass: float = TAU_MASS,
) -> EmissionSquares:
    """Return the squared amplitude of τ → lαγ.

    Parameters
    ----------
    lepton, photon
        Four-momenta in the rest frame of the τ, GeV, shape (n,); what is missing is α.
    couplings
        The scalar a and the pseudoscalar b.
    """
    lepton, photon = checked_vector("lepton", lepton), checked_vector("photon", photon)
    size = common_size(lepton=lepton, photon=photon)
    squares = EmissionSquares(np.empty(size), np.empty((size, 3)))
    _fill(lepton, photon, (lepton_mass, tau_mass), couplings, squares)
    return squares


@kernel
def _times_vertex(spinor: Spinor, couplings: tuple[float, float]) -> Spinor:
    """Return a + bγ5 times a spinor, a row or a column alike: γ5 is diagonal."""
    left, right = couplings[0] - couplings[1], couplings[0] + couplings[1]
    return (left * spinor[0], left * spinor[1], right * spinor[2], right * spinor[3])


@kernel
def _fill(
    lepton: FourVector,
    photon: FourVector,
    masses: tuple[float, float],
    couplings: tuple[float, float],
    squares: EmissionSquares,
) -> None:
    lepton_mass, tau_mass = masses
    p = (tau_mass, 0.0, 0.0, 0.0)
    h = np.empty((2, 4), dtype=np.complex128)
    for i in range(squares.summed.size):
        q, k = _momentum(lepton, i), _momentum(photon, i)
        before = (p[0] - k[0], -k[1], -k[2], -k[3])
        after_weight, before_weight = 0.5 / dot(q, k), -0.5 / dot(p, k)
        up = down = 0.0
        mixed = 0.0j
        for spin in range(2):
            row = particle_row(q, lepton_mass, spin)
            early = _times_vertex(row, couplings)
            early = add(row_times_slash(early, before), scale(early, tau_mass))
            for tau_spin in range(2):
                column = particle_column(p, tau_mass, tau_spin)
                late = _times_vertex(column, couplings)
                late = add(slash_times_column(add(q, k), late), scale(late, lepton_mass))
                of_lepton, of_tau = current(row, late), current(early, column)
                for mu in range(4):
                    h[tau_spin, mu] = after_weight * of_lepton[mu] + before_weight * of_tau[mu]
            for mu in range(4):
                sign = -1.0 if mu == 0 else 1.0
                up += sign * square(h[0, mu])
                down += sign * square(h[1, mu])
                mixed += sign * h[0, mu] * np.conj(h[1, mu])
        squares.summed[i] = up + down
        squares.polarimeter[i, 0] = 2.0 * mixed.real / (up + down)
        squares.polarimeter[i, 1] = 2.0 * mixed.imag / (up + down)
        squares.polarimeter[i, 2] = (up - down) / (up + down)


@kernel
def _momentum(vector: FourVector, i: int) -> Momentum:
    return (vector.energy[i], vector.px[i], vector.py[i], vector.pz[i])
