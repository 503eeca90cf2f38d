"""e+e− → μ+μ−X with X → τ+τ−, or invisible."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.errors import ConfigurationError
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.cross_section_tables import cross_section_table
from darkbelle.simulation.directions import unit
from darkbelle.simulation.events import ALP, SCALAR, ZPRIME, GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.simulation.generators.alp_tautau import AlpTauTau
from darkbelle.simulation.generators.scalar_tautau import ScalarTauTau
from darkbelle.vectors import Column, FourVector

PROCESSES = {"zprime_tautau": ZPRIME, "scalar_tautau": SCALAR, "alp_tautau": ALP}


def rows(vectors: FourVector, index: np.ndarray) -> FourVector:
    return FourVector(*(column[index] for column in vectors))


def directions(vectors: FourVector) -> Column:
    return unit(np.stack(vectors[:3], axis=1))


@pytest.mark.parametrize("process", PROCESSES)
def test_momentum_is_conserved_and_bosons_have_their_mass(process: str) -> None:
    events = generator(process, mass=5.0).generate(1500, np.random.default_rng(1)).events
    for column, total in zip(events.momenta, (0.0, 0.0, 0.0, NOMINAL.sqrt_s), strict=True):
        sums = np.bincount(events.event_of_particle, column)
        np.testing.assert_allclose(sums, total, atol=1e-5)  # TAUOLA computes in single precision
    ancestors = events.ancestor_momenta()
    bosons = events.ancestors.pdg == PROCESSES[process]
    assert bosons.sum() == 1500
    np.testing.assert_allclose(np.sqrt(ancestors.mass_squared()[bosons]), 5.0, atol=1e-4)
    taus = np.abs(events.ancestors.pdg) == 15
    assert taus.sum() == 3000
    np.testing.assert_allclose(np.sqrt(ancestors.mass_squared()[taus]), TAU_MASS, atol=1e-3)


@pytest.mark.parametrize(("process", "sign"), [("scalar_tautau", 1.0), ("alp_tautau", -1.0)])
def test_pions_show_the_parity_of_the_boson(process: str, sign: float) -> None:
    # τ− → π−ν has the polarimeter along the pion, τ+ → π+ν against it, so that
    # <n_T− · n_T+> = −(R_xx + R_yy)/9 = ∓2/9 in the rest frame of the boson
    size = 20_000
    made = generator(process, mass=6.0, modes=("pi", "pi"), radiation=False)
    events = made.generate(size, np.random.default_rng(2)).events
    whole = events.ancestor_momenta()
    boson = rows(whole, np.flatnonzero(events.ancestors.pdg == PROCESSES[process]))
    pions, taus = [], []
    for pdg in (15, -15):
        tau = boost_to_rest_frame(rows(whole, np.flatnonzero(events.ancestors.pdg == pdg)), boson)
        pion = rows(events.momenta, np.flatnonzero(events.pdg == (-211 if pdg > 0 else 211)))
        pions.append(directions(boost_to_rest_frame(boost_to_rest_frame(pion, boson), tau)))
        taus.append(directions(tau))
    longitudinal = np.sum(pions[0] * taus[0], axis=1) * np.sum(pions[1] * taus[0], axis=1)
    transverse = np.sum(pions[0] * pions[1], axis=1) - longitudinal
    error = transverse.std() / np.sqrt(size)
    assert transverse.mean() == pytest.approx(-sign * 2.0 / 9.0, abs=4.0 * error)
    assert longitudinal.mean() == pytest.approx(1.0 / 9.0, abs=4.0 * longitudinal.std() / np.sqrt(size))


@pytest.mark.parametrize(("process", "code"), [("scalar_tautau", SCALAR), ("alp_tautau", ALP)])
def test_invisible_bosons_stay(process: str, code: int) -> None:
    made = generator(process, mass=1.0, decay="invisible")
    assert made.name == f"{process.split('_', maxsplit=1)[0]}_invisible_1"
    assert made.branching_fraction == 1.0
    events = made.generate(800, np.random.default_rng(3)).events
    boson = events.pdg == code
    np.testing.assert_allclose(events.momenta.mass_squared()[boson], 1.0, atol=1e-10)
    muons = np.abs(events.pdg) == 13
    np.testing.assert_allclose(events.momenta.mass_squared()[muons], MUON_MASS**2, atol=1e-9)
    assert (boson.sum(), muons.sum()) == (800, 1600)


def test_forced_modes_are_in_the_branching_fraction() -> None:
    made = generator("zprime_tautau", mass=5.0, modes=["mu", "e"])
    assert made.branching_fraction == pytest.approx(2.0 * 0.1739 * 0.1782)
    assert made.name == "zprime_tautau_5_mu_e"


@pytest.mark.parametrize("process", PROCESSES)
def test_bosons_too_light_for_taus_are_refused(process: str) -> None:
    with pytest.raises(ConfigurationError, match="above two τ masses"):
        generator(process, mass=3.5)


def test_cross_sections_go_with_the_couplings_squared() -> None:
    one, ten = (ScalarTauTau(5.0, xi=xi, radiation=False).cross_section_fb for xi in (1.0, 10.0))
    assert ten == pytest.approx(100.0 * one)
    # ξ m/v and C m/Λ are one coupling: at 246 GeV both give the same emission but for the parity
    alp = AlpTauTau(2.0, coupling=1000.0 / 246.22, decay="invisible", radiation=False).cross_section_fb
    scalar = ScalarTauTau(2.0, decay="invisible", radiation=False).cross_section_fb
    assert alp == pytest.approx(scalar, rel=0.02)


@pytest.mark.parametrize(("name", "made"), [("scalar", ScalarTauTau), ("alp", AlpTauTau)])
def test_shipped_tables_are_what_the_generators_give(
    name: str, made: type[ScalarTauTau] | type[AlpTauTau]
) -> None:
    text = (files("darkbelle.channels") / f"{name}_cross_section.csv").read_text(encoding="utf-8")
    table = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert len(table) > 50
    chosen = table[:: len(table) // 2]
    remade = cross_section_table(
        [float(row["mass"]) for row in chosen],
        lambda mass: made(mass, decay="invisible").resonance.production,
    )
    for i, row in enumerate(chosen):
        for kind in ("radiative", "born"):
            assert getattr(remade, kind)[i] == pytest.approx(float(row[kind]), rel=1e-4)


def test_a_seed_gives_identical_events() -> None:
    def make() -> GeneratedEvents:
        return generator("zprime_tautau", mass=5.0).generate(200, np.random.default_rng(4)).events

    first, second = make(), make()
    for column in ("offsets", "pdg", "px", "t"):
        np.testing.assert_array_equal(getattr(first, column), getattr(second, column))
