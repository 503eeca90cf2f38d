from __future__ import annotations

import csv
import math
from functools import cache
from importlib.resources import files

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import FINE_STRUCTURE, MUON_MASS
from darkbelle.kernels import boost_to_rest_frame
from darkbelle.simulation.cross_section_tables import cross_section_table
from darkbelle.simulation.events import ZPRIME, GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.simulation.generators.zprime import ZPrime


@cache
def events(mass: float, size: int = 20_000, *, radiation: bool = True) -> GeneratedEvents:
    return ZPrime(mass, radiation=radiation).generate(size, np.random.default_rng(11)).events


def test_sherpa_is_reproduced_with_its_settings_but_for_the_mass_of_the_muon() -> None:
    # Sherpa + UFO, M = 1 GeV, g′ = 0.1: 1.002 pb (stack-notes.md) with α(0) and massless muons;
    # their mass takes away 0.6 %, see test_muon_emission
    born = ZPrime(1.0, gprime=0.1, alpha=FINE_STRUCTURE).production.born.value
    assert born == pytest.approx(1002.0 * (1 - 0.006), rel=2e-3)


def test_cross_section_goes_with_the_couplings_squared() -> None:
    base = ZPrime(3.0, alpha=0.007, radiation=False).cross_section_fb
    assert ZPrime(3.0, alpha=0.007, gprime=0.1, radiation=False).cross_section_fb == pytest.approx(base / 100)
    assert ZPrime(3.0, alpha=0.014, radiation=False).cross_section_fb == pytest.approx(4 * base)


def test_uncertainties_are_small_against_the_cross_section() -> None:
    for mass in (0.01, 10.0):
        for value, uncertainty in (ZPrime(mass).production.cross_section, ZPrime(mass).production.born):
            assert 0.0 < uncertainty < 1e-4 * value


@pytest.mark.parametrize("mass", [0.01, 1.0, 8.0])
def test_energy_and_momentum_are_conserved(mass: float) -> None:
    made = events(mass)
    total = [np.add.reduceat(column, made.offsets[:-1]) for column in made.momenta]
    np.testing.assert_allclose(total[:3], 0.0, atol=1e-10)
    np.testing.assert_allclose(total[3], NOMINAL.sqrt_s, rtol=1e-11)


@pytest.mark.parametrize("mass", [0.01, 1.0, 8.0])
def test_particles_are_on_their_mass_shells(mass: float) -> None:
    made = events(mass)
    for code, expected in ((13, MUON_MASS), (-13, MUON_MASS), (ZPRIME, mass), (22, 0.0)):
        found = made.momenta.mass_squared()[made.pdg == code]
        assert found.size > 0
        np.testing.assert_allclose(found, expected**2, atol=1e-11)


def test_a_seed_gives_identical_events() -> None:
    first, second = (ZPrime(2.0).generate(500, np.random.default_rng(3)).events for _ in range(2))
    for name in ("offsets", "pdg", "px", "py", "pz", "energy"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    other = ZPrime(2.0).generate(500, np.random.default_rng(4)).events
    assert not np.array_equal(first.px[:10], other.px[:10])


def test_without_radiation_there_are_three_particles() -> None:
    made = events(1.0, radiation=False)
    assert set(made.multiplicity.tolist()) == {3}


def test_a_soft_zprime_leaves_the_angular_distribution_of_muon_pairs() -> None:
    # the muons of a light and soft boson go as 1 + cos²θ, whose <cos²θ> is 2/5
    made = events(0.05, radiation=False)
    soft = made.energy[made.pdg == ZPRIME] < 0.5
    muon = made.pdg == 13
    cosine = (made.pz[muon] / np.sqrt(made.energy[muon] ** 2 - MUON_MASS**2))[soft]
    assert np.mean(cosine**2) == pytest.approx(0.4, abs=5 * 0.3 / math.sqrt(cosine.size))


@pytest.mark.parametrize("code", [13, -13, ZPRIME])
def test_forward_and_backward_are_alike(code: int) -> None:
    made = events(2.0)
    pz = made.pz[made.pdg == code]
    assert np.mean(pz > 0) == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(pz.size))


