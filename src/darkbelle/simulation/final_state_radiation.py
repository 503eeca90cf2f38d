r"""Photons from a pair of opposite charges, to all orders in the soft limit and exact at first order.

The number of photons of a pair of mass M is Poisson distributed, each with the density

.. math:: dN = \frac{\alpha}{2\pi}\,f(c)\,\Big[1-x+\tfrac{x^2}{4}(1+c^2)\Big]\frac{dx}{x}\,dc,\qquad
          f(c) = \frac{2(1+\beta^2)}{1-\beta^2c^2}-\frac{1-\beta^2}{(1-\beta c)^2}
          -\frac{1-\beta^2}{(1+\beta c)^2},

where :math:`x = 2P\cdot k/M^2` is the photon's energy over half of M, c the cosine to a lepton in the rest
frame of the leptons that are left, β their velocity there. f is the eikonal factor with massive leptons;
the bracket makes of it the first-order spectrum of γ* → l+l−γ with light leptons. Virtual corrections are
such that the rate stays, as it does at first order up to 3α/4π = 0.17 %.

The momentum of the pair is conserved: the leptons keep their direction in their own rest frame, and
leptons with photons make up what the leptons were. Interference with radiation from other charges is
left out.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import FINE_STRUCTURE
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame, libm
from darkbelle.simulation.directions import at_angle, unit
from darkbelle.vectors import Column, FourVector

__all__ = ["RadiatedPairs", "radiated_pairs"]

LEAST_ENERGY = 1e-3  # of a photon in the rest frame of the pair, GeV: softer ones are not made
NEARLY_ALL = 0.9999  # of the energy that photons may take: leptons at rest have no direction


class RadiatedPairs(NamedTuple):
    """Pairs after radiation, in the frame they were given in, GeV.

    minus, plus
        The leptons, shape (n,).
    pair
        Which pair each photon comes from, shape (n_photons,), rising.
    photons
        Shape (n_photons,).
    """

    minus: FourVector
    plus: FourVector
    pair: NDArray[np.int64]
    photons: FourVector

    @classmethod
    def without_radiation(cls, minus: FourVector, plus: FourVector) -> Self:
        """Return the pairs as they are, with no photon."""
        nothing = np.zeros(0)
        return cls(minus, plus, nothing.astype(np.int64), FourVector(nothing, nothing, nothing, nothing))


class Photons(NamedTuple):
    """Photons about an axis: their pair, energy fraction x, cosine c and azimuth in rad, shape (n,)."""

    pair: NDArray[np.int64]
    x: Column
    c: Column
    azimuth: Column

    def rows(self, index: NDArray[Any]) -> Photons:
        return Photons(self.pair[index], self.x[index], self.c[index], self.azimuth[index])

    def scaled_energy(self) -> Column:
        """Return energies over the mass of the leptons, in their rest frame: 2y/(1 + 2y) = x for one."""
        return self.x / (2.0 * (1.0 - self.x))

    def growth(self, size: int) -> Column:
        """Return the squared mass of leptons and photons over that of the leptons, shape (size,)."""
        y, sine = self.scaled_energy(), np.sqrt(1.0 - self.c**2)
        directions = (sine * libm.cos(self.azimuth), sine * libm.sin(self.azimuth), self.c)
        along = [_summed(self.pair, y * part, size) for part in directions]
        growth: Column = (1.0 + _summed(self.pair, y, size)) ** 2 - np.sum(np.square(along), axis=0)
        return growth


def radiated_pairs(
    minus: FourVector, plus: FourVector, mass: float, rng: np.random.Generator, strength: Column | float = 1.0
) -> RadiatedPairs:
    """Let pairs of leptons radiate.

    Parameters
    ----------
    minus, plus
        Four-momenta on their mass shells, GeV, shape (n,).
    mass
        Of each lepton, GeV.
    strength
        Factor to the number of photons, at most 1: where the charges before the collision screen.
    """
    total = minus.plus(plus)
    size = total.px.size
    pair_mass = np.sqrt(total.mass_squared())
    hardest = 1.0 - 4.0 * mass**2 / pair_mass**2
    softest = 2.0 * LEAST_ENERGY / pair_mass
    beta = np.sqrt(np.maximum(hardest, 1e-12))
    span = libm.log(np.maximum(hardest / softest, 1.0))
    rapidity = libm.arctanh(beta)
    mean = strength * FINE_STRUCTURE / math.pi * (1.0 + beta**2) * 2.0 * rapidity / beta * span
    most_growth = 1.0 / (1.0 - NEARLY_ALL * np.maximum(hardest, 0.0))
    open_ = np.arange(size)
    drawn: list[Photons] = []
    while open_.size:
        pair = np.repeat(open_, rng.poisson(mean[open_]))
        x = softest[pair] * libm.exp(rng.random(pair.size) * span[pair])
        c = libm.tanh((2.0 * rng.random(pair.size) - 1.0) * rapidity[pair]) / beta[pair]
        photons = Photons(pair, x, np.clip(c, -1.0, 1.0), rng.uniform(0.0, 2.0 * math.pi, pair.size))
        photons = photons.rows(rng.random(pair.size) < _share(photons, pair_mass[pair], mass, beta[pair]))
        possible = photons.growth(size) <= most_growth
        drawn.append(photons.rows(possible[photons.pair]))
        open_ = open_[~possible[open_]]
    together = Photons(*(np.concatenate(column) for column in zip(*drawn, strict=True)))
    return _conserving(minus, plus, mass, together.rows(np.argsort(together.pair, kind="stable")))


def _summed(pair: NDArray[np.int64], values: Column, size: int) -> Column:
    """Return the sums of what belongs to each pair, shape (size,)."""
    return np.bincount(pair, weights=values, minlength=size).astype(np.float64)


def _share(photons: Photons, pair_mass: Column, mass: float, most: Column) -> Column:
    """Return the density over the one that photons are drawn from."""
    x, c = photons.x, photons.c
    beta2 = np.maximum(0.0, 1.0 - 4.0 * mass**2 / (pair_mass**2 * np.maximum(1.0 - x, 1e-12)))
    beta = np.sqrt(beta2)
    eikonal = 2.0 * (1.0 + beta2) / (1.0 - beta2 * c**2)
    eikonal -= (1.0 - beta2) * (1.0 / (1.0 - beta * c) ** 2 + 1.0 / (1.0 + beta * c) ** 2)
    drawn_from = 2.0 * (1.0 + most**2) / (1.0 - most**2 * c**2)
    share: Column = eikonal / drawn_from * (1.0 - x + x**2 / 4.0 * (1.0 + c**2))
    return np.where(beta2 > 0.0, share, 0.0)


def _conserving(minus: FourVector, plus: FourVector, mass: float, photons: Photons) -> RadiatedPairs:
    pair, y = photons.pair, photons.scaled_energy()
    total = minus.plus(plus)
    size = total.px.size
    axis = unit(np.stack(boost_to_rest_frame(minus, total)[:3], axis=1))
    direction = at_angle(axis[pair], photons.c, photons.azimuth).T
    growth = photons.growth(size)
    left = np.sqrt(total.mass_squared() / growth)
    units = (*direction, np.ones(pair.size))
    kx, ky, kz, k = (left * _summed(pair, y * part, size) for part in units)
    whole = FourVector(kx, ky, kz, left + k)
    px, py, pz = np.sqrt(np.maximum(left**2 / 4.0 - mass**2, 0.0)) * axis.T

    def placed(vector: FourVector, rows: NDArray[np.int64]) -> FourVector:
        of_rows = (FourVector(*(column[rows] for column in frame)) for frame in (whole, total))
        return boost_from_rest_frame(boost_to_rest_frame(vector, next(of_rows)), next(of_rows))

    leptons = [
        placed(FourVector.with_mass(sign * px, sign * py, sign * pz, mass), np.arange(size))
        for sign in (1.0, -1.0)
    ]
    # those that do not radiate keep their momenta to the last bit
    after = [
        FourVector(*(np.where(growth > 1.0, new, old) for new, old in zip(lepton, before, strict=True)))
        for lepton, before in zip(leptons, (minus, plus), strict=True)
    ]
    energy = left[pair] * y
    dx, dy, dz = direction
    return RadiatedPairs(
        after[0], after[1], pair, placed(FourVector(energy * dx, energy * dy, energy * dz, energy), pair)
    )
