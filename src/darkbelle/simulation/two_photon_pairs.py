r"""Pairs of leptons from two virtual photons, from the exact amplitude, with both scattered beam particles.

Proposals follow the spectrum of equivalent photons: even in the logarithm of both virtualities and in
the pair's rapidity, with low masses favoured, leptons even in rapidity along the photons; where a filter
asks for a few of them, they are stretched along each axis to where these are. The weight is
the exact matrix element on exact kinematics: no virtuality is neglected.

Each beam particle radiates before its photon is exchanged, by the structure function of
`darkbelle.simulation.radiation` with the strength β of what changes its course: its own Q², not s. Where both
scattered particles stay in the beam pipes next to nothing is radiated; a pair with transverse momentum has
one Q² at least a quarter of its square. That photon flies along the beam. What the scattered
particles radiate goes along with them and is left out, as are corrections without a large logarithm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import ELECTRON_MASS, HBAR_C_SQUARED, MUON_MASS
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame, libm
from darkbelle.simulation.acceptance import MuonPairFilter
from darkbelle.simulation.amplitudes.two_photon import TwoPhotonMomenta, spin_correlation, squared_amplitude
from darkbelle.simulation.directions import at_angle, unit
from darkbelle.simulation.equivalent_photons import least_virtuality
from darkbelle.simulation.importance import ImportanceGrid
from darkbelle.simulation.radiation import SOFTEST, lost_fraction, strength_of_transfer, structure_density
from darkbelle.simulation.unweighting import Proposals, Unweighting, taken
from darkbelle.vectors import Column, FourVector

__all__ = ["ScatteredBeam", "TwoPhotonEvents", "TwoPhotonPairs", "scattered_beam"]

PILOT_SIZE, PILOT_SEED = 500_000, 1971
AXES = 11  # of the unit cube that proposals are made from
REFINEMENTS, REFINEMENT_SIZE = 4, 200_000
MASS_POWER = 0.7  # proposals fall as this power of x1 x2, beyond 1/(x1 x2)
LARGEST_FRACTION = 0.999
LEAST_STRENGTH = 1e-6
SLOWEST = 10.0 * ELECTRON_MASS  # of scattered beam particles, GeV: phase space is that of fast ones
TINY = 1e-12  # keeps logarithms finite at the edges of phase space


class TwoPhotonEvents(NamedTuple):
    """Final states in the CM frame of the beams, electron along +z, GeV, shape (n,).

    The last two are the photons that the beams radiated, zero where there is none.
    """

    electron: FourVector
    positron: FourVector
    lepton: FourVector
    antilepton: FourVector
    from_electron: FourVector
    from_positron: FourVector

    def radiated(self) -> list[tuple[NDArray[np.int64], FourVector]]:
        """Return the event and momentum of the beams' photons that there are, beam after beam."""
        photons = (self.from_electron, self.from_positron)
        rows = (np.flatnonzero(photon.energy > 0.0) for photon in photons)
        return [(hard, photon.rows(hard)) for hard, photon in zip(rows, photons, strict=True)]


class Proposed(NamedTuple):
    """Events with their weights, fb, and which of the points proposed they are, shape (n,)."""

    point: NDArray[np.int64]
    events: TwoPhotonEvents
    weight: Column


class ReducedBeams(NamedTuple):
    """Beams after radiation: energies, GeV, shape (2, n), and the density of what they lost."""

    energy: Column
    density: Column


class ScatteredBeam(NamedTuple):
    """A beam particle after it emitted a photon, CM frame, GeV, shape (n,)."""

    particle: FourVector
    photon: FourVector