def test_zprime_is_not_isotropic_but_follows_the_spin_of_the_photon() -> None:
    # near the threshold muons and Z′ are slow and the pair is in an S wave with the Z′: isotropic
    heavy = events(10.3, radiation=False)
    zprime = heavy.pdg == ZPRIME
    p = np.sqrt(heavy.px**2 + heavy.py**2 + heavy.pz**2)[zprime]
    cosine = heavy.pz[zprime] / p
    assert np.mean(cosine**2) == pytest.approx(1 / 3, abs=0.02)
    light = events(0.05, radiation=False)
    zprime = light.pdg == ZPRIME
    hard = light.energy[zprime] > 2.0  # collinear with its muon
    cosine = (light.pz[zprime] / np.sqrt(light.energy[zprime] ** 2 - 0.05**2))[hard]
    assert np.mean(cosine**2) > 1 / 3 + 0.02


def test_photons_are_mostly_lost_along_the_beams() -> None:
    made = ZPrime(1.0).production.sample(20_000, np.random.default_rng(11)).collisions
    pz, energy = (np.concatenate([photon[i] for photon in made.photons]) for i in (2, 3))
    hard = energy > 0.1
    along = np.abs(pz[hard]) / energy[hard] > math.cos(math.radians(12.4))
    assert 0.75 < np.mean(along) < 0.95
    assert np.any(~along)


def test_radiation_lowers_the_yield_of_a_heavy_zprime_and_raises_that_of_a_light_one() -> None:
    heavy, light = ZPrime(9.0), ZPrime(0.05)
    assert heavy.production.cross_section.value < 0.9 * heavy.production.born.value
    assert light.production.cross_section.value > 1.05 * light.production.born.value


def test_share_of_events_without_a_visible_photon_is_that_of_the_folding() -> None:
    # events whose s is less than 0.1 % reduced, counted, against the folded integral up to there
    generator = ZPrime(5.0)
    made = generator.production.sample(20_000, np.random.default_rng(11)).collisions
    radiated = made.photons[0].energy + made.photons[1].energy
    cut = 5e-4 * NOMINAL.sqrt_s
    beams = generator.production.beams

    def limited(s: np.ndarray) -> np.ndarray:
        return np.where(1.0 - s / NOMINAL.sqrt_s**2 < 1e-3, generator.production.born_at(s), 0.0)

    share = beams.fold(limited).value / generator.production.cross_section.value
    assert np.mean(radiated < cut) == pytest.approx(share, abs=0.02)


def test_shipped_table_is_what_the_generator_gives() -> None:
    text = (files("darkbelle.channels") / "zprime_cross_section.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    assert len(rows) > 50
    chosen = rows[:: len(rows) // 3]
    remade = cross_section_table([float(row["mass"]) for row in chosen], lambda mass: ZPrime(mass).production)
    for i, row in enumerate(chosen):
        for kind in ("radiative", "born"):
            tolerance = 5 * float(row[f"{kind}_uncertainty"]) + 1e-5 * float(row[kind])
            assert getattr(remade, kind)[i] == pytest.approx(float(row[kind]), abs=tolerance)


def test_muons_of_a_light_zprime_radiate_as_often_as_the_leading_logarithm_says() -> None:
    # (2α/π) [ln(s/m²) − 1] ln(√s/2E) photons above E, for muons that take all the energy
    production = ZPrime(0.05).production
    made = production.sample(40_000, np.random.default_rng(5))
    radiated = production.radiated(made, np.random.default_rng(6))
    mass = np.sqrt(made.muon.plus(made.antimuon).mass_squared())
    expected = float(
        np.mean(2.0 * FINE_STRUCTURE / math.pi * (2.0 * np.log(mass / MUON_MASS) - 1.0) * np.log(mass / 0.2))
    )
    soft = boost_to_rest_frame(radiated.photons, made.muon.plus(made.antimuon).rows(radiated.pair)).energy
    # hard photons are fewer than soft ones extrapolated: the splitting function (1 + (1 − x)²)/x gives 3/2
    # less for each unit of the logarithm, which ends at ln(1 − x) more: π²/3 − 5/4 less in all
    logarithm = float(np.mean(2.0 * np.log(mass / MUON_MASS) - 1.0))
    fewer = 1.5 * logarithm + math.pi**2 / 3.0 - 1.25
    expected -= FINE_STRUCTURE / math.pi * fewer
    error = math.sqrt(expected / 40_000)
    assert np.sum(soft > 0.1) / 40_000 == pytest.approx(expected, abs=3.0 * error + 0.01 * expected)


def test_registry_makes_it() -> None:
    made = generator("zprime", mass=2.0)
    assert (made.name, made.process) == ("zprime_2", "zprime")
