"""e+e− → μ+μ−τ+τ−, exact at tree level in QED, spins of the τ included, with radiation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import FINE_STRUCTURE, HBAR_C_SQUARED, MUON_MASS, TAU_MASS
from darkbelle.simulation.amplitudes.muon_tau_pairs import muon_tau_square
from darkbelle.simulation.events import Generated
from darkbelle.simulation.final_state_radiation import radiated_pairs
from darkbelle.simulation.four_lepton_phase_space import four_lepton_points
from darkbelle.simulation.light_hadrons import decay_light_hadrons
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.radiation import CrossSection, InitialStateRadiation, RadiativeCollisions
from darkbelle.simulation.tau_modes import branching_fractions
from darkbelle.simulation.tau_pairs import PairModes, correlated_decays, with_tau_decays
from darkbelle.simulation.unweighting import Proposals, Unweighting
from darkbelle.vectors import FourVector

__all__ = ["MuonTauPairs"]

PILOT_SIZE = 100_000  # proposals, for 0.5 % of the cross section
PILOT_SEED = 6
THRESHOLD = 4.0 * (MUON_MASS + TAU_MASS) ** 2  # GeV²

# μ−, μ+, τ−, τ+ in the frame of the collision, that frame in the CM, and the photons of both beams
MuonTauMomenta = tuple[FourVector, ...]


@dataclass(frozen=True)
class MuonTauPairs:
    """Generator of e+e− → μ+μ−τ+τ− with both τ decayed.

    The correlation of the spins is that of the amplitude. All couplings are the fine structure constant
    at zero momentum transfer, as in `darkbelle.simulation.generators.mumumumu`. Muons and τ radiate,
    each pair for itself. Exchange of a Z and resonances in the muons' mass are left out.

    Parameters
    ----------
    modes
        Of the two τ, as of `darkbelle.simulation.generators.tautau.TauPair`.
    sqrt_s
        Nominal energy of the collisions, GeV.
    radiation
        Whether beams and leptons radiate.
    """

    modes: Literal["all"] | tuple[str, str] = "all"
    sqrt_s: float = NOMINAL.sqrt_s
    radiation: bool = True

    process = "mumutautau"

    def __post_init__(self) -> None:
        PairModes.of(self.modes)

    @property
    def name(self) -> str:
        """Name of the sample."""
        return f"mumutautau{PairModes.of(self.modes).label}"

    @property
    def cross_section_fb(self) -> float:
        """The cross section in fb, with radiation if that is on."""
        return self.cross_section.value

    @property
    def branching_fraction(self) -> float:
        """Product of the branching fractions of the modes of the τ."""
        return PairModes.of(self.modes).branching_fraction(branching_fractions())

    @property
    def cross_section(self) -> CrossSection:
        """The cross section with its statistical uncertainty, from a fixed pilot sample."""
        return CrossSection(self.unweighting.cross_section_fb, self.unweighting.error_fb)

    @cached_property
    def beams(self) -> InitialStateRadiation:
        """The radiation of the beams."""
        return InitialStateRadiation(self.sqrt_s)

    @cached_property
    def unweighting(self) -> Unweighting[MuonTauMomenta]:
        """The cross section and the source of unweighted events."""
        return Unweighting.from_pilot(self.propose, PILOT_SIZE, PILOT_SEED)

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` unweighted events in the CM frame; there is no filter, all tried are kept.

        Raises
        ------
        SimulationError
            More than 1e-3 of the cross section lies above the largest weight.
        """
        made = self.unweighting.sample(size, rng, "e+e− → μ+μ−τ+τ−")
        leptons, frame, photons = made[:4], made[4], made[5:]
        collisions = RadiativeCollisions(frame.mass_squared(), frame, (photons[0], photons[1]))
        modes = PairModes.of(self.modes).drawn(size, branching_fractions(), rng)
        decays = correlated_decays(modes, muon_tau_square(*leptons).correlation, rng)
        particles = self._radiated(leptons, collisions, rng)
        taus = np.flatnonzero(particles.pdg == 15), np.flatnonzero(particles.pdg == -15)
        particles = with_tau_decays(particles, taus, decays, frame, collisions.axes, rng)
        return Generated(decay_light_hadrons(particles, rng).into_events(size, "cm"), size)

    def propose(self, size: int, rng: np.random.Generator) -> Proposals[MuonTauMomenta]:
        """Draw ``size`` weighted events and return those above the threshold."""
        t = rng.random((2, size)) if self.radiation else np.zeros((2, size))
        s = np.prod(1.0 - self.beams.lost_fraction(t), axis=0) * self.sqrt_s**2
        t = t[:, s > 1.01 * THRESHOLD]
        structure = self.beams.correction * np.prod(self.beams.density(t), axis=0)
        y1, y2 = self.beams.lost_fraction(t)
        collisions = self.beams.collisions(y1, y2, rng)
        points = four_lepton_points(collisions.s, rng, (MUON_MASS, TAU_MASS))
        squared = muon_tau_square(*points[:4]).squared
        # flux 2s, average over four spins of the beams
        coupling = (4.0 * math.pi * FINE_STRUCTURE) ** 4 * HBAR_C_SQUARED / 8.0
        weight = coupling * squared * points.volume / collisions.s
        events = (*points[:4], collisions.frame, *collisions.photons)
        return Proposals(events, weight * (structure if self.radiation else 1.0))

    def _radiated(
        self, leptons: MuonTauMomenta, collisions: RadiativeCollisions, rng: np.random.Generator
    ) -> Particles:
        """Return leptons and photons in the CM frame; the τ stand in the order of the events."""
        everyone = np.arange(len(collisions.s))
        rows: list[tuple[np.ndarray, int, FourVector]] = []
        for (minus, plus), code, mass in ((leptons[:2], 13, MUON_MASS), (leptons[2:], 15, TAU_MASS)):
            after = (minus, plus)
            if self.radiation:
                radiated = radiated_pairs(minus, plus, mass, rng)
                after = radiated.minus, radiated.plus
                rows.append((radiated.pair, 22, collisions.to_cm(radiated.photons, radiated.pair)))
            for sign, lepton in zip((1, -1), after, strict=True):
                rows.append((everyone, sign * code, collisions.to_cm(lepton, everyone)))
        for photon in collisions.photons:
            hard = np.flatnonzero(photon.energy > 0.0)
            rows.append((hard, 22, FourVector(*(column[hard] for column in photon))))
        return Particles.joined(
            [Particles.from_collision(event, np.full(len(event), pdg), p) for event, pdg, p in rows]
        )
