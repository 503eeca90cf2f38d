"""Widths of peaks after the detector: B → K(*) S, K_S, D0, D+, J/ψ, π0, and the recoil of a Z′."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import NOMINAL_DETECTOR, DetectedEvents, detect
from darkbelle.simulation.generators import generator
from darkbelle.simulation.reconstruction import neutral_pions, truth_tree
from darkbelle.simulation.steering import steering
from darkbelle.simulation.steering.b_to_k_llp import DisplacedList, b_to_k_llp_candidates
from darkbelle.simulation.steering.columns import Columns
from darkbelle.validation.figure import Figure, half_width, half_width_error
from darkbelle.vectors import Column

__all__ = [
    "WITHOUT_PHOTONS",
    "b_peaks",
    "detected_events",
    "mass_peaks",
    "pi_zero_masses",
    "recoil_masses",
    "width_figures",
]

SECTION: Final = "Resolutions"
PHYSICS: Final = "physics.md, section 0"
# mass of S in GeV: one that all final states can have
SCALAR_MASS: Final = 1.5
KAONS: Final = ("K+", "K*0")
FINAL_STATES: Final = ("ee", "mumu", "pipi", "KK")
WITHOUT_PHOTONS: Final = " without bremsstrahlung recovery"
# peak: process, options, steering, column of the mass, column that says whether it is signal
PEAKS: Final[dict[str, tuple[str, dict[str, Any], str, str, str]]] = {
    "K_S": ("ssbar", {}, "k_short", "KS_M", "KS"),
    "D0": ("ccbar", {"charm": "d_star"}, "d_star", "D0_M", "D0"),
    "D+": ("ccbar", {"charm": "d_plus"}, "d_plus", "D_M", "D"),
    "J/ψ": ("jpsi", {}, "jpsi", "Jpsi_M", "Jpsi"),
}
# mass of the boson in GeV: width in MeV, source, tolerance
RECOIL_WIDTHS: Final = {
    3.6: ((25.0, 45.0), "physics.md, section 2: ~35 MeV", 0.0),
    6.9: (
        (12.75, 12.75),
        "PRL 124 (2020) 141801, remembered: 51 MeV are ±2 widths of their core",
        0.15,
    ),
    9.0: ((2.0, 5.0), "physics.md, section 2: a few MeV", 0.0),
}


def detected_events(process: str, options: Mapping[str, Any], events: int, seed: int) -> DetectedEvents:
    """Return events of a process as the detector sees them."""
    rng = np.random.default_rng(seed)
    made = generator(process, **options).generate(events, rng).events
    return detect(place_in_lab(made, NOMINAL, rng), rng, NOMINAL_DETECTOR, NOMINAL)


def rows_of(process: str, options: Mapping[str, Any], name: str, events: int, seed: int) -> Columns:
    """Return the rows that a steering makes of events of a process."""
    return steering(name)(detected_events(process, options, events, seed))


def mass_peaks(events: int, seed: int = 1) -> dict[str, Column]:
    """Return the masses of true candidates that lost no photon, GeV, by peak."""
    masses = {}
    for peak, (process, options, name, column, prefix) in PEAKS.items():
        rows = rows_of(process, options, name, events, seed)
        masses[peak] = rows[column][rows[f"{prefix}_mcErrors"] == 0]
    return masses


def b_peaks(events: int, seed: int = 1) -> dict[str, tuple[Column, Column]]:
    """Return Mbc and ΔE, GeV, of true candidates of the eight channels, ``events`` of each made.

    Those of electrons stand there twice: as they are, and `WITHOUT_PHOTONS`.
    """
    peaks = {}
    for number, (kaon, state) in enumerate((kaon, state) for kaon in KAONS for state in FINAL_STATES):
        options = {"kaon": kaon, "final_state": state, "mass": SCALAR_MASS, "ctau_cm": 1.0}
        detected = detected_events("b_to_k_s", options, events, seed + number)
        listed = {"": DisplacedList()}
        if state == "ee":
            listed[WITHOUT_PHOTONS] = DisplacedList(brems_angle=0.0)
        for label, cuts in listed.items():
            rows = b_to_k_llp_candidates(detected, cuts=cuts)
            is_true = rows["B_isSignal"] == 1
            peaks[f"{kaon} {state}{label}"] = (rows["B_Mbc"][is_true], rows["B_deltaE"][is_true])
    return peaks


def pi_zero_masses(events: int, seed: int = 1) -> Column:
    """Return the masses of true π0 of τ → ππ0ν from photons above 0.1 GeV, GeV."""
    detected = detected_events("tautau", {"modes": ("pipi0", "mu")}, events, seed)
    truth = truth_tree(detected.generated)
    threshold = NOMINAL_DETECTOR.calorimeter.hard_threshold
    found = neutral_pions(detected, truth, photon_energy=threshold, mass=(0.05, 0.25))
    masses: Column = np.sqrt(found.momenta.mass_squared())[found.mc_errors == 0]
    return masses


def recoil_masses(mass: float, events: int, seed: int = 1) -> Column:
    """Return the recoil mass of muon pairs beside a Z′, without radiation, GeV; the root of M², signed."""
    rows = rows_of("zprime", {"mass": mass, "radiation": False}, "dimuon", events, seed)
    both = (rows["mu_p_isSignal"] == 1) & (rows["mu_m_isSignal"] == 1)
    squared = rows["m2Recoil"][both]
    signed: Column = np.sign(squared) * np.sqrt(np.abs(squared))
    return signed


def width_figures(
    masses: Mapping[str, Column],
    mesons: Mapping[str, tuple[Column, Column]],
    pions: Column,
    recoils: Mapping[float, Column],
) -> list[Figure]:
    """Return half the central 68 % of every peak, MeV, beside what is known."""
    known = {
        "J/ψ": ((8.0, 12.0), "est", "~10 MeV"),
        "D0": ((5.0, 6.0), "est", "5-6 MeV"),
        "K_S": ((2.0, 3.0), "est", "2-3 MeV"),
        "D+": ((4.0, 6.0), "est", "as D0, with less momentum a track"),
    }
    figures = [
        _width(f"M({peak})", masses[peak], span, mark, f"{PHYSICS}: {text}", 0.1)
        for peak, (span, mark, text) in known.items()
    ]
    figures.append(_width("M(π0)", pions, (5.0, 6.0), "est", f"{PHYSICS}: 5-6 MeV", 0.15))
    spread = 1e3 * NOMINAL.sqrt_s_spread / 2.0
    for channel, (mbc, delta_e) in mesons.items():
        if channel.endswith(WITHOUT_PHOTONS):
            figures += [_width(f"Mbc, {channel}", mbc), _width(f"ΔE, {channel}", delta_e)]
            continue
        figures.append(
            _width(
                f"Mbc, {channel}", mbc, (spread, spread), "std",
                f"{PHYSICS}: half of σ(√s), {spread:.2f} MeV; momenta add little", 0.15,
                because="momenta of the B's products add to the spread of the beams, most where electrons "
                "lose energy that no photon gives back",
            )
        )  # fmt: skip
        window = 50.0 if channel.endswith(("ee", "mumu")) else 35.0
        figures.append(
            _width(
                f"ΔE, {channel}", delta_e, (0.0, window / 2.0), "est",
                f"physics.md, section 4: a window of ±{window:g} MeV holds two widths or more",
                because="bremsstrahlung takes energy from electrons, and some of it is not found again",
            )
        )  # fmt: skip
    spread_of_energy = 1e3 * NOMINAL.sqrt_s_spread
    for mass, values in recoils.items():
        span, text, tolerance = RECOIL_WIDTHS.get(mass, (None, "", 0.0))
        # M² = s − 2 √s E + m²: √s enters with the energy of the recoil over M
        of_beams = spread_of_energy * (NOMINAL.sqrt_s**2 + mass**2) / (2 * NOMINAL.sqrt_s * mass)
        figures.append(
            _width(
                f"M_rec at {mass:g} GeV", values, span, "est" if span else None, text, tolerance,
                because=f"the spread of √s alone gives {of_beams:.1f} MeV and more, which the remembered "
                "figure leaves out",
            )
        )  # fmt: skip
    return figures


def _width(
    name: str,
    values: Column,
    known: tuple[float, float] | None = None,
    mark: Any = None,
    source: str = "",
    tolerance: float = 0.0,
    *,
    because: str = "",
) -> Figure:
    width, error = 1e3 * half_width(values), 1e3 * half_width_error(values)
    return Figure(
        SECTION, f"{name}: width", "MeV", width, error, known, mark, source, tolerance, False, because
    )
