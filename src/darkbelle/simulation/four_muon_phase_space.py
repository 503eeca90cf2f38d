r"""Phase space of two muon pairs from virtual photons, sampled where the photons like to be.

Points are drawn from a sum of channels, each the product of the distributions of one type of diagram,
and weighted with the inverse of the summed density:

* ``radiated``: a pair of low mass from a muon of the other pair, even in the logarithms of its mass
  and of both propagators of the muon;
* ``converted``: both pairs from photons radiated by the electron line, even in the logarithms of both
  masses, peaked in the angle as the electron's propagator;
* ``returned``: the same with one photon soft, even in the logarithm of its energy.

Each occurs for all ways to assign the muons.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import MUON_MASS
from darkbelle.kernels.boosts import boost_from_rest_frame
from darkbelle.simulation.phase_space import (
    dalitz_from_unit_square,
    dalitz_jacobian,
    rotated_randomly,
    three_body_momenta,
)
from darkbelle.vectors import Column, FourVector

__all__ = ["FourMuonPoints", "four_muon_points"]

Rows = NDArray[np.float64]

LIGHTEST = 4.0 * MUON_MASS**2  # squared mass of a pair, GeV²
SHARES = {"radiated": 0.4, "converted": 0.4, "returned": 0.2}
ASSIGNMENTS = ((0, 1, 2, 3), (0, 3, 2, 1), (2, 1, 0, 3), (2, 3, 0, 1))  # of slots to a pair and the other


class FourMuonPoints(NamedTuple):
    """Points of phase space in the rest frame of the collision, beams along z.

    muon, antimuon, other_muon, other_antimuon
        GeV, shape (n,).
    volume
        Phase space that each point stands for, GeV⁴, shape (n,): its mean is the total volume.
    """

    muon: FourVector
    antimuon: FourVector
    other_muon: FourVector
    other_antimuon: FourVector
    volume: Column


def four_muon_points(s: Column, rng: np.random.Generator) -> FourMuonPoints:
    """Draw one point at each s, GeV², shape (n,), above the threshold."""
    kind = rng.choice(len(SHARES), size=s.size, p=list(SHARES.values()))
    drawn = np.empty((4, 4, s.size))  # particle, component, event
    for number, draw in enumerate((_draw_radiated, _draw_converted, _draw_returned)):
        chosen = kind == number
        drawn[..., chosen] = draw(s[chosen], rng)
    assignment = np.array(ASSIGNMENTS)[rng.integers(len(ASSIGNMENTS), size=s.size)]
    momenta = np.empty_like(drawn)
    np.put_along_axis(momenta, assignment.T[:, None, :], drawn, axis=0)
    density = np.zeros(s.size)
    for order in ASSIGNMENTS:
        density += _density(momenta[list(order)], s) / len(ASSIGNMENTS)
    vectors = [FourVector(*particle) for particle in momenta]
    return FourMuonPoints(vectors[0], vectors[1], vectors[2], vectors[3], 1.0 / density)


def _draw_radiated(s: Column, rng: np.random.Generator) -> Rows:
    root_s = np.sqrt(s)
    highest = (root_s - 2.0 * MUON_MASS) ** 2
    pair = LIGHTEST * (highest / LIGHTEST) ** rng.random(s.size)
    mass = np.sqrt(pair)
    dalitz = dalitz_from_unit_square(rng.random(s.size), rng.random(s.size), s, mass, MUON_MASS)
    flat = np.array(three_body_momenta(dalitz, s, mass, MUON_MASS))
    muon, antimuon, photon = rotated_randomly(flat, rng)
    return np.array([muon, antimuon, *_decayed(FourVector(*photon), mass, rng)])


def _draw_converted(s: Column, rng: np.random.Generator) -> Rows:
    first = _even_logarithm(LIGHTEST, (np.sqrt(s) - math.sqrt(LIGHTEST)) ** 2, rng)
    second = _even_logarithm(LIGHTEST, (np.sqrt(s) - np.sqrt(first)) ** 2, rng)
    return _two_photons(s, first, second, rng)


def _draw_returned(s: Column, rng: np.random.Generator) -> Rows:
    first = _even_logarithm(LIGHTEST, (np.sqrt(s) - math.sqrt(LIGHTEST)) ** 2, rng)
    softness = _even_logarithm(2.0 * np.sqrt(s * first), s + first - LIGHTEST, rng)
    return _two_photons(s, first, s + first - softness, rng)


def _even_logarithm(low: float | Column, high: Column, rng: np.random.Generator) -> Column:
    return low * (high / low) ** rng.random(high.size)


def _two_photons(s: Column, first: Column, second: Column, rng: np.random.Generator) -> Rows:
    second = np.clip(second, LIGHTEST, (np.sqrt(s) - np.sqrt(first)) ** 2)
    beta, pole = _pole(s, first, second)
    cosine = pole * np.tanh(rng.uniform(-1.0, 1.0, s.size) * np.arctanh(1.0 / pole))
    phi = rng.uniform(-math.pi, math.pi, s.size)
    p = beta * np.sqrt(s) / 2.0
    across = p * np.sqrt(1.0 - cosine**2)
    x, y, z = across * np.cos(phi), across * np.sin(phi), p * cosine
    mass, other_mass = np.sqrt(first), np.sqrt(second)
    photon = FourVector.with_mass(x, y, z, mass)
    other = FourVector.with_mass(-x, -y, -z, other_mass)
    return np.array([*_decayed(photon, mass, rng), *_decayed(other, other_mass, rng)])


def _pole(s: Column, first: Column, second: Column) -> tuple[Column, Column]:
    """Return 2p/√s of two photons with squared masses, and where the electron's propagator has its pole.

    In cos θ it is at plus and minus (1 − (first + second)/s)/β, just outside the physical range.
    """
    total = first + second
    beta = np.sqrt(np.maximum(1e-12, (1.0 - total / s) ** 2 - 4.0 * first * second / (s * s)))
    return beta, np.maximum((1.0 - total / s) / beta, 1.0 + 1e-12)


def _decayed(photon: FourVector, mass: Column, rng: np.random.Generator) -> tuple[FourVector, FourVector]:
    cosine, phi = rng.uniform(-1.0, 1.0, mass.size), rng.uniform(-math.pi, math.pi, mass.size)
    p = np.sqrt(np.maximum(0.0, mass**2 / 4.0 - MUON_MASS**2))
    sine = np.sqrt(1.0 - cosine**2)
    x, y, z = p * sine * np.cos(phi), p * sine * np.sin(phi), p * cosine
    muon, antimuon = (FourVector.with_mass(k * x, k * y, k * z, MUON_MASS) for k in (1.0, -1.0))
    return boost_from_rest_frame(muon, photon), boost_from_rest_frame(antimuon, photon)


def _density(momenta: Rows, s: Column) -> Column:
    """Return the density of the channels, GeV⁻⁴, for muon, antimuon and the pair of the other photon."""
    muon, antimuon, third, fourth = (FourVector(*particle) for particle in momenta)
    photon, partner = third.plus(fourth), muon.plus(antimuon)
    first, second = _pair_mass_squared(photon), _pair_mass_squared(partner)
    pair = 8.0 * math.pi / np.sqrt(np.maximum(1e-12, 1.0 - LIGHTEST / first))
    other = 8.0 * math.pi / np.sqrt(np.maximum(1e-12, 1.0 - LIGHTEST / second))
    highest = (np.sqrt(s) - math.sqrt(LIGHTEST)) ** 2
    mass_density = 2.0 * math.pi / (first * np.log(highest / LIGHTEST))

    mass = np.sqrt(first)
    beside_b = muon.plus(photon).mass_squared() - MUON_MASS**2
    beside_a = antimuon.plus(photon).mass_squared() - MUON_MASS**2
    jacobian = dalitz_jacobian(beside_b, beside_a, s, mass, MUON_MASS)
    radiated = mass_density * 128.0 * math.pi**3 / (s * jacobian) * pair

    beta, pole = _pole(s, first, second)
    cosine = photon.pz / np.sqrt(photon.px**2 + photon.py**2 + photon.pz**2)
    angular = pole / (np.maximum(1e-12, pole**2 - cosine**2) * np.arctanh(1.0 / pole))
    common = mass_density * 2.0 * math.pi * 8.0 * math.pi / beta * angular * pair * other
    converted = common / (second * np.log((np.sqrt(s) - mass) ** 2 / LIGHTEST))
    softness = s + first - second
    returned = common / (softness * np.log((s + first - LIGHTEST) / (2.0 * np.sqrt(s) * mass)))
    total: Column = (
        SHARES["radiated"] * radiated + SHARES["converted"] * converted + SHARES["returned"] * returned
    )
    return total


def _pair_mass_squared(pair: FourVector) -> Column:
    return np.maximum(pair.mass_squared(), LIGHTEST * (1.0 + 1e-12))
