r"""Photons from τ → lα, at first order and with the exact amplitude, as TAUOLA has them in τ → lνν̄.

A decay has no photon, or one above a thousandth of the mass of the τ, TAUOLA's own cut. It has one with
the probability

.. math:: \frac{d\Gamma}{\Gamma_0} = \frac\alpha\pi\,\omega\,d\omega\,\frac{dc}2\,\frac{p'm_\tau}{M'p}\,
          \frac{\sum|M_{l\alpha\gamma}|^2}{e^2\sum|M_{l\alpha}|^2},

with ω the photon's energy in the rest frame of the τ; c its cosine to the lepton in that of the lepton and
α, whose mass is M′ and whose momenta are p′ there; and p the lepton's momentum without a photon. Virtual
corrections are such that the rate stays: it is that of τ → lα with or without a photon.

Candidates are even in ln ω and in ln(1 − βc), β the lepton's velocity, and kept by the amplitude.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import FINE_STRUCTURE, TAU_MASS
from darkbelle.kernels import boost_from_rest_frame, libm
from darkbelle.simulation.amplitudes.alpha_emission import emission_squares
from darkbelle.simulation.directions import at_angle
from darkbelle.simulation.light_hadrons import breakup_momentum, isotropic
from darkbelle.simulation.sampling import Overshoot
from darkbelle.vectors import Column, FourVector

__all__ = ["LEAST_PHOTON_ENERGY", "RadiativeDecays", "TwoBodyDecay", "radiative_decays"]

LEAST_PHOTON_ENERGY = 1e-3 * TAU_MASS  # GeV, in the rest frame of the τ


class TwoBodyDecay(NamedTuple):
    """What decays into what.

    lepton_mass
        GeV.
    alpha_mass
        GeV, of each decay, shape (n,).
    couplings
        The scalar and the pseudoscalar one.
    """

    lepton_mass: float
    alpha_mass: Column
    couplings: tuple[float, float]

    def rows(self, index: NDArray[np.int64]) -> TwoBodyDecay:
        """Return some of the decays."""
        return self._replace(alpha_mass=self.alpha_mass[index])

    @property
    def momentum(self) -> Column:
        """Momentum of the lepton without a photon, GeV."""
        return self.breakup(np.full(self.alpha_mass.size, TAU_MASS))

    @property
    def summed(self) -> Column:
        """Squared amplitude without a photon, summed over spins, GeV²."""
        a, b = self.couplings
        energy = np.sqrt(self.momentum**2 + self.lepton_mass**2)
        summed: Column = (a * a + b * b) * energy + (a * a - b * b) * self.lepton_mass
        return 4.0 * TAU_MASS * summed

    @property
    def hardest_photon(self) -> Column:
        """Largest energy that a photon can have, GeV."""
        return (TAU_MASS**2 - (self.lepton_mass + self.alpha_mass) ** 2) / (2.0 * TAU_MASS)

    def breakup(self, mass: Column) -> Column:
        """Return the momenta of lepton and α in their rest frame, for their masses together, GeV."""
        return breakup_momentum(mass, self.lepton_mass, self.alpha_mass)

    def velocity(self, mass: Column) -> Column:
        """Return the velocity of the lepton in that frame."""
        momentum = self.breakup(mass)
        velocity: Column = momentum / np.sqrt(momentum**2 + self.lepton_mass**2)
        return velocity


class RadiativeDecays(NamedTuple):
    """Decays at rest with a photon.

    which
        Which of the decays has it, rising, shape (n,).
    lepton, alpha, photon
        GeV, shape (n,).
    """

    which: NDArray[np.int64]
    lepton: FourVector
    alpha: FourVector
    photon: FourVector


def radiative_decays(decay: TwoBodyDecay, rng: np.random.Generator) -> RadiativeDecays:
    """Return those decays of unpolarised τ that have a photon, in random directions.

    The soft limit, from which candidates are drawn, is above the amplitude everywhere.

    Raises
    ------
    SimulationError
        The amplitude exceeds what candidates are drawn from by more than 1e-3 of the rate.
    """
    size = decay.alpha_mass.size
    span = libm.log(decay.hardest_photon / LEAST_PHOTON_ENERGY)
    soft = _rapidity_over_velocity(decay.velocity(np.full(size, TAU_MASS)))
    which = np.flatnonzero(rng.random(size) < 2.0 * FINE_STRUCTURE / math.pi * span * soft)
    chosen = decay.rows(which)
    energy = LEAST_PHOTON_ENERGY * libm.exp(rng.random(which.size) * span[which])
    mass = np.sqrt(TAU_MASS * (TAU_MASS - 2.0 * energy))
    beta = chosen.velocity(mass)
    nearest = (1.0 - beta) * libm.power((1.0 + beta) / (1.0 - beta), rng.random(which.size))  # 1 − βc
    lepton, alpha, photon = _momenta(chosen, energy, mass, (1.0 - nearest) / beta, rng)
    squares = emission_squares(lepton, photon, decay.lepton_mass, decay.couplings)
    share = energy**2 * nearest / 2.0 * squares.summed / chosen.summed
    share *= chosen.breakup(mass) * TAU_MASS / (mass * chosen.momentum)
    share *= _rapidity_over_velocity(beta) / soft[which]
    overshoot = Overshoot()
    kept = overshoot.accept(share, rng)
    overshoot.check("τ → lαγ")
    rows = np.flatnonzero(kept)
    return RadiativeDecays(which[kept], *(vector.rows(rows) for vector in (lepton, alpha, photon)))


def _rapidity_over_velocity(beta: Column) -> Column:
    ratio: Column = libm.arctanh(beta) / beta
    return ratio


def _momenta(
    decay: TwoBodyDecay, energy: Column, mass: Column, cosine: Column, rng: np.random.Generator
) -> tuple[FourVector, FourVector, FourVector]:
    """Return lepton, α and photon in the rest frame of the τ."""
    kx, ky, kz = isotropic(energy, rng)
    photon = FourVector(kx, ky, kz, energy)
    recoil = FourVector(-kx, -ky, -kz, TAU_MASS - energy)
    along = np.stack([kx, ky, kz], axis=1) / energy[:, None]
    direction = at_angle(along, np.clip(cosine, -1.0, 1.0), rng.uniform(0.0, 2.0 * math.pi, energy.size))
    px, py, pz = decay.breakup(mass) * direction.T
    lepton = FourVector.with_mass(px, py, pz, decay.lepton_mass)
    alpha = FourVector.with_mass(-px, -py, -pz, decay.alpha_mass)
    return boost_from_rest_frame(lepton, recoil), boost_from_rest_frame(alpha, recoil), photon