def scattered_beam(
    x: Column, q_squared: Column, azimuth: Column, *, direction: int, energy: Column | float
) -> ScatteredBeam:
    """Return beam particle and photon for a given energy fraction and virtuality of the photon.

    Differences that would be lost to rounding at small angles are written out.

    Parameters
    ----------
    x
        Energy of the photon over that of the beam, shape (n,).
    q_squared
        Virtuality Q², GeV², from `least_virtuality` to the value that scatters backwards.
    azimuth
        Of the scattered particle, rad.
    direction
        +1 for the beam along z, −1 for the other.
    energy
        Of the beam, GeV, one for all or shape (n,).
    """
    after = energy * (1.0 - x)
    p_before = np.sqrt(energy**2 - ELECTRON_MASS**2)
    p_after = np.sqrt(after**2 - ELECTRON_MASS**2)
    half_sine2 = (q_squared - least_virtuality(x)) / (4.0 * p_before * p_after)
    sine = 2.0 * np.sqrt(half_sine2 * np.maximum(0.0, 1.0 - half_sine2))
    px, py = p_after * sine * libm.cos(azimuth), p_after * sine * libm.sin(azimuth)
    p_lost = x * energy * (energy + after) / (p_before + p_after)
    particle = FourVector(px, py, direction * p_after * (1.0 - 2.0 * half_sine2), after)
    photon = FourVector(-px, -py, direction * (p_lost + 2.0 * p_after * half_sine2), energy * x)
    return ScatteredBeam(particle, photon)


