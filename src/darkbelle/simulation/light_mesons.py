"""Decays of π0 and η into what the detector sees, isotropic and by phase space."""

from __future__ import annotations

import numpy as np

from darkbelle.constants import NEUTRAL_PION_MASS, PION_MASS
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.simulation.particles import Particles
from darkbelle.vectors import Column, FourVector

__all__ = ["decay_light_mesons", "isotropic"]

PHOTON, NEUTRAL_PION, PION, ETA = 22, 111, 211, 221
MASSES = {PHOTON: 0.0, NEUTRAL_PION: NEUTRAL_PION_MASS, PION: PION_MASS, -PION: PION_MASS}

# products and branching fraction, PDG 2024; what is left out, 0.8 % of η and the 1.2 % of π0 → eeγ,
# is shared among these. The η comes first: its decays make π0.
DECAYS = {
    ETA: (
        ((PHOTON, PHOTON), 0.3936),
        ((NEUTRAL_PION, NEUTRAL_PION, NEUTRAL_PION), 0.3257),
        ((PION, -PION, NEUTRAL_PION), 0.2302),
        ((PION, -PION, PHOTON), 0.0428),
    ),
    NEUTRAL_PION: (((PHOTON, PHOTON), 1.0),),
}


def decay_light_mesons(particles: Particles, rng: np.random.Generator) -> Particles:
    """Return the particles with every η and π0 replaced by its decay products at its vertex.

    Four-momentum is conserved to rounding, whatever the mass of the meson's four-vector. Products
    stand at the end of the table and name the meson as their mother.
    """
    for meson, channels in DECAYS.items():
        is_meson = particles.pdg == meson
        mesons = particles.taken(is_meson)
        fractions = np.array([fraction for _, fraction in channels])
        choice = rng.choice(len(channels), size=len(mesons.pdg), p=fractions / fractions.sum())
        parts = [particles.taken(~is_meson)]
        for number, (products, _) in enumerate(channels):
            parts += _decayed(mesons.taken(choice == number), products, rng)
        particles = Particles.joined(parts)
    return particles


def _decayed(mesons: Particles, products: tuple[int, ...], rng: np.random.Generator) -> list[Particles]:
    masses = [MASSES[pdg] for pdg in products]
    parent_mass = np.sqrt(mesons.momenta.mass_squared())
    if len(masses) == 2:
        at_rest = _two_bodies(parent_mass, masses[0], masses[1], rng)
    else:
        at_rest = _three_bodies(parent_mass, masses[0], masses[1], masses[2], rng)
    return [
        mesons._replace(
            pdg=np.full_like(mesons.pdg, pdg),
            momenta=boost_from_rest_frame(momenta, mesons.momenta),
            mother_pdg=mesons.pdg,
        )
        for pdg, momenta in zip(products, at_rest, strict=True)
    ]


def isotropic(momentum: Column, rng: np.random.Generator) -> tuple[Column, Column, Column]:
    """Return px, py, pz of momenta of the given size, shape (n,), in random directions."""
    cosine = rng.uniform(-1.0, 1.0, len(momentum))
    azimuth = rng.uniform(0.0, 2.0 * np.pi, len(momentum))
    transverse = momentum * np.sqrt(1.0 - cosine**2)
    return transverse * np.cos(azimuth), transverse * np.sin(azimuth), momentum * cosine


def _two_bodies(
    parent: Column, first: float | Column, second: float | Column, rng: np.random.Generator
) -> list[FourVector]:
    px, py, pz = isotropic(_momentum(parent, first, second), rng)
    return [FourVector.with_mass(px, py, pz, first), FourVector.with_mass(-px, -py, -pz, second)]


def _three_bodies(
    parent: Column, first: float, second: float, third: float, rng: np.random.Generator
) -> list[FourVector]:
    """Decay into the third and a pair, whose mass is drawn from phase space by rejection."""
    lowest, highest = first + second, parent - third
    pair = np.empty_like(parent)
    # each factor is largest at its own end of the range
    most = _momentum(highest, first, second) * _momentum(parent, np.full_like(parent, lowest), third)
    open_ = np.arange(len(parent))
    while len(open_) > 0:
        drawn = rng.uniform(lowest, highest[open_])
        density = _momentum(drawn, first, second) * _momentum(parent[open_], drawn, third)
        accepted = rng.random(len(open_)) * most[open_] < density
        pair[open_[accepted]] = drawn[accepted]
        open_ = open_[~accepted]
    system, single = _two_bodies(parent, pair, third, rng)
    inner = _two_bodies(pair, first, second, rng)
    return [*(boost_from_rest_frame(momenta, system) for momenta in inner), single]


def _momentum(parent: Column, first: float | Column, second: float | Column) -> Column:
    """Return the momentum of two bodies in the rest frame of their parent, GeV."""
    below = parent**2 - (first + second) ** 2
    return np.sqrt(np.maximum(below * (parent**2 - (first - second) ** 2), 0.0)) / (2.0 * parent)
