r"""Muon pairs with one hard photon at a wide angle, from the exact tree-level amplitude.

Further photons come from the structure functions of `darkbelle.simulation.radiation`, mostly along
the beams. This is the picture of S. Binner, J. H. Kühn, K. Melnikov, Phys. Lett. B 459 (1999) 279 (the
generator EVA). The photon of the amplitude is the one with the largest transverse momentum, so that
no photon is counted twice at leading logarithm.

Proposals come from two channels in equal shares: photons from the beams, even in rapidity, half of
them with low masses of the pair favoured; and photons from the muons, even in the rapidity of the μ−
along the photon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from darkbelle.beams import NOMINAL
from darkbelle.constants import FINE_STRUCTURE, HBAR_C_SQUARED, MUON_MASS
from darkbelle.kernels import boost_from_rest_frame, libm
from darkbelle.simulation.acceptance import MuonPairFilter, inside_tracking
from darkbelle.simulation.amplitudes.radiative_pair import spin_sum
from darkbelle.simulation.radiation import InitialStateRadiation, RadiativeCollisions
from darkbelle.simulation.running_coupling import running_alpha
from darkbelle.simulation.unweighting import Proposals, Unweighting, taken
from darkbelle.vectors import Column, FourVector

__all__ = ["HardPhotonPairs", "RadiativePairs"]

PILOT_SIZE, PILOT_SEED = 400_000, 1999
TINY = 1e-12  # keeps logarithms finite at the edges of phase space


class RadiativePairs(NamedTuple):
    """Momenta of μ−μ+γ and of the photons that the electron and the positron beam radiated.

    CM frame, GeV, shape (n,); zero where a beam radiated nothing.
    """

    muon: FourVector
    antimuon: FourVector
    photon: FourVector
    from_electron: FourVector
    from_positron: FourVector


class PhaseSpacePoint(NamedTuple):
    r"""Points of the phase space of μ−μ+γ, all of shape (n,).

    ``fraction`` is the photon's energy over the beam's, ``cosine`` its cosine to the electron,
    ``mass`` and ``beta`` the muons' invariant mass in GeV and velocity in their rest frame,
    ``muon_cosine`` the cosine there of the μ− to the photon, ``jacobian`` the three-body phase space
    over the density of the proposal, GeV².
    """

    fraction: Column
    cosine: Column
    mass: Column
    beta: Column
    muon_cosine: Column
    jacobian: Column


@dataclass(frozen=True)
class HardPhotonPairs:
    """e+e− → μ+μ−γ(γ) with a photon at ``min_pt`` or above and both muons where they can be seen.

    Parameters
    ----------
    min_pt
        Least transverse momentum of the photon to the beams, GeV, in the CM frame of what annihilates.
    pair_filter
        What else the muons must pass; the tracking acceptance without one.
    sqrt_s
        Of the collision, GeV.
    """

    min_pt: float
    pair_filter: MuonPairFilter | None = None
    sqrt_s: float = NOMINAL.sqrt_s

    @property
    def radiation(self) -> InitialStateRadiation:
        """The radiation from the beams."""
        return InitialStateRadiation(self.sqrt_s)

    @cached_property
    def _coupling(self) -> float:
        """Return e⁶: real photons do not polarise the vacuum, the one that makes the pair does."""
        return (4.0 * math.pi) ** 3 * FINE_STRUCTURE * running_alpha(self.sqrt_s) ** 2

    @cached_property
    def unweighting(self) -> Unweighting[RadiativePairs]:
        """The cross section, to some 0.2 %, and the source of unweighted events."""
        return Unweighting.from_pilot(self.propose, PILOT_SIZE, PILOT_SEED)

    def propose(self, size: int, rng: np.random.Generator) -> Proposals[RadiativePairs]:
        """Draw ``size`` proposals, in the CM frame of the beams, and return those of non-zero weight."""
        t1, t2 = rng.random((2, size))
        s = (1.0 - self.radiation.lost_fraction(t1)) * (1.0 - self.radiation.lost_fraction(t2))
        s *= self.sqrt_s**2
        is_open = (1.0 - 4.0 * MUON_MASS**2 / np.maximum(s, MUON_MASS**2)) * np.sqrt(s) / 2.0 > self.min_pt
        t1, t2 = t1[is_open], t2[is_open]
        collisions = self.radiation.collisions(
            self.radiation.lost_fraction(t1), self.radiation.lost_fraction(t2), rng
        )
        point = _phase_space_point(collisions.s, self.min_pt, rng)
        at_rest = _momenta(np.sqrt(collisions.s), point, rng)
        muon, antimuon, photon = (boost_from_rest_frame(momenta, collisions.frame) for momenta in at_rest)
        pairs = RadiativePairs(muon, antimuon, photon, *collisions.photons)
        asked = _is_leading(at_rest[2], collisions) & self._can_be_seen(muon, antimuon)
        squared = spin_sum(*taken(at_rest, asked))
        structure = self.radiation.density(t1[asked]) * self.radiation.density(t2[asked])
        flux = self._coupling / 4.0 / (2.0 * collisions.s[asked])  # averages over the beams' spins
        weight = self.radiation.correction * structure * flux * squared * point.jacobian[asked]
        return Proposals(taken(pairs, asked), HBAR_C_SQUARED * weight)

    def _can_be_seen(self, muon: FourVector, antimuon: FourVector) -> NDArray[np.bool_]:
        if self.pair_filter is not None:
            return self.pair_filter.passes(antimuon, muon)
        return inside_tracking(muon) & inside_tracking(antimuon)


def _is_leading(photon: FourVector, collisions: RadiativeCollisions) -> NDArray[np.bool_]:
    transverse = np.hypot(photon.px, photon.py)
    others = [np.hypot(other.px, other.py) for other in collisions.photons]
    return (others[0] < transverse) & (others[1] < transverse)


def _phase_space_point(s: Column, min_pt: float, rng: np.random.Generator) -> PhaseSpacePoint:
    """Draw points of phase space, for s in GeV² where it is open."""
    half = np.sqrt(s) / 2.0
    softest, hardest = min_pt / half, 1.0 - 4.0 * MUON_MASS**2 / s
    span_soft, span_hard = libm.log(hardest / softest), libm.log((1.0 - softest) / (1.0 - hardest))
    from_beams = rng.random(len(s)) < 0.5
    low_mass = from_beams & (rng.random(len(s)) < 0.5)
    u, v, w = rng.random((3, len(s)))
    v, w = 2.0 * v - 1.0, 2.0 * w - 1.0
    fraction = np.where(
        low_mass, 1.0 - (1.0 - softest) * libm.exp(-u * span_hard), softest * libm.exp(u * span_soft)
    )
    cosine_limit = np.sqrt(np.maximum(TINY, 1.0 - (softest / fraction) ** 2))
    rapidity_limit = libm.arctanh(cosine_limit)
    cosine = np.where(from_beams, libm.tanh(v * rapidity_limit), v * cosine_limit)
    mass = 2.0 * half * np.sqrt(1.0 - fraction)
    beta = np.sqrt(np.maximum(TINY, 1.0 - 4.0 * MUON_MASS**2 / mass**2))
    muon_limit = libm.arctanh(beta)
    muon_cosine = np.where(from_beams, w, libm.tanh(w * muon_limit) / beta)
    soft, hard = 1.0 / (fraction * span_soft), 1.0 / ((1.0 - fraction) * span_hard)
    beams = (soft + hard) / 2.0 / (2.0 * rapidity_limit * (1.0 - cosine**2)) / 2.0
    muons = soft / (2.0 * cosine_limit) * beta / (2.0 * muon_limit * (1.0 - (beta * muon_cosine) ** 2))
    # d³k/((2π)³ 2ω) times the two-body phase space of the muons, both azimuths integrated
    volume = half**2 * fraction / (2.0 * (2.0 * math.pi) ** 2) * beta / (16.0 * math.pi)
    return PhaseSpacePoint(fraction, cosine, mass, beta, muon_cosine, volume / ((beams + muons) / 2.0))


def _momenta(
    sqrt_s: Column, point: PhaseSpacePoint, rng: np.random.Generator
) -> tuple[FourVector, FourVector, FourVector]:
    """Return μ−, μ+ and photon in their CM frame, with random azimuths."""
    phi, muon_phi = rng.uniform(0.0, 2.0 * math.pi, (2, len(sqrt_s)))
    cosine, muon_cosine = point.cosine, point.muon_cosine
    sine, muon_sine = np.sqrt(1.0 - cosine**2), np.sqrt(np.maximum(0.0, 1.0 - muon_cosine**2))
    along = np.array([sine * libm.cos(phi), sine * libm.sin(phi), cosine])
    in_plane = np.array([cosine * libm.cos(phi), cosine * libm.sin(phi), -sine])
    across = np.array([-libm.sin(phi), libm.cos(phi), np.zeros_like(phi)])
    to_photon = (
        muon_sine * (libm.cos(muon_phi) * in_plane + libm.sin(muon_phi) * across) + muon_cosine * along
    )
    energy = sqrt_s / 2.0 * point.fraction
    kx, ky, kz = energy * along
    photon = FourVector(kx, ky, kz, energy)
    pair = FourVector(-kx, -ky, -kz, sqrt_s - energy)
    px, py, pz = point.mass * point.beta / 2.0 * to_photon
    muon = boost_from_rest_frame(FourVector.with_mass(px, py, pz, MUON_MASS), pair)
    antimuon = boost_from_rest_frame(FourVector.with_mass(-px, -py, -pz, MUON_MASS), pair)
    return muon, antimuon, photon
