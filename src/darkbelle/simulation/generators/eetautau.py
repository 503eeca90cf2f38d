"""τ pairs from the collision of two photons, both beam particles mostly lost along the beams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from darkbelle.constants import TAU_MASS
from darkbelle.simulation.events import Generated
from darkbelle.simulation.final_state_radiation import RadiatedPairs, radiated_pairs
from darkbelle.simulation.light_hadrons import decay_light_hadrons
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.tau_modes import branching_fractions
from darkbelle.simulation.tau_pairs import PairModes, correlated_decays, with_tau_decays
from darkbelle.simulation.two_photon_pairs import TwoPhotonPairs
from darkbelle.vectors import FourVector

__all__ = ["TwoPhotonTauPair"]


@dataclass(frozen=True)
class TwoPhotonTauPair:
    """e+e− → e+e−τ+τ− by two photons, with the exact lowest-order amplitude of these diagrams.

    The cross section is the calculated one, 0.0148 nb, without radiation 0.0152 nb; the published 0.018 nb
    may count other diagrams, and is what equivalent photons up to the squared mass of the pair give. τ
    radiated by the electrons are not included. The beams radiate as in
    `darkbelle.simulation.two_photon_pairs`, the τ as in `darkbelle.simulation.final_state_radiation`. The
    correlation of the spins of the τ is that of the amplitude. Both scattered beam particles are among the
    particles.

    Parameters
    ----------
    modes
        Of the two τ, as of `darkbelle.simulation.generators.tautau.TauPair`.
    radiation
        Whether beams and τ radiate.
    """

    modes: Literal["all"] | tuple[str, str] = "all"
    radiation: bool = True

    process = "eetautau"

    def __post_init__(self) -> None:
        PairModes.of(self.modes)

    @property
    def name(self) -> str:
        """Name of the sample."""
        return f"eetautau{PairModes.of(self.modes).label}"

    @property
    def cross_section_fb(self) -> float:
        """Cross section, fb, to some 0.5 %."""
        return self.pairs.unweighting.cross_section_fb

    @property
    def branching_fraction(self) -> float:
        """Product of the branching fractions of the modes of the τ."""
        return PairModes.of(self.modes).branching_fraction(branching_fractions())

    @cached_property
    def pairs(self) -> TwoPhotonPairs:
        """The source of the pairs."""
        return TwoPhotonPairs(2.0 * TAU_MASS, lepton_mass=TAU_MASS, radiation=self.radiation)

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` unweighted events in the CM frame; there is no filter, all tried are kept."""
        events = self.pairs.unweighting.sample(size, rng, "two-photon τ pairs")
        modes = PairModes.of(self.modes).drawn(size, branching_fractions(), rng)
        decays = correlated_decays(modes, self.pairs.spin_correlation(events), rng)
        after = RadiatedPairs.without_radiation(events.lepton, events.antilepton)
        if self.radiation:
            after = radiated_pairs(events.lepton, events.antilepton, TAU_MASS, rng)
        kinds = zip((11, -11, 15, -15), (*events[:2], after.minus, after.plus), strict=True)
        everyone = np.arange(size)
        particles = Particles.of_kinds(
            [
                *((everyone, pdg, momenta) for pdg, momenta in kinds),
                (after.pair, 22, after.photons),
                *((hard, 22, photon) for hard, photon in events.radiated()),
            ]
        )
        taus = np.arange(2 * size, 3 * size), np.arange(3 * size, 4 * size)
        frame = FourVector(*(np.full(size, component) for component in (0.0, 0.0, 0.0, 1.0)))  # the CM itself
        axes = np.broadcast_to(np.eye(3), (size, 3, 3))
        particles = with_tau_decays(particles, taus, decays, frame, axes, rng)
        return Generated(decay_light_hadrons(particles, rng).into_events(size, "cm"), size)
