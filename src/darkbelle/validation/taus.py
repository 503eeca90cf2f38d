"""Decays of τ pairs: branching fractions, and energies and masses of pions against Pythia's amplitudes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import TAU_MASS
from darkbelle.simulation.generators import generator
from darkbelle.simulation.reweighting import tau_mode_columns
from darkbelle.simulation.tau_modes import MODES
from darkbelle.validation.figure import Figure, share
from darkbelle.validation.pythia_taus import pythia_taus
from darkbelle.validation.tau_observables import TauObservables, observables
from darkbelle.vectors import Column

__all__ = ["TauSpectra", "branching_figures", "correlation_of", "spectra_figures", "tau_spectra"]

SECTION: Final = "τ decays"
PYTHIA: Final = "Pythia 8, its own helicity amplitudes, no radiation"
# PDG 2024; those of three charged pions without what comes from a K0, a mode of its own here
FRACTIONS: Final = {"e": 0.1782, "mu": 0.1739, "pi": 0.1082, "pipi0": 0.2549, "3pi": 0.0902, "3pipi0": 0.0449}


class TauSpectra(NamedTuple):
    """Observables of τ− → 3πν and τ+ → πν, or of both τ → πν: ours and Pythia's."""

    ours: TauObservables
    pythia: TauObservables


def branching_figures(events: int, seed: int = 1) -> list[Figure]:
    """Return the branching fractions counted in inclusive τ pairs."""
    made = generator("tautau").generate(events, np.random.default_rng(seed)).events
    modes = np.concatenate(list(tau_mode_columns(made).values()))
    names, figures = list(MODES), []
    for name, known in FRACTIONS.items():
        value, error = share(int(np.sum(modes == names.index(name))), len(modes))
        figures.append(
            Figure(
                SECTION, f"branching fraction of {name}", "1", value, error, (known, known), "std",
                f"PDG{', without K0' if name.startswith('3pi') else ''}", 0.002, set_to_it=True,
            )
        )  # fmt: skip
    return figures


def tau_spectra(
    minus: str, plus: str, events: int, pythia_events: int, seed: int = 1, cache: Path | None = None
) -> TauSpectra:
    """Return what is compared for two decays, ``"pi"`` or ``"3pi"`` each; ours radiate photons."""
    made = generator("tautau", modes=(minus, plus)).generate(events, np.random.default_rng(seed)).events
    ours = observables(made.event_of_particle, made.pdg, made.mother_pdg, made.momenta)
    if minus != plus:  # either charge has either decay
        as_asked = np.isfinite(ours.opposite_mass_minus)
        ours = TauObservables(*(column[as_asked] for column in ours))
    return TauSpectra(ours, pythia_taus(minus, plus, pythia_events, seed, cache))


def correlation_of(found: TauObservables) -> tuple[float, float]:
    """Return the correlation coefficient of the energies of both sides, and its error (1 − ρ²)/√n."""
    value = float(np.corrcoef(found.x_minus, found.x_plus)[0, 1])
    return value, (1.0 - value**2) / math.sqrt(len(found.x_minus))


def spectra_figures(pions: TauSpectra, resonances: TauSpectra) -> list[Figure]:
    """Return correlations and moments of spectra.

    Parameters
    ----------
    pions, resonances
        Of both τ → πν, and of τ− → 3πν with τ+ → πν.
    """
    figures = []
    gamma = NOMINAL.sqrt_s / (2.0 * TAU_MASS)
    # helicities: R_zz averaged over the angle, a third of it for pions, whose cosines are even in ±1
    expected = (2.0 - gamma**-2) / (2.0 + gamma**-2) / 3.0
    figures.append(
        Figure(
            SECTION, "ππ: correlation of energies", "1", *correlation_of(pions.ours), (expected, expected),
            "formula", "R_zz/3 at √s, Y.-S. Tsai, PRD 4 (1971) 2821", 0.02,
            because="pairs that lost energy to radiation are slower",
        )
    )  # fmt: skip
    for name, spectra in (("ππ", pions), ("a1 π", resonances)):
        theirs, error = correlation_of(spectra.pythia)
        ours, own_error = correlation_of(spectra.ours)
        figures.append(
            Figure(
                SECTION, f"{name}: correlation of energies", "1", ours, math.hypot(error, own_error),
                (theirs, theirs), "generator", PYTHIA, because="the currents of the three pions differ",
            )
        )  # fmt: skip
    for name, index in (("E(3π)/E(τ)", 0), ("M(3π)", 2), ("M(π+π−)", 3)):
        pair = (resonances.ours[index], resonances.pythia[index])
        figures += _moments(name, "1" if index == 0 else "GeV", *pair)
    return figures


def _moments(name: str, unit: str, ours: Column, theirs: Column) -> list[Figure]:
    """Return mean and standard deviation; CLEO's model of the a1 is not resonance chiral theory."""
    because = "CLEO's model of the a1 there is not the resonance chiral theory here"
    figures = []
    for moment, of, factor, tolerance in (
        ("mean", np.mean, 1.0, 0.01),
        ("standard deviation", np.std, math.sqrt(0.5), 0.05),
    ):
        errors = [factor * float(np.std(values)) / math.sqrt(len(values)) for values in (ours, theirs)]
        known = float(of(theirs))
        figures.append(
            Figure(
                SECTION, f"a1: {moment} of {name}", unit, float(of(ours)), math.hypot(*errors),
                (known, known), "generator", PYTHIA, tolerance, because=because,
            )
        )  # fmt: skip
    return figures
