"""Decays of π0, η, K_S and Λ, isotropic and by phase space, where their lifetimes take them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import NEUTRAL_PION_MASS, NEUTRON_MASS, PION_MASS, PROTON_MASS
from darkbelle.kernels import boost_from_rest_frame, libm
from darkbelle.simulation.particles import Particles
from darkbelle.vectors import Column, FourVector

__all__ = ["breakup_momentum", "decay_light_hadrons", "isotropic", "two_bodies"]

PHOTON, NEUTRAL_PION, PION, ETA, K_SHORT, LAMBDA, PROTON, NEUTRON = 22, 111, 211, 221, 310, 3122, 2212, 2112
MASSES = {
    PHOTON: 0.0,
    NEUTRAL_PION: NEUTRAL_PION_MASS,
    PION: PION_MASS,
    PROTON: PROTON_MASS,
    NEUTRON: NEUTRON_MASS,
}


class Decays(NamedTuple):
    """The channels of a hadron, each products and branching fraction, and its cτ in cm."""

    channels: tuple[tuple[tuple[int, ...], float], ...]
    proper_length: float = 0.0


# PDG 2024. What is left out, 0.8 % of η, 0.1 % of K_S and Λ and the 1.2 % of π0 → eeγ, is shared among
# these. Those that decay into others come first.
DECAYS = {
    LAMBDA: Decays((((PROTON, -PION), 0.641), ((NEUTRON, NEUTRAL_PION), 0.359)), 7.84),
    K_SHORT: Decays((((PION, -PION), 0.6920), ((NEUTRAL_PION, NEUTRAL_PION), 0.3069)), 2.6844),
    ETA: Decays(
        (
            ((PHOTON, PHOTON), 0.3936),
            ((NEUTRAL_PION, NEUTRAL_PION, NEUTRAL_PION), 0.3257),
            ((PION, -PION, NEUTRAL_PION), 0.2302),
            ((PION, -PION, PHOTON), 0.0428),
        )
    ),
    NEUTRAL_PION: Decays((((PHOTON, PHOTON), 1.0),)),
}


def decay_light_hadrons(particles: Particles, rng: np.random.Generator) -> Particles:
    """Return the particles with the decays of every π0, η, K_S and Λ added.

    Four-momentum is conserved to rounding, whatever the mass of the hadron's four-vector. K_S and Λ fly
    straight and in vacuum. The polarisation of Λ is left out.
    """
    for hadron, decays in DECAYS.items():
        rows = particles.rows(hadron)
        fractions = np.array([fraction for _, fraction in decays.channels])
        choice = rng.choice(len(fractions), size=len(rows), p=fractions / fractions.sum())
        for number, (products, _) in enumerate(decays.channels):
            particles = _with_decays(particles, rows[choice == number], products, decays.proper_length, rng)
    return particles


def _with_decays(
    particles: Particles,
    rows: NDArray[np.int64],
    products: tuple[int, ...],
    proper_length: float,
    rng: np.random.Generator,
) -> Particles:
    hadrons = particles.momenta_of(rows)
    masses = [MASSES[abs(pdg)] for pdg in products]
    parent_mass = np.sqrt(hadrons.mass_squared())
    if len(masses) == 2:
        at_rest = two_bodies(parent_mass, masses[0], masses[1], rng)
    else:
        at_rest = _three_bodies(parent_mass, masses[0], masses[1], masses[2], rng)
    if proper_length > 0.0:
        vertex = particles.decay_points(rows, proper_length * rng.exponential(size=len(rows)))
    else:
        vertex = particles.vertex[rows]
    sign = np.sign(particles.pdg[rows])
    for pdg, momenta in zip(products, at_rest, strict=True):
        own_antiparticle = pdg in {PHOTON, NEUTRAL_PION}
        codes = np.full(len(rows), pdg) if own_antiparticle else sign * pdg
        particles = particles.with_daughters(rows, codes, boost_from_rest_frame(momenta, hadrons), vertex)
    return particles


def isotropic(momentum: Column, rng: np.random.Generator) -> tuple[Column, Column, Column]:
    """Return px, py, pz of momenta of the given size, shape (n,), in random directions."""
    cosine = rng.uniform(-1.0, 1.0, len(momentum))
    azimuth = rng.uniform(0.0, 2.0 * np.pi, len(momentum))
    transverse = momentum * np.sqrt(1.0 - cosine**2)
    return transverse * libm.cos(azimuth), transverse * libm.sin(azimuth), momentum * cosine


def two_bodies(
    parent: Column, first: float | Column, second: float | Column, rng: np.random.Generator
) -> list[FourVector]:
    """Return two bodies of these masses (GeV) in the rest frame of their parent, in random directions."""
    px, py, pz = isotropic(breakup_momentum(parent, first, second), rng)
    return [FourVector.with_mass(px, py, pz, first), FourVector.with_mass(-px, -py, -pz, second)]


def _three_bodies(
    parent: Column, first: float, second: float, third: float, rng: np.random.Generator
) -> list[FourVector]:
    """Decay into the third and a pair, whose mass is drawn from phase space by rejection."""
    lowest, highest = first + second, parent - third
    pair = np.empty_like(parent)
    # each factor is largest at its own end of the range
    most = breakup_momentum(highest, first, second) * breakup_momentum(
        parent, np.full_like(parent, lowest), third
    )
    open_ = np.arange(len(parent))
    while len(open_) > 0:
        drawn = rng.uniform(lowest, highest[open_])
        density = breakup_momentum(drawn, first, second) * breakup_momentum(parent[open_], drawn, third)
        accepted = rng.random(len(open_)) * most[open_] < density
        pair[open_[accepted]] = drawn[accepted]
        open_ = open_[~accepted]
    system, single = two_bodies(parent, pair, third, rng)
    inner = two_bodies(pair, first, second, rng)
    return [*(boost_from_rest_frame(momenta, system) for momenta in inner), single]


def breakup_momentum(parent: Column, first: float | Column, second: float | Column) -> Column:
    """Return the momentum of two bodies in the rest frame of their parent, GeV."""
    below = parent**2 - (first + second) ** 2
    return np.sqrt(np.maximum(below * (parent**2 - (first - second) ** 2), 0.0)) / (2.0 * parent)
