from __future__ import annotations

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.simulation.generators.mumumumu import FourMuons

GENERATOR = FourMuons()
WITHOUT_RADIATION = FourMuons(radiation=False)


@pytest.fixture(scope="module")
def events() -> GeneratedEvents:
    return GENERATOR.generate(4000, np.random.default_rng(5)).events


def test_cross_section_agrees_with_sherpa() -> None:
    # 0.341 ± 0.003 pb without radiation (stack-notes.md)
    value, error = WITHOUT_RADIATION.cross_section
    assert error < 2.0
    assert value == pytest.approx(341.0, abs=3 * np.hypot(3.0, error))


def test_radiation_raises_the_cross_section_a_little() -> None:
    # most of it falls with s as a photon's exchange does
    assert 1.02 < GENERATOR.cross_section_fb / WITHOUT_RADIATION.cross_section_fb < 1.15


def test_energy_and_momentum_are_conserved(events: GeneratedEvents) -> None:
    total = [np.add.reduceat(column, events.offsets[:-1]) for column in events.momenta]
    np.testing.assert_allclose(total[:3], 0.0, atol=1e-9)
    np.testing.assert_allclose(total[3], NOMINAL.sqrt_s, rtol=1e-10)


def test_there_are_two_muons_of_each_charge(events: GeneratedEvents) -> None:
    muons = np.abs(events.pdg) == 13
    assert np.all(np.bincount(events.event_of_particle, muons) == 4)
    assert np.all(np.bincount(events.event_of_particle, np.where(muons, events.pdg, 0)) == 0)
    np.testing.assert_allclose(events.momenta.mass_squared()[muons], MUON_MASS**2, atol=1e-9)


def test_low_pair_masses_dominate(events: GeneratedEvents) -> None:
    # a virtual photon likes to be light: half of the lightest pairs weigh less than a GeV
    muons = np.abs(events.pdg) == 13
    p = np.array(events.momenta)[:, muons].reshape(4, -1, 4)  # component, event, μ− μ+ μ− μ+
    masses = [
        (p[3, :, i] + p[3, :, j]) ** 2 - np.sum((p[:3, :, i] + p[:3, :, j]) ** 2, axis=0)
        for i in (0, 2)
        for j in (1, 3)
    ]
    lightest = np.min(masses, axis=0)
    assert np.all(lightest > 4 * MUON_MASS**2 * (1 - 1e-6))
    assert np.mean(lightest < 1.0) > 0.5


def test_a_seed_gives_identical_events(events: GeneratedEvents) -> None:
    again = GENERATOR.generate(4000, np.random.default_rng(5)).events
    assert np.array_equal(again.px, events.px)
    assert np.array_equal(again.pdg, events.pdg)


def test_registry_makes_it() -> None:
    assert generator("mumumumu").process == "mumumumu"