@dataclass(frozen=True)
class TwoPhotonPairs:
    """e−e+ → e−e+ l−l+ by two photons, within what a selection can accept.

    Parameters
    ----------
    least_mass
        Of the pair, GeV.
    pair_filter
        What else the muons must pass.
    sqrt_s
        Of the collision, GeV.
    lepton_mass
        Of each lepton of the pair, GeV.
    radiation
        Whether the beams radiate.
    """

    least_mass: float
    pair_filter: MuonPairFilter | None = None
    sqrt_s: float = NOMINAL.sqrt_s
    lepton_mass: float = MUON_MASS
    radiation: bool = True

    @property
    def min_pair_pt(self) -> float:
        """Least transverse momentum of both muons together to the beams, GeV."""
        return 0.0 if self.pair_filter is None else self.pair_filter.min_pair_transverse

    @cached_property
    def unweighting(self) -> Unweighting[TwoPhotonEvents]:
        """The cross section, to some 0.5 %, and the source of unweighted events."""
        return Unweighting.from_pilot(self.propose, PILOT_SIZE, PILOT_SEED)

    @cached_property
    def _grid(self) -> ImportanceGrid:
        even = ImportanceGrid.even(AXES)
        if self.pair_filter is None:
            return even

        def weigh(points: Column) -> tuple[NDArray[np.int64], Column]:
            proposed = self._proposed(points)
            return proposed.point, proposed.weight

        rng = np.random.default_rng(PILOT_SEED)
        return even.adapted(weigh, rounds=REFINEMENTS, size=REFINEMENT_SIZE, rng=rng)

    def propose(self, size: int, rng: np.random.Generator) -> Proposals[TwoPhotonEvents]:
        """Draw ``size`` proposals and return those of non-zero weight."""
        points, jacobian = self._grid.draw(size, rng)
        proposed = self._proposed(points)
        return Proposals(proposed.events, proposed.weight * jacobian[proposed.point])

    def _proposed(self, points: Column) -> Proposed:
        """Return the events at points of the unit cube, shape (9, n), that pass the filter."""
        index, x1, x2, per_x = self._fractions(*points[:2])
        q1, q2, per_q = self._virtualities(x1, x2, *points[2:5, index])
        beams = self._reduced_beams((q1, q2), points[9:11, index])
        is_open = np.flatnonzero(
            _can_scatter(x1, q1, beams.energy[0]) & _can_scatter(x2, q2, beams.energy[1])
        )
        index = index[is_open]
        x1, x2, q1, q2 = (column[is_open] for column in (x1, x2, q1, q2))
        energy, density = beams.energy[:, is_open], (beams.density * per_x * per_q)[is_open]
        azimuth, between = 2.0 * math.pi * points[5:7, index]
        first = scattered_beam(x1, q1, azimuth, direction=1, energy=energy[0])
        second = scattered_beam(x2, q2, azimuth + between, direction=-1, energy=energy[1])
        pair = first.photon.plus(second.photon)
        asked = np.flatnonzero(
            (pair.mass_squared() > self.least_mass**2) & (np.hypot(pair.px, pair.py) >= self.min_pair_pt)
        )
        system, photon = taken((pair, first.photon), asked)
        u, v = points[7:9, index[asked]]
        muon, antimuon, per_angle = _leptons(system, photon, u, v, self.lepton_mass)
        found = np.arange(len(asked))
        if self.pair_filter is not None:
            found = np.flatnonzero(self.pair_filter.passes(antimuon, muon))
        chosen = asked[found]
        muon, antimuon = taken((muon, antimuon), found)
        electron, photon1, positron, photon2 = taken((*first, *second), chosen)
        energy = energy[:, chosen]
        before = _beams(energy)
        momenta = TwoPhotonMomenta(*before, electron, positron, photon1, photon2, muon, antimuon)
        squared = squared_amplitude(momenta, (q1[chosen], q2[chosen]), self.lepton_mass)
        # each scattered particle has d³p/(2E) = dx dQ² dφ/4, the beams being relativistic
        per_azimuth = (2.0 * math.pi / 4.0) ** 2 / (2.0 * math.pi) ** 6
        flux = 8.0 * energy[0] * energy[1]
        weight = squared / flux * per_azimuth * density[chosen] * per_angle[found]
        events = TwoPhotonEvents(electron, positron, muon, antimuon, *self._photons(energy))
        return Proposed(index[chosen], events, HBAR_C_SQUARED * weight)

    def spin_correlation(self, events: TwoPhotonEvents) -> Column:
        """Return the matrix R of the leptons' spins along the axes of the CM frame, shape (n, 3, 3)."""
        lost = np.stack([events.from_electron.energy, events.from_positron.energy])
        electron, positron = _beams(self.sqrt_s / 2.0 - lost)
        photons = electron.minus(events.electron), positron.minus(events.positron)
        momenta = TwoPhotonMomenta(
            electron, positron, events.electron, events.positron, *photons, events.lepton, events.antilepton
        )
        return spin_correlation(momenta, self.lepton_mass)

    def _reduced_beams(self, q_squared: tuple[Column, Column], t: Column) -> ReducedBeams:
        """Return the beams after radiation, drawn by ``t``, shape (2, n)."""
        if not self.radiation:
            return ReducedBeams(np.full_like(t, self.sqrt_s / 2.0), np.ones(t.shape[1]))
        # below the least strength nothing above `SOFTEST` is lost
        strength = np.maximum(strength_of_transfer(np.stack(q_squared)), LEAST_STRENGTH)
        fraction = lost_fraction(t, strength)
        energy = self.sqrt_s / 2.0 * (1.0 - np.where(fraction < SOFTEST, 0.0, fraction))
        return ReducedBeams(energy, np.prod(structure_density(t, strength), axis=0))

    def _photons(self, energy: Column) -> tuple[FourVector, FourVector]:
        nil = np.zeros(energy.shape[1])
        first, second = self.sqrt_s / 2.0 - energy
        return FourVector(nil, nil, first, first), FourVector(nil, nil, -second, second)

    def _fractions(self, u: Column, v: Column) -> tuple[NDArray[np.int64], Column, Column, Column]:
        """Return where the photons' energy fractions are possible, them, and one over their density."""
        # virtual photons can make more than x1 x2 s
        lowest = self.least_mass**2 / self.sqrt_s**2 / 2.0
        whole = lowest**-MASS_POWER - 1.0
        product = libm.power(1.0 + u * whole, -1.0 / MASS_POWER)
        x1 = libm.power(product, v)
        x2 = product / x1
        per_density = -libm.log(product) * whole / MASS_POWER * libm.power(product, 1.0 + MASS_POWER)
        inside = np.flatnonzero((x1 < LARGEST_FRACTION) & (x2 < LARGEST_FRACTION))
        return inside, x1[inside], x2[inside], per_density[inside]

    def _virtualities(
        self, x1: Column, x2: Column, choice: Column, u: Column, v: Column
    ) -> tuple[Column, Column, Column]:
        """Return both virtualities, and one over their density, GeV⁴.

        Q² is above the squared transverse momentum of a photon, and one of the two has at least half
        of the pair's: so the first, the second, or both are large, the others anywhere.
        """
        drawn, anywhere, large = [], [], []
        for x, is_large, place in (
            (x1, choice < 2.0 / 3.0, np.where(choice < 2.0 / 3.0, u, v)),
            (x2, choice > 1.0 / 3.0, np.where(choice < 2.0 / 3.0, v, u)),
        ):
            lowest = least_virtuality(x)
            highest = lowest + self.sqrt_s**2 * (1.0 - x)
            cut = np.clip(self.min_pair_pt**2 / 4.0, lowest, highest * (1.0 - TINY))
            start = np.where(is_large, cut, lowest)
            q_squared = start * libm.power(highest / start, place)
            drawn.append(q_squared)
            anywhere.append(1.0 / libm.log(highest / lowest))
            large.append(np.where(q_squared >= cut, 1.0 / libm.log(highest / cut), 0.0))
        density = (large[0] * anywhere[1] + anywhere[0] * large[1] + large[0] * large[1]) / 3.0
        return drawn[0], drawn[1], drawn[0] * drawn[1] / density


