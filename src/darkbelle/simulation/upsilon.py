r"""Υ(4S) → BB̄: where the mesons fly, when they decay, and as what.

Both come with :math:`\sin^2\theta` about the beams. Photons of the beams are left out: more than
20 MeV of them and there is no pair, and the cross sections are those with radiation. Nor is the shape of
the resonance, 20 MeV wide, folded with the spread of the beam energies.

Neutral mesons mix coherently: at proper times :math:`t_1, t_2` of their decays they are of the same
flavour with probability :math:`\tfrac12(1-\cos\Delta m(t_1-t_2))`. CP violation is left out.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import FEMTOBARN_PER_NANOBARN
from darkbelle.kernels import boost_from_rest_frame, libm
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.hadron_decays import B_MASSES
from darkbelle.simulation.particles import Particles
from darkbelle.vectors import Column, FourVector

__all__ = ["CODES", "CROSS_SECTIONS", "Kind", "MesonPairs", "b_pairs", "events_of_pairs"]

Kind = Literal["charged_b", "neutral_b"]

CODES: Final[dict[Kind, int]] = {"charged_b": 521, "neutral_b": 511}
# 1.05 nb at the peak, shared 0.514 : 0.486; basf2's numbers
CROSS_SECTIONS: Final[dict[Kind, float]] = {
    "charged_b": 0.540 * FEMTOBARN_PER_NANOBARN,
    "neutral_b": 0.510 * FEMTOBARN_PER_NANOBARN,
}
# PDG 2024: 1.638 ps and 1.517 ps times c, in cm, and Δm times the lifetime
PROPER_LENGTHS: Final[dict[Kind, float]] = {"charged_b": 0.04911, "neutral_b": 0.04548}
MIXING: Final = 0.769


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
    """

    pdg: NDArray[np.int64]
    momenta: FourVector
    decays: Column


def b_pairs(kind: Kind, size: int, rng: np.random.Generator) -> MesonPairs:
    """Return pairs of B mesons at the nominal √s, the first of either flavour equally often."""
    code, length = CODES[kind], PROPER_LENGTHS[kind]
    mass = B_MASSES[code]
    momentum = np.sqrt((NOMINAL.sqrt_s / 2.0) ** 2 - mass**2)
    # the integral of 1 − cos² is a cubic, solved by the sine of a third of an angle
    cosine = 2.0 * libm.sin(libm.arcsin(rng.uniform(-1.0, 1.0, size)) / 3.0)
    azimuth = rng.uniform(0.0, 2.0 * np.pi, size)
    sine = np.sqrt(1.0 - cosine**2)
    one = momentum * np.stack([sine * libm.cos(azimuth), sine * libm.sin(azimuth), cosine])
    px, py, pz = np.concatenate([one, -one], axis=1)
    momenta = FourVector.with_mass(px, py, pz, mass)
    times = rng.exponential(size=2 * size)  # in lifetimes
    flavour = np.where(rng.random(size) < 0.5, 1, -1)
    oscillation = libm.cos(MIXING * (times[:size] - times[size:])) if kind == "neutral_b" else 1.0
    other = np.where(rng.random(size) < 0.5 * (1.0 - oscillation), flavour, -flavour)
    decays = np.stack(momenta, axis=1) * (length * times / mass)[:, None]
    return MesonPairs(code * np.concatenate([flavour, other]), momenta, decays)


def events_of_pairs(pairs: MesonPairs, at_rest: Particles) -> GeneratedEvents:
    """Return the events of pairs in the CM frame.

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
    return moved.into_events(size, "cm")
