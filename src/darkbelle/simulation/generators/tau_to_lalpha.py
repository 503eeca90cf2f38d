"""e+e− → τ+τ−(γ) of which one decays to a lepton and an invisible boson, spins correlated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import TAU_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.events import LEFT_HANDED, Generated
from darkbelle.simulation.generators.tautau import CROSS_SECTION
from darkbelle.simulation.lepton_alpha import (
    CHIRALITIES,
    LEPTONS,
    Chirality,
    left_handed_polarimeter,
    lepton_alpha_decays,
)
from darkbelle.simulation.light_hadrons import decay_light_hadrons
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.pythia import fermion_pairs
from darkbelle.simulation.tau_decays import TauDecays, decay_taus
from darkbelle.simulation.tau_modes import branching_fractions, chosen_modes, members
from darkbelle.simulation.tau_pairs import with_tau_decays
from darkbelle.simulation.tau_spin import align_spins, pair_axes, spin_correlation
from darkbelle.vectors import Column, FourVector

__all__ = ["TauToLeptonAlpha"]

HEAVIEST = 1.6  # GeV


@dataclass(frozen=True)
class TauToLeptonAlpha:
    """e+e− → τ+τ−(γ), one τ → lα, the other by a mode or group of modes.

    Which of the two charges decays so is drawn. Photons come from the beams, from the τ, and from the decay
    τ → lα, in which 18 % of electrons and 4.5 % of muons have one for α without mass: at first order, as
    TAUOLA has them in τ → lνν̄, see `darkbelle.simulation.lepton_alpha_radiation`.

    Parameters
    ----------
    lepton
        ``"e"`` or ``"mu"``.
    mass
        Of α, GeV, from 0 to 1.6.
    masses
        Instead of ``mass``: least and largest one, of a sample whose events each have their own, even in the
        square of the mass and so in the lepton's energy. `darkbelle.simulation.reweighting` makes of it
        the sample of any mass in between.
    chirality
        ``"isotropic"``, or ``"V-A"`` or ``"V+A"`` for a coupling of that kind.
    tag
        What the other τ does: a key of `darkbelle.simulation.tau_modes.MODES` or
        `darkbelle.simulation.tau_modes.GROUPS`.

    Raises
    ------
    ConfigurationError
        An option is not one of these.
    """

    lepton: str
    mass: float | None = None
    chirality: Chirality = "isotropic"
    tag: str = "3prong"
    masses: tuple[float, float] | None = None

    process = "tau_to_lalpha"

    def __post_init__(self) -> None:
        members(self.tag)
        if self.lepton not in LEPTONS or self.chirality not in CHIRALITIES:
            raise ConfigurationError(
                f"τ → lα: got lepton {self.lepton!r} and chirality {self.chirality!r}; expected one of "
                f"{', '.join(LEPTONS)}, and one of {', '.join(CHIRALITIES)}"
            )
        if (self.mass is None) == (self.masses is None):
            raise ConfigurationError(
                f"τ → lα needs either a mass of α or a range of masses, got {self.mass} and {self.masses}"
            )
        if self.mass is not None and not 0.0 <= self.mass <= HEAVIEST:
            raise ConfigurationError(f"τ → lα: got a mass of {self.mass} GeV for α, expected 0 to {HEAVIEST}")
        if self.masses is not None and not 0.0 <= self.masses[0] < self.masses[1] <= HEAVIEST:
            raise ConfigurationError(
                f"τ → lα: got masses {self.masses} GeV for α, expected two that rise within 0 to {HEAVIEST}"
            )

    @property
    def name(self) -> str:
        """Name of the sample."""
        chirality = (
            "" if self.chirality == "isotropic" else f"_{self.chirality.replace('-', 'm').replace('+', 'p')}"
        )
        tag = "" if self.tag == "3prong" else f"_{self.tag}"
        mass = f"{self.mass:g}" if self.masses is None else "{:g}_to_{:g}".format(*self.masses)
        return f"tau_to_{self.lepton}alpha_{mass}{chirality}{tag}"

    @property
    def fitted_final_state(self) -> str:
        """Final state of the channel that the sample is signal of."""
        return self.lepton

    @property
    def cross_section_fb(self) -> float:
        """Cross section of e+e− → τ+τ−(γ) at the Υ(4S), fb."""
        return CROSS_SECTION

    @property
    def branching_fraction(self) -> float:
        """That of the tag, twice, as either τ may be it; for a branching fraction of 1 of τ → lα."""
        fractions = branching_fractions()
        return 2.0 * sum(fractions[mode] for mode in members(self.tag))

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events in the CM frame, all tried."""
        pairs = fermion_pairs(15, TAU_MASS, size, rng)
        particles = Particles.from_collision(pairs.event_of_particle, pairs.pdg, pairs.momenta)
        taus = np.flatnonzero(particles.pdg == 15), np.flatnonzero(particles.pdg == -15)
        minus, plus = (particles.momenta_of(rows) for rows in taus)
        frame = minus.plus(plus)
        axes, cos_theta = pair_axes(minus, plus)
        correlation = spin_correlation(cos_theta, np.sqrt(frame.mass_squared()) / (2.0 * TAU_MASS))
        signal_is_minus = rng.random(size) < 0.5
        alpha_mass = self._alpha_masses(size, rng)
        of_minus = self._decays(15, signal_is_minus, alpha_mass, rng)
        of_plus = align_spins(
            of_minus, self._decays(-15, ~signal_is_minus, alpha_mass, rng), correlation, rng
        )
        truth = {LEFT_HANDED: self._asymmetry((of_minus, of_plus), signal_is_minus, alpha_mass, correlation)}
        particles = with_tau_decays(particles, taus, (of_minus, of_plus), frame, axes, rng)
        events = decay_light_hadrons(particles, rng).into_events(size, "cm")
        return Generated(replace(events, truth=truth), size)

    def _alpha_masses(self, size: int, rng: np.random.Generator) -> Column:
        if self.masses is None:
            return np.full(size, float(self.mass or 0.0))
        least, largest = (mass**2 for mass in self.masses)
        return np.sqrt(rng.uniform(least, largest, size))

    def _decays(
        self, pdg: int, is_signal: NDArray[np.bool_], alpha_mass: Column, rng: np.random.Generator
    ) -> TauDecays:
        signal = lepton_alpha_decays(pdg, self.lepton, alpha_mass[is_signal], self.chirality, rng)
        modes = chosen_modes(np.full(int((~is_signal).sum()), self.tag), branching_fractions(), rng)
        tag = decay_taus(pdg, modes, rng)
        order = np.argsort(np.argsort(~is_signal, kind="stable"), kind="stable")
        columns = (np.concatenate(pair)[order] for pair in zip(signal.momenta, tag.momenta, strict=True))
        return TauDecays(
            np.concatenate([signal.pdg, tag.pdg])[order],
            FourVector(*columns),
            np.concatenate([signal.polarimeter, tag.polarimeter])[order],
        )

    def _asymmetry(
        self,
        decays: tuple[TauDecays, TauDecays],
        signal_is_minus: NDArray[np.bool_],
        alpha_mass: Column,
        correlation: Column,
    ) -> Column:
        """Return a of the density 1 + a that the pairs have with V−A, over that of an isotropic decay."""
        polarimeters = []
        for of_charge, is_signal in zip(decays, (signal_is_minus, ~signal_is_minus), strict=True):
            rows = np.flatnonzero(is_signal)
            polarimeter = of_charge.polarimeter.copy()
            polarimeter[rows] = left_handed_polarimeter(of_charge.rows(rows), self.lepton, alpha_mass[rows])
            polarimeters.append(polarimeter)
        asymmetry: Column = np.einsum("ni,nij,nj->n", polarimeters[0], correlation, polarimeters[1])
        return asymmetry
