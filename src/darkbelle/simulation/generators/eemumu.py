"""Muon pairs from the collision of two photons, both beam particles mostly lost along the beams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from darkbelle.constants import FEMTOBARN_PER_NANOBARN, MUON_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.acceptance import MuonPairFilter, as_filter
from darkbelle.simulation.events import Generated
from darkbelle.simulation.final_state_radiation import RadiatedPairs, radiated_pairs
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.two_photon_pairs import TwoPhotonEvents, TwoPhotonPairs
from darkbelle.simulation.unweighting import Unweighting

__all__ = ["TwoPhotonMuonPair"]

# E. Kou et al. (The Belle II Physics Book), PTEP 2019, 123C01, for pairs above the mass
KNOWN_CROSS_SECTION = 18.9 * FEMTOBARN_PER_NANOBARN
KNOWN_FROM_MASS = 0.5


@dataclass(frozen=True)
class TwoPhotonMuonPair:
    """e+e− → e+e−μ+μ− by two photons, with the exact lowest-order amplitude of these diagrams.

    The cross section is the known one for muon pairs above 0.5 GeV, times the calculated fraction that
    passes the options and of the effect of radiation; without that the calculation alone gives 0.98 of the
    known one. The beams radiate as in `darkbelle.simulation.two_photon_pairs`, the muons as in
    `darkbelle.simulation.final_state_radiation`, once the pair has passed the filter. Muons radiated by the
    electrons are not included. Both scattered beam particles are among the particles, so that the detector
    can see those at large angles.

    Parameters
    ----------
    least_mass
        Of the muon pair, GeV.
    pair_filter
        What the pair must pass: a `MuonPairFilter`, or a mapping with its fields.
    radiation
        Whether beams and muons radiate.

    Raises
    ------
    ConfigurationError
        The mass is below its threshold, or the filter makes no sense.
    """

    least_mass: float = KNOWN_FROM_MASS
    pair_filter: MuonPairFilter | None = None
    radiation: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "pair_filter", as_filter(self.pair_filter))
        if self.least_mass < 2.0 * MUON_MASS:
            raise ConfigurationError(
                f"two-photon muon pairs: got least_mass = {self.least_mass} GeV, expected at least two "
                f"muons', {2.0 * MUON_MASS:.4f} GeV"
            )

    @property
    def name(self) -> str:
        """Name of the sample."""
        return "eemumu"

    @property
    def process(self) -> str:
        """Process of the channel."""
        return "eemumu"

    @cached_property
    def cross_section_fb(self) -> float:
        """Cross section of what passes the options, fb."""
        calculated = TwoPhotonPairs(KNOWN_FROM_MASS, radiation=False).unweighting.cross_section_fb
        return KNOWN_CROSS_SECTION / calculated * self._unweighting.cross_section_fb

    @property
    def branching_fraction(self) -> float:
        """One: nothing decays."""
        return 1.0

    @cached_property
    def _unweighting(self) -> Unweighting[TwoPhotonEvents]:
        return TwoPhotonPairs(self.least_mass, self.pair_filter, radiation=self.radiation).unweighting

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events and their number: the cross section is that of what passes."""
        events = self._unweighting.sample(size, rng, "two-photon muon pairs")
        after = RadiatedPairs.without_radiation(events.lepton, events.antilepton)
        if self.radiation:
            after = radiated_pairs(events.lepton, events.antilepton, MUON_MASS, rng)
        everyone = np.arange(size)
        parts = [
            (everyone, 11, events.electron),
            (everyone, -11, events.positron),
            (everyone, 13, after.minus),
            (everyone, -13, after.plus),
            (after.pair, 22, after.photons),
            *((hard, 22, photon) for hard, photon in events.radiated()),
        ]
        return Generated(Particles.of_kinds(parts).into_events(size, "cm"), size)