def _beams(energy: Column) -> tuple[FourVector, FourVector]:
    """Return electron and positron of energies in GeV, shape (2, n)."""
    nil = np.zeros(energy.shape[1])
    electron, positron = np.sqrt(energy**2 - ELECTRON_MASS**2)
    return FourVector(nil, nil, electron, energy[0]), FourVector(nil, nil, -positron, energy[1])


def _can_scatter(x: Column, q_squared: Column, energy: Column) -> NDArray[np.bool_]:
    """Return where a beam particle of an energy, GeV, can emit such a photon."""
    after = energy * (1.0 - x)
    possible: NDArray[np.bool_] = q_squared - least_virtuality(x) < 4.0 * energy * after * (1.0 - TINY)
    return possible & (after > SLOWEST)


def _leptons(
    pair: FourVector, photon: FourVector, u: Column, v: Column, lepton_mass: float
) -> tuple[FourVector, FourVector, Column]:
    """Return both leptons, even in rapidity along the photon, and their phase space over the density."""
    mass = np.sqrt(pair.mass_squared())
    beta = np.sqrt(np.maximum(TINY, 1.0 - 4.0 * lepton_mass**2 / mass**2))
    limit = libm.arctanh(beta)
    cosine = libm.tanh((2.0 * u - 1.0) * limit) / beta
    density = beta / (2.0 * limit * (1.0 - (beta * cosine) ** 2))
    axis = unit(np.stack(boost_to_rest_frame(photon, pair)[:3], axis=1))
    direction = at_angle(axis, cosine, 2.0 * math.pi * v + _azimuth(pair, axis))
    px, py, pz = mass * beta / 2.0 * direction.T
    muon = boost_from_rest_frame(FourVector.with_mass(px, py, pz, lepton_mass), pair)
    antimuon = boost_from_rest_frame(FourVector.with_mass(-px, -py, -pz, lepton_mass), pair)
    return muon, antimuon, beta / (16.0 * math.pi) / density


def _azimuth(pair: FourVector, axis: Column) -> Column:
    """Return the azimuth of the pair's momentum about an axis: photons are polarised in that plane."""
    flight = np.stack(pair[:3], axis=1)
    nothing = np.zeros(len(flight))
    along, across = (at_angle(axis, nothing, nothing + turn) for turn in (0.0, math.pi / 2.0))
    angle: Column = libm.arctan2(np.sum(flight * across, axis=1), np.sum(flight * along, axis=1))
    return angle
