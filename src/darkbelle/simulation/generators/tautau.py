"""Pairs of τ leptons: radiation by Pythia, decays by TAUOLA, spins correlated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from darkbelle.constants import FEMTOBARN_PER_NANOBARN, TAU_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_from_rest_frame, boost_to_rest_frame
from darkbelle.simulation.acceptance import MuonPairFilter, as_filter
from darkbelle.simulation.events import Generated, GeneratedEvents
from darkbelle.simulation.hit_or_miss import generate_passing
from darkbelle.simulation.light_hadrons import decay_light_hadrons
from darkbelle.simulation.particles import Particles
from darkbelle.simulation.pythia import fermion_pairs
from darkbelle.simulation.tau_decays import BRANCHING_FRACTIONS, TauDecays, decay_taus
from darkbelle.simulation.tau_spin import align_spins, pair_axes, rotated, spin_correlation
from darkbelle.vectors import FourVector

__all__ = ["TauPair"]

CROSS_SECTION = 0.919 * FEMTOBARN_PER_NANOBARN  # S. Banerjee et al., Phys. Rev. D 77 (2008) 054012
PROPER_LENGTH = 87.03e-4  # cτ in cm, PDG 2024


@dataclass(frozen=True)
class TauPair:
    r"""e+e− → τ+τ−(γ), both τ decayed, with spin correlation.

    The spins are correlated as in γ* → τ+τ− at lowest order, in the rest frame of the pair after all
    radiation; neither Z exchange nor spin flips by radiation are in. π0, η, K_S and Λ are
    decayed too. Daughters start where their mother decays.

    Parameters
    ----------
    modes
        ``"all"``, or the modes of the two τ as keys of
        `darkbelle.simulation.tau_decays.BRANCHING_FRACTIONS`, such as ``("e", "mu")``. Two different
        ones are given to the two charges at random. Leptonic modes include radiation.
    pair_filter
        What two charged products must pass: a `MuonPairFilter`, or a mapping with its fields.

    Raises
    ------
    ConfigurationError
        A mode is unknown, or not two are given; or the filter makes no sense.
    """

    modes: Literal["all"] | tuple[str, str] = "all"
    pair_filter: MuonPairFilter | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pair_filter", as_filter(self.pair_filter))
        if self.modes == "all":
            return
        known = ", ".join(BRANCHING_FRACTIONS)
        if isinstance(self.modes, str) or len(self.modes) != 2 or set(self.modes) - set(BRANCHING_FRACTIONS):
            raise ConfigurationError(
                f"modes of a τ pair: got {self.modes!r}, expected 'all' or two of {known}, one for each τ"
            )
        object.__setattr__(self, "modes", tuple(self.modes))  # lists come from YAML

    @property
    def name(self) -> str:
        """Name of the sample."""
        return "tautau" if self.modes == "all" else "tautau_" + "_".join(self.modes)

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
        if self.modes == "all":
            return 1.0
        first, second = self.modes
        ways = 1 if first == second else 2
        return ways * BRANCHING_FRACTIONS[first] * BRANCHING_FRACTIONS[second]

    def generate(self, size: int, rng: np.random.Generator) -> Generated:
        """Return ``size`` events that pass the filter, and the number tried."""
        if self.pair_filter is None:
            return Generated(self._decayed(size, rng), size)
        return generate_passing(self._decayed, self.pair_filter.passing, size, rng)

    def _decayed(self, size: int, rng: np.random.Generator) -> GeneratedEvents:
        pairs = fermion_pairs(15, TAU_MASS, size, rng)
        particles = Particles.from_collision(pairs.event_of_particle, pairs.pdg, pairs.momenta)
        rows = [np.flatnonzero(particles.pdg == pdg) for pdg in (15, -15)]
        minus, plus = (particles.momenta_of(of_charge) for of_charge in rows)
        modes_minus, modes_plus = _modes(self.modes, size, rng)
        frame = minus.plus(plus)
        axes, cos_theta = pair_axes(minus, plus)
        gamma = np.sqrt(frame.mass_squared()) / (2.0 * TAU_MASS)
        decays_minus = decay_taus(15, modes_minus, rng)
        decays_plus = align_spins(
            decays_minus, decay_taus(-15, modes_plus, rng), spin_correlation(cos_theta, gamma), rng
        )
        to_frame = np.transpose(axes, (0, 2, 1))
        for taus, decays in zip(rows, (decays_minus, decays_plus), strict=True):
            turned = decays._replace(momenta=rotated(decays.momenta, to_frame))
            particles = _with_products(particles, taus, turned, frame, rng.exponential(size=size))
        return decay_light_hadrons(particles, rng).into_events(size, "cm")


def _modes(
    modes: Sequence[str], size: int, rng: np.random.Generator
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return the modes of the τ− and of the τ+ of each event."""
    if modes == "all":
        return np.full(size, "all"), np.full(size, "all")
    swapped = rng.random(size) < 0.5
    first, second = modes
    return np.where(swapped, second, first), np.where(swapped, first, second)


def _with_products(
    particles: Particles,
    taus: NDArray[np.int64],
    decays: TauDecays,
    frame: FourVector,
    lifetime: NDArray[np.float64],
) -> Particles:
    """Return the particles with the products of τ leptons, in the CM frame, from where these decay.

    Products come along the axes of the pair's rest frame ``frame``, boosted into that of the τ, so
    they go back in the same two steps. ``lifetime`` is in units of the mean.
    """
    tau, slot = np.nonzero(decays.pdg)
    at_rest = FourVector(*(column[tau, slot] for column in decays.momenta))
    tau_in_frame = boost_to_rest_frame(particles.momenta_of(taus), frame)
    in_frame = boost_from_rest_frame(at_rest, FourVector(*(column[tau] for column in tau_in_frame)))
    return particles.with_daughters(
        taus[tau],
        decays.pdg[tau, slot],
        boost_from_rest_frame(in_frame, FourVector(*(column[tau] for column in frame))),
        particles.decay_points(taus, lifetime * PROPER_LENGTH)[tau],
    )
