"""Decays X → τ−τ+ of a boson that a muon pair radiated, down to stable particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from darkbelle.constants import TAU_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_from_rest_frame
from darkbelle.simulation.amplitudes.tau_resonance import scalar_decay_correlation, vector_decays
from darkbelle.simulation.events import Generated
from darkbelle.simulation.final_state_radiation import radiated_pairs
from darkbelle.simulation.light_hadrons import decay_light_hadrons, isotropic
from darkbelle.simulation.muon_boson import BosonEvents, MuonBoson
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.tau_modes import branching_fractions
from darkbelle.simulation.tau_pairs import PairModes, correlated_decays, with_tau_decays
from darkbelle.vectors import Column, FourVector

__all__ = ["Resonance", "decayed_to_taus"]


@dataclass(frozen=True)
class Resonance:
    """A boson that a muon pair radiates, and what becomes of it.

    The direction of the τ and the correlation of their spins are exact at tree level, before photons
    are radiated: a vector decays as its production polarised it. Muons, and τ, radiate as pairs.

    Parameters
    ----------
    production
        How it is made.
    pdg
        Its code.
    decay
        To τ pairs, or invisible.
    modes
        Of the two τ, see `darkbelle.simulation.tau_pairs.PairModes`.

    Raises
    ------
    ConfigurationError
        It is too light for two τ, or there are no such modes.
    """

    production: MuonBoson
    pdg: int
    decay: Literal["tautau", "invisible"] = "tautau"
    modes: str | Sequence[str] = "all"

    def __post_init__(self) -> None:
        if self.decay not in {"tautau", "invisible"}:
            raise ConfigurationError(f"a boson decays to 'tautau' or is 'invisible', got {self.decay!r}")
        if self.decay == "tautau" and self.production.mass <= 2.0 * TAU_MASS:
            raise ConfigurationError(
                f"mass of a boson that decays to τ pairs is {self.production.mass} GeV, expected above two "
                f"τ masses, {2.0 * TAU_MASS:.4f} GeV"
            )
        self.pair_modes  # noqa: B018 - checks them

    @property
    def pair_modes(self) -> PairModes:
        """The modes of the τ."""
        return PairModes.of(self.modes)

    @property
    def label(self) -> str:
        """Decay, mass and modes, for names of samples."""
        return f"{self.decay}_{self.production.mass:g}{self.pair_modes.label}"

    @property
    def branching_fraction(self) -> float:
        """Product of the branching fractions of the modes of the τ; that of the boson is not in."""
        return self.pair_modes.branching_fraction(branching_fractions()) if self.decay == "tautau" else 1.0

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` unweighted events in the CM frame; there is no filter, all tried are kept.

        Raises
        ------
        SimulationError
            More than 1e-3 of the cross section lies above the majorants of the sampling.
        """
        events = self.production.sample(size, rng)
        particles = events.particles(self.pdg, self.production.radiated(events, rng))
        if self.decay == "tautau":
            particles = decay_light_hadrons(self._with_taus(events, particles, rng), rng)
        return Generated(particles.into_events(size, "cm"), size)

    def _with_taus(self, events: BosonEvents, particles: Particles, rng: np.random.Generator) -> Particles:
        minus, plus, correlation = decayed_to_taus(self.production, events, rng)
        size = len(minus.px)
        modes = self.pair_modes.drawn(size, branching_fractions(), rng)
        decays = correlated_decays(modes, correlation, rng)
        everyone, bosons = np.arange(size), np.arange(2 * size, 3 * size)
        if self.production.radiation:
            minus, plus, pair, photons = radiated_pairs(minus, plus, TAU_MASS, rng)
            mothers = bosons[pair]
            particles = particles.with_daughters(
                mothers,
                np.full(len(pair), 22),
                events.collisions.to_cm(photons, pair),
                particles.vertex[mothers],
            )
        taus = []
        for pdg, tau in ((15, minus), (-15, plus)):
            taus.append(len(particles.pdg) + everyone)
            particles = particles.with_daughters(
                bosons, np.full(size, pdg), events.collisions.to_cm(tau, everyone), particles.vertex[bosons]
            )
        return with_tau_decays(
            particles, (taus[0], taus[1]), decays, events.collisions.frame, events.collisions.axes, rng
        )


def decayed_to_taus(
    production: MuonBoson, events: BosonEvents, rng: np.random.Generator
) -> tuple[FourVector, FourVector, Column]:
    """Return τ−, τ+ in the frame of the events and the correlation of their spins, shape (n, 3, 3)."""
    size = len(events.boson.px)
    if production.kind != "vector":
        minus, plus = _isotropic_pairs(events.boson, production.mass, rng)
        is_odd = production.kind == "pseudoscalar"
        return minus, plus, scalar_decay_correlation(minus, plus, pseudoscalar=is_odd)
    kept = np.empty((2, 4, size))
    correlation = np.empty((size, 3, 3))
    pending = np.arange(size)
    while pending.size:
        muon, antimuon, boson = (FourVector(*(column[pending] for column in vector)) for vector in events[:3])
        pair = _isotropic_pairs(boson, production.mass, rng)
        decays = vector_decays(muon, antimuon, *pair, production.mass)
        accepted = rng.random(pending.size) < decays.share
        kept[:, :, pending[accepted]] = np.array(pair)[:, :, accepted]
        correlation[pending[accepted]] = decays.correlation[accepted]
        pending = pending[~accepted]
    return FourVector(*kept[0]), FourVector(*kept[1]), correlation


def _isotropic_pairs(
    boson: FourVector, mass: float, rng: np.random.Generator
) -> tuple[FourVector, FourVector]:
    momentum = np.full(len(boson.px), np.sqrt(mass**2 / 4.0 - TAU_MASS**2))
    px, py, pz = isotropic(momentum, rng)
    at_rest = (FourVector.with_mass(sign * px, sign * py, sign * pz, TAU_MASS) for sign in (1.0, -1.0))
    minus, plus = (boost_from_rest_frame(tau, boson) for tau in at_rest)
    return minus, plus
