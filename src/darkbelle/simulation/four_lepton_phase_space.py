r"""Phase space of two lepton pairs from virtual photons, sampled where the photons like to be.

Points are drawn from a sum of channels, each the product of the distributions of one type of diagram,
and weighted with the inverse of the summed density:

* ``radiated``: a pair of low mass from a lepton of the other pair, even in the logarithms of its mass
  and of both propagators of the lepton;
* ``converted``: both pairs from photons radiated by the electron line, even in the logarithms of both
  masses, peaked in the angle as the electron's propagator;
* ``returned``: the same with one photon soft, even in the logarithm of its energy.

Each occurs for all ways to assign the leptons: which pair is radiated, and, if the pairs are of one kind,
who belongs to which pair.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import MUON_MASS
from darkbelle.kernels import libm
from darkbelle.kernels.boosts import boost_from_rest_frame
from darkbelle.simulation.phase_space import (
    dalitz_from_unit_square,
    dalitz_jacobian,
    rotated_randomly,
    three_body_momenta,
)
from darkbelle.vectors import Column, FourVector

__all__ = ["FourLeptonPoints", "four_lepton_points"]

Rows = NDArray[np.float64]

SHARES = {"radiated": 0.4, "converted": 0.4, "returned": 0.2}
# of slots to the pair that radiates and the one radiated, for pairs of different leptons, and of one kind
DIFFERENT = ((0, 1, 2, 3), (2, 3, 0, 1))
ALIKE = (*DIFFERENT, (0, 3, 2, 1), (2, 1, 0, 3))


class FourLeptonPoints(NamedTuple):
    """Points of phase space in the rest frame of the collision, beams along z.

    lepton, antilepton, other_lepton, other_antilepton
        GeV, shape (n,).
    volume
        Phase space that each point stands for, GeV⁴, shape (n,): its mean is the total volume.
    """

    lepton: FourVector
    antilepton: FourVector
    other_lepton: FourVector
    other_antilepton: FourVector
    volume: Column


def four_lepton_points(
    s: Column, rng: np.random.Generator, masses: tuple[float, float] = (MUON_MASS, MUON_MASS)
) -> FourLeptonPoints:
    """Draw one point at each s, GeV², shape (n,), above the threshold.

    Parameters
    ----------
    masses
        Of the leptons of the first pair, and of the other, GeV.
    """
    orders = ALIKE if masses[0] == masses[1] else DIFFERENT
    kind = rng.choice(len(SHARES), size=s.size, p=list(SHARES.values()))
    assigned = rng.integers(len(orders), size=s.size)
    momenta = np.empty((4, 4, s.size))  # particle, component, event
    for number, order in enumerate(orders):
        for which, draw in enumerate((_draw_radiated, _draw_converted, _draw_returned)):
            chosen = np.flatnonzero((kind == which) & (assigned == number))
            drawn = draw(s[chosen], _of_order(order, masses), rng)
            for slot, particle in zip(order, drawn, strict=True):
                momenta[slot][:, chosen] = particle
    density = np.zeros(s.size)
    for order in orders:
        density += _density(momenta[list(order)], s, _of_order(order, masses)) / len(orders)
    vectors = [FourVector(*particle) for particle in momenta]
    return FourLeptonPoints(vectors[0], vectors[1], vectors[2], vectors[3], 1.0 / density)


class PairMasses(NamedTuple):
    """Masses of the leptons that radiate, and of those that are radiated, GeV."""

    radiating: float
    radiated: float

    @property
    def lightest(self) -> tuple[float, float]:
        """Least squared mass of the radiated pair and of the other, GeV²."""
        return 4.0 * self.radiated**2, 4.0 * self.radiating**2


def _of_order(order: tuple[int, ...], masses: tuple[float, float]) -> PairMasses:
    return PairMasses(masses[order[0] // 2], masses[order[2] // 2])


def _draw_radiated(s: Column, masses: PairMasses, rng: np.random.Generator) -> Rows:
    lightest, _ = masses.lightest
    highest = (np.sqrt(s) - 2.0 * masses.radiating) ** 2
    mass = np.sqrt(lightest * libm.power(highest / lightest, rng.random(s.size)))
    dalitz = dalitz_from_unit_square(rng.random(s.size), rng.random(s.size), s, mass, masses.radiating)
    flat = np.array(three_body_momenta(dalitz, s, mass, masses.radiating))
    lepton, antilepton, photon = rotated_randomly(flat, rng)
    return np.array([lepton, antilepton, *_decayed(FourVector(*photon), mass, masses.radiated, rng)])


def _draw_converted(s: Column, masses: PairMasses, rng: np.random.Generator) -> Rows:
    lightest, other = masses.lightest
    first = _even_logarithm(lightest, (np.sqrt(s) - math.sqrt(other)) ** 2, rng)
    second = _even_logarithm(other, (np.sqrt(s) - np.sqrt(first)) ** 2, rng)
    return _two_photons(s, first, second, masses, rng)


def _draw_returned(s: Column, masses: PairMasses, rng: np.random.Generator) -> Rows:
    lightest, other = masses.lightest
    first = _even_logarithm(lightest, (np.sqrt(s) - math.sqrt(other)) ** 2, rng)
    softness = _even_logarithm(2.0 * np.sqrt(s * first), s + first - other, rng)
    return _two_photons(s, first, s + first - softness, masses, rng)


def _even_logarithm(low: float | Column, high: Column, rng: np.random.Generator) -> Column:
    return low * libm.power(high / low, rng.random(high.size))


def _two_photons(
    s: Column, first: Column, second: Column, masses: PairMasses, rng: np.random.Generator
) -> Rows:
    second = np.clip(second, masses.lightest[1], (np.sqrt(s) - np.sqrt(first)) ** 2)
    beta, pole = _pole(s, first, second)
    cosine = pole * libm.tanh(rng.uniform(-1.0, 1.0, s.size) * libm.arctanh(1.0 / pole))
    phi = rng.uniform(-math.pi, math.pi, s.size)
    p = beta * np.sqrt(s) / 2.0
    across = p * np.sqrt(1.0 - cosine**2)
    x, y, z = across * libm.cos(phi), across * libm.sin(phi), p * cosine
    mass, other_mass = np.sqrt(first), np.sqrt(second)
    photon = FourVector.with_mass(x, y, z, mass)
    other = FourVector.with_mass(-x, -y, -z, other_mass)
    radiated = _decayed(photon, mass, masses.radiated, rng)
    return np.array([*_decayed(other, other_mass, masses.radiating, rng), *radiated])


def _pole(s: Column, first: Column, second: Column) -> tuple[Column, Column]:
    """Return 2p/√s of two photons with squared masses, and where the electron's propagator has its pole.

    In cos θ it is at plus and minus (1 − (first + second)/s)/β, just outside the physical range.
    """
    total = first + second
    beta = np.sqrt(np.maximum(1e-12, (1.0 - total / s) ** 2 - 4.0 * first * second / (s * s)))
    return beta, np.maximum((1.0 - total / s) / beta, 1.0 + 1e-12)


def _decayed(
    photon: FourVector, mass: Column, lepton_mass: float, rng: np.random.Generator
) -> tuple[FourVector, FourVector]:
    cosine, phi = rng.uniform(-1.0, 1.0, mass.size), rng.uniform(-math.pi, math.pi, mass.size)
    p = np.sqrt(np.maximum(0.0, mass**2 / 4.0 - lepton_mass**2))
    sine = np.sqrt(1.0 - cosine**2)
    x, y, z = p * sine * libm.cos(phi), p * sine * libm.sin(phi), p * cosine
    lepton, antilepton = (FourVector.with_mass(k * x, k * y, k * z, lepton_mass) for k in (1.0, -1.0))
    return boost_from_rest_frame(lepton, photon), boost_from_rest_frame(antilepton, photon)


def _density(momenta: Rows, s: Column, masses: PairMasses) -> Column:
    """Return the density of the channels, GeV⁻⁴, for the leptons that radiate and those radiated."""
    lightest, lightest_other = masses.lightest
    lepton, antilepton, third, fourth = (FourVector(*particle) for particle in momenta)
    photon, partner = third.plus(fourth), lepton.plus(antilepton)
    first = np.maximum(photon.mass_squared(), lightest * (1.0 + 1e-12))
    second = np.maximum(partner.mass_squared(), lightest_other * (1.0 + 1e-12))
    pair = 8.0 * math.pi / np.sqrt(np.maximum(1e-12, 1.0 - lightest / first))
    other = 8.0 * math.pi / np.sqrt(np.maximum(1e-12, 1.0 - lightest_other / second))
    highest = (np.sqrt(s) - math.sqrt(lightest_other)) ** 2
    mass_density = 2.0 * math.pi / (first * libm.log(highest / lightest))

    mass = np.sqrt(first)
    beside_b = lepton.plus(photon).mass_squared() - masses.radiating**2
    beside_a = antilepton.plus(photon).mass_squared() - masses.radiating**2
    jacobian = dalitz_jacobian(beside_b, beside_a, s, mass, masses.radiating)
    radiated = mass_density * 128.0 * math.pi**3 / (s * jacobian) * pair

    beta, pole = _pole(s, first, second)
    cosine = photon.pz / np.sqrt(photon.px**2 + photon.py**2 + photon.pz**2)
    angular = pole / (np.maximum(1e-12, pole**2 - cosine**2) * libm.arctanh(1.0 / pole))
    common = mass_density * 2.0 * math.pi * 8.0 * math.pi / beta * angular * pair * other
    converted = common / (second * libm.log((np.sqrt(s) - mass) ** 2 / lightest_other))
    softness = s + first - second
    returned = common / (softness * libm.log((s + first - lightest_other) / (2.0 * np.sqrt(s) * mass)))
    total: Column = (
        SHARES["radiated"] * radiated + SHARES["converted"] * converted + SHARES["returned"] * returned
    )
    return total
