"""What holds for all events in which Pythia decays hadrons."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import detect
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator

SIZE = 400
PROCESSES: dict[str, tuple[str, dict[str, Any]]] = {
    "uubar": ("uubar", {}),
    "ddbar": ("ddbar", {}),
    "ssbar": ("ssbar", {}),
    "ccbar": ("ccbar", {}),
    "ccbar_d_star": ("ccbar", {"charm": "d_star"}),
    "ccbar_d_plus": ("ccbar", {"charm": "d_plus"}),
    "charged_b": ("charged_b", {}),
    "neutral_b": ("neutral_b", {}),
    "b_to_k_s_K+_pipi_0.8_3": (
        "b_to_k_s",
        {"kaon": "K+", "final_state": "pipi", "mass": 0.8, "ctau_cm": 3.0},
    ),
    "b_to_k_s_K*0_ee_0.025_1": (
        "b_to_k_s",
        {"kaon": "K*0", "final_state": "ee", "mass": 0.025, "ctau_cm": 1.0},
    ),
    "hadronic_b_Dpi_10.5836": ("hadronic_b", {"decay": "Dpi", "mass": 10.5836}),
    "jpsi_ee_charged_b": ("jpsi", {"final_state": "ee"}),
    "jpsi_mumu_neutral_b": ("jpsi", {"final_state": "mumu", "pair": "neutral_b"}),
}
KNOWN = {11, 12, 13, 14, 16, 22, 130, 211, 321, 2112, 2212}  # what the detector meets
CHARGES = {11: -1, 13: -1, 211: 1, 321: 1, 2212: 1}
each = pytest.mark.parametrize("name", PROCESSES)


@cache
def made(name: str) -> GeneratedEvents:
    process, options = PROCESSES[name]
    return generator(process, **options).generate(SIZE, np.random.default_rng(5)).events


@each
def test_events_conserve_momentum_and_charge(name: str) -> None:
    events = made(name)
    assert len(events) == SIZE
    energy = events.truth.get("genCollisionEnergy", NOMINAL.sqrt_s)
    for column, expected in zip(events.momenta, (0.0, 0.0, 0.0, energy), strict=True):
        total = np.bincount(events.event_of_particle, column, minlength=SIZE)
        np.testing.assert_allclose(total, expected, atol=1e-7)
    charge = np.sign(events.pdg) * np.array([CHARGES.get(code, 0) for code in np.abs(events.pdg).tolist()])
    assert not np.bincount(events.event_of_particle, charge, minlength=SIZE).any()


@each
def test_particles_are_known_and_ancestors_have_decayed(name: str) -> None:
    events = made(name)
    assert set(np.abs(events.pdg).tolist()) <= KNOWN
    ancestors = events.ancestors
    assert not np.isin(np.abs(ancestors.pdg), list(KNOWN)).any()
    # no quark, gluon, diquark, string or beam is left among them, and mothers stand before
    assert (np.abs(ancestors.pdg) >= 15).all()
    assert not np.isin(np.abs(ancestors.pdg), (21, 23, 81, 82, 83, 90, 91, 92)).any()
    within = np.arange(len(ancestors.pdg)) - np.repeat(ancestors.offsets[:-1], np.diff(ancestors.offsets))
    assert (ancestors.mother < within).all()
    assert (events.mother < np.diff(ancestors.offsets)[events.event_of_particle]).all()


@each
def test_daughters_are_born_later_than_light_could_come(name: str) -> None:
    events = made(name)
    distance = np.sqrt(events.x**2 + events.y**2 + events.z**2)
    assert (events.t >= distance * (1.0 - 1e-9) - 1e-9).all()
    assert (distance[events.mother < 0] < 1e-12).all()
    assert distance.max() > 1.0  # K_S and Λ fly


@each
def test_narrow_ancestors_have_their_mass(name: str) -> None:
    events = made(name)
    mass = np.sqrt(events.ancestor_momenta().mass_squared())
    code = np.abs(events.ancestors.pdg)
    # PDG 2024; Pythia's numbers are some years older
    for pdg, expected in {111: 0.1349768, 310: 0.497611, 411: 1.86966, 421: 1.86484}.items():
        np.testing.assert_allclose(mass[code == pdg], expected, atol=3e-4)
    np.testing.assert_allclose(mass[code == 521], 5.27941, atol=1e-7)
    np.testing.assert_allclose(mass[code == 511], 5.27972, atol=1e-7)


@each
def test_same_seed_same_events(name: str) -> None:
    process, options = PROCESSES[name]
    events = made(name)
    made_by = generator(process, **options)
    assert (made_by.name, made_by.process) == (name, process)
    again, tried = made_by.generate(SIZE, np.random.default_rng(5))
    assert tried == SIZE
    for column in ("offsets", "pdg", "px", "energy", "z", "t", "mother"):
        np.testing.assert_array_equal(getattr(again, column), getattr(events, column))
    np.testing.assert_array_equal(again.ancestors.pdg, events.ancestors.pdg)


@pytest.mark.parametrize("name", ["uubar", "neutral_b"])
def test_another_seed_makes_other_events(name: str) -> None:
    process, options = PROCESSES[name]
    other = generator(process, **options).generate(SIZE, np.random.default_rng(6)).events
    assert other.pdg.tolist() != made(name).pdg.tolist()


@each
def test_the_detector_sees_them(name: str) -> None:
    lab = place_in_lab(made(name), NOMINAL, np.random.default_rng(1))
    detected = detect(lab, np.random.default_rng(2))
    assert 2.0 < len(detected.tracks.px) / SIZE < 10.0
