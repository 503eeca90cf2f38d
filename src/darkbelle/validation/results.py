"""All figures of the validation page, computed in one go."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from darkbelle.validation.cross_sections import (
    boson_figures,
    four_lepton_figures,
    known_figures,
    pair_figures,
)
from darkbelle.validation.displaced import displaced_figures
from darkbelle.validation.figure import Figure
from darkbelle.validation.finding import identification_figures, resolution_figures
from darkbelle.validation.peaks import b_peaks, mass_peaks, pi_zero_masses, recoil_masses, width_figures
from darkbelle.validation.speed import REQUESTS, Speed, speed_of
from darkbelle.validation.taus import TauSpectra, branching_figures, spectra_figures, tau_spectra
from darkbelle.vectors import Column

__all__ = ["RECOIL_MASSES", "Sizes", "Validation", "validate"]

RECOIL_MASSES = (1.0, 3.6, 5.0, 6.9, 9.0)


@dataclass(frozen=True)
class Sizes:
    """How many events each kind of figure is made of."""

    taus: int = 100_000
    pythia_taus: int = 2_500
    peaks: int = 8_000
    b_channel: int = 5_000
    recoil: int = 20_000
    single: int = 20_000
    speed: int = 5_000

    def scaled(self, factor: float) -> Sizes:
        """Return sizes multiplied by a factor, each at least 50."""
        return Sizes(*(max(int(factor * size), 50) for size in vars(self).values()))


class Validation(NamedTuple):
    """What was found.

    Attributes
    ----------
    figures
        Lines of the tables.
    speeds
        By the name of the sample and its steering.
    load
        Of the machine, the mean over a minute, before and after speeds were measured.
    pions, resonances
        Both τ → πν, and τ− → 3πν with τ+ → πν.
    masses, mesons, recoils
        Masses by peak, Mbc and ΔE by channel, recoil masses by that of the Z′, GeV.
    """

    figures: list[Figure]
    speeds: dict[tuple[str, str], Speed]
    load: tuple[float, float]
    pions: TauSpectra
    resonances: TauSpectra
    masses: Mapping[str, Column]
    mesons: Mapping[str, tuple[Column, Column]]
    recoils: Mapping[float, Column]


def validate(
    sizes: Sizes, seed: int = 1, cache: Path | None = None, say: Callable[[str], None] | None = None
) -> Validation:
    """Compute every figure.

    Parameters
    ----------
    cache
        Folder where Pythia's τ pairs are kept, which take longest.
    say
        Called with what is done next.
    """
    tell = say or (lambda _: None)
    tell("cross sections")
    figures = [*known_figures(), *pair_figures(), *four_lepton_figures(), *boson_figures()]
    tell("τ decays, some of them by Pythia at 40/s")
    pions = tau_spectra("pi", "pi", sizes.taus, sizes.pythia_taus, seed, cache)
    resonances = tau_spectra("3pi", "pi", sizes.taus, sizes.pythia_taus, seed, cache)
    figures += branching_figures(sizes.taus, seed) + spectra_figures(pions, resonances)
    tell("peaks")
    masses, mesons = mass_peaks(sizes.peaks, seed), b_peaks(sizes.b_channel, seed)
    recoils = {mass: recoil_masses(mass, sizes.recoil, seed) for mass in RECOIL_MASSES}
    figures += width_figures(masses, mesons, pi_zero_masses(sizes.recoil, seed), recoils)
    tell("single particles")
    figures += displaced_figures(sizes.single, seed) + resolution_figures(sizes.single, seed)
    figures += identification_figures(sizes.single, seed)
    tell("speed")
    before = os.getloadavg()[0]
    speeds = {(request.name, request.steering): speed_of(request, sizes.speed, seed) for request in REQUESTS}
    load = (before, os.getloadavg()[0])
    return Validation(figures, speeds, load, pions, resonances, masses, mesons, recoils)
