"""Leptons of simulated τ in the frame that data can find: where they should be, and what smears them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from darkbelle.beams import NOMINAL
from darkbelle.constants import MUON_MASS, TAU_MASS
from darkbelle.kernels import boost_to_rest_frame, scaled_lepton_energy
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.events import GeneratedEvents
from darkbelle.simulation.generators import generator
from darkbelle.vectors import Column, FourVector

SIZE = 4000


def events_of(name: str, **options: Any) -> GeneratedEvents:
    return generator(name, **options).generate(SIZE, np.random.default_rng(6)).events


def leptons(events: GeneratedEvents, code: int) -> tuple[FourVector, FourVector, FourVector]:
    """Return the lepton of each event, the τ it comes from, and the other τ."""
    rows = np.flatnonzero((np.abs(events.pdg) == code) & (np.abs(events.mother_pdg) == 15))
    assert len(rows) == len(events)
    lepton = FourVector(*(column[rows] for column in events.momenta))
    both = []
    for pdg in (15, -15):
        found = events.ancestors.pdg == pdg
        both.append(FourVector(*(column[found] for column in events.ancestor_momenta())))
    of_minus = events.mother_pdg[rows] == 15
    own, other = (
        FourVector(*(np.where(of_minus, a, b) for a, b in zip(*pair, strict=True)))
        for pair in (both, both[::-1])
    )
    return lepton, own, other


def test_muons_of_the_standard_model_have_michels_spectrum_in_the_true_frame() -> None:
    lepton, tau, _ = leptons(events_of("tautau", modes=("3pi", "mu")), 13)
    x = boost_to_rest_frame(lepton, tau).energy / ((TAU_MASS**2 + MUON_MASS**2) / (2 * TAU_MASS))
    # dΓ/dx = 6x² − 4x³ for a lepton without mass: ∫ up to y is 2y³ − y⁴; mass and radiation move it by 1 %
    for y in (0.3, 0.5, 0.7, 0.9):
        assert np.mean(x < y) == pytest.approx(2 * y**3 - y**4, abs=0.025)


@pytest.fixture(scope="module")
def signal() -> tuple[FourVector, FourVector, FourVector, Column]:
    events = place_in_lab(events_of("tau_to_lalpha", lepton="e", mass=1.0), NOMINAL, np.random.default_rng(7))
    lepton, own, other = leptons(events, 11)
    pions = np.isin(np.abs(events.pdg), (211, 321))
    visible = FourVector(
        *(
            np.bincount(events.event_of_particle[pions], column[pions], len(events)).astype(np.float64)
            for column in events.momenta
        )
    )
    assert np.allclose(own.mass_squared(), TAU_MASS**2, rtol=1e-6)
    return lepton, other, visible, np.full(len(events), 1 - (1.0 / TAU_MASS) ** 2)


def middle(values: Column) -> float:
    """Half the length of the middle half: hard photons are in the tails."""
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low) / 2


def test_two_bodies_are_a_line_if_the_other_tau_is_known(
    signal: tuple[FourVector, FourVector, FourVector, Column],
) -> None:
    lepton, other, _, line = signal
    x = scaled_lepton_energy(lepton, other, NOMINAL.four_vector)
    assert np.median(x - line) == pytest.approx(0.0, abs=0.005)
    assert middle(x - line) < 0.01  # soft photons and the spread of the beams


def test_what_the_tag_shows_of_the_direction_makes_the_width(
    signal: tuple[FourVector, FourVector, FourVector, Column],
) -> None:
    lepton, _, visible, line = signal
    x = scaled_lepton_energy(lepton, visible, NOMINAL.four_vector)
    # a wrong direction cannot be better aligned with the lepton than the right one on average: x rises
    assert 0.0 < np.median(x - line) < 0.08
    assert 0.05 < middle(x - line) < 0.2
