from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from darkbelle.constants import NEUTRAL_PION_MASS
from darkbelle.simulation.light_mesons import decay_light_mesons
from darkbelle.simulation.particles import Particles
from darkbelle.vectors import FourVector

ETA_MASS = 0.547862


def _mesons(pdg: int, mass: float, size: int) -> Particles:
    rng = np.random.default_rng(1)
    px, py, pz = rng.normal(0.0, 1.0, (3, size))
    return Particles(
        np.arange(size),
        np.full(size, pdg, dtype=np.int32),
        FourVector.with_mass(px, py, pz, mass),
        np.full((size, 3), 0.02),
        np.full(size, 15, dtype=np.int32),
    )


@pytest.mark.parametrize(("pdg", "mass"), [(111, NEUTRAL_PION_MASS), (221, ETA_MASS)])
def test_decays_conserve_momentum_and_charge_at_the_vertex(pdg: int, mass: float) -> None:
    mesons = _mesons(pdg, mass, 500)
    products = decay_light_mesons(mesons, np.random.default_rng(2))
    for found, expected in zip(products.momenta, mesons.momenta, strict=True):
        total = np.bincount(products.event, found, minlength=500)
        np.testing.assert_allclose(total, expected, atol=1e-12)
    assert set(np.abs(products.pdg).tolist()) <= {22, 211}
    assert np.sum(products.pdg == 211) == np.sum(products.pdg == -211)
    np.testing.assert_array_equal(products.vertex, 0.02)
    assert set(products.mother_pdg.tolist()) <= {111, pdg}


def test_neutral_pions_give_two_photons_each() -> None:
    products = decay_light_mesons(_mesons(111, NEUTRAL_PION_MASS, 300), np.random.default_rng(3))
    assert (np.bincount(products.event) == 2).all()
    assert (products.pdg == 22).all()


def test_charged_decays_of_the_eta_have_their_share() -> None:
    # PDG 2024: (23.02 + 4.28) % of 99.23 % that are kept
    size = 20_000
    products = decay_light_mesons(_mesons(221, ETA_MASS, size), np.random.default_rng(4))
    expected = (0.2302 + 0.0428) / 0.9923
    found = np.sum(products.pdg == 211) / size
    assert found == pytest.approx(expected, abs=4.0 * math.sqrt(expected * (1.0 - expected) / size))


def test_other_particles_stay() -> None:
    mesons = _mesons(310, 0.497611, 5)
    products = decay_light_mesons(mesons, np.random.default_rng(5))
    assert Counter(products.pdg.tolist()) == {310: 5}
    np.testing.assert_array_equal(products.momenta.px, mesons.momenta.px)
