"""e+e− → μ+μ−μ+μ−, exact at tree level in QED, with radiation of the beams."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import FINE_STRUCTURE, HBAR_C_SQUARED, MUON_MASS
from darkbelle.kernels.boosts import boost_from_rest_frame
from darkbelle.simulation.amplitudes.four_muons import four_muon_square
from darkbelle.simulation.events import Generated, GeneratedEvents
from darkbelle.simulation.four_lepton_phase_space import four_lepton_points
from darkbelle.simulation.phase_space import rotated_z_to
from darkbelle.simulation.radiation import CrossSection, InitialStateRadiation, beam_axis
from darkbelle.simulation.unweighting import Proposals, Unweighting
from darkbelle.vectors import FourVector

__all__ = ["FourMuons"]

PILOT_SIZE = 100_000  # proposals, for 0.5 % of the cross section
PILOT_SEED = 4
THRESHOLD = (4.0 * MUON_MASS) ** 2  # GeV²

FourMuonMomenta = tuple[FourVector, ...]  # μ−, μ+, μ−, μ+, and the photons of both beams


@dataclass(frozen=True)
class FourMuons:
    """Generator of e+e− → μ+μ−μ+μ−.

    All couplings are the fine structure constant at zero momentum transfer, for most photons are
    nearly real; where the pairs come from an annihilation the running would add 7 %. Left out are
    exchange of a Z, resonances in the pairs' masses, and radiation off the muons.

    Parameters
    ----------
    sqrt_s
        Nominal energy of the collisions, GeV.
    radiation
        Whether the beams radiate.
    """

    sqrt_s: float = NOMINAL.sqrt_s
    radiation: bool = True

    name = "mumumumu"
    process = "mumumumu"
    branching_fraction = 1.0

    @property
    def cross_section_fb(self) -> float:
        """The cross section in fb, with radiation if that is on."""
        return self.cross_section.value

    @property
    def cross_section(self) -> CrossSection:
        """The cross section with its statistical uncertainty, from a fixed pilot sample."""
        return CrossSection(self.unweighting.cross_section_fb, self.unweighting.error_fb)

    @cached_property
    def beams(self) -> InitialStateRadiation:
        """The radiation of the beams."""
        return InitialStateRadiation(self.sqrt_s)

    @cached_property
    def unweighting(self) -> Unweighting[FourMuonMomenta]:
        """The cross section and the source of unweighted events."""
        return Unweighting.from_pilot(self.propose, PILOT_SIZE, PILOT_SEED)

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` unweighted events in the CM frame; there is no filter, all tried are kept.

        The particles of an event are the muons and the photons that the beams radiated.

        Raises
        ------
        SimulationError
            More than 1e-3 of the cross section lies above the largest weight.
        """
        vectors = self.unweighting.sample(size, rng, "e+e− → μ+μ−μ+μ−")
        columns = zip(*vectors, strict=True)
        momenta: FourVector = FourVector(*(np.stack(column, axis=1) for column in columns))
        codes = np.array([13, -13, 13, -13, 22, 22])
        return Generated(GeneratedEvents.from_slots(codes, momenta, keep=momenta.energy > 0.0), size)

    def propose(self, size: int, rng: np.random.Generator) -> Proposals[FourMuonMomenta]:
        """Draw ``size`` weighted events in the CM frame and return those above the threshold."""
        t = rng.random((2, size)) if self.radiation else np.zeros((2, size))
        s = np.prod(1.0 - self.beams.lost_fraction(t), axis=0) * self.sqrt_s**2
        t = t[:, s > 1.01 * THRESHOLD]
        structure = self.beams.correction * np.prod(self.beams.density(t), axis=0)
        y1, y2 = self.beams.lost_fraction(t)
        collisions = self.beams.collisions(y1, y2, rng)
        points = four_lepton_points(collisions.s, rng)
        squared = four_muon_square(
            (points.lepton, points.other_lepton), (points.antilepton, points.other_antilepton)
        )
        # flux 2s, average over four spins of the beams, two pairs of identical muons
        coupling = (4.0 * math.pi * FINE_STRUCTURE) ** 4 * HBAR_C_SQUARED / 32.0
        weight = coupling * squared * points.volume / collisions.s
        axis = beam_axis(collisions.frame)
        muons = (boost_from_rest_frame(rotated_z_to(p, axis), collisions.frame) for p in points[:4])
        return Proposals((*muons, *collisions.photons), weight * (structure if self.radiation else 1.0))
