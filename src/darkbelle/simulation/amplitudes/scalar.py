r"""The tree-level amplitude of γ* → μ−μ+φ with a scalar or pseudoscalar φ and massive muons.

With the couplings :math:`\phi\,\bar\mu\,\Gamma\mu`, Γ = 1 or :math:`i\gamma_5`, and without the coupling
constant,

.. math:: H^\mu = \bar u(p_-)\left[\Gamma\,\frac{\not p_-+\not k+m}{(p_-+k)^2-m^2}\,\gamma^\mu
          + \gamma^\mu\,\frac{-\not p_+-\not k+m}{(p_++k)^2-m^2}\,\Gamma\right] v(p_+),

and :math:`q_\mu H^\mu = 0` with :math:`q = p_-+p_++k`.
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
    current,
    dot,
    particle_row,
    row_times_slash,
    scale,
    slash_times_column,
    square,
)
from darkbelle.simulation.amplitudes.zprime import CurrentSquares
from darkbelle.vectors import FourVector

__all__ = ["scalar_squares", "times_vertex"]


def scalar_squares(
    muon: FourVector,
    antimuon: FourVector,
    scalar: FourVector,
    muon_mass: float = MUON_MASS,
    *,
    pseudoscalar: bool = False,
) -> CurrentSquares:
    r"""Return the spin-summed squares of the current of γ* → μ−μ+φ, in GeV⁻², shape (n,).

    Parameters
    ----------
    muon, antimuon, scalar
        Outgoing four-momenta on their mass shells, GeV, shape (n,), in the rest frame of the γ* with
        z along the beams, where `CurrentSquares.transverse` is to be of use.
    muon_mass
        GeV.
    pseudoscalar
        Whether Γ is :math:`i\gamma_5` or 1.
    """
    muon, antimuon, scalar = (
        checked_vector(name, vector)
        for name, vector in (("muon", muon), ("antimuon", antimuon), ("scalar", scalar))
    )
    size = common_size(muon=muon, antimuon=antimuon, scalar=scalar)
    squares = CurrentSquares(np.empty(size), np.empty(size))
    _fill_squares(muon, antimuon, scalar, muon_mass, pseudoscalar, squares)
    return squares


@kernel
def times_vertex(spinor: Spinor, pseudoscalar: bool) -> Spinor:
    """Return Γ times a spinor, a row or a column alike: γ5 is diagonal."""
    if pseudoscalar:
        return (-1j * spinor[0], -1j * spinor[1], 1j * spinor[2], 1j * spinor[3])
    return spinor


@kernel
def _emission_current(
    row: Spinor, p: Momentum, column: Spinor, q: Momentum, k: Momentum, mass: float, pseudoscalar: bool
) -> Vector:
    k_squared = dot(k, k)
    from_fermion = 1.0 / (2.0 * dot(p, k) + k_squared)
    from_antifermion = 1.0 / (2.0 * dot(q, k) + k_squared)
    dressed = times_vertex(row, pseudoscalar)
    dressed = add(row_times_slash(dressed, add(p, k)), scale(dressed, mass))
    other = times_vertex(column, pseudoscalar)
    other = add(scale(slash_times_column(add(q, k), other), -1.0), scale(other, mass))
    return add(
        scale(current(dressed, column), from_fermion),
        scale(current(row, other), from_antifermion),
    )


@kernel
def _fill_squares(
    muon: FourVector,
    antimuon: FourVector,
    scalar: FourVector,
    mass: float,
    pseudoscalar: bool,
    squares: CurrentSquares,
) -> None:
    for i in range(squares.total.size):
        p, q, k = _momentum(muon, i), _momentum(antimuon, i), _momentum(scalar, i)
        transverse = 0.0
        total = 0.0
        for spins in range(4):
            row = particle_row(p, mass, spins & 1)
            column = antiparticle_column(q, mass, spins >> 1)
            h = _emission_current(row, p, column, q, k, mass, pseudoscalar)
            across = square(h[1]) + square(h[2])
            transverse += across
            total += across + square(h[3]) - square(h[0])
        squares.transverse[i] = transverse
        squares.total[i] = total


@kernel
def _momentum(vector: FourVector, i: int) -> Momentum:
    return (vector.energy[i], vector.px[i], vector.py[i], vector.pz[i])
