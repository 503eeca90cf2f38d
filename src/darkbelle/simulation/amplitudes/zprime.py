r"""The tree-level amplitude of γ* → μ−μ+Z′ with massive muons.

The Z′ couples to the vector current of the muons, so it is radiated by either muon:

.. math:: H^\mu = \bar u(p_-)\left[\not\epsilon^*\,\frac{\not p_-+\not k+m}{(p_-+k)^2-m^2}\,\gamma^\mu
          + \gamma^\mu\,\frac{-\not p_+-\not k+m}{(p_++k)^2-m^2}\,\not\epsilon^*\right] v(p_+),

without couplings. Both :math:`q_\mu H^\mu = 0` with :math:`q = p_-+p_++k`, and :math:`H^\mu = 0` for
:math:`\epsilon = k`, for any mass of the Z′.
"""

from __future__ import annotations

from typing import NamedTuple

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
from darkbelle.vectors import Column, FourVector

__all__ = ["CurrentSquares", "current_squares", "emission_current"]


class CurrentSquares(NamedTuple):
    r"""Sums over the spins of μ−, μ+ and Z′ of the squared current, 1 (no dimension), shape (n,).

    transverse
        :math:`\sum|H^x|^2+|H^y|^2`: what unpolarised massless beams along z excite. Frame dependent.
    total
        :math:`-\sum H_\mu H^{\mu*}`: summed over the photon's polarisations, Lorentz invariant.
    """

    transverse: Column
    total: Column


def current_squares(
    muon: FourVector, antimuon: FourVector, zprime: FourVector, mass: float, muon_mass: float = MUON_MASS
) -> CurrentSquares:
    """Return the spin-summed squares of the current of γ* → μ−μ+Z′.

    Parameters
    ----------
    muon, antimuon, zprime
        Outgoing four-momenta on their mass shells, GeV, shape (n,), in the rest frame of the γ* with
        z along the beams, where `CurrentSquares.transverse` is to be of use.
    mass, muon_mass
        Masses in GeV; the mass of the Z′ must not be 0.
    """
    muon, antimuon, zprime = (
        checked_vector(name, vector)
        for name, vector in (("muon", muon), ("antimuon", antimuon), ("zprime", zprime))
    )
    size = common_size(muon=muon, antimuon=antimuon, zprime=zprime)
    squares = CurrentSquares(np.empty(size), np.empty(size))
    _fill_current_squares(muon, antimuon, zprime, mass, muon_mass, squares)
    return squares


@kernel
def emission_current(
    row: Spinor, p: Momentum, column: Spinor, q: Momentum, k: Momentum, polarisation: Vector, mass: float
) -> Vector:
    """Return the current of a fermion line that radiates a vector boson.

    Parameters
    ----------
    row, p
        ū of the fermion and its momentum.
    column, q
        v of the antifermion and its momentum.
    k, polarisation
        Momentum and (conjugated) polarisation of the boson; or, for an off-shell boson, the current
        that absorbs it.
    mass
        Of the fermion, GeV.
    """
    k_squared = dot(k, k)
    from_fermion = 1.0 / (2.0 * dot(p, k) + k_squared)
    from_antifermion = 1.0 / (2.0 * dot(q, k) + k_squared)
    dressed = row_times_slash(row, polarisation)
    dressed = add(row_times_slash(dressed, add(p, k)), scale(dressed, mass))
    other = slash_times_column(polarisation, column)
    other = add(scale(slash_times_column(add(q, k), other), -1.0), scale(other, mass))
    return add(
        scale(current(dressed, column), from_fermion),
        scale(current(row, other), from_antifermion),
    )


@kernel
def _polarisation(k: Momentum, mass: float, index: int) -> Momentum:
    """Return one of three polarisation vectors of a massive boson.

    The first two are transverse to k and to each other. The third is the longitudinal one less k/M,
    which the conserved current cannot tell apart and in which nothing large cancels at small mass.
    """
    p = np.sqrt(k[1] * k[1] + k[2] * k[2] + k[3] * k[3])
    x, y, z = (k[1] / p, k[2] / p, k[3] / p) if p > 0.0 else (0.0, 0.0, 1.0)
    if index == 2:
        size = mass / (k[0] + p)
        return (-size, size * x, size * y, size * z)
    # an orthonormal frame without a singular direction: T. Duff et al., JCGT 6 (2017) 1
    sign = 1.0 if z >= 0.0 else -1.0
    a = -1.0 / (sign + z)
    b = x * y * a
    if index == 0:
        return (0.0, 1.0 + sign * x * x * a, sign * b, -sign * x)
    return (0.0, b, sign + y * y * a, -y)


@kernel
def _fill_current_squares(
    muon: FourVector,
    antimuon: FourVector,
    zprime: FourVector,
    mass: float,
    muon_mass: float,
    squares: CurrentSquares,
) -> None:
    for i in range(squares.total.size):
        p = _momentum(muon, i)
        q = _momentum(antimuon, i)
        k = _momentum(zprime, i)
        transverse = 0.0
        total = 0.0
        for index in range(3):
            polarisation = _polarisation(k, mass, index)
            for spin in range(2):
                row = particle_row(p, muon_mass, spin)
                for antispin in range(2):
                    column = antiparticle_column(q, muon_mass, antispin)
                    h = emission_current(row, p, column, q, k, polarisation, muon_mass)
                    across = square(h[1]) + square(h[2])
                    transverse += across
                    total += across + square(h[3]) - square(h[0])
        squares.transverse[i] = transverse
        squares.total[i] = total


@kernel
def _momentum(vector: FourVector, i: int) -> Momentum:
    return (vector.energy[i], vector.px[i], vector.py[i], vector.pz[i])
