"""Pairs of τ leptons: radiation by Pythia, decays by TAUOLA, spins correlated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from darkbelle.constants import FEMTOBARN_PER_NANOBARN, TAU_MASS
from darkbelle.simulation.acceptance import MuonPairFilter, as_filter
from darkbelle.simulation.events import Generated
from darkbelle.simulation.hit_or_miss import Passed, generate_passed
from darkbelle.simulation.light_hadrons import decay_light_hadrons
from darkbelle.simulation.tau_edge import UndecayedPairs, checked_range, decays_in_range
from darkbelle.simulation.tau_modes import branching_fractions
from darkbelle.simulation.tau_pairs import PairModes, checked_tau_mass, correlated_decays, with_tau_decays

__all__ = ["CROSS_SECTION", "TauPair"]

CROSS_SECTION = 0.919 * FEMTOBARN_PER_NANOBARN  # S. Banerjee et al., Phys. Rev. D 77 (2008) 054012


@dataclass(frozen=True)
class TauPair:
    r"""e+e− → τ+τ−(γ), both τ decayed, with spin correlation.

    Photons from the beams and from the τ are Pythia's. The spins are correlated as in γ* → τ+τ− at
    lowest order, in the rest frame of the pair after all radiation; neither Z exchange nor spin flips
    by radiation are in. π0, η, K_S and Λ are decayed too. Daughters start where their mother decays.

    Parameters
    ----------
    modes
        ``"all"``, or the modes of the two τ: keys of `darkbelle.simulation.tau_modes.MODES` or
        `darkbelle.simulation.tau_modes.GROUPS`, such as ``("e", "mu")`` or ``("3prong", "1prong")``. Two
        different ones are given to the two charges at random. Leptonic modes include radiation.
    pair_filter
        What two charged products must pass: a `MuonPairFilter`, or a mapping with its fields.
    pseudomass
        Range that the true pseudomass of the three charged hadrons must lie in, GeV; the first of the modes
        then has three prongs, and the second has not. Most of the work for the others is spared.
    mass
        Of the τ, GeV. The cross section stays: near the Υ(4S) it changes by less than 1e-4 in 1 MeV.
    branching_fractions
        Of some modes, instead of the known ones; the others are scaled so that all make 1.

    Raises
    ------
    ConfigurationError
        A mode is unknown, or not two are given; the mass is out of range, the branching fractions or the
        filters make no sense.
    """

    modes: Literal["all"] | tuple[str, str] = "all"
    pair_filter: MuonPairFilter | None = None
    pseudomass: tuple[float, float] | None = None
    mass: float = TAU_MASS
    branching_fractions: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pair_filter", as_filter(self.pair_filter))
        object.__setattr__(self, "pseudomass", checked_range(self.pseudomass, self._pair_modes))
        checked_tau_mass(self.mass)
        self._pair_modes.branching_fraction(branching_fractions(self.branching_fractions))

    @property
    def name(self) -> str:
        """Name of the sample; another mass is in it, other branching fractions are not."""
        mass = "" if self.mass == TAU_MASS else f"_{self.mass:g}"
        return f"tautau{self._pair_modes.label}{mass}"

    @property
    def process(self) -> str:
        """Process of the channel."""
        return "tautau"

    @property
    def cross_section_fb(self) -> float:
        """Cross section of e+e− → τ+τ−(γ) at the Υ(4S), fb."""
        return CROSS_SECTION

    @property
    def branching_fraction(self) -> float:
        """Product of the branching fractions of the two modes, both assignments to the charges added."""
        return self._pair_modes.branching_fraction(branching_fractions(self.branching_fractions))

    @property
    def _pair_modes(self) -> PairModes:
        return PairModes.of(self.modes)

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events that pass the filters, and the number tried."""
        if self.pseudomass is None and self.pair_filter is None:
            return Generated(self._decayed(size, rng).events, size)
        return generate_passed(self._decayed, size, rng)

    def _decayed(self, size: int, rng: np.random.Generator) -> Passed:
        pairs = UndecayedPairs.generated(self.mass, size, rng)
        modes = self._pair_modes.drawn(size, branching_fractions(self.branching_fractions), rng)
        if self.pseudomass is None:
            index, decays = np.arange(size), correlated_decays(modes, pairs.correlation, rng, self.mass)
        else:
            index, decays = decays_in_range(pairs, modes, self.pseudomass, self.mass, rng)
            pairs = pairs.rows(index)
        particles = with_tau_decays(pairs.particles, pairs.taus, decays, pairs.frame, pairs.axes, rng)
        events = decay_light_hadrons(particles, rng).into_events(len(index), "cm")
        if self.pair_filter is None:
            return Passed(events, index)
        passing = self.pair_filter.passing(events)
        return Passed(events.select(passing), index[passing])
