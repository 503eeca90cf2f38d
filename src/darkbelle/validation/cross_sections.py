"""Cross sections of every process, beside the known ones and beside formulae that share no code with ours."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.constants import FEMTOBARN_PER_NANOBARN as NB
from darkbelle.constants import FINE_STRUCTURE, MUON_MASS, TAU_MASS
from darkbelle.simulation.bhabha import Bhabhas
from darkbelle.simulation.equivalent_photons import two_photon_cross_section
from darkbelle.simulation.generators import generator
from darkbelle.simulation.generators.eetautau import TwoPhotonTauPair
from darkbelle.simulation.generators.jpsi import JPsiFromB
from darkbelle.simulation.generators.mumumumu import FourMuons
from darkbelle.simulation.generators.mumutautau import MuonTauPairs
from darkbelle.simulation.muon_boson import MuonBoson
from darkbelle.simulation.muon_emission import BosonKind
from darkbelle.simulation.radiation import InitialStateRadiation
from darkbelle.simulation.running_coupling import running_alpha
from darkbelle.simulation.two_photon_pairs import TwoPhotonPairs
from darkbelle.validation.figure import Figure
from darkbelle.validation.formulae import pair_cross_section, scalar_emission, vector_emission
from darkbelle.vectors import Column

__all__ = ["boson_figures", "four_lepton_figures", "known_figures", "pair_figures"]

SECTION: Final = "Cross sections"
BOOK: Final = "The Belle II Physics Book, PTEP 2019, 123C01"
BANERJEE: Final = "S. Banerjee et al., PRD 77 (2008) 054012"
# process: options, known figure in nb, source
TAKEN_OVER: Final[dict[str, tuple[dict[str, Any], float, str]]] = {
    "mumu": ({}, 1.148, BANERJEE),
    "tautau": ({}, 0.919, BANERJEE),
    "ee": ({}, 300.0, f"{BOOK}, 10° to 170°"),
    "eemumu": ({"least_mass": 0.5, "radiation": False}, 18.9, f"{BOOK}, M(μμ) > 0.5 GeV, not radiating"),
    "uubar": ({}, 1.61, BOOK),
    "ddbar": ({}, 0.40, BOOK),
    "ssbar": ({}, 0.38, BOOK),
    "ccbar": ({}, 1.30, BOOK),
    "charged_b": ({}, 0.540, "basf2; 1.05 nb of pairs at the peak"),
    "neutral_b": ({}, 0.510, "basf2; 1.05 nb of pairs at the peak"),
    "tau_to_lalpha": ({"lepton": "e", "mass": 1.0}, 0.919, f"{BANERJEE}, of all τ pairs"),
    "b_to_k_s": ({"kaon": "K+", "final_state": "mumu", "mass": 1.0}, 1.08, "twice B+B−, for B → K S always"),
}
JPSI_TO_MUONS: Final = 0.05961


def known_figures() -> list[Figure]:
    """Return the cross sections that generators take from measurements or other programs."""
    figures = []
    for process, (options, known, source) in TAKEN_OVER.items():
        found = generator(process, **options).cross_section_fb / NB
        figures.append(
            Figure(
                SECTION, process, "nb", found, known=(known, known), mark="std", source=source,
                tolerance=1e-3, set_to_it=True,
            )
        )  # fmt: skip
    charm = generator("ccbar", charm="d_star").cross_section_fb / generator("ccbar").cross_section_fb / 2.0
    jpsi = JPsiFromB()
    figures += [
        Figure(
            SECTION, "ccbar with a D*+: share of c quarks", "1", charm, known=(0.238, 0.272), mark="pub",
            source="DELPHI, EPJ C 12 (2000) 209: 0.255 ± 0.017", set_to_it=True,
        ),
        Figure(
            SECTION, "jpsi: direct B+ → J/ψ X", "1", jpsi.branching_fraction / JPSI_TO_MUONS,
            known=(0.0074, 0.0082), mark="std", source="PDG, 0.78 ± 0.04 %, admixture of B", set_to_it=True,
        ),
        Figure(SECTION, "jpsi: share of it whose X the decay table lists", "1", jpsi.listed_share),
    ]  # fmt: skip
    return figures


def pair_figures() -> list[Figure]:
    """Return what our own amplitudes and radiation make of the cross sections that are taken over."""
    alpha = running_alpha(NOMINAL.sqrt_s)
    figures = [
        Figure(
            SECTION,
            f"{process}, lowest order with running α, folded with our initial-state radiation",
            "nb",
            _folded(mass, alpha) / NB,
            known=(known, known),
            mark="pub",
            source=BANERJEE,
            tolerance=0.02,
            because="radiation after the collision and higher orders without a large logarithm are left out, "
            "and pairs near their threshold are all in",
        )
        for process, mass, known in (("mumu", MUON_MASS, 1.148), ("tautau", TAU_MASS, 0.919))
    ]
    bhabhas = Bhabhas((10.0, 170.0)).unweighting
    muons, radiating = (TwoPhotonPairs(0.5, radiation=radiates).unweighting for radiates in (False, True))
    figures += [
        Figure(
            SECTION, "ee, our calculation", "nb", bhabhas.cross_section_fb / NB, bhabhas.error_fb / NB,
            (300.0, 300.0), "std", BOOK, 0.05,
            because="first-order terms without a large logarithm are left out",
        ),
        Figure(
            SECTION, "eemumu, our amplitude", "nb", muons.cross_section_fb / NB, muons.error_fb / NB,
            (18.9, 18.9), "std", BOOK, 0.03,
            because="muons radiated by the electrons are left out",
        ),
        Figure(
            SECTION, "eemumu, our amplitude with radiation", "nb", radiating.cross_section_fb / NB,
            radiating.error_fb / NB,
        ),
    ]  # fmt: skip
    return figures


def four_lepton_figures() -> list[Figure]:
    """Return the cross sections of two pairs of leptons."""
    figures = []
    for name, made, sherpa, error, book in (
        ("mumutautau", MuonTauPairs, 145.5, 0.4, 144.0),
        ("mumumumu", FourMuons, 341.0, 3.0, 350.0),
    ):
        bare, radiated = made(radiation=False).cross_section, made().cross_section
        figures += [
            Figure(
                SECTION, f"{name} without radiation", "fb", bare.value, bare.uncertainty,
                (sherpa - error, sherpa + error), "generator", "Sherpa 3.0.3", 0.005,
            ),
            Figure(
                SECTION, f"{name} with radiation", "fb", radiated.value, radiated.uncertainty,
                (book, book), "std", f"{BOOK}, two digits", 0.02,
                because="the known figure is given with two digits and with cuts that it does not name",
            ),
        ]  # fmt: skip
    taus = TwoPhotonTauPair(radiation=False).pairs
    radiating = TwoPhotonTauPair().pairs.unweighting
    # the largest virtuality of equivalent photons is a choice; the τ mass is the scale of the pair
    equivalent = two_photon_cross_section(NOMINAL.sqrt_s, 2.0 * TAU_MASS, TAU_MASS, TAU_MASS**2)
    exact = taus.unweighting
    figures += [
        Figure(
            SECTION, "eetautau with radiation", "fb", radiating.cross_section_fb, radiating.error_fb,
        ),
        Figure(
            SECTION, "eetautau, all virtualities", "fb", exact.cross_section_fb, exact.error_fb,
            (18_000.0, 18_000.0), "est", "physics.md, section 0", 0.05,
            because="the known figure is remembered, not read; the next line is the check",
        ),
        Figure(
            SECTION, "eetautau, the same against equivalent photons up to Q² = m_τ²", "fb",
            exact.cross_section_fb, exact.error_fb, (equivalent, equivalent), "formula",
            "equivalent photons, V. M. Budnev et al., Phys. Rep. 15 (1975) 181", 0.15,
            because="the largest virtuality is a matter of choice",
        ),
    ]  # fmt: skip
    return figures


def boson_figures(masses: tuple[float, ...] = (2.0, 4.0, 6.0)) -> list[Figure]:
    """Return the cross sections of bosons radiated by muons, without radiation, at α(0) and coupling 0.1."""
    s, coupling = NOMINAL.sqrt_s**2, 0.1
    lowest = float(pair_cross_section(np.array([s]), 0.0, FINE_STRUCTURE)[0])
    kinds: tuple[tuple[str, BosonKind], ...] = (
        ("Z′", "vector"),
        ("S", "scalar"),
        ("ALP", "pseudoscalar"),
    )
    figures = []
    for label, kind in kinds:
        formula = vector_emission if kind == "vector" else scalar_emission
        for mass in masses:
            found = MuonBoson(kind, mass, coupling, NOMINAL.sqrt_s, False, FINE_STRUCTURE).born
            expected = lowest * formula(mass**2 / s, coupling)
            figures.append(
                Figure(
                    SECTION, f"μμ {label}, mass {mass:g} GeV, coupling 0.1", "fb", found.value,
                    found.uncertainty, (expected, expected), "formula",
                    "massless muons: closed formula" if kind == "vector" else "massless muons: integral of a "
                    "closed formula",
                    0.015, because="muons have a mass",
                )
            )  # fmt: skip
    sherpa = MuonBoson("vector", 1.0, coupling, NOMINAL.sqrt_s, False, FINE_STRUCTURE).born
    figures.append(
        Figure(
            SECTION, "μμ Z′, mass 1 GeV, coupling 0.1", "fb", sherpa.value, sherpa.uncertainty,
            (1002.0, 1002.0), "generator", "Sherpa with a UFO model, massless muons", 0.01,
            because="muons have a mass",
        )
    )  # fmt: skip
    return figures


def _folded(mass: float, alpha: float) -> float:
    def lowest(s: Column) -> Column:
        return pair_cross_section(np.maximum(s, 1e-3), mass, alpha)

    return InitialStateRadiation(NOMINAL.sqrt_s).fold(lowest).value
