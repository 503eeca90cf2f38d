r"""Υ(4S) → BB̄: at what energy, where the mesons fly, when they decay, and as what.

Beams of spread :math:`G(E)` radiate the fractions :math:`y_1, y_2` of their energies, and what is left
annihilates as the resonance has it:

.. math:: p(E, y_1, y_2) \propto G(E)\,D(y_1)\,D(y_2)\;\sigma\big((1-y_1)(1-y_2)E^2\big),

with the structure functions of `darkbelle.simulation.radiation` and the cross section of
`darkbelle.line_shape`. So a pair's energy is neither that of its collision, nor are collisions that make
pairs spread about the mean of all collisions. Events bring the energies of their collisions along, and
the photons.

The mesons come with :math:`\sin^2\theta` about the beams. Cross sections are those with radiation at the
nominal energy; at others the number of pairs would change, which is not computed.

Neutral mesons mix coherently: at proper times :math:`t_1, t_2` of their decays they are of the same
flavour with probability :math:`\tfrac12(1-\cos\Delta m(t_1-t_2))`. CP violation is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import FEMTOBARN_PER_NANOBARN
from darkbelle.kernels import boost_from_rest_frame, libm
from darkbelle.line_shape import UPSILON_4S
from darkbelle.line_shape import PairKind as Kind
from darkbelle.simulation.events import COLLISION_ENERGY, GeneratedEvents
from darkbelle.simulation.hadron_decays import B_MASSES
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.radiation import InitialStateRadiation, RadiativeCollisions
from darkbelle.vectors import Column, FourVector

__all__ = [
    "CODES",
    "CROSS_SECTIONS",
    "Kind",
    "MesonPairs",
    "PairCollisions",
    "b_pairs",
    "events_of_pairs",
    "pair_collisions",
]

CODES: Final[dict[Kind, int]] = {"charged_b": 521, "neutral_b": 511}
# 1.05 nb at the peak, shared 0.514 : 0.486; basf2's numbers
CROSS_SECTIONS: Final[dict[Kind, float]] = {
    "charged_b": 0.540 * FEMTOBARN_PER_NANOBARN,
    "neutral_b": 0.510 * FEMTOBARN_PER_NANOBARN,
}
# PDG 2024: 1.638 ps and 1.517 ps times c, in cm, and Δm times the lifetime
PROPER_LENGTHS: Final[dict[Kind, float]] = {"charged_b": 0.04911, "neutral_b": 0.04548}
MIXING: Final = 0.769
PHOTON: Final = 22


# standard deviations about the mean energy within which the highest cross section is looked for
REACH: Final = 6.0


class PairCollisions(NamedTuple):
    """Collisions that make a pair: their energies in the CM frame, GeV, shape (n,), and what they radiate."""

    sqrt_s: Column
    radiative: RadiativeCollisions


class MesonPairs(NamedTuple):
    """The B mesons of n pairs when they decay: rows ``i`` and ``n + i`` are a pair.

    Attributes
    ----------
    pdg
        Codes, shape (2n,).
    momenta
        In the CM frame, GeV, shape (2n,).
    decays
        Place and time (times c) of the decay, cm, shape (2n, 4).
    collisions
        That made the n pairs.
    """

    pdg: NDArray[np.int64]
    momenta: FourVector
    decays: Column
    collisions: PairCollisions


def pair_collisions(
    kind: Kind, size: int, rng: np.random.Generator, sqrt_s: float = NOMINAL.sqrt_s
) -> PairCollisions:
    """Return the collisions of ``size`` pairs, by hit or miss.

    Parameters
    ----------
    sqrt_s
        Mean energy of all collisions of the beams, whatever they make, GeV; the spread is the nominal one.
    """
    radiation = InitialStateRadiation(sqrt_s)
    spread = NOMINAL.sqrt_s_spread
    near = sqrt_s + spread * np.linspace(-4 * REACH, REACH, 1000)
    strongest = radiation.density(np.linspace(0.01, 0.99, 99)).max()
    highest = 1.001 * UPSILON_4S.cross_section(kind, near).max() * strongest**2
    kept: list[Column] = []
    missing = size
    while missing > 0:
        trials = 4 * missing + 64
        energy = rng.normal(sqrt_s, spread, trials)
        t = rng.random((2, trials))
        y = radiation.lost_fraction(t)
        left = energy * np.sqrt((1.0 - y[0]) * (1.0 - y[1]))
        height = UPSILON_4S.cross_section(kind, left) * radiation.density(t[0]) * radiation.density(t[1])
        hit = rng.random(trials) * highest < height
        kept.append(np.stack([energy, *y])[:, hit][:, :missing])
        missing -= kept[-1].shape[1]
    energy, first, second = np.concatenate(kept, axis=1) if kept else np.zeros((3, 0))
    made = radiation.collisions(first, second, rng)
    ratio = energy / sqrt_s  # collisions are made at the mean energy, and all of them scales
    photons = tuple(_times(photon, ratio) for photon in made.photons)
    scaled = RadiativeCollisions(made.s * ratio**2, _times(made.frame, ratio), (photons[0], photons[1]))
    return PairCollisions(energy, scaled)


def b_pairs(kind: Kind, size: int, rng: np.random.Generator, sqrt_s: float = NOMINAL.sqrt_s) -> MesonPairs:
    """Return pairs of B mesons, the first of either flavour equally often; see `pair_collisions`."""
    code, length = CODES[kind], PROPER_LENGTHS[kind]
    mass = B_MASSES[code]
    collisions = pair_collisions(kind, size, rng, sqrt_s)
    momentum = np.sqrt(collisions.radiative.s / 4.0 - mass**2)
    # the integral of 1 − cos² is a cubic, solved by the sine of a third of an angle
    cosine = 2.0 * libm.sin(libm.arcsin(rng.uniform(-1.0, 1.0, size)) / 3.0)
    azimuth = rng.uniform(0.0, 2.0 * np.pi, size)
    sine = np.sqrt(1.0 - cosine**2)
    one = momentum * np.stack([sine * libm.cos(azimuth), sine * libm.sin(azimuth), cosine])
    px, py, pz = np.concatenate([one, -one], axis=1)
    both = np.tile(np.arange(size), 2)
    momenta = collisions.radiative.to_cm(FourVector.with_mass(px, py, pz, mass), both)
    times = rng.exponential(size=2 * size)  # in lifetimes
    flavour = np.where(rng.random(size) < 0.5, 1, -1)
    oscillation = libm.cos(MIXING * (times[:size] - times[size:])) if kind == "neutral_b" else 1.0
    other = np.where(rng.random(size) < 0.5 * (1.0 - oscillation), flavour, -flavour)
    decays = np.stack(momenta, axis=1) * (length * times / mass)[:, None]
    return MesonPairs(code * np.concatenate([flavour, other]), momenta, decays, collisions)


def events_of_pairs(pairs: MesonPairs, at_rest: Particles) -> GeneratedEvents:
    """Return the events of pairs in the CM frame, photons of the beams last.

    Parameters
    ----------
    pairs
        The mesons.
    at_rest
        Every meson at rest and what it decays into, where its event number is its row in ``pairs``,
        with places and times relative to its decay.
    """
    meson = at_rest.event
    frame = pairs.momenta.rows(meson)
    flight = boost_from_rest_frame(FourVector(*np.ascontiguousarray(at_rest.vertex.T)), frame)
    vertex = np.stack(flight, axis=1) + pairs.decays[meson]
    vertex[at_rest.mother < 0] = 0.0
    size = len(pairs.pdg) // 2
    moved = at_rest._replace(
        event=meson % size, momenta=boost_from_rest_frame(at_rest.momenta, frame), vertex=vertex
    )
    sqrt_s, radiative = pairs.collisions
    photons = [(event, PHOTON, momenta) for event, momenta in radiative.emitted()]
    events = Particles.joined([moved, Particles.of_kinds(photons)]).into_events(size, "cm")
    return replace(events, truth={COLLISION_ENERGY: sqrt_s})


def _times(vector: FourVector, factor: Column) -> FourVector:
    return FourVector(*(factor * column for column in vector))
